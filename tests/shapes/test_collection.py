"""Shapes in memory, by their id."""

import pytest

from napari_3dmsl.shapes.collection import ShapeCollection


@pytest.fixture
def collection(small_shapes):
    return ShapeCollection(reversed(small_shapes))


def test_shapes_come_by_ascending_id(collection, small_shapes):
    assert collection.ids == [shape.id for shape in small_shapes]
    assert collection.shapes == small_shapes
    assert len(collection) == len(small_shapes)


def test_row_i_of_the_table_belongs_to_id_i(collection):
    assert collection.table["index"] == collection.ids
    for row, shape in enumerate(collection.shapes):
        assert collection.table["shape_class"][row] == shape.classification.shape_class
        assert collection.table["area_um2"][row] == shape.area_um2


def test_a_mesh_is_that_of_its_shape(collection):
    for shape in collection.shapes:
        assert collection.mesh(shape.id) is shape.mesh


def test_an_unknown_id_is_an_error(collection):
    with pytest.raises(KeyError):
        collection.mesh(10_000)


def test_no_shapes_are_a_collection_too():
    empty = ShapeCollection([])
    assert len(empty) == 0
    assert empty.ids == []
    assert empty.table["shape_class"] == []
