import numpy as np
import pytest
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.transform import Rotation
from skimage.measure import euler_number
from solids import draw_ball, draw_torus, draw_tube

from napari_3dmsl.shapes.skeleton import _euler_number, skeleton_from_mask
from napari_3dmsl.shapes.skeleton_graph import Edge, Graph, build_graph, smooth

VOXEL = (20, 20, 20)
UM = 0.02


@pytest.mark.parametrize("seed", range(6))
def test_a_tube_has_its_length_and_radius_at_any_angle(seed):
    direction = Rotation.random(rng=np.random.default_rng(seed)).apply([1, 0, 0])
    half = 45 * direction
    tube = draw_tube((116, 116, 116), 58 - half, 58 + half, 8)
    skeleton = skeleton_from_mask(tube, VOXEL)
    assert skeleton.length_um == pytest.approx(90 * UM, rel=0.06)
    assert skeleton.mean_radius_um == pytest.approx(8 * UM, rel=0.08)
    assert (skeleton.branches, skeleton.loops, skeleton.end_points) == (0, 0, 2)
    assert len(skeleton.paths) == 1


@pytest.mark.parametrize(("ring", "radius"), [(30, 7), (14, 8), (12, 9)])
def test_a_torus_is_one_closed_loop(ring, radius):
    skeleton = skeleton_from_mask(draw_torus((30, 90, 90), (15, 45, 45), ring, radius), VOXEL)
    assert skeleton.length_um == pytest.approx(2 * np.pi * ring * UM, rel=0.06)
    assert (skeleton.branches, skeleton.loops, skeleton.end_points) == (0, 1, 0)
    np.testing.assert_array_equal(skeleton.paths[0][0], skeleton.paths[0][-1])


def fork():
    shape, middle = (40, 120, 120), (20, 60, 60)
    ends = [(20, 60 + 45 * np.sin(angle), 60 + 45 * np.cos(angle)) for angle in (0.2, 2.3, 4.4)]
    return np.any([draw_tube(shape, middle, end, 6) for end in ends], axis=0)


def test_a_fork_has_three_branches():
    skeleton = skeleton_from_mask(fork(), VOXEL)
    assert (skeleton.branches, skeleton.loops, skeleton.end_points) == (3, 0, 3)
    assert skeleton.length_um == pytest.approx(3 * 45 * UM, rel=0.06)


def test_two_rings_in_one_are_two_loops():
    first = draw_torus((24, 70, 120), (12, 35, 35), 22, 5)
    second = draw_torus((24, 70, 120), (12, 35, 80), 22, 5)
    assert skeleton_from_mask(first | second, VOXEL).loops == 2


def test_a_ring_with_a_tail_keeps_its_loop_and_its_tail():
    ring = draw_torus((24, 70, 120), (12, 35, 35), 22, 5)
    tail = draw_tube((24, 70, 120), (12, 35, 57), (12, 40, 105), 5)
    skeleton = skeleton_from_mask(ring | tail, VOXEL)
    assert (skeleton.branches, skeleton.loops, skeleton.end_points) == (2, 1, 1)


