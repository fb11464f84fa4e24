from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import trimesh

from napari_3dmsl.shapes.classification import classify
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.shape import COLUMNS, Shape, measure_shapes
from napari_3dmsl.shapes.tubes import TubeSettings, TubeShapes
from napari_3dmsl.shapes.voxelize import voxelise

LIVELY = TubeSettings(rings=0.2, networks=0.4)


@pytest.fixture(scope="module")
def tubes() -> TubeShapes:
    """Tubes of all classes but nano-tunnels."""
    return TubeShapes(LIVELY, count=40, seed=1)


def test_every_surface_is_closed_light_one_body_and_of_the_known_genus(tubes: TubeShapes) -> None:
    faces = []
    for shape in tubes.shapes:
        solid = trimesh.Trimesh(shape.mesh.vertices, shape.mesh.faces, process=False)
        assert solid.is_watertight
        assert solid.body_count == 1
        assert solid.euler_number == 2 - 2 * shape.skeleton.loops
        assert solid.volume == pytest.approx(shape.volume_um3)
        assert shape.volume_um3 > 0
        np.testing.assert_allclose(solid.center_mass, shape.centroid_um, atol=1e-6)
        faces.append(len(shape.mesh.faces))
    assert max(faces) < 2500
    assert np.median(faces) < 1500


def test_the_class_follows_from_what_was_drawn(tubes: TubeShapes) -> None:
    assert {"rod", "network", "donut", "mega", "dot"} <= set(tubes.table["shape_class"])
    for shape in tubes.shapes:
        line = shape.skeleton
        assert line.length_um == pytest.approx(
            sum(np.linalg.norm(np.diff(path, axis=0), axis=1).sum() for path in line.paths)
        )
        found = classify(line.length_um, line.branches, line.loops, shape.volume_um3)
        assert shape.classification == found


def test_branches_are_the_paths_between_branch_points_and_ends(tubes: TubeShapes) -> None:
    for shape in tubes.shapes:
        paths = shape.skeleton.paths
        ends = np.concatenate([[path[0], path[-1]] for path in paths])
        _, count = np.unique(ends.round(9), axis=0, return_counts=True)
        closed = shape.skeleton.loops and len(paths) == 1
        assert shape.skeleton.end_points == (0 if closed else np.count_nonzero(count == 1))
        # A graph in one piece: lines - points + 1 loops. A line ends at 1 or 3 others.
        assert len(paths) - len(count) + 1 == shape.skeleton.loops
        assert set(count) <= ({2} if closed else {1, 3})
        assert shape.skeleton.branches == (len(paths) if len(paths) > 1 else 0)


def extracted(shape: Shape) -> list[Shape]:
    """What the whole way from labels to shapes makes of a tube in voxels of 24 nm."""
    solid = voxelise(shape.mesh.vertices, shape.mesh.faces)
    settings = ExtractionSettings(voxel_nm=(1000 * solid.voxel_um,) * 3, downsample=1)
    return measure_shapes(extract_instances(np.pad(solid.mask, 3), settings), workers=1)


def test_extraction_finds_class_branches_loops_length_and_volume(tubes: TubeShapes) -> None:
    ratios = []
    for shape in tubes.shapes[:10]:
        (found,) = extracted(shape)
        assert found.classification.shape_class == shape.classification.shape_class
        assert found.skeleton.branches == shape.skeleton.branches
        assert found.skeleton.loops == shape.skeleton.loops
        assert found.volume_um3 == pytest.approx(shape.volume_um3, rel=0.01)
        if shape.classification.shape_class != "dot":
            ratios.append(found.skeleton.length_um / shape.skeleton.length_um)
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)
    assert 0.95 < min(ratios) < max(ratios) < 1.06


def test_straight_tubes_have_the_volume_of_cylinders_with_round_caps() -> None:
    settings = TubeSettings(
        bend_radius_um=1000, tilt_deg=0, radius_variation=0, rings=0, networks=0, length_um=6
    )
    for shape in TubeShapes(settings, 10, 3).shapes:
        radius, length = shape.skeleton.mean_radius_um, shape.skeleton.length_um
        expected = np.pi * radius**2 * length + 4 / 3 * np.pi * radius**3
        assert shape.volume_um3 == pytest.approx(expected, rel=0.01)
        assert np.ptp(shape.mesh.bounds_um, axis=0).max() <= length + 2 * radius + 0.01


