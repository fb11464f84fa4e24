"""Light of two layers, each as it needs to be, is that of all emitters together."""

import numpy as np
import pytest

from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import best_focus_stage_um
from napari_3dmsl.microscope.layered_renderer import LayeredRenderer
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.microscope.settings import Microscope

HIGH = Microscope(
    modality="widefield",
    numerical_aperture=1.42,
    emission_nm=610.0,
    excitation_nm=560.0,
    pixel_nm=80.0,
    image_size=(64, 64),
)


def crowd(rng, count, low_um, high_um, half_um=3.0):
    """Return emitters on tubes: short bunches, as in a cell, some beside the image."""
    middles = rng.uniform((low_um, -half_um, -half_um), (high_um, half_um, half_um), (30, 3))
    points = np.repeat(middles, count // 30, axis=0)
    points += rng.normal(0, (0.1, 0.3, 0.3), points.shape)
    points[:, 0] = np.maximum(points[:, 0], 0.0)
    return Emitters(points, rng.exponential(100.0, len(points)))


@pytest.mark.parametrize(
    "microscope",
    [
        HIGH,
        HIGH.replace(modality="confocal"),
        HIGH.replace(emission_nm=460.0, excitation_nm=400.0, pixel_nm=60.0),
        HIGH.replace(numerical_aperture=0.7, pixel_nm=120.0),  # whose deep focus holds the haze
    ],
    ids=["widefield", "confocal", "blue", "low aperture"],
)
@pytest.mark.parametrize("focus_um", [0.9, 3.0])
def test_two_layers_are_imaged_as_one(microscope, focus_um):
    rng = np.random.default_rng(5)
    near, far = crowd(rng, 1200, 0.6, 1.2), crowd(rng, 1200, 2.1, 4.0)
    both = Emitters(
        np.concatenate([near.positions_um, far.positions_um]),
        np.concatenate([near.photons, far.photons]),
    )
    stage = best_focus_stage_um(microscope, focus_um)
    expected = Renderer(both).render(microscope, stage)
    found = LayeredRenderer(near, far).render(microscope, stage)
    assert np.abs(found - expected).max() < 1e-3 * expected.max()
