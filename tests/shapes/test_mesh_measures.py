"""Surfaces without labels, measured against the solids that they were made of."""

import numpy as np
import pytest
from refusals import refusal
from solids import draw_ball, draw_torus, draw_tube

from napari_3dmsl.shapes.mesh import Mesh, mesh_from_mask, read_mesh
from napari_3dmsl.shapes.mesh_measures import measure_mesh

VOXEL = (20, 20, 20)
UM = 0.02


@pytest.mark.parametrize(
    ("mask", "length", "found"),
    [
        (
            draw_tube((40, 50, 110), (12, 14, 20), (25, 33, 88), 7),
            np.linalg.norm((13, 19, 68)),
            "rod",
        ),
        (draw_torus((30, 90, 90), (15, 45, 45), 30, 7), 2 * np.pi * 30, "donut"),
        (draw_ball((40, 40, 40), (20, 20, 20), 14), 0, "dot"),
    ],
)
def test_a_surface_is_measured_as_the_labels_it_was_made_of(mask, length, found):
    mesh = mesh_from_mask(mask, VOXEL, (100, 7, 30))
    shape = measure_mesh(mesh, shape_id=7)
    assert (shape.id, str(shape.classification.shape_class)) == (7, found)
    assert shape.skeleton.length_um == pytest.approx(length * UM, rel=0.03, abs=4 * UM)
    assert shape.volume_um3 == pytest.approx(mask.sum() * UM**3, rel=0.01)
    middle = np.add(np.argwhere(mask).mean(axis=0), (100, 7, 30)) * UM
    np.testing.assert_allclose(shape.centroid_um, middle, atol=0.1 * UM)
    np.testing.assert_allclose(shape.bounds_um, mesh.bounds_um)


def test_the_winding_of_a_surface_does_not_matter():
    mesh = mesh_from_mask(draw_ball((40, 40, 40), (20, 20, 20), 14), VOXEL)
    inward = Mesh(mesh.vertices, mesh.faces[:, ::-1])
    assert measure_mesh(inward).volume_um3 == pytest.approx(mesh.volume_um3)
    assert measure_mesh(inward).classification == measure_mesh(mesh).classification


def test_a_surface_with_a_hole_is_refused():
    mesh = mesh_from_mask(draw_ball((40, 40, 40), (20, 20, 20), 14), VOXEL)
    half = Mesh(mesh.vertices, mesh.faces[: len(mesh.faces) // 2])
    assert "hole" in refusal(measure_mesh, half)


@pytest.mark.real_data
def test_the_released_instance_920_is_a_donut_of_one_loop(real_data):
    shape = measure_mesh(read_mesh(real_data / "3dmsl" / "920" / "raw_mesh.off", 0.024), None, 920)
    assert shape.mesh.is_watertight
    assert len(shape.mesh.vertices) - len(shape.mesh.faces) / 2 == 0  # one handle
    assert shape.skeleton.loops == 1
    assert shape.skeleton.length_um == pytest.approx(14.9, abs=0.2)
    assert shape.classification.shape_class == "donut"
    assert shape.volume_um3 == pytest.approx(1.829, abs=0.0005)
