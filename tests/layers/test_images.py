"""Simulated images as layers: the size of their pixels, their place, their contrast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from shown import shown

from napari_3dmsl.figures.emission_colour import emission_colour
from napari_3dmsl.image_io.ome_tiff import write_image
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.emission_colours import (
    colour_layers,
    emission_colormap,
    emission_nm_of,
    is_in_grey,
)
from napari_3dmsl.layers.images import contrast_of, image_layer
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, simulate_surface
from napari_3dmsl.readers import read_file
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


def test_images_have_the_colour_of_their_light_and_grey_is_a_switch(
    viewer: Any, ball: Mesh
) -> None:
    image = image_of(ball, 1)
    [layer] = shown(viewer, image_layer(image, "image"))
    emission_nm = image.simulation.microscope.emission_nm
    np.testing.assert_allclose(
        layer.colormap.colors[-1][:3], emission_colour(emission_nm), atol=1e-6
    )
    assert layer.colormap.name == f"emission {emission_nm:g} nm"
    colour_layers(viewer.layers, in_grey=True)
    assert layer.colormap.name == "gray"
    assert is_in_grey(viewer.layers)
    colour_layers(viewer.layers, in_grey=False)
    assert layer.colormap.name == f"emission {emission_nm:g} nm"


def test_a_colormap_that_a_person_has_chosen_stays(viewer: Any, ball: Mesh) -> None:
    [layer] = shown(viewer, image_layer(image_of(ball, 1), "image"))
    layer.colormap = "viridis"
    for in_grey in (True, False):
        colour_layers(viewer.layers, in_grey=in_grey)
        assert layer.colormap.name == "viridis"


def test_a_saved_image_comes_back_in_its_colour(ball: Mesh, tmp_path: Path) -> None:
    path = tmp_path / "image.ome.tif"
    image = image_of(ball, 3)
    write_image(path, image)
    [(_, attributes, _)] = read_file(path)
    assert attributes["colormap"] == image_layer(image, "image")[1]["colormap"]


def test_images_of_unknown_light_are_grey() -> None:
    for settings in (None, {}, {"microscope": {}}, {"microscope": {"emission_nm": "?"}}):
        assert emission_colormap(emission_nm_of(settings)) == "gray"
