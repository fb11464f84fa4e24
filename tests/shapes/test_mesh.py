import numpy as np
import pytest
import trimesh
from refusals import refusal
from scipy import ndimage
from solids import draw_ball, draw_torus, draw_tube

from napari_3dmsl.shapes.distance import distance_to_mesh
from napari_3dmsl.shapes.mesh import (
    Mesh,
    decimate,
    merge_meshes,
    mesh_from_mask,
    read_mesh,
    surface_distance,
    write_mesh,
)
from napari_3dmsl.shapes.smoothed_mask import smooth_mask

VOXEL = (20, 20, 20)
UM = 0.02


def ball_mesh(radius=10.0, size=32):
    return mesh_from_mask(draw_ball((size, size, size), (15.3, 15.6, 15.1), radius), VOXEL)


@pytest.mark.parametrize("radius", [6, 8, 12])
def test_sphere_area_and_volume(radius):
    mesh = ball_mesh(radius)
    assert mesh.area_um2 == pytest.approx(4 * np.pi * (radius * UM) ** 2, rel=0.015)
    assert mesh.volume_um3 == pytest.approx(4 / 3 * np.pi * (radius * UM) ** 3, rel=0.015)
    assert mesh.is_watertight


@pytest.mark.parametrize("radius", [6, 8])
def test_tube_area_and_volume(radius):
    start, end = (14.2, 15.1, 16.4), (50.3, 60.2, 80.1)
    length, r = np.linalg.norm(np.subtract(end, start)) * UM, radius * UM
    mesh = mesh_from_mask(draw_tube((66, 76, 96), start, end, radius), VOXEL)
    assert mesh.area_um2 == pytest.approx(2 * np.pi * r * length + 4 * np.pi * r**2, rel=0.015)
    volume = np.pi * r**2 * length + 4 / 3 * np.pi * r**3
    assert mesh.volume_um3 == pytest.approx(volume, rel=0.015)
    assert mesh.is_watertight


@pytest.mark.parametrize("radius", [6, 8])
def test_torus_area_and_volume(radius):
    mesh = mesh_from_mask(draw_torus((28, 90, 90), (14.2, 44.7, 45.1), 30, radius), VOXEL)
    ring, r = 30 * UM, radius * UM
    assert mesh.area_um2 == pytest.approx(4 * np.pi**2 * ring * r, rel=0.015)
    assert mesh.volume_um3 == pytest.approx(2 * np.pi**2 * ring * r**2, rel=0.015)
    assert mesh.is_watertight


def test_anisotropic_voxels_keep_area_and_volume():
    voxel_um = (0.06, 0.02, 0.02)
    mask = draw_ball((16, 48, 48), (0.46, 0.47, 0.48), 0.24, voxel_um)
    mesh = mesh_from_mask(mask, (60, 20, 20))
    assert mesh.volume_um3 == pytest.approx(4 / 3 * np.pi * 0.24**3, rel=0.02)
    assert mesh.area_um2 == pytest.approx(4 * np.pi * 0.24**2, rel=0.03)


def test_the_mesh_lies_over_its_voxels_as_napari_draws_them():
    mask = np.zeros((40, 40, 40), bool)
    mask[13:28, 13:28, 13:28] = True
    low, high = mesh_from_mask(mask, VOXEL).bounds_um
    np.testing.assert_allclose((low + high) / 2, 20 * UM, atol=1e-6)
    np.testing.assert_allclose(high - low, 15 * UM, atol=1.1 * UM)  # round edges, full faces


def test_the_origin_shifts_the_mesh_by_whole_and_part_voxels():
    mask = draw_ball((30, 30, 30), (15, 14, 13), 9)
    here, there = (
        mesh_from_mask(mask, (30, 20, 10)),
        mesh_from_mask(mask, (30, 20, 10), (4, 0.5, -2)),
    )
    expected = here.vertices + np.array([4 * 0.03, 0.5 * 0.02, -2 * 0.01])
    np.testing.assert_allclose(there.vertices, expected, atol=1e-9)


