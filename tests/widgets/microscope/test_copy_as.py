"""*Copy as*: the text on the clipboard makes the image that the window shows."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from hands import Hands
from live_image import STACK, pixels, settled
from qtpy.QtGui import QAction, QGuiApplication

from napari_3dmsl import cli
from napari_3dmsl.adopt import open_files
from napari_3dmsl.image_io.ome_tiff import read_image
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.labels import is_phantom, phantom_layer
from napari_3dmsl.layers.library import library_layers
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings
from napari_3dmsl.widgets.common.shape_selection import selection_of

PANEL = "Microscope"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def copied(hands: Hands, kind: str) -> str:
    """Choose from the menu and return what is on the clipboard then."""
    QGuiApplication.clipboard().setText("")
    hands.panel.findChild(QAction, kind).trigger()
    return QGuiApplication.clipboard().text()


def made(hands: Hands, name: str = "image.ome.tif") -> list[np.ndarray]:
    """What the script and the command write."""
    found = []
    exec(copied(hands, "copy_script"), {"__name__": "__main__"})
    found.append(read_image(name)[0])
    assert cli.main(shlex.split(copied(hands, "copy_command"))[1:]) == 0
    return [*found, read_image(name)[0]]


def test_a_surface_of_a_file_with_knobs_turned(viewer: Any, open_panel: Any) -> None:
    trimesh.creation.icosphere(subdivisions=2, radius=21.7).export("ball.off")
    open_files(viewer, "ball.off")
    hands = open_panel(viewer, PANEL)
    hands.choose("microscope", "epi1")
    hands.type("numerical_aperture", 1.31)
    hands.type("focus_um", 0.25)
    hands.type("efficiency", 0.9)
    settled(hands)
    for found in made(hands):
        np.testing.assert_array_equal(found, pixels(viewer))
    assert "copied" in hands.status


def test_a_stack_of_a_shape_of_a_library(
    viewer: Any, open_panel: Any, shapes: Any, qtbot: Any
) -> None:
    from napari.layers import Layer

    write_library(shapes.shapes, Path("library"))
    for layer in library_layers(ShapeLibrary.open("library")):
        viewer.add_layer(Layer.create(*layer))
    hands = open_panel(viewer, PANEL)
    selection_of(viewer).select(shapes.ids[1])
    hands.click("stack")
    hands.type("planes", 3)
    settled(hands, STACK)
    for found in made(hands, "stack.ome.tif"):
        np.testing.assert_array_equal(found, pixels(viewer, STACK))


def test_what_lies_in_a_field_and_some_shapes_and_a_cell(
    viewer: Any, open_panel: Any, shapes: Any
) -> None:
    from napari.layers import Layer

    write_library(shapes.shapes, Path("library"))
    for layer in library_layers(ShapeLibrary.open("library")):
        viewer.add_layer(Layer.create(*layer))
    hands = open_panel(viewer, PANEL)
    hands.type("image_size", 32)
    for kind, work in (
        ("field", lambda: hands.type("centre_x_um", "0.9")),
        ("shapes", lambda: selection_of(viewer).select_many(shapes.ids[:2], shapes.ids[0])),
        ("cell", lambda: hands.type("cell_coverage", 0.8)),
    ):
        hands.panel.sample.choose(kind)
        hands.wait(lambda: hands.panel.is_at_rest)
        work()
        hands.wait(lambda: hands.panel.is_at_rest)
        for found in made(hands):
            np.testing.assert_array_equal(found, pixels(viewer))


def test_a_shape_of_the_phantom(
    loaded: Any, open_panel: Any, shapes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = about(loaded.layers[INSTANCES])
    settings = ExtractionSettings(voxel_nm=(24, 24, 24), erosion_nm=60)
    monkeypatch.setitem(facts, "of_phantom", True)  # as the Extract panel does
    monkeypatch.setitem(facts, "settings", settings)
    hands = open_panel(loaded, PANEL)
    selection_of(loaded).select(shapes.ids[0])
    command = copied(hands, "copy_command")
    assert f"simulate phantom image.ome.tif --shape-id {shapes.ids[0]}" in command
    assert "--set extraction.erosion_nm=60.0" in command
    assert "make_phantom()" in copied(hands, "copy_script")


def test_what_no_script_finds_is_told_with_what_to_do(
    loaded: Any, open_panel: Any, shapes: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    assert copied(hands, "copy_script") == ""
    assert hands.status == "Nothing is imaged yet: select a shape first."
    selection_of(loaded).select(shapes.ids[0])
    assert copied(hands, "copy_command") == ""
    assert hands.complains
    assert "Save library…" in hands.status


def test_a_surface_that_was_edited_is_told(viewer: Any, open_panel: Any) -> None:
    trimesh.creation.icosphere(subdivisions=1, radius=21.7).export("ball.off")
    [layer] = open_files(viewer, "ball.off")
    hands = open_panel(viewer, PANEL)
    assert copied(hands, "copy_script")
    layer.translate = (1.0, 0.0, 0.0)
    assert copied(hands, "copy_script") == ""
    assert "is not as in a file" in hands.status


def test_the_phantom_is_known_until_a_voxel_is_painted(
    viewer: Any, phantom: Any, id_of: Callable[[str], int]
) -> None:
    data, attributes, _ = phantom_layer(phantom, "mitochondria")
    layer = viewer.add_labels(data.copy(), **attributes)
    assert is_phantom(layer)
    layer.data[0, 0, 0] = 7
    assert not is_phantom(layer)
