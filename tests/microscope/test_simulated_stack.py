"""Stacks plane by plane are the stacks in memory, and leave nothing behind."""

import numpy as np
import pytest

from napari_3dmsl.microscope.presets import load_camera, load_microscope
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulated_stack import simulated_stack
from napari_3dmsl.microscope.simulation import Simulation, image_scene, scene_from_points

SMALL = Microscope(pixel_nm=100, image_size=(40, 33))
BASE = Simulation(microscope=SMALL, acquisition=Acquisition(planes=5, step_nm=300))
KINDS = {
    "photons": BASE.replace(noise="none"),
    "camera": BASE,
    "gain": BASE.replace(camera=load_camera("emccd")),
    "ratio": BASE.replace(snr=8.0),
    "physeg": BASE.replace(noise="physeg"),
    "released": BASE.replace(
        noise="physeg", microscope=load_microscope("epi1-released").replace(image_size=(24, 40))
    ),
    "blinking": BASE.replace(labelling={"off_time_s": 0.2}),
    "one plane": BASE.replace(acquisition=Acquisition()),
    "saturated": BASE.replace(camera={"full_well_e": 20.0}),
}


@pytest.fixture(scope="module")
def scene():
    rng = np.random.default_rng(0)
    positions = np.column_stack([rng.uniform(0.2, 2.5, 300), rng.uniform(-1.5, 1.5, (300, 2))])
    return scene_from_points(positions, rng.uniform(50, 500, 300))


@pytest.mark.parametrize("kind", KINDS)
def test_planes_one_by_one_are_the_stack(scene, tmp_path, kind):
    simulation = KINDS[kind]
    whole = image_scene(scene, simulation)
    with simulated_stack(scene, simulation, tmp_path / "a.tif") as stack:
        planes = np.array(list(stack.counts))
        again = np.array(list(stack.counts))
        assert stack.metadata() == whole.metadata()
        assert (stack.counts.shape, stack.counts.dtype) == (planes.shape, planes.dtype)
    assert planes.dtype == whole.counts.dtype
    np.testing.assert_array_equal(planes, whole.counts)
    np.testing.assert_array_equal(again, planes)
    assert not list(tmp_path.iterdir())


def test_a_stopped_stack_leaves_nothing(scene, tmp_path):
    told = []

    def stop(*now):
        told.append(now)
        if now[0] == 3:
            raise InterruptedError

    with (
        pytest.raises(InterruptedError),
        simulated_stack(scene, BASE, tmp_path / "a.tif", stop),
    ):
        pass
    assert told == [(1, 5, "planes"), (2, 5, "planes"), (3, 5, "planes")]
    assert not list(tmp_path.iterdir())


def test_what_is_black_cannot_be_made_brighter(tmp_path):
    dark = scene_from_points([[1.0, 50.0, 50.0]], [100.0])
    with (
        pytest.raises(ValueError, match="the image is black"),
        simulated_stack(dark, KINDS["ratio"], tmp_path / "a.tif"),
    ):
        pass
    assert not list(tmp_path.iterdir())