def test_a_mask_that_fills_its_crop_is_closed():
    mesh = mesh_from_mask(np.ones((5, 6, 7), bool), VOXEL)
    assert mesh.is_watertight
    assert mesh.volume_um3 == pytest.approx(5 * 6 * 7 * UM**3, rel=0.05)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (2, 2, 20), (1, 8, 8)])
def test_the_smallest_masks_still_give_closed_meshes(shape):
    mesh = mesh_from_mask(np.ones(shape, bool), VOXEL)
    assert mesh.is_watertight
    assert mesh.volume_um3 > 0


def test_smoothing_never_breaks_a_thin_tube_nor_welds_neighbours():
    mask = np.zeros((9, 9, 40), bool)
    mask[4, 4, :] = True  # one voxel thick
    mask[2:7, 2:7, :8] = mask[2:7, 2:7, -8:] = True
    assert trimesh_of(mesh_from_mask(mask, VOXEL)).body_count == 1
    near = np.zeros((20, 20, 30), bool)
    near[3:17, 3:17, 3:14] = near[3:17, 3:17, 15:27] = True  # one voxel apart
    assert trimesh_of(mesh_from_mask(near, VOXEL)).body_count == 2


def test_the_level_keeps_the_voxel_count():
    mask = draw_ball((20, 20, 20), (10, 10, 10), 5)
    assert smooth_mask(mask, VOXEL).inside.sum() == pytest.approx(mask.sum(), rel=0.02)


@pytest.mark.parametrize("voxel_nm", [(24, 24, 24), (60, 20, 20), (15, 16, 16)])
def test_the_smoothed_mask_is_a_gaussian_as_scipy_has_it(voxel_nm):
    mask = draw_torus((14, 40, 44), (6, 18, 20), 12, 5)
    mask[:, :9, :9] = True  # at the sides too
    field = smooth_mask(mask, voxel_nm)
    voxel_um = np.array(voxel_nm) / 1000
    sigma = 1.5 * np.prod(voxel_um) ** (1 / 3) / voxel_um
    wide = np.pad(mask, 12).astype(float)
    expected = ndimage.gaussian_filter(wide, sigma, radius=(3 * sigma + 0.5 + 1e-9).astype(int))
    first = np.rint(field.origin_um / voxel_um).astype(int) + 12
    part = tuple(slice(a, a + n) for a, n in zip(first, field.values.shape, strict=True))
    np.testing.assert_allclose(field.values, expected[part], atol=1e-6)


@pytest.mark.parametrize("mask", [np.zeros((5, 5, 5), bool), np.ones((5, 5), bool)])
def test_an_impossible_mask_is_refused(mask):
    assert "mask" in refusal(mesh_from_mask, mask, VOXEL)


def trimesh_of(mesh):
    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)


def test_measures_agree_with_trimesh():
    mesh = ball_mesh()
    other = trimesh_of(mesh)
    assert mesh.area_um2 == pytest.approx(other.area)
    assert mesh.volume_um3 == pytest.approx(other.volume)
    assert mesh.is_watertight == other.is_watertight is True


def test_a_hole_or_a_turned_face_is_not_watertight():
    mesh = ball_mesh()
    assert not Mesh(mesh.vertices, mesh.faces[1:]).is_watertight
    turned = mesh.faces.copy()
    turned[0] = turned[0, ::-1]
    assert not Mesh(mesh.vertices, turned).is_watertight


