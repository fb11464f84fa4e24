"""Packed fields, real regions and montages."""

from itertools import chain, combinations, repeat

import numpy as np
import pytest
import trimesh
from placed import ball, torus
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from napari_3dmsl.datasets.render.montage import montage
from napari_3dmsl.geometry.inside import inside_mesh
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.scenes.packing import pack
from napari_3dmsl.scenes.settings import SceneSettings, draw_centre, region, world_boxes_um
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.sampling import sample_surface
from napari_3dmsl.shapes.shape import measure_shapes

IMAGE_UM = (6.0, 7.0)


def mesh_of(solid):
    return Mesh(np.asarray(solid.vertices), np.asarray(solid.faces))


def solids():
    rng = np.random.default_rng(5)
    rods = [
        trimesh.creation.capsule(height=rng.uniform(0.5, 2.5), radius=rng.uniform(0.1, 0.25))
        for _ in range(8)
    ]
    return [mesh_of(torus(0.6, 0.15)), *map(mesh_of, rods), mesh_of(ball(0.3, 3))]


def fields(packing, meshes):
    """The surfaces where they were put."""
    return [
        meshes[n].vertices @ to_field[:3, :3].T + to_field[:3, 3]
        for n, to_field in zip(packing.chosen, packing.to_field, strict=True)
    ]


@pytest.mark.parametrize("border", ["inside", "cut"])
def test_packed_shapes_keep_their_distance_and_never_hold_each_other(border):
    meshes = solids()
    settings = SceneSettings(
        kind="packed", objects=(10, 10), gap_um=0.1, height_um=1.5, border=border
    )
    packing = pack(meshes, settings, (4.0, 4.0), np.random.default_rng(1), depth_um=0.4)
    bodies = []
    rng = np.random.default_rng(7)
    for n, vertices in zip(packing.chosen, fields(packing, meshes), strict=True):
        low, high = vertices.min(axis=0), vertices.max(axis=0)
        assert low[0] >= 0.4 - 1e-9
        assert high[0] <= 1.9 + 1e-9
        reach = 2.0 if border == "inside" else 2.0 + np.ptp(vertices, axis=0)[1:].max() / 2
        assert np.abs([low[1:], high[1:]]).max() <= reach + 1e-9
        body = Mesh(vertices, meshes[n].faces)
        box = rng.uniform(low, high, (3000, 3))
        surface, _ = sample_surface(body, 6000, rng)
        bodies.append((body, np.concatenate([box[inside_mesh(body, box)], surface]), surface))
    assert len(bodies) > 5
    for (one, fill, surface), (other, other_fill, other_surface) in combinations(bodies, 2):
        assert not inside_mesh(other, fill).any()
        assert not inside_mesh(one, other_fill).any()
        assert KDTree(surface).query(other_surface, distance_upper_bound=0.2)[0].min() >= 0.1


def test_a_ball_is_not_packed_into_a_larger_one():
    """Their surfaces are far apart, so only the inside tells."""
    meshes = [mesh_of(ball(1.0, 4)), *[mesh_of(ball(0.1, 2))] * 30]
    settings = SceneSettings(kind="packed", objects=(31, 31), height_um=2.01, gap_um=0.0)
    packing = pack(meshes, settings, (2.01, 2.01), np.random.default_rng(0))
    for vertices in fields(packing, meshes)[1:]:
        away = vertices - fields(packing, meshes)[0].mean(axis=0)
        assert (np.linalg.norm(away, axis=1) > 0.99).all()


