"""Simulated images as layers: the size of their pixels, their place, their contrast."""

from __future__ import annotations

from typing import Any

import numpy as np
from shown import shown

from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.images import contrast_of, image_layer
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, simulate_surface
from napari_3dmsl.shapes.mesh import Mesh


def image_of(mesh: Mesh, planes: int) -> SimulatedImage:
    simulation = Simulation(
        microscope=Microscope(pixel_nm=70, image_size=(24, 32)),
        acquisition=Acquisition(planes=planes, step_nm=200),
        noise="none",
    )
    return simulate_surface(mesh.vertices, mesh.faces, simulation)


def test_one_plane_is_a_2d_image_at_the_size_of_its_pixels(viewer: Any, ball: Mesh) -> None:
    image = image_of(ball, 1)
    [layer] = shown(viewer, image_layer(image, "image", (0.0, 5.0, 7.0)))
    assert layer.data.shape == (24, 32)
    np.testing.assert_allclose(layer.scale, 0.070)
    np.testing.assert_allclose(layer.extent.world.mean(axis=0), [5.0, 7.0], atol=1e-6)
    np.testing.assert_array_equal(layer.data, image.counts[0])
    assert about(layer)["settings"] == image.metadata()


def test_a_stack_is_a_3d_image_at_the_size_of_its_steps(viewer: Any, ball: Mesh) -> None:
    [layer] = shown(viewer, image_layer(image_of(ball, 3), "stack", (1.0, 5.0, 7.0)))
    assert layer.data.shape == (3, 24, 32)
    np.testing.assert_allclose(layer.scale, [0.2, 0.070, 0.070])
    np.testing.assert_allclose(layer.extent.world.mean(axis=0), [1.0, 5.0, 7.0], atol=1e-6)


def test_the_contrast_of_an_image_shows_its_range(ball: Mesh) -> None:
    pixels = image_of(ball, 1).counts
    low, high = contrast_of(pixels)
    assert pixels.min() <= low < high <= pixels.max()
    assert contrast_of(np.full((4, 4), 7)) == (7.0, 8.0)