@pytest.mark.parametrize("suffix", [".off", ".ply", ".stl", ".obj"])
@pytest.mark.parametrize("unit_um", [1.0, 0.024])
def test_files_round_trip_and_are_right_handed_for_others(tmp_path, suffix, unit_um):
    mask = draw_tube((20, 26, 40), (8, 8, 8), (9, 16, 30), 5)
    mesh = mesh_from_mask(mask, VOXEL, (100, 200, 300))
    path = tmp_path / f"mesh{suffix}"
    write_mesh(mesh, path, unit_um)
    back = read_mesh(path, unit_um)
    assert back.is_watertight
    assert back.volume_um3 == pytest.approx(mesh.volume_um3, rel=1e-4)
    np.testing.assert_allclose(back.bounds_um, mesh.bounds_um, rtol=1e-6)
    foreign = trimesh.load_mesh(path)
    assert foreign.volume * unit_um**3 == pytest.approx(mesh.volume_um3, rel=1e-4)
    np.testing.assert_allclose(foreign.bounds[:, ::-1] * unit_um, mesh.bounds_um, rtol=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "mesh.off"
    write_mesh(ball_mesh(), path)
    before = path.read_bytes()

    def full_disk(self, data):
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.write_bytes", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_mesh(ball_mesh(6), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.off", "", "empty.off"),
        ("text.off", "hello world\n", "text.off"),
        ("cut.off", "OFF\n3 1 0\n0 0 0\n1 0 0\n", "cut.off"),
        ("points.off", "OFF\n3 0 0\n0 0 0\n1 0 0\n0 1 0\n", "no faces"),
        ("nan.off", "OFF\n3 1 0\n0 0 nan\n1 0 0\n0 1 0\n3 0 1 2\n", "not finite"),
        ("range.off", "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n", "range.off"),
        ("text.ply", "hello", "text.ply"),
        ("cut.ply", "ply\nformat ascii 1.0\nelement vertex 3\n", "cut.ply"),
        ("text.stl", "hello", "text.stl"),
        ("text.obj", "hello", "text.obj"),
        ("mesh.vtk", "hello", ".off, .ply"),
    ],
)
def test_files_that_are_no_meshes_are_refused_in_one_line(tmp_path, name, content, says):
    (tmp_path / name).write_text(content)
    assert says in refusal(read_mesh, tmp_path / name)


def test_other_wrong_requests_are_refused(tmp_path):
    assert "no such file" in refusal(read_mesh, tmp_path / "missing.off")
    assert "unit_um" in refusal(write_mesh, ball_mesh(), tmp_path / "a.off", 0)
    assert ".off" in refusal(write_mesh, ball_mesh(), tmp_path / "a.vtk")
    assert "target_faces" in refusal(decimate, ball_mesh(), 3)
    assert "no meshes" in refusal(merge_meshes, [])


