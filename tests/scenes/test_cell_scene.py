"""A cell is filled as its settings tell: how densely, how flat, at which heights, how bright."""

import numpy as np
import pytest
import trimesh

from napari_3dmsl.geometry.inside import inside_mesh
from napari_3dmsl.scenes.cell_scene import CROSSING_UM, HAZE_FROM_UM, draw_cell
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.scenes.flat_placing import FlatShape
from napari_3dmsl.shapes.mesh import Mesh

SIZE_UM = (20.0, 20.0)
ROD = trimesh.creation.capsule(height=1.2, radius=0.15, count=[8, 8])
MESH = Mesh(np.asarray(ROD.vertices), np.asarray(ROD.faces, dtype=np.int32))
SHAPES = {number: FlatShape(MESH, number) for number in range(1, 61)}


def drawn(seed=0, **settings):
    rng = np.random.default_rng(seed)
    return draw_cell(SHAPES.__getitem__, list(SHAPES), CellScene(**settings), SIZE_UM, rng)


def middles(cell, haze=False):
    found = [each.to_field for each in cell.objects if each.haze == haze]
    return np.array([to_field @ [*MESH.vertices.mean(axis=0), 1.0] for to_field in found])[:, :3]


def within(places):
    return places[(np.abs(places[:, 1:]) <= 10.0).all(axis=1)]


def test_there_are_as_many_shapes_as_the_density_tells():
    sparse = {"coverage": 1.0, "density_per_um2": 0.1, "haze": 1.0}
    cells = [drawn(seed, **sparse) for seed in range(12)]
    assert sum(cell.left_out for cell in cells) < 10
    counts = [len(within(middles(cell))) for cell in cells]
    crowding = [cell.region.crowding[24:-24, 24:-24].mean() for cell in cells]
    assert np.mean(counts) == pytest.approx(40.0 * np.mean(crowding), rel=0.1)
    thick = [len(within(middles(cell, haze=True))) for cell in cells]
    assert np.mean(thick) == pytest.approx(np.mean(counts), rel=0.2)


def test_shapes_lie_in_the_cell_and_flat():
    cell = drawn(1, coverage=0.4, tilt_deg=8.0)
    for places in (middles(cell), middles(cell, haze=True)):
        # But for half a column at its edge.
        assert cell.region.at(cell.region.inside, places[:, 1:]).mean() > 0.95
    cells = [drawn(seed, coverage=1.0, tilt_deg=8.0, haze=0.0) for seed in range(4)]
    turned = np.array([each.to_field[:3, 2] for cell in cells for each in cell.objects])
    angle = np.rad2deg(np.arcsin(turned[:, 0]))
    # Tilted about any axis in the plane; seen along the rod that is 1/sqrt(2) of it.
    assert np.std(angle) == pytest.approx(8.0 / np.sqrt(2.0), rel=0.25)
    flat = drawn(0, tilt_deg=0.0, haze=0.0)
    assert np.abs([each.to_field[0, 2] for each in flat.objects]).max() < 1e-9


def test_heights_are_those_of_the_layer_and_of_the_haze():
    cell = drawn(2, coverage=1.0, layer_um=0.3, haze=1.0, thickness_um=5.0)
    sharp, haze = middles(cell)[:, 0], middles(cell, haze=True)[:, 0]
    assert np.abs(sharp).max() <= 0.3 + CROSSING_UM + 0.051
    assert np.mean(np.abs(sharp) <= 0.36) > 0.7
    assert haze.min() >= HAZE_FROM_UM - 0.26
    assert haze.max() <= 5.0 * 1.2 + 0.26
    assert np.ptp(haze) > 3.0


def test_a_thin_cell_has_no_haze():
    assert not any(each.haze for each in drawn(0, thickness_um=1.0, haze=2.0).objects)


def test_brightness_varies_as_told_and_is_one_on_average():
    cells = [drawn(seed, coverage=1.0, brightness_spread=0.35) for seed in range(6)]
    brightness = np.array([each.brightness for cell in cells for each in cell.objects])
    assert np.std(np.log(brightness)) == pytest.approx(0.35, rel=0.1)
    assert brightness.mean() == pytest.approx(1.0, abs=0.05)
    even = drawn(0, brightness_spread=0.0)
    assert {each.brightness for each in even.objects} == {1.0}


def test_no_shape_runs_into_another():
    cell = drawn(4, coverage=0.3, density_per_um2=0.6, haze=1.0)
    solids = [ROD.copy().apply_transform(each.to_field) for each in cell.objects]
    low = np.array([solid.bounds[0] for solid in solids])
    high = np.array([solid.bounds[1] for solid in solids])
    near = (low[:, None] <= high[None]).all(axis=2)
    pairs = np.argwhere(near & near.T)
    assert len(pairs) > len(solids), "crowded"
    for first, second in pairs[pairs[:, 0] != pairs[:, 1]]:
        mesh = Mesh(np.asarray(solids[first].vertices), MESH.faces)
        assert not inside_mesh(mesh, solids[second].vertices).any()


def test_an_image_may_hold_no_shape():
    for none in ({"coverage": 0.01, "density_per_um2": 0.01}, {"density_per_um2": 0.0}):
        cell = drawn(0, **none)
        assert cell.objects == ()
        assert cell.left_out == 0


def test_a_cell_that_covers_nothing_of_the_image_lies_beside_it():
    for seed in range(4):
        cell = drawn(seed, coverage=0.0, density_per_um2=1.0, haze=0.0)
        steps = np.arange(-9.9, 10.0, 0.2)
        places = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
        assert not cell.region.at(cell.region.inside, places).any()


def test_haze_does_not_ask_whether_anything_is_in_focus():
    cells = [drawn(seed, coverage=1.0, density_per_um2=0.002, haze=5.0) for seed in range(12)]
    alone = [cell for cell in cells if all(each.haze for each in cell.objects)]
    assert any(cell.objects for cell in alone)


def test_the_same_state_draws_the_same_cell():
    first, again, other = drawn(7), drawn(7), drawn(8)
    assert [o.shape_id for o in first.objects] == [o.shape_id for o in again.objects]
    assert np.array_equal(first.objects[3].to_field, again.objects[3].to_field)
    assert not np.array_equal(first.objects[0].to_field, other.objects[0].to_field)