def test_lengths_radii_and_shares_are_those_of_the_settings() -> None:
    plain = TubeShapes(TubeSettings(rings=0, networks=0, radius_um=(0.1, 0.3)), 150, 0)
    length = np.array(plain.table["length_um"])
    assert length.mean() == pytest.approx(3.5, abs=4 * 2.1 / np.sqrt(150))
    assert length.std() == pytest.approx(2.1, rel=0.25)
    radius = np.array(plain.table["mean_radius_um"])
    assert 0.07 < radius.min() < 0.13 < 0.27 < radius.max() < 0.42
    assert not any(plain.table["loops"])
    assert not any(plain.table["branches"])
    rings = TubeShapes(TubeSettings(rings=1, networks=0), 20, 0)
    assert set(rings.table["loops"]) == {1}
    assert 1 <= np.count_nonzero(rings.table["branches"]) <= 10  # a quarter has a tail
    networks = TubeShapes(TubeSettings(rings=0, networks=1, branches=(2, 2)), 10, 0)
    assert set(networks.table["branches"]) == {5}


def test_shapes_depend_on_seed_and_number_alone(tubes: TubeShapes) -> None:
    alone = TubeShapes(LIVELY, count=5, seed=1).mesh(4)
    np.testing.assert_array_equal(alone.vertices, tubes.mesh(4).vertices)
    other = TubeShapes(LIVELY, count=5, seed=2).mesh(4)
    assert other.vertices.shape != alone.vertices.shape or (other.vertices != alone.vertices).any()


def test_other_processes_draw_the_same_shapes(tubes: TubeShapes) -> None:
    tubes.mesh(1)
    packed = pickle.dumps(tubes)
    assert len(packed) < 5000
    with ProcessPoolExecutor(1) as pool:
        there = pool.submit(TubeShapes.mesh, tubes, 3).result()
    np.testing.assert_array_equal(there.vertices, tubes.mesh(3).vertices)
    np.testing.assert_array_equal(there.faces, tubes.mesh(3).faces)


def test_what_was_drawn_is_handed_over_and_the_rest_is_drawn(tmp_path: Path) -> None:
    drawn, other = TubeShapes(count=4, seed=7), TubeShapes(count=4, seed=7)
    drawn.keep(tmp_path / "drawn")
    assert not (tmp_path / "drawn").exists(), "nothing was drawn yet"
    first = [drawn.mesh(shape_id) for shape_id in (1, 2)]
    drawn.keep(tmp_path / "drawn")
    other.take_up(tmp_path / "drawn")
    for shape_id, mesh in zip((1, 2), first, strict=True):
        assert np.array_equal(other.mesh(shape_id).vertices, mesh.vertices)
        assert np.array_equal(other.mesh(shape_id).faces, mesh.faces)
    assert np.array_equal(other.mesh(3).vertices, drawn.mesh(3).vertices)


def test_it_is_a_source_of_shapes_with_a_table_and_classes_by_hand() -> None:
    source = TubeShapes(TubeSettings(networks=0), 4)
    assert list(source.ids) == [1, 2, 3, 4]
    assert len(source) == 4
    assert tuple(source.table) == COLUMNS
    source.set_classes({2: "mega"})
    assert source.table["shape_class"][1] == "mega"
    assert source.shapes[1].classification.shape_class == "mega"
    again = pickle.loads(pickle.dumps(source))
    assert again.table == source.table
    with pytest.raises(ValueError, match="expected one of"):
        source.set_classes({1: "blob"})
    with pytest.raises(KeyError):
        source.mesh(5)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"radius_um": (0.3, 0.2)}, "radius_um = .*smaller comes first"),
        ({"branches": (3, 2)}, "branches = .*smaller comes first"),
        ({"rings": 0.6, "networks": 0.6}, "more than all together"),
    ],
)
def test_settings_that_do_not_fit_are_refused(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        TubeSettings(**wrong)


@pytest.mark.parametrize(("name", "value"), [("count", 0), ("seed", -1)])
def test_impossible_sources_are_refused(name: str, value: int) -> None:
    arguments = {name: value}
    with pytest.raises(ValueError, match=name):
        TubeShapes(None, **arguments)