def test_decimation_keeps_the_shape():
    mesh = mesh_from_mask(draw_ball((32, 32, 32), (15, 15, 15), 12), VOXEL, (900, 900, 900))
    light = decimate(mesh, len(mesh.faces) // 5)
    assert len(light.faces) <= len(mesh.faces) // 5 + 2
    assert light.is_watertight
    assert light.area_um2 == pytest.approx(mesh.area_um2, rel=0.01)
    assert light.volume_um3 == pytest.approx(mesh.volume_um3, rel=0.02)
    np.testing.assert_allclose(light.bounds_um, mesh.bounds_um, atol=UM)
    assert decimate(mesh, 10**6) is mesh


def test_merging_keeps_every_surface():
    first, second = ball_mesh(10), ball_mesh(7)
    merged = merge_meshes([first, second])
    assert merged.area_um2 == pytest.approx(first.area_um2 + second.area_um2)
    assert merged.volume_um3 == pytest.approx(first.volume_um3 + second.volume_um3)
    assert merged.faces.dtype == np.int32
    assert merged.is_watertight


@pytest.mark.real_data
def test_the_released_mesh_920_reads_with_its_known_measures(real_data):
    mesh = read_mesh(real_data / "3dmsl" / "920" / "raw_mesh.off", unit_um=0.024)
    assert mesh.vertices.shape == (48418, 3)
    assert mesh.faces.shape == (96836, 3)
    assert mesh.area_um2 == pytest.approx(18.57, abs=0.005)
    assert mesh.volume_um3 == pytest.approx(1.829, abs=0.0005)
    assert mesh.is_watertight


@pytest.mark.parametrize("radius", [2, 3, 4.5])
@pytest.mark.parametrize("voxel", [VOXEL, (60, 20, 20)])
def test_small_surfaces_enclose_the_volume_of_their_voxels(radius, voxel):
    size = np.array(voxel) / 20
    mask = draw_ball((24, 40, 40), np.array((11.8, 20.3, 20.1)) * size, radius * 2, size)
    mesh = mesh_from_mask(mask, voxel)
    assert mesh.volume_um3 == pytest.approx(mask.sum() * np.prod(voxel) / 1e9, rel=0.01)


@pytest.mark.parametrize("voxel", [(50, 4.6, 4.6), (40, 4, 4), (30, 8, 8), VOXEL])
@pytest.mark.parametrize("sections", [1, 2, 3])
@pytest.mark.parametrize("radius", [4, 15, 50])
def test_shapes_of_few_sections_enclose_the_volume_of_their_voxels(radius, sections, voxel):
    disk = draw_ball((1, 2 * radius + 12, 2 * radius + 12), (0, radius + 4, radius + 4), radius)[0]
    mask = np.stack([np.roll(disk, 3 * section, axis=section % 2) for section in range(sections)])
    mesh = mesh_from_mask(mask, voxel)
    assert mesh.is_watertight
    assert mesh.volume_um3 == pytest.approx(mask.sum() * np.prod(voxel) / 1e9, rel=0.01)
    thick = np.ptp(mesh.bounds_um[:, 0]) * 1000 / voxel[0]
    assert thick == pytest.approx(sections, abs=1)


@pytest.mark.parametrize("axis", range(3))
def test_a_plate_of_one_voxel_is_as_thick_as_a_voxel(axis):
    mask = np.moveaxis(np.ones((1, 60, 70), bool), 0, axis)
    mesh = mesh_from_mask(mask, VOXEL)
    assert mesh.volume_um3 == pytest.approx(mask.sum() * UM**3, rel=0.01)
    assert mesh.area_um2 == pytest.approx(2 * 60 * 70 * UM**2, rel=0.06)
    assert np.ptp(mesh.bounds_um[:, axis]) == pytest.approx(UM, rel=0.25)


def test_flat_faces_bulge_less_than_a_fifth_of_a_voxel():
    mask = np.zeros((30, 40, 40), bool)
    mask[5:25, 6:34, 7:33] = True
    mesh = mesh_from_mask(mask, VOXEL)
    low, high = mesh.bounds_um / UM
    np.testing.assert_allclose(low, (4.5, 5.5, 6.5), atol=0.2)
    np.testing.assert_allclose(high, (24.5, 33.5, 32.5), atol=0.2)
    assert mesh.volume_um3 == pytest.approx(mask.sum() * UM**3, rel=0.01)


def test_distances_to_a_triangle_by_hand():
    vertices = np.array([(0, 0, 0), (0, 0, 4), (0, 4, 0)], float)
    faces = np.array([(0, 1, 2)], np.int32)
    points = np.array([(3, 1, 1), (0, -2, 1), (2, -1, -2), (1, 4, 4), (0, 1, 1)], float)
    expected = [3, 2, 3, 3, 0]
    np.testing.assert_allclose(distance_to_mesh(points, vertices, faces), expected, atol=1e-12)


def test_distances_agree_with_another_program():
    mesh = decimate(ball_mesh(), 300)
    points = np.random.default_rng(0).uniform(0.1, 0.5, (200, 3))
    theirs = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    _, expected, _ = trimesh.proximity.closest_point_naive(theirs, points)
    ours = distance_to_mesh(points, mesh.vertices, mesh.faces)
    assert (ours >= expected - 1e-9).all()
    near = expected < 0.05
    np.testing.assert_allclose(ours[near], expected[near], atol=1e-6)


@pytest.mark.parametrize("bound_um", [0.002, 0.01])
def test_decimation_keeps_the_bound(bound_um):
    mesh = mesh_from_mask(draw_torus((28, 90, 90), (14.2, 44.7, 45.1), 30, 8), VOXEL)
    light = decimate(mesh, 100, bound_um)
    assert 100 <= len(light.faces) < len(mesh.faces)
    assert light.is_watertight
    theirs = trimesh.Trimesh(light.vertices, light.faces, process=False)
    _, away, _ = trimesh.proximity.closest_point_naive(theirs, mesh.vertices[::100])
    assert away.max() <= bound_um
    assert surface_distance(mesh, light) <= bound_um


def test_no_decimation_when_nothing_may_move():
    mesh = ball_mesh()
    assert decimate(mesh, 100, 0.0) is mesh
    assert "max_distance_um" in refusal(decimate, mesh, 100, -1.0)
