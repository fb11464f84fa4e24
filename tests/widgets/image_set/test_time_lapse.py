"""A time-lapse in a napari window: one slider moves image, surfaces and tracks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_3dmsl.layers import time_lapse as motion_layers
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.renderer import expected_photons
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.scenes.placed_object import PlacedObject
from napari_3dmsl.timelapse.lineage import lineage_of
from napari_3dmsl.timelapse.motion import Frame, Motion, frames

# napari 0.7 draws a surface in 2D only where z is a whole µm: the rod lies on both sides of one
INTERVAL_S, PIXEL_UM, HEIGHT_UM = 4.0, 0.1, 2.0
MICROSCOPE = Microscope(pixel_nm=1000 * PIXEL_UM, image_size=(64, 64))


@pytest.fixture(scope="module")
def film(shapes: Any) -> list[Frame]:
    """A rod that is carried along x, seen five times."""
    rod = shapes.mesh(shapes.ids[shapes.table["shape_class"].index("rod")])
    vertices = rod.vertices - rod.vertices.mean(axis=0) + np.array([HEIGHT_UM, 0.0, -1.5])
    emitters = Emitters(vertices[::20], np.full(len(vertices[::20]), 500.0))
    placed = PlacedObject(1, 1, "rod", vertices, rod.faces, emitters, np.eye(4))
    motion = Motion(
        frames=5, interval_s=INTERVAL_S, speed_um_per_s=0.15, diffusion_um2_per_s=0,
        rotation_deg2_per_s=0, bending_um=0.05, fission_per_min=0,
    )  # fmt: skip
    return list(frames([placed], motion, np.random.default_rng(0)))


def photons(frame: Frame) -> np.ndarray:
    (found,) = frame.objects
    image = expected_photons(found.emitters, MICROSCOPE, Acquisition(), HEIGHT_UM)
    return image.photons[0]


@pytest.fixture
def shown(imported: None, make_napari_viewer_proxy: Any, film: list[Frame], qtbot: Any) -> Any:
    """A window with the film, drawn from above."""
    from napari.layers import Layer

    viewer = make_napari_viewer_proxy(show=True)
    pixels = np.stack([photons(frame) for frame in film])
    for found in (
        motion_layers.film_layer(pixels, INTERVAL_S, PIXEL_UM, [HEIGHT_UM]),
        motion_layers.surfaces_layer(film, INTERVAL_S),
        motion_layers.tracks_layer(film, lineage_of(film), INTERVAL_S),
    ):
        viewer.add_layer(Layer.create(*found))
    viewer.window.resize(800, 600)
    qtbot.wait(50)
    return viewer


def seen(viewer: Any, name: str, frame: int) -> tuple[float, float]:
    """Number of pixels that one layer lights up in a frame, and their mean column."""
    for layer in viewer.layers:
        layer.visible = layer.name == name
    viewer.dims.set_current_step(0, frame)
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].max(axis=2)
    _, columns = np.nonzero(picture > 60)
    return len(columns), float(columns.mean()) if len(columns) else float("nan")


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_time_slider_moves_image_surface_and_track(
    shown: Any, film: list[Frame], dimensions: int
) -> None:
    shown.dims.ndisplay = dimensions
    shown.reset_view()
    way = film[-1].objects[0].vertices_um.mean(axis=0) - film[0].objects[0].vertices_um.mean(axis=0)
    assert abs(way[2]) == pytest.approx(0.15 * INTERVAL_S * 4, rel=0.05)
    moved = {}
    for name in ("time-lapse", "moving surfaces"):
        first, last = seen(shown, name, 0), seen(shown, name, 4)
        assert min(first[0], last[0]) > 50
        moved[name] = last[1] - first[1]
    assert np.sign(moved["moving surfaces"]) == np.sign(way[2])
    assert abs(moved["moving surfaces"]) > 50  # pixels of the screen
    assert moved["time-lapse"] == pytest.approx(moved["moving surfaces"], rel=0.1)
    assert seen(shown, "tracks", 4)[0] > seen(shown, "tracks", 0)[0]  # the tail grows


def test_the_layers_of_a_film_are_ours(shown: Any) -> None:
    kinds = [about(layer)["kind"] for layer in shown.layers]
    assert kinds == ["time-lapse", "moving surfaces", "tracks"]
    # napari 0.7 does not show them at the sliders
    assert {tuple(layer.axis_labels) for layer in shown.layers} == {("t", "z", "y", "x")}
