"""Gaps stay open: rings, hairpins and spirals whose turns come within a voxel of each other."""

import itertools

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation
from skimage.measure import euler_number
from solids import draw_along, draw_ball, hairpin, open_ring

from napari_3dmsl.shapes.mesh import mesh_from_mask
from napari_3dmsl.shapes.skeleton import skeleton_from_mask
from napari_3dmsl.shapes.smoothed_mask import smooth_mask
from napari_3dmsl.shapes.welds import bridges_gap, open_corners

VOXEL = (24, 24, 24)
UM = 0.024
TURNS = {"straight": None, "oblique": Rotation.random(rng=np.random.default_rng(0))}


def is_one_line(mask, length, flat=0.0, voxel_nm=VOXEL, voxel_um=UM):
    """Whether a mask is measured as a line without loop or branch, of a length in voxels.

    To a tenth and a voxel: tight bends are cut short. The axis of a tube with flat ends of radius
    ``flat`` ends somewhere within them.
    """
    # The drawing itself has no handle; across an oblique gap of one voxel some corners touch.
    assert euler_number(mask, connectivity=1) == 1
    skeleton = skeleton_from_mask(mask, voxel_nm)
    assert (skeleton.loops, skeleton.branches, skeleton.end_points) == (0, 0, 2)
    low = 0.9 * (length - 2 * flat) * voxel_um - voxel_nm[2] / 1000
    assert low <= skeleton.length_um <= 1.03 * length * voxel_um
    mesh = mesh_from_mask(mask, voxel_nm)
    assert mesh.is_watertight
    assert len(mesh.vertices) - len(mesh.faces) / 2 == 2  # a sphere
    assert mesh.volume_um3 == pytest.approx(mask.sum() * np.prod(voxel_nm) / 1e9, rel=0.015)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize(("ring", "radius"), [(4, 1.5), (4, 2), (6, 2), (6, 3), (8, 2.5), (8, 3)])
def test_an_open_ring_is_no_donut(ring, radius, turn):
    for gap in range(1, 5):
        is_one_line(*open_ring(ring, radius, gap, TURNS[turn]), flat=radius)


@pytest.mark.parametrize(("ring", "radius"), [(4, 1.5), (6, 2), (8, 3)])
@pytest.mark.parametrize("turn", TURNS)
def test_a_closed_ring_of_that_size_is_one(ring, radius, turn):
    mask, length = open_ring(ring, radius, 0, TURNS[turn])
    skeleton = skeleton_from_mask(mask, VOXEL)
    assert (skeleton.loops, skeleton.branches, skeleton.end_points) == (1, 0, 0)
    assert skeleton.length_um == pytest.approx(length * UM, rel=0.1)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize(("arm", "radius"), [(10, 1.5), (20, 2.5), (30, 4)])
def test_a_hairpin_is_no_network(arm, radius, turn):
    for gap in range(1, 4):
        is_one_line(*hairpin(arm, radius, gap, TURNS[turn]))


@pytest.mark.parametrize("gap", [1.5, 2, 3])
def test_a_spiral_stays_wound_up(gap):
    radius = 2.5
    pitch = 2 * radius + gap
    angle = np.linspace(2 * np.pi, 6 * np.pi, 600)
    away = pitch * angle / (2 * np.pi)
    points = np.stack([0 * angle, away * np.sin(angle), away * np.cos(angle)], axis=1)
    mask = draw_along(points, radius)[0]
    is_one_line(mask, np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


@pytest.mark.parametrize("voxel_nm", [(30, 8, 8), (40, 20, 20), (15, 16, 16)])
def test_gaps_stay_open_on_flat_voxels(voxel_nm):
    voxel_um = np.array(voxel_nm) / 1000
    for gap in (1, 2):
        mask, length = hairpin(0.9, 0.1, gap * voxel_um[1], voxel=voxel_um)
        is_one_line(mask, length, 0.0, voxel_nm, 1.0)
        across, length = open_ring(0.25, 0.08, gap * voxel_um[1], voxel=voxel_um)
        is_one_line(across, length, 0.08, voxel_nm, 1.0)


@pytest.mark.parametrize("seed", range(4))
def test_pits_of_a_rough_surface_are_no_gaps(seed):
    shape = (50, 50, 60)
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.5)
    noise *= 0.7 / noise.std()
    ball = ndimage.distance_transform_edt(draw_ball(shape, (25, 25, 30), 20))
    pieces, _ = ndimage.label(ball - 4 + noise > 0)
    mask = pieces == 1 + np.bincount(pieces.ravel())[1:].argmax()
    smooth = ndimage.gaussian_filter(mask.astype(float), 1.5) > 0.48
    added = int(np.count_nonzero(smooth & ~mask))
    assert added > 100
    assert not bridges_gap(mask, smooth, (1.5, 1.5, 1.5))


@pytest.mark.parametrize(("axis", "gap"), itertools.product(range(3), (1, 2, 3)))
def test_two_walls_that_smoothing_joins_are_a_weld(axis, gap):
    mask = np.zeros((40, 40, 40), bool)
    mask[10:30, 10:30, 10:30] = True
    walls = np.moveaxis(mask, axis, 0)
    walls[20 : 20 + gap] = False
    solid = mask.copy()
    assert not bridges_gap(mask, solid, (1.5, 1.5, 1.5))
    np.moveaxis(solid, axis, 0)[20 : 20 + gap, 18:22, 18:22] = True
    assert bridges_gap(mask, solid, (1.5, 1.5, 1.5))


def test_a_pinhole_is_healed_and_its_neighbourhood_stays_smooth():
    mask = draw_ball((40, 40, 40), (20, 20, 20), 12)
    pierced = mask.copy()
    pierced[:, 20, 20] = False
    assert euler_number(pierced, connectivity=3) == 0
    whole, healed = smooth_mask(mask, VOXEL), smooth_mask(pierced, VOXEL)
    assert euler_number(healed.inside, connectivity=3) == 1
    assert np.count_nonzero(whole.inside != healed.inside) < 0.01 * mask.sum()


def test_walls_that_touch_at_edges_are_opened_and_thin_lines_are_not():
    mask = np.zeros((40, 40, 40), bool)
    _, y, x = np.indices(mask.shape)
    mask[10:30, 10:30, 10:30] = True
    mask[:26] &= (y + x != 40)[:26]  # an oblique cut, not through the whole block
    assert ndimage.label(mask[:26])[1] == 2
    opened = open_corners(mask, (1.5, 1.5, 1.5))
    assert ndimage.label(opened[:26], np.ones((3, 3, 3)))[1] == 2
    assert 0 < np.count_nonzero(mask & ~opened) < 0.1 * mask.sum()
    line = np.zeros(mask.shape, bool)
    line[20, np.arange(8, 32), np.arange(8, 32)] = True
    np.testing.assert_array_equal(open_corners(line, (1.5, 1.5, 1.5)), line)
