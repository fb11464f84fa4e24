"""Pictures: where their pixels are, and what is read from simulated images."""

from __future__ import annotations

import numpy as np
import pytest

from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.figures.simulated_picture import full_counts, picture_of
from napari_3dmsl.microscope.camera import Camera, record
from napari_3dmsl.microscope.presets import load_microscope, microscope_names, usual_camera
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, image_scene, scene_from_points
from napari_3dmsl.microscope.title import microscope_title


def test_places_and_pixels_belong_together() -> None:
    values = np.arange(6 * 9).reshape(6, 9)
    picture = Picture("a", "", values, pixel_um=0.2, emission_nm=500)
    assert picture.extent_um == pytest.approx((-0.9, 0.9, -0.6, 0.6))
    for row in range(6):
        for column in range(9):
            x, y = 0.2 * (column - 4.0), 0.2 * (row - 2.5)
            assert picture.pixel_at(x + 0.09, y - 0.09) == (row, column)
    assert picture.pixel_at(0.91, 0.0) is None
    assert picture.pixel_at(0.0, -0.61) is None


def test_a_picture_is_cropped_to_what_shines() -> None:
    microscope = Microscope(pixel_nm=100, image_size=(96, 128), emission_nm=520)
    scene = scene_from_points([[1.0, -2.0, 1.0], [1.0, 0.5, 3.0]], [900.0, 900.0])
    simulation = Simulation(
        microscope=microscope, acquisition=Acquisition(planes=3, step_nm=250), noise="none"
    )
    picture = picture_of(image_scene(scene, simulation), "a")
    left, right, top, bottom = picture.object_um
    assert left <= 0.5 < 3.5 <= right <= 3.8
    assert top <= -2.5 < 1.0 <= bottom <= 1.3
    assert picture.values.shape == (3, 96, 128)
    assert (picture.step_um, picture.focus_plane, picture.unit) == (0.25, 1, "photons")
    assert picture.saturation is None


@pytest.mark.parametrize(
    "camera",
    [
        Camera(bit_depth=8, offset_adu=10, e_per_adu=2.0),
        Camera(bit_depth=16, full_well_e=3000, e_per_adu=1.0, read_noise_e=2.0),
    ],
)
def test_full_pixels_are_those_that_get_no_brighter(camera: Camera) -> None:
    rng = np.random.default_rng(0)
    much = record(np.full((1, 64, 64), 1e6, np.float32), camera, rng)
    half = record(np.full((1, 64, 64), 0.5 * camera.largest_e, np.float32), camera, rng)
    assert (much >= full_counts(camera)).mean() > 0.99
    assert not (half >= full_counts(camera)).any()


def test_microscopes_are_told_in_words() -> None:
    titles = {name: microscope_title(load_microscope(name)) for name in microscope_names()}
    assert titles["con1"] == "Confocal 1.40 oil, 600 nm (con1)"
    assert titles["epi1"] == "Widefield 1.42 oil, 688 nm (epi1)"
    assert titles["two-photon"] == "Two-photon 1.05 water, 510 nm"
    assert len(set(titles.values())) == len(titles)
    assert usual_camera(load_microscope("con1")).name == "pmt"
