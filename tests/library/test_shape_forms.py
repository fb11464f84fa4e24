"""Shapes for other programs: right size, outward normals, skeletons that are trees."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import trimesh

from napari_3dmsl.image_io.ome_tiff import describe_image, read_settings
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.library.mesh_units import mesh_unit_nm
from napari_3dmsl.library.shape_forms import FORMS, chosen, export_shapes
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import MESH_SUFFIXES, read_mesh
from napari_3dmsl.shapes.shape import measure_shapes
from napari_3dmsl.shapes.skeleton_graph import path_length

VOXEL_NM = (24.0, 24.0, 24.0)


@pytest.fixture(scope="module")
def shapes() -> ShapeCollection:
    """A ball, a ring and a fork, well apart, off the origin and of unlike sides."""
    z, y, x = np.ogrid[:40, :100, :150]
    ball = (z - 20) ** 2 + (y - 20) ** 2 + (x - 25) ** 2 <= 12**2
    ring = (z - 20) ** 2 + (np.hypot(y - 65, x - 35) - 22) ** 2 <= 5**2
    fork = (z - 20) ** 2 + (y - 50) ** 2 + (x - np.clip(x, 80, 110)) ** 2 <= 5**2
    for side in (-1, 1):
        along = np.clip(x, 110, 138)
        fork = fork | ((z - 20) ** 2 + (y - 50 - side * (along - 110)) ** 2 + (x - along) ** 2 < 40)
    labels = ball | ring | fork
    settings = ExtractionSettings(voxel_nm=VOXEL_NM)
    found = ShapeCollection(measure_shapes(extract_instances(labels, settings)))
    assert sorted(found.table["shape_class"]) == ["donut", "dot", "network"]
    return found


def id_of(shapes: Any, kind: str) -> int:
    return int(shapes.ids[shapes.table["shape_class"].index(kind)])


@pytest.fixture(scope="module")
def library(shapes: ShapeCollection, tmp_path_factory: pytest.TempPathFactory) -> ShapeLibrary:
    folder = tmp_path_factory.mktemp("forms") / "library"
    write_library(shapes.shapes, folder)
    return ShapeLibrary.open(folder)


@pytest.mark.parametrize("form", ["stl", "obj", "ply", "off"])
def test_a_surface_has_its_size_in_micrometres_and_normals_outward(
    shapes: ShapeCollection, library: ShapeLibrary, tmp_path: Path, form: str
) -> None:
    for source in (shapes, library):
        folder = tmp_path / type(source).__name__
        files = export_shapes(source, source.ids, folder, form, workers=1)
        assert [file.name for file in files] == [f"{i}.{form}" for i in shapes.ids]
        for shape, file in zip(shapes.shapes, files, strict=True):
            mesh = trimesh.load_mesh(file)
            assert mesh.is_watertight
            assert mesh.volume == pytest.approx(shape.mesh.volume_um3, rel=1e-4)
            np.testing.assert_allclose(mesh.bounds[:, ::-1], shape.mesh.bounds_um, atol=1e-5)


@pytest.mark.parametrize("form", ["stl", "obj", "ply", "off"])
def test_our_own_readers_know_the_unit_of_an_exported_surface(
    shapes: ShapeCollection, tmp_path: Path, form: str
) -> None:
    [path] = export_shapes(shapes, shapes.ids[:1], tmp_path, form)
    assert path.suffix in MESH_SUFFIXES
    assert mesh_unit_nm(path) == 1000
    mesh = read_mesh(path, mesh_unit_nm(path) / 1000)
    assert mesh.volume_um3 == pytest.approx(shapes.shapes[0].mesh.volume_um3, rel=1e-4)


@pytest.mark.parametrize(("told", "unit_nm"), [("1e9", 1e9), ("1000000000", 1e9), ("0.5", 0.5)])
def test_a_comment_tells_any_unit_of_a_mesh(tmp_path: Path, told: str, unit_nm: float) -> None:
    path = tmp_path / "mesh.obj"
    path.write_text(f"# napari-3dmsl unit_nm={told}\n")
    assert mesh_unit_nm(path) == unit_nm


@pytest.mark.parametrize("told", ["1e99", "-1", "0", "1-1", "."])
def test_a_comment_of_no_length_tells_no_unit(tmp_path: Path, told: str) -> None:
    path = tmp_path / "mesh.obj"
    path.write_text(f"# napari-3dmsl unit_nm={told}\n")
    assert mesh_unit_nm(path) == 24


def test_a_glb_is_in_metres_with_y_up(shapes: ShapeCollection, tmp_path: Path) -> None:
    for shape, path in zip(
        shapes.shapes, export_shapes(shapes, shapes.ids, tmp_path, "glb"), strict=True
    ):
        mesh = trimesh.load(path, force="mesh")
        assert mesh.volume * 1e18 == pytest.approx(shape.mesh.volume_um3, rel=1e-4)
        (z0, y0, x0), (z1, y1, x1) = shape.mesh.bounds_um * 1e-6
        np.testing.assert_allclose(mesh.bounds, [[x0, z0, -y1], [x1, z1, -y0]], atol=1e-11)


def read_swc(path: Path) -> tuple[np.ndarray, list[str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    assert {len(row) for row in rows} == {7}
    return np.array(rows, float), [line for line in lines if line.startswith("#")]


@pytest.mark.parametrize("kind", ["donut", "network", "dot"])
def test_a_skeleton_is_a_tree_of_its_length_with_radii(
    shapes: ShapeCollection, library: ShapeLibrary, tmp_path: Path, kind: str
) -> None:
    shape_id = id_of(shapes, kind)
    for source in (shapes, library):
        [path] = export_shapes(source, [shape_id], tmp_path / type(source).__name__, "swc")
        rows, notes = read_swc(path)
        number, parent = rows[:, 0].astype(int), rows[:, 6].astype(int)
        np.testing.assert_array_equal(number, np.arange(1, len(rows) + 1))
        assert (parent == -1).sum() == 1
        assert (parent < number).all()
        joined = rows[parent > 0]
        before = rows[parent[parent > 0] - 1]
        length = np.linalg.norm(joined[:, 2:5] - before[:, 2:5], axis=1).sum()
        shape = shapes.shapes[shapes.ids.index(shape_id)]
        tolerance = 1e-4 if source is shapes else 0.05
        assert length == pytest.approx(shape.skeleton.length_um, rel=tolerance, abs=0.05)
        radius = shape.skeleton.mean_radius_um
        assert np.median(rows[:, 5]) == pytest.approx(radius, rel=0.15)
        low, high = shape.mesh.bounds_um[:, ::-1]
        assert ((rows[:, 2:5] >= low) & (rows[:, 2:5] <= high)).all()
        assert sum("loop cut open" in note for note in notes) == shape.skeleton.loops


def test_branches_of_a_skeleton_meet_in_one_point(shapes: ShapeCollection, tmp_path: Path) -> None:
    shape_id = id_of(shapes, "network")
    [path] = export_shapes(shapes, [shape_id], tmp_path, "swc")
    parent = read_swc(path)[0][:, 6].astype(int)
    children = np.bincount(parent[parent > 0])
    assert (children > 1).sum() == 1
    ends = len(parent) - np.count_nonzero(children)
    shape = shapes.shapes[shapes.ids.index(shape_id)]
    assert ends + 1 == shape.skeleton.end_points == 3  # the root is an end, too
    assert path_length(shape.skeleton.paths[0]) > 0


def test_voxels_are_those_of_the_extraction(shapes: ShapeCollection, tmp_path: Path) -> None:
    for shape, path in zip(
        shapes.shapes, export_shapes(shapes, shapes.ids, tmp_path, "voxels"), strict=True
    ):
        stack = tifffile.imread(path)
        assert np.unique(stack).tolist() == [0, 255]
        assert np.count_nonzero(stack) == pytest.approx(shape.voxel_count, rel=0.02)
        size = describe_image(path).size_um
        assert size == pytest.approx(dict.fromkeys("ZYX", 0.024))
        told = read_settings(path)
        assert told is not None
        middle = np.argwhere(stack).mean(axis=0) * 0.024 + told["origin_um"]
        np.testing.assert_allclose(middle, shape.centroid_um, atol=0.5 * 0.024)
        faces = [stack.take(end, axis=axis) for axis in range(3) for end in (0, -1)]
        assert not any(face.any() for face in faces)


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_comes_from_a_library_in_processes(
    library: ShapeLibrary, tmp_path: Path, form: str
) -> None:
    told: list[tuple[int, int]] = []
    files = export_shapes(
        library, library.ids, tmp_path, form, lambda *step: told.append(step[:2]), workers=2
    )
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_what_is_there_is_replaced_only_when_told(shapes: ShapeCollection, tmp_path: Path) -> None:
    (tmp_path / f"{shapes.ids[0]}.stl").write_text("mine")
    (tmp_path / "notes.txt").write_text("years of work")
    with pytest.raises(ValueError, match="1 of the files are there already"):
        export_shapes(shapes, shapes.ids, tmp_path, "stl")
    assert len(list(tmp_path.iterdir())) == 2
    export_shapes(shapes, shapes.ids, tmp_path, "stl", replace=True)
    assert len(list(tmp_path.iterdir())) == 4
    assert (tmp_path / "notes.txt").read_text() == "years of work"


def test_wrong_requests_are_refused_in_one_line(
    shapes: ShapeCollection, library: ShapeLibrary, tmp_path: Path
) -> None:
    for ids, form, message in (
        (shapes.ids, "docx", "form 'docx'"),
        ([], "stl", "none is chosen"),
        ([99], "stl", "no shape 99"),
    ):
        with pytest.raises(ValueError, match=message):
            export_shapes(shapes, ids, tmp_path, form)
    with pytest.raises(ValueError, match="would lie in the library"):
        export_shapes(library, library.ids, library.folder / "meshes", "stl")
    assert list(tmp_path.iterdir()) == []


def test_shapes_are_chosen_by_id_and_class(
    shapes: ShapeCollection, library: ShapeLibrary, tmp_path: Path
) -> None:
    ring = id_of(shapes, "donut")
    assert chosen(library, None, ["donut"]) == [ring]
    assert chosen(library, [ring], []) == [ring]
    assert chosen(library, None, []) == shapes.ids
    shutil.copytree(library.folder, tmp_path / "released")
    (tmp_path / "released" / "library.json").unlink()
    (tmp_path / "released" / "meta_locations.csv").unlink()
    with pytest.raises(ValueError, match="napari-3dmsl measure"):
        chosen(ShapeLibrary.open(tmp_path / "released"), None, ["donut"])
