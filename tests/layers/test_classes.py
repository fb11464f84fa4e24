"""Shapes as one surface for each class, in its colour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shown import shown

from napari_3dmsl.layers import library as library_module
from napari_3dmsl.layers.attributes import KEY, LayerData, about
from napari_3dmsl.layers.class_colours import UNKNOWN_COLOUR, class_colour
from napari_3dmsl.layers.classes import class_layers, shapes_of
from napari_3dmsl.layers.library import library_layers
from napari_3dmsl.library import level_of_detail as drawing
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.collection import ShapeCollection


def test_classes_have_one_surface_each_in_their_colour(
    viewer: Any, extracted: list[LayerData]
) -> None:
    [instances, *surfaces] = shown(viewer, *extracted)
    assert [layer.name for layer in surfaces] == ["dot (2)", "rod (1)"]
    for layer in surfaces:
        kind = about(layer)["shape_class"]
        assert layer.name.startswith(kind)
        colour = class_colour(kind)
        drawn = layer.colormap.map(np.array([0.0, 1.0]))
        np.testing.assert_allclose(drawn, [rgba(colour)] * 2, atol=0.01)
        assert shapes_of(layer) is shapes_of(instances)
    for label, kind in enumerate(instances.features["shape_class"].tolist()[1:], start=1):
        colour = rgba(class_colour(kind))
        np.testing.assert_allclose(instances.get_color(label), colour, atol=0.01)


def rgba(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] + [1.0]


def test_the_six_classes_have_six_colours_and_others_are_grey() -> None:
    colours = {class_colour(kind) for kind in ShapeClass}
    assert len(colours) == len(ShapeClass) == 6
    assert class_colour(None) == class_colour("unknown") == UNKNOWN_COLOUR
    assert UNKNOWN_COLOUR not in colours


def test_class_surfaces_hold_the_meshes_of_all_their_shapes(
    extracted: list[LayerData],
) -> None:
    shapes = extracted[0][1]["metadata"][KEY]["shapes"]
    (vertices, faces, _), _, _ = extracted[1]
    assert len(faces) == sum(len(shapes.mesh(shape_id).faces) for shape_id in (1, 2))
    lows = np.array([shapes.mesh(shape_id).bounds_um[0] for shape_id in (1, 2)])
    np.testing.assert_allclose(vertices.min(axis=0), lows.min(axis=0), atol=1e-5)


def test_many_faces_are_thinned_for_display_only(
    extracted: list[LayerData], monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = extracted[0][1]["metadata"][KEY]["shapes"]
    before = len(shapes.mesh(1).faces)
    monkeypatch.setattr(drawing, "DRAWN_FACES", 2000)
    drawn = sum(len(data[1]) for data, *_ in class_layers(shapes))
    assert 1800 <= drawn <= 2000
    assert len(shapes.mesh(1).faces) == before


def test_of_a_large_library_only_the_first_shapes_are_drawn(
    extracted: list[LayerData], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: ShapeCollection = extracted[0][1]["metadata"][KEY]["shapes"]
    write_library(shapes.shapes, tmp_path / "library")
    library = ShapeLibrary.open(tmp_path / "library")
    assert [a["name"] for _, a, _ in library_layers(library)] == ["dot (2)", "rod (1)"]
    monkeypatch.setattr(library_module, "DRAWN_SHAPES", 1)
    [(_, attributes, _)] = library_layers(library)
    assert attributes["name"] == "dot (1 of 2)"
    assert attributes["metadata"][KEY]["shapes"] is library


def test_layers_of_others_have_no_story(viewer: Any) -> None:
    layer = viewer.add_labels(np.ones((2, 3, 4), np.uint8), metadata={KEY: "something else"})
    assert about(layer) == {}
    assert shapes_of(layer) is None
