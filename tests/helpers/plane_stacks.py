"""Stacks that are written plane by plane, also in processes of their own."""

from __future__ import annotations

import resource

import numpy as np

from napari_3dmsl.image_io.image_file import write_image_file
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulated_stack import simulated_stack
from napari_3dmsl.microscope.simulation import Scene, Simulation, scene_from_points

SCENE_SIZE = (60, 70)


def scene_of_points() -> Scene:
    """200 emitters in a field of 6 µm."""
    rng = np.random.default_rng(0)
    positions = np.column_stack([rng.uniform(0.2, 2.5, 200), rng.uniform(-2.5, 2.5, (200, 2))])
    return scene_from_points(positions, np.full(200, 300.0))


def stack_peak_bytes(path: str, planes: int) -> int:
    """Write a stack of 512 x 512 pixels; return the most memory that this process has taken."""
    simulation = Simulation(
        microscope=Microscope(pixel_nm=20, image_size=(512, 512)),
        acquisition=Acquisition(planes=planes, step_nm=50),
    )
    scene = scene_of_points()
    with simulated_stack(scene, simulation, path) as stack:
        write_image_file(path, stack)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