@pytest.mark.parametrize("roughness", [0.7, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_rough_blobs_have_no_loops_and_rough_tubes_no_branches(roughness, seed):
    shape = (50, 50, 110)
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.5)
    noise *= roughness / noise.std()
    blob = ndimage.distance_transform_edt(draw_ball(shape, (25, 25, 55), 22))
    tube = ndimage.distance_transform_edt(draw_tube(shape, (24, 26, 15), (26, 24, 95), 12))
    outside = 4.0  # the noise moves the surface by its value, up to here
    for distance, length in ((blob, 0.0), (tube, 70.0)):
        skeleton = skeleton_from_mask(largest(distance - outside + noise > 0), VOXEL)
        assert (skeleton.branches, skeleton.loops) == (0, 0)
        assert skeleton.length_um == pytest.approx(length * UM, abs=25 * UM)


def largest(mask):
    labels, _ = ndimage.label(mask)
    return labels == 1 + np.bincount(labels.ravel())[1:].argmax()


@pytest.mark.parametrize("width", [2, 3, 4, 5, 6, 8])
def test_bars_of_every_width_have_their_length(width):
    bar = np.zeros((20, 20, 80), bool)
    bar[5 : 5 + width, 5 : 5 + width, 10:70] = True
    skeleton = skeleton_from_mask(bar, VOXEL)
    assert (60 - width - 8) * UM <= skeleton.length_um <= 60 * UM
    assert skeleton.branches == 0


def test_a_bent_bar_of_even_width_keeps_both_arms():
    bar = np.zeros((20, 80, 80), bool)
    bar[8:12, 10:14, 10:70] = bar[8:12, 10:70, 10:14] = True
    assert skeleton_from_mask(bar, VOXEL).length_um == pytest.approx(112 * UM, rel=0.12)


@pytest.mark.parametrize("radius", [1, 2, 3.5, 5, 8, 12])
def test_balls_are_points_without_length(radius):
    skeleton = skeleton_from_mask(draw_ball((30, 30, 30), (15, 15, 15), radius), VOXEL)
    assert skeleton.length_um < (0.5 * radius + 1.5) * UM
    assert (skeleton.branches, skeleton.loops) == (0, 0)
    np.testing.assert_allclose(skeleton.points_um.mean(axis=0), 15 * UM, atol=UM)


def test_a_single_voxel_has_a_skeleton():
    skeleton = skeleton_from_mask(np.ones((1, 1, 1), bool), VOXEL)
    assert skeleton.length_um == 0
    assert skeleton.points_um.shape == (1, 3)


@pytest.mark.parametrize("shape", [(2, 1, 4), (1, 1, 2), (2, 2, 2), (3, 1, 1), (1, 7, 7)])
@pytest.mark.parametrize("voxel", [(15, 16, 16), (60, 20, 20), VOXEL])
def test_the_smallest_masks_have_skeletons_on_every_grid(shape, voxel):
    skeleton = skeleton_from_mask(np.ones(shape, bool), voxel)
    assert np.isfinite(skeleton.points_um).all()
    assert skeleton.loops == 0


@pytest.mark.parametrize("seed", range(20))
def test_any_shape_gets_a_skeleton(seed):
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.normal(size=rng.integers(2, 26, 3)), seed % 4)
    skeleton = skeleton_from_mask(noise > np.quantile(noise, 0.6), (15 + 5 * (seed % 3), 16, 16))
    assert np.isfinite(skeleton.points_um).all()
    assert skeleton.mean_radius_um > 0
    assert len(skeleton.paths) >= max(1, skeleton.branches)


def test_a_ring_without_room_for_its_hole_is_still_measured():
    points = np.array([(0, 0, 1), (0, 1, 2), (0, 2, 1), (0, 1, 0)], float)
    graph = build_graph(points, np.full(4, 5.0))
    graph.clean()
    assert len(graph.paths()) == 1


@pytest.mark.parametrize("seed", range(5))
def test_loops_of_a_graph_are_its_edges_beyond_those_of_a_forest(seed):
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.integers(0, 200, (rng.integers(100, 300), 2)), axis=1)
    path, radii = np.zeros((2, 3)), np.ones(2)
    graph = Graph([Edge(start, end, path, radii) for start, end in ends.tolist()])
    links = coo_array((np.ones(len(ends)), ends.T), shape=(200, 200))
    trees = connected_components(links, directed=False)[0]
    assert graph.cycle_rank() == len(ends) - (200 - trees)


def test_a_cavity_is_no_loop():
    shell = draw_ball((40, 40, 40), (20, 20, 20), 16) & ~draw_ball((40, 40, 40), (20, 20, 20), 8)
    skeleton = skeleton_from_mask(shell, VOXEL)
    assert (skeleton.loops, skeleton.branches) == (0, 0)