def test_a_shell_holds_nothing_but_may_surround():
    """A ball in the hollow of a shell does not overlap with it."""
    shell = trimesh.util.concatenate([ball(1.0, 4), ball(0.8, 4)])
    shell.faces[len(shell.faces) // 2 :] = shell.faces[len(shell.faces) // 2 :, ::-1]
    meshes = [mesh_of(shell), *[mesh_of(ball(0.3, 3))] * 3]
    settings = SceneSettings(kind="packed", objects=(2, 2), height_um=2.01, gap_um=0.0)
    packing = pack(meshes, settings, (2.01, 2.01), np.random.default_rng(0))
    assert packing.complete
    outer, inner = fields(packing, meshes)
    assert np.linalg.norm(inner - outer.mean(axis=0), axis=1).max() < 0.8


def test_the_same_seed_packs_the_same_field():
    meshes = solids()
    settings = SceneSettings(kind="packed", objects=(2, 8))
    one, same, other = (
        pack(meshes, settings, IMAGE_UM, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert one.chosen == same.chosen
    assert np.array_equal(one.to_field, same.to_field)
    assert not np.array_equal(one.to_field[0], other.to_field[0])


@pytest.mark.parametrize("share", [None, 0.02])
def test_packing_depends_on_all_settings_but_those_without_effect(share):
    meshes = solids()
    settings = SceneSettings(kind="packed", objects=(4, 4), volume_share=share)

    def placed(**changes):
        found = pack(meshes, settings.replace(**changes), (3.0, 3.0), np.random.default_rng(3))
        return found.chosen, np.array(found.to_field).tobytes()

    others = {"objects": (2, 2), "volume_share": 0.05, "gap_um": 0.8, "height_um": 2.5}
    for name, other in {**others, "border": "cut"}.items():
        assert (placed() == placed(**{name: other})) == (name in settings.irrelevant()), name


def test_numbers_are_drawn_from_their_range_and_turns_are_rotations():
    meshes = [mesh_of(ball(0.1, 2))] * 20
    settings = SceneSettings(kind="packed", objects=(2, 4))
    counts = set()
    for seed in range(12):
        packing = pack(meshes, settings, IMAGE_UM, np.random.default_rng(seed))
        assert packing.complete
        assert packing.wanted == len(packing.chosen)
        counts.add(len(packing.chosen))
        for to_field in packing.to_field:
            turn = to_field[:3, :3]
            assert turn @ turn.T == pytest.approx(np.eye(3))
            assert np.linalg.det(turn) == pytest.approx(1.0)
    assert counts == {2, 3, 4}


def test_places_are_uniform_in_the_field():
    meshes = [mesh_of(ball(0.1, 2))]
    settings = SceneSettings(kind="packed", objects=(1, 1), height_um=1.0)
    rng = np.random.default_rng(0)
    places = np.array(
        [pack(meshes, settings, (4.0, 8.0), rng).to_field[0][:3, 3] for _ in range(400)]
    )
    room = np.array([0.4, 1.9, 3.9])  # half the field less the radius
    scaled = (places - [0.5, 0, 0]) / room
    assert np.abs(scaled).max() <= 1.001
    assert scaled.mean(axis=0) == pytest.approx(0.0, abs=0.1)
    assert (scaled**2).mean(axis=0) == pytest.approx(1 / 3, abs=0.05)


def test_a_share_of_the_volume_is_filled():
    settings = SceneSettings(kind="packed", volume_share=0.08, height_um=1.5, gap_um=0.02)
    mesh = mesh_of(ball(0.25, 3))
    packing = pack(repeat(mesh), settings, (3.0, 3.0), np.random.default_rng(0))
    assert packing.complete
    assert packing.wanted is None
    one = mesh.volume_um3 / 13.5
    assert 0.08 <= packing.volume_share < 0.08 + one
    assert packing.volume_share == pytest.approx(len(packing.chosen) * one)


def test_a_full_field_says_so_and_one_that_nothing_fits_is_refused():
    large = mesh_of(ball(0.6, 3))
    settings = SceneSettings(kind="packed", objects=(9, 9), height_um=1.3)
    packing = pack(repeat(large), settings, (1.6, 1.6), np.random.default_rng(0))
    assert not packing.complete
    assert (len(packing.chosen), packing.wanted) == (1, 9)
    few = pack([large], settings, (1.6, 1.6), np.random.default_rng(0))
    assert not few.complete
    with pytest.raises(ValueError, match="none of the shapes fits into a field of 1 x 1.6 x 1.6"):
        pack([large] * 3, settings.replace(height_um=1.0), (1.6, 1.6), np.random.default_rng(0))
    small = mesh_of(ball(0.1, 2))
    passed = pack(
        chain([mesh_of(ball(3.0, 2))], [small] * 9), settings, (1.6, 1.6), np.random.default_rng(0)
    )
    assert passed.chosen == tuple(range(1, 10))


def test_wrong_settings_name_the_field():
    for wrong, told in [
        ({"objects": (5, 2)}, "objects"),
        ({"objects": (0, 2)}, "objects"),
        ({"gap_um": -1}, "gap_um"),
        ({"volume_share": 0.9}, "volume_share"),
        ({"kind": "many"}, "kind"),
    ]:
        with pytest.raises(ValueError, match=told):
            SceneSettings(**wrong)


@pytest.fixture(scope="module")
def cell():
    """Eight balls on a lattice, 2 µm apart, and their library on disk."""
    labels = np.zeros((60, 110, 110), dtype=np.uint8)
    z, y, x = np.indices(labels.shape)
    places = [(a, b, c) for a in (15, 45) for b in (30, 80) for c in (30, 80)]
    for place in places:
        labels[(z - place[0]) ** 2 + (y - place[1]) ** 2 + (x - place[2]) ** 2 < 81] = 1
    extraction = extract_instances(labels, ExtractionSettings(voxel_nm=(40, 40, 40), downsample=1))
    shapes = measure_shapes(extraction)
    centres = np.array([shape.centroid_um for shape in shapes])
    assert sorted(map(tuple, np.round(centres / 0.04).astype(int).tolist())) == places
    return shapes, centres


@pytest.fixture(scope="module")
def library(cell, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cell") / "library"
    write_library(cell[0], folder)
    return ShapeLibrary.open(folder)


def test_boxes_of_a_library_are_those_of_its_meshes(library):
    boxes = world_boxes_um(library)
    found = np.array([library.mesh(shape_id).bounds_um for shape_id in library.ids])
    assert np.abs(boxes - found).max() < 0.06


def test_a_region_holds_the_shapes_of_its_window_where_they_are(cell, library):
    shapes, centres = cell
    settings = SceneSettings(kind="region", height_um=1.0)
    boxes = world_boxes_um(library)
    middle = np.array([0.6, 2.2, 2.2])  # between the four lower ones
    found = region(library, boxes, middle, settings, (3.0, 3.0), depth_um=0.3)
    assert list(found.ids) == [s.id for s in shapes if s.centroid_um[0] < 1.2]
    assert found.to_field[:3, :3] == pytest.approx(np.eye(3))
    assert found.to_field[1:3, 3] == pytest.approx(-middle[1:])
    heights = [m.vertices[:, 0].min() + found.to_field[0, 3] for m in found.meshes]
    assert min(heights) == pytest.approx(0.3)
    # Two of them, cut by the window.
    half = region(library, boxes, [0.6, 1.2, 2.2], settings.replace(border="cut"), (1.0, 2.0))
    places = np.round(centres[np.array(half.ids) - 1] / 0.04).astype(int).tolist()
    assert places == [[15, 30, 30], [15, 30, 80]]
    with pytest.raises(ValueError, match="no shape lies in the window.*shapes lie from"):
        region(library, boxes, [0.6, 1.2, 2.2], settings, (1.0, 2.0))


def test_a_turned_region_keeps_its_shapes_as_they_lie_to_each_other(cell, library):
    _, centres = cell
    turn = Rotation.from_rotvec([0.3, -0.8, 1.1]).as_matrix()
    settings = SceneSettings(kind="region", height_um=9.0)
    found = region(
        library, world_boxes_um(library), centres.mean(axis=0), settings, (9.0, 9.0), turn
    )
    assert found.ids == tuple(library.ids)
    assert found.to_field[:3, :3] == pytest.approx(turn)
    middles = np.array([mesh.vertices.mean(axis=0) for mesh in found.meshes])
    there = middles @ turn.T + found.to_field[:3, 3]
    assert np.ptp(there[:, 1:] + 0, axis=0).max() < 9
    for a, b in combinations(range(8), 2):
        assert turn.T @ (there[a] - there[b]) == pytest.approx(centres[a] - centres[b], abs=0.01)
    assert there[:, 1:].mean(axis=0) == pytest.approx([0, 0], abs=0.01)


def test_a_window_turned_on_edge_sees_other_shapes(cell, library):
    shapes, _ = cell
    on_edge = Rotation.from_rotvec([0, 0, np.pi / 2]).as_matrix()  # swaps z and y
    settings = SceneSettings(kind="region", height_um=1.0)
    boxes = world_boxes_um(library)
    found = region(library, boxes, [1.2, 1.2, 2.2], settings, (3.0, 3.0), on_edge)
    assert list(found.ids) == [s.id for s in shapes if s.centroid_um[1] < 2.2]


def test_centres_are_those_of_shapes(library):
    boxes = world_boxes_um(library)
    drawn = [draw_centre(boxes, np.random.default_rng(seed)) for seed in range(40)]
    middles = boxes.mean(axis=1)
    assert len({tuple(centre) for centre in drawn}) == 8
    assert all((np.abs(middles - centre).max(axis=1) < 1e-9).any() for centre in drawn)


def test_meshes_in_frames_of_their_own_have_no_regions(cell):
    class Released:
        def __init__(self):
            self.ids, self.table = (1,), {}

        def mesh(self, shape_id):
            mesh = cell[0][0].mesh
            return Mesh(mesh.vertices - mesh.vertices.min(axis=0), mesh.faces)

    boxes = cell[0][0].bounds_um[None]
    with pytest.raises(ValueError, match="does not lie where its box in the volume is"):
        region(Released(), boxes, boxes[0].mean(axis=0), SceneSettings(), (3.0, 3.0))


def test_montages_put_tiles_row_by_row():
    tiles = [np.full((2, 3, 5), n, dtype=np.uint16) for n in range(6)]
    whole = montage(tiles, (2, 3))
    assert whole.shape == (2, 6, 15)
    assert whole.dtype == np.uint16
    assert whole[0, ::3, ::5].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_montages_of_unlike_tiles_are_refused():
    tile = np.zeros((4, 4), np.uint8)
    with pytest.raises(ValueError, match="3 tiles: a montage of 2 x 2 takes 4"):
        montage([tile] * 3)
    with pytest.raises(ValueError, match="must be alike"):
        montage([tile] * 3 + [np.zeros((4, 5), np.uint8)])
