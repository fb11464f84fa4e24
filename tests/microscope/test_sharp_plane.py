"""The plane in focus of a stack is the image of that plane alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from seeded_images import SMALL, make_ball

from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.sharp_plane import has_sharp_plane, of_sharp_plane, sharp_plane
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, Simulator

STACK = Simulation(
    microscope=SMALL, acquisition=Acquisition(planes=5, focus_um=0.3, step_nm=200), seed=7
)


def image(simulation: Simulation) -> SimulatedImage:
    return Simulator().image(make_ball(), simulation)


@pytest.mark.parametrize("noise", ["none", "camera", "physeg"])
def test_it_is_the_image_of_that_plane(noise: Any) -> None:
    stack = image(STACK.replace(noise=noise))
    assert has_sharp_plane(stack)
    found, alone = sharp_plane(stack), image(of_sharp_plane(stack.simulation))
    peak = alone.photons.photons.max()
    np.testing.assert_allclose(found.photons.photons, alone.photons.photons, atol=1e-6 * peak)
    np.testing.assert_allclose(found.photons.focus_um, alone.photons.focus_um)
    np.testing.assert_allclose(found.photons.stage_um, alone.photons.stage_um)
    if noise == "none":
        np.testing.assert_array_equal(found.counts, found.photons.photons)
    else:  # last bits of the photons may tip a count over
        assert np.mean(found.counts != alone.counts) < 0.01
    assert found.simulation == alone.simulation
    assert found.counts.dtype == alone.counts.dtype


def test_planes_that_hang_on_each_other_have_none() -> None:
    acquisition = STACK.acquisition
    assert not has_sharp_plane(image(STACK.replace(acquisition=acquisition.replace(planes=4))))
    assert not has_sharp_plane(image(STACK.replace(snr=5.0)))
    blinks = STACK.labelling.replace(off_time_s=0.2)
    assert not has_sharp_plane(image(STACK.replace(labelling=blinks)))


def test_one_plane_is_its_own() -> None:
    one = of_sharp_plane(STACK)
    assert one.acquisition.planes == 1
    assert of_sharp_plane(one) is one
