"""Meshes as Surface layers, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shown import shown

from napari_3dmsl.layers.attributes import KEY, LayerData
from napari_3dmsl.layers.surfaces import SELECTED, mesh_layer, mesh_of_layer, selected_layer
from napari_3dmsl.shapes.mesh import Mesh


def test_the_highlight_lies_a_hair_outside_its_shape(
    extracted: list[LayerData], ball: Mesh
) -> None:
    shapes = extracted[0][1]["metadata"][KEY]["shapes"]
    for mesh in (ball, shapes.mesh(3)):
        (vertices, faces, _), attributes, kind = selected_layer(mesh)
        assert (kind, attributes["name"]) == ("surface", SELECTED)
        np.testing.assert_array_equal(faces, mesh.faces)
        assert Mesh(vertices.astype(float), faces).volume_um3 > 1.05 * mesh.volume_um3
        away = np.linalg.norm(vertices - mesh.vertices, axis=1)
        assert away.max() < 0.05


def test_a_mesh_layer_gives_its_mesh_back(viewer: Any, ball: Mesh) -> None:
    [layer] = shown(viewer, mesh_layer(ball, "ball"))
    back = mesh_of_layer(layer)
    np.testing.assert_allclose(back.vertices, ball.vertices, atol=1e-6)
    np.testing.assert_array_equal(back.faces, ball.faces)


def test_a_surface_in_nanometres_is_read_as_micrometres(viewer: Any, ball: Mesh) -> None:
    layer = viewer.add_surface(
        (ball.vertices * 500, ball.faces), scale=[2, 2, 2], translate=[0, 0, 1000], units="nm"
    )
    moved = ball.vertices + np.array([0, 0, 1])
    np.testing.assert_allclose(mesh_of_layer(layer).vertices, moved, rtol=1e-5)


def test_a_surface_without_units_counts_as_micrometres(viewer: Any, ball: Mesh) -> None:
    layer = viewer.add_surface((ball.vertices, ball.faces))
    np.testing.assert_allclose(mesh_of_layer(layer).vertices, ball.vertices, rtol=1e-6)


def test_a_flat_surface_is_refused(viewer: Any) -> None:
    flat = viewer.add_surface((np.eye(3)[:, :2], np.array([[0, 1, 2]])), name="flat")
    with pytest.raises(ValueError, match="'flat': expected a surface in 3D"):
        mesh_of_layer(flat)