@pytest.mark.parametrize("filled", [0.02, 0.3, 0.7])
def test_the_euler_number_is_that_of_another_program(filled):
    inside = np.zeros((14, 12, 17), bool)
    inside[1:-1, 1:-1, 1:-1] = np.random.default_rng(0).random((12, 10, 15)) < filled
    number = _euler_number(np.pad(inside, 1))
    assert number == euler_number(inside, connectivity=3)
    assert number != 1  # not a ball: the check says something


def test_anisotropic_voxels_keep_length_and_loop():
    voxel_um = (0.05, 0.02, 0.02)
    tube = draw_tube((50, 80, 80), (0.4, 0.4, 0.4), (2.0, 1.2, 1.2), 0.16, voxel_um)
    skeleton = skeleton_from_mask(tube, (50, 20, 20))
    assert skeleton.length_um == pytest.approx(np.sqrt(1.6**2 + 2 * 0.8**2), rel=0.06)
    assert skeleton.branches == 0
    torus = draw_torus((20, 90, 90), (0.5, 0.9, 0.9), 0.6, 0.16, voxel_um)
    assert skeleton_from_mask(torus, (50, 20, 20)).loops == 1


def test_the_skeleton_lies_inside_its_voxels_in_the_world():
    tube = draw_tube((30, 40, 60), (10, 10, 10), (20, 30, 50), 6)
    skeleton = skeleton_from_mask(tube, (30, 20, 10), (100, -7, 0.5))
    voxels = skeleton.points_um / (0.03, 0.02, 0.01) - (100, -7, 0.5)
    assert tube[tuple(np.round(voxels).astype(int).T)].all()


def test_a_junction_triangle_is_no_loop():
    arms = [(0, 0, k) for k in range(1, 9)] + [(0, k, 0) for k in range(1, 9)]
    arms += [(0, -k, -k) for k in range(1, 9)]
    points = np.array([(0, 0, 0), *arms], float)
    graph = build_graph(points, np.ones(len(points)))
    assert graph.cycle_rank() == 0
    assert sorted(graph.degrees().values()) == [1, 1, 1, 3]


def test_smoothing_keeps_the_ends_and_takes_out_the_steps():
    x = np.arange(41.0)
    stairs = np.stack([np.zeros(41), np.floor(x / 2), x], axis=1)
    straight = smooth(stairs)
    np.testing.assert_array_equal(straight[[0, -1]], stairs[[0, -1]])
    raw, smoothed = (np.linalg.norm(np.diff(p, axis=0), axis=1).sum() for p in (stairs, straight))
    true = np.hypot(20, 40)
    assert abs(smoothed - true) < 0.01 * true < abs(raw - true)


@pytest.mark.parametrize(("length_to", "caps"), [("axis", 0), ("tip", 2)])
@pytest.mark.parametrize("radius", [3, 6, 10])
def test_the_length_ends_where_it_is_asked_to(length_to, caps, radius):
    tube = draw_tube((50, 60, 110), (22, 24, 20), (27, 33, 88), radius)
    drawn = np.linalg.norm((5, 9, 68))
    skeleton = skeleton_from_mask(tube, VOXEL, length_to=length_to)
    assert skeleton.length_um == pytest.approx((drawn + caps * radius) * UM, rel=0.03)


def test_a_ring_does_not_shrink_when_it_is_smoothed():
    angle = np.linspace(0, 2 * np.pi, 73)
    ring = 12 * np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
    shrunk = np.linalg.norm(smooth(ring, ring=True), axis=1) / 12
    assert np.abs(shrunk - 1).max() < 0.001


def test_shortening_takes_no_more_than_the_path():
    blob = draw_ball((30, 30, 40), (15, 15, 19), 9) | draw_ball((30, 30, 40), (15, 15, 22), 9)
    assert 0 <= skeleton_from_mask(blob, VOXEL).length_um < 6 * UM
    assert skeleton_from_mask(blob, VOXEL, length_to="tip").length_um > 18 * UM
