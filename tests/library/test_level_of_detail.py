"""How many faces each shape is drawn with, and drawing a library piece by piece."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_3dmsl.library import level_of_detail as drawing
from napari_3dmsl.library.level_of_detail import (
    DRAWN_FACES,
    draw_library,
    drawn_faces,
    thinned_meshes,
)
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.shapes.mesh import decimate


def source(**table: Any) -> Any:
    ids = list(range(1, 1 + len(next(iter(table.values())))))
    return SimpleNamespace(ids=ids, table={"index": ids, **table})


@pytest.mark.parametrize("count", [1, 2, 38, 1000, 20_000])
def test_however_many_shapes_share_the_faces_that_a_scene_may_have(count: int) -> None:
    shapes = source(area_um2=np.random.default_rng(count).lognormal(1, 1.5, count).tolist())
    faces = drawn_faces(shapes, shapes.ids)
    assert list(faces) == shapes.ids
    assert 0.9 * DRAWN_FACES < sum(faces.values()) <= DRAWN_FACES
    assert min(faces.values()) >= 4


def test_faces_go_by_area_and_dots_keep_enough_to_be_round() -> None:
    shapes = source(area_um2=[0.001, 10.0, 30.0])
    dot, short, long = drawn_faces(shapes, shapes.ids).values()
    assert dot >= 200
    assert (long - 200) / (short - 200) == pytest.approx(3, rel=0.001)


def test_unknown_areas_count_as_common_and_without_any_all_are_alike() -> None:
    shapes = source(area_um2=[1.0, float("nan"), 1.0, 9.0])
    one, unknown, *_ = drawn_faces(shapes, shapes.ids).values()
    assert unknown == one
    assert len(set(drawn_faces(source(voxel_counts=[5, 5, 5]), [1, 3]).values())) == 1
    for table in ({"shape_class": [None] * 7}, {"area_um2": [float("nan")] * 7}):
        shapes = source(**table)
        assert len(set(drawn_faces(shapes, shapes.ids).values())) == 1
    assert drawn_faces(shapes, []) == {}


def test_a_library_is_drawn_in_parts_without_its_damaged_shapes(
    shapes: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = shapes[:4]
    write_library(few, tmp_path / "library")
    ids = [shape.id for shape in few]
    (tmp_path / "library" / str(ids[1]) / "raw_mesh.off").write_text("no mesh")
    monkeypatch.setattr(drawing, "_PART_S", 0.0)
    told: list[tuple[int, int, str]] = []
    faces = dict.fromkeys(ids, 300)
    parts = list(draw_library(tmp_path / "library", faces, lambda *step: told.append(step)))
    assert [list(part) for part in parts] == [[ids[0]], [ids[2]], [ids[3]], []]
    assert told[-1] == (4, 4, "Drawing")
    library = ShapeLibrary.open(tmp_path / "library")
    assert [i for i, _ in thinned_meshes(library, faces)] == [ids[0], *ids[2:]]
    for part in parts[:-1]:
        for shape_id, mesh in part.items():
            whole = library.mesh(shape_id)
            assert len(mesh.faces) <= 300 < len(whole.faces)
            np.testing.assert_array_equal(mesh.faces, decimate(whole, 300).faces)
            np.testing.assert_allclose(mesh.bounds_um, whole.bounds_um, atol=0.05)
