"""Images at the ends of what settings allow: finite, or refused in one line; never NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trimesh

from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.fluorophores import MOST_PHOTONS, Emitters, Labelling, Surface
from napari_3dmsl.microscope.pose import HIGHEST_UM
from napari_3dmsl.microscope.renderer import Photons
from napari_3dmsl.microscope.resolution import PointImage, point_image
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import (
    Simulation,
    Simulator,
    image_scene,
    scene_from_points,
)
from napari_3dmsl.settings import Settings

SMALL = Microscope(image_size=(8, 8))
TINY = 1e-300


def ends_of(kind: type[Settings], skipped: tuple[str, ...] = ()) -> list[tuple[str, float]]:
    """Lowest and highest value of every number of a settings class."""
    found = []
    for name, field in kind.model_fields.items():
        for limit in field.metadata if name not in skipped else ():
            for word in ("ge", "gt", "le", "lt"):
                if (end := getattr(limit, word, None)) is not None:
                    found.append((name, TINY if (word, end) == ("gt", 0) else end))
    return found


def ball(radius_um: float = 0.3) -> Surface:
    body = trimesh.creation.icosphere(subdivisions=2, radius=radius_um)
    return Surface(np.array(body.vertices), np.array(body.faces))


def image_or_line(simulation: Simulation) -> None:
    """Every pixel is a finite number, or one line says why there is no image."""
    try:
        image = Simulator().image(ball(), simulation)
    except ValueError as error:
        told = str(error)
        assert "\n" not in told
        return
    assert np.isfinite(image.counts).all()
    assert np.isfinite(image.photons.photons).all()


@pytest.mark.parametrize(("name", "value"), ends_of(Labelling))
@pytest.mark.parametrize("noise", ["camera", "physeg"])
def test_labelling_at_its_ends(name: str, value: float, noise: Any) -> None:
    labelling = Labelling(**{"off_time_s": 0.1, name: value})
    image_or_line(Simulation(microscope=SMALL, labelling=labelling, noise=noise))


@pytest.mark.parametrize(("name", "value"), ends_of(Camera))
@pytest.mark.parametrize("snr", [None, 0.01, 20.0])
def test_cameras_at_their_ends(name: str, value: float, snr: float | None) -> None:
    camera = Camera(**{name: value})
    image_or_line(Simulation(microscope=SMALL, camera=camera, snr=snr))


@pytest.mark.parametrize(("name", "value"), ends_of(Microscope))
@pytest.mark.parametrize("modality", ["widefield", "confocal"])
def test_microscopes_at_their_ends(name: str, value: float, modality: Any) -> None:
    values = {name: value, "modality": modality}
    if name == "numerical_aperture" or value == 1.0:  # the aperture must be below the index
        values |= {"numerical_aperture": min(value, 0.9)}
    image_or_line(Simulation(microscope=SMALL.replace(**values), noise="none"))


@pytest.mark.parametrize(("name", "value"), ends_of(Acquisition, skipped=("planes",)))
def test_acquisitions_at_their_ends(name: str, value: float) -> None:
    acquisition = Acquisition(**{"planes": 2, name: value})
    image_or_line(Simulation(microscope=SMALL, acquisition=acquisition, noise="none"))


def test_more_photons_than_an_image_can_hold_are_refused() -> None:
    place = np.zeros((2, 3))
    assert len(Emitters(place, np.full(2, MOST_PHOTONS / 2))) == 2
    with pytest.raises(ValueError, match=r"photons: 1e\+36 in a plane, at most 1e\+15; lower"):
        Emitters(place, np.array([1e36, 0.0]))


def test_as_many_photons_as_are_allowed_are_counted() -> None:
    """The largest pixels, which confocal samples of a bright point multiply by their area."""
    bright = scene_from_points([[0.0, 0.0, 0.0]], [MOST_PHOTONS])
    coarse = SMALL.replace(pixel_nm=10000, modality="confocal", pixel_integration=False)
    image = image_scene(bright, Simulation(microscope=coarse))
    assert image.counts.max() > 65_000
    assert np.isfinite(image.photons.photons).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nothing_that_is_no_number_leaves_the_simulator(bad: float) -> None:
    pixels = np.ones((2, 4, 4), np.float32)
    pixels[1, 2, 3] = bad
    with pytest.raises(ValueError, match="photons: a pixel is no finite number"):
        Photons(pixels, np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="xz: a pixel is no finite number"):
        PointImage(pixels[0], pixels[1], 0.1)


def test_the_largest_numbers_that_are_finite_pass() -> None:
    most = np.full((1, 64, 64), np.finfo(np.float32).max)
    assert Photons(most, np.zeros(1), np.zeros(1)).photons is most


def test_a_stack_higher_than_any_specimen_is_refused() -> None:
    assert Acquisition(planes=2000).planes == 2000
    told = r"planes = 2000: in steps of 10000 nm the stack is 19,990 µm high, at most 500"
    with pytest.raises(ValueError, match=told):
        Acquisition(planes=2000, step_nm=10_000)


def test_a_point_is_pictured_as_deep_as_settings_go() -> None:
    assert np.isfinite(point_image(Microscope(), 100.0, 21).xz).all()


def test_what_reaches_too_high_is_refused_with_what_to_do() -> None:
    tall = Surface([[0, 0, 0], [1.2 * HIGHEST_UM, 0, 0], [0, 1, 0]], [[0, 1, 2]])
    with pytest.raises(
        ValueError, match=r"reaches 2[\d.]+ µm above the coverslip, at most 200; lay it"
    ):
        Simulator().image(tall, Simulation(microscope=SMALL))


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (
            Microscope,
            {"magnification": 1e300},
            r"magnification = 1e\+300: must be above 0 to 400 ×",
        ),
        (Microscope, {"pixel_nm": 10**400}, r"pixel_nm = 10{78}…: expected a number"),
        (Simulation, {"seed": 10**400}, r"seed = 10{78}…: must be 0 or more, below 9,"),
        (Simulation, {"pose": {"rotation_deg": (1e300, 0, 0)}}, r"rotation_deg.0 = 1e\+300"),
        (Microscope, {"as_released": {"stage_um": 1e12}}, r"as_released.stage_um = 1[\d.e+]+: mu"),
    ],
)
def test_settings_know_their_limits(kind: type[Settings], values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        kind(**values)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250
