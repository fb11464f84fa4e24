"""What an image does not show is told: beyond its sides, beyond its counts."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.image_warnings import image_warnings
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.microscope.simulation import (
    SimulatedImage,
    Simulation,
    Simulator,
    image_scene,
    scene_from_points,
)

FIELD = Microscope(image_size=(32, 48), pixel_nm=100)  # 3.2 x 4.8 µm


def image_of(height_um: float, **changes: object) -> SimulatedImage:
    """Image a rod that lies along y."""
    rod = trimesh.creation.capsule(height=height_um, radius=0.2)
    vertices = np.array(rod.vertices)[:, [0, 2, 1]]
    surface = Surface(vertices, np.array(rod.faces))
    return Simulator().image(surface, Simulation(**{"microscope": FIELD, **changes}))


def test_an_ordinary_image_is_not_warned_of() -> None:
    image = image_of(1.0)
    assert image_warnings(image) == []
    told = image.metadata()
    assert told["emitters_in_field"] == told["emitters"]
    assert told["saturated_share"] == 0.0


def test_an_object_larger_than_the_field_is_told() -> None:
    image = image_of(6.0)
    (told,) = image_warnings(image)
    inside, total = (image.metadata()[name] for name in ("emitters_in_field", "emitters"))
    assert 0.4 < inside / total < 0.6  # 3.2 of 6.4 µm
    assert told.startswith("the object is larger than the field: 6.")
    assert f"{inside:,} of {total:,} emitters lie in the field of 3.2 × 4.8 µm (y, x)" in told


@pytest.mark.parametrize(
    ("places", "told"),
    [
        ([[1, 500, 500]], "0 of 1 emitters lie in the field of 3.2 × 4.8 µm (y, x) around (0, 0)"),
        ([[1, 1.61, 0], [1, 1.59, 0], [1, 0, -2.39]], "2 of 3 emitters lie"),
    ],
)
def test_points_outside_the_field_are_counted(places: list[list[float]], told: str) -> None:
    scene = scene_from_points(places, np.full(len(places), 100.0))
    (text,) = image_warnings(image_scene(scene, Simulation(microscope=FIELD)))
    assert text.startswith(told)


def test_pixels_that_saturate_are_told_by_their_share() -> None:
    some = image_of(1.0, labelling={"photons_per_fluorophore": 1e5})
    (text,) = image_warnings(some)
    share = some.metadata()["saturated_share"]
    assert 0.0 < share < 1.0
    assert text == f"{100 * share:.1f} % of the pixels saturate: lower the photons"
    full = image_of(1.0, camera={"background_photons": 1e6})
    assert image_warnings(full) == ["all of the pixels saturate: lower the photons"]
    assert full.counts.std() < 10  # as it looks
    assert image_of(1.0, noise="none").metadata()["saturated_share"] is None
