"""The *Export images* panel: what is saved can be read by other programs, or is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hands import Hands, running

from napari_3dmsl.image_io.ome_tiff import read_image
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.classes import shapes_of
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.images import image_layer
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, simulate_surface
from napari_3dmsl.shapes.mesh import read_mesh

PANEL = "Export images"
BUTTONS = ("save_image", "save_mesh", "save_library")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answers the next question for a file or folder; an empty answer is Cancel."""
    from qtpy.QtWidgets import QFileDialog

    def give(path: Path | str) -> None:
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(path))

    return give


def add_image(viewer: Any, shapes: Any, planes: int) -> Any:
    """Add a simulated image or stack of the ring."""
    from napari.layers import Layer

    simulation = Simulation(
        microscope=Microscope(pixel_nm=70, image_size=(32, 48)),
        acquisition=Acquisition(planes=planes, step_nm=200),
    )
    mesh = shapes.mesh(4)
    image = simulate_surface(mesh.vertices, mesh.faces, simulation)
    name = "simulated image" if planes == 1 else "simulated stack"
    return viewer.add_layer(Layer.create(*image_layer(image, name)))


def enabled(hands: Hands) -> list[str]:
    return [name for name in BUTTONS if hands.find(name).isEnabled()]


def test_only_what_is_there_can_be_saved(viewer: Any, open_panel: Any, extracted: Any) -> None:
    from hands import load

    hands = open_panel(viewer, PANEL)
    viewer.add_image(np.zeros((8, 8)), name="of somebody else")
    assert enabled(hands) == []
    load(viewer, extracted)
    assert enabled(hands) == ["save_library"]
    viewer.layers[INSTANCES].selected_label = 3
    assert enabled(hands) == ["save_mesh", "save_library"]
    image = add_image(viewer, shapes_of(viewer.layers[INSTANCES]), planes=1)
    assert enabled(hands) == list(BUTTONS)
    assert hands.find("image").count() == 1
    viewer.layers.remove(image)
    assert enabled(hands) == ["save_mesh", "save_library"]
    viewer.layers.clear()
    assert enabled(hands) == []


@pytest.mark.parametrize("planes", [1, 3])
def test_an_image_is_saved_with_its_scale_and_settings(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path, answer: Any, planes: int
) -> None:
    hands = open_panel(viewer, PANEL)
    layer = add_image(viewer, shapes, planes)
    path = tmp_path / "image.ome.tif"
    answer(path)
    hands.click("save_image")
    assert not hands.complains
    assert hands.status == f"Saved {path}"
    with tifffile.TiffFile(path) as tiff:
        np.testing.assert_array_equal(np.squeeze(tiff.asarray()), layer.data)
        pixels = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]["Pixels"]
    assert pixels["PhysicalSizeX"] == pixels["PhysicalSizeY"] == pytest.approx(0.07)
    assert pixels["PhysicalSizeXUnit"] == "µm"
    if planes > 1:
        assert pixels["PhysicalSizeZ"] == pytest.approx(0.2)
    _, metadata = read_image(path)
    assert metadata == about(layer)["settings"]


def test_a_bare_name_typed_into_the_dialog_gets_the_ending(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt's own dialog, as people have it, and the name that they type."""
    from qtpy.QtCore import Qt, QTimer
    from qtpy.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QMessageBox

    real = QFileDialog.getSaveFileName

    def without_the_system(*asked: Any) -> Any:
        return real(*asked, options=QFileDialog.Option.DontUseNativeDialog)

    monkeypatch.setattr(QFileDialog, "getSaveFileName", without_the_system)
    hands = open_panel(viewer, PANEL)
    add_image(viewer, shapes, planes=1)

    def type_a_name() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QDialog):
            QTimer.singleShot(10, type_a_name)
            return
        field = dialog.findChild(QLineEdit)
        field.setText(str(tmp_path / "cell 1.5"))
        hands.qtbot.keyClick(field, Qt.Key.Key_Return)

    QTimer.singleShot(10, type_a_name)
    hands.click("save_image")
    assert hands.status == f"Saved {tmp_path / 'cell 1.5.ome.tif'}"
    assert read_image(tmp_path / "cell 1.5.ome.tif")
    before = (tmp_path / "cell 1.5.ome.tif").stat()
    QTimer.singleShot(10, type_a_name)
    hands.click("save_image")  # the dialog did not see that it is there
    box = hands.panel.findChild(QMessageBox)
    assert "cell 1.5.ome.tif" in box.text()
    box.reject()
    assert (tmp_path / "cell 1.5.ome.tif").stat() == before


@pytest.mark.parametrize(
    ("typed", "kinds", "written"),
    [
        ("a", "OME-TIFF (*.ome.tif *.tif)", "a.ome.tif"),
        ("a.TIF", "OME-TIFF (*.ome.tif *.tif)", "a.TIF"),
        ("a.", "Meshes (*.off *.ply)", "a.off"),
        ("a.png", "Meshes (*.off *.ply)", "a.png.off"),
        ("b.c", "Recipes (*.toml *.json)", "b.c.toml"),
    ],
)
def test_names_end_as_their_kind_does(typed: str, kinds: str, written: str) -> None:
    from napari_3dmsl.widgets.common.questions import with_ending

    assert with_ending(Path("x") / typed, kinds) == Path("x") / written


def test_the_chosen_of_several_images_is_saved(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path, answer: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    add_image(viewer, shapes, 1)
    add_image(viewer, shapes, 3)
    hands.choose("image", "simulated stack")
    answer(tmp_path / "stack.ome.tif")
    hands.click("save_image")
    assert tifffile.imread(tmp_path / "stack.ome.tif").shape == (3, 32, 48)


def test_the_microscope_panel_saves_its_image_too(
    loaded: Any, open_panel: Any, tmp_path: Path, answer: Any
) -> None:
    hands = open_panel(loaded, "Microscope")
    loaded.layers[INSTANCES].selected_label = 3
    hands.wait(lambda: "simulated image" in loaded.layers)
    answer(tmp_path / "image.ome.tif")
    hands.click("save")
    _, metadata = read_image(tmp_path / "image.ome.tif")
    assert metadata == about(loaded.layers["simulated image"])["settings"]


def test_the_mesh_of_a_shape_and_the_library_of_all_are_saved(
    loaded: Any, open_panel: Any, shapes: Any, tmp_path: Path, answer: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    loaded.layers[INSTANCES].selected_label = 3
    for name in ("rod.off", "rod.ply", "rod.stl", "rod.obj"):
        answer(tmp_path / name)
        hands.click("save_mesh")
        assert not hands.complains, hands.status
        back = read_mesh(tmp_path / name, 0.024)
        np.testing.assert_allclose(back.bounds_um, shapes.mesh(3).bounds_um, atol=1e-4)
    answer(tmp_path / "library")
    hands.click("save_library")
    hands.wait(lambda: hands.status == f"Saved {tmp_path / 'library'}")
    library = ShapeLibrary.open(tmp_path / "library")
    assert list(library.ids) == [1, 2, 3, 4]
    assert list(library.table["shape_class"]) == shapes.table["shape_class"]


def test_one_zip_with_samples_is_written_beside_the_window(
    loaded: Any, open_panel: Any, shapes: Any, tmp_path: Path, answer: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    hands.choose("layout", "one zip")
    hands.click("samples")
    answer(tmp_path / "mine")
    told = hands.texts()
    hands.click("save_library")
    assert not hands.find("save_library").isEnabled()
    hands.wait(lambda: hands.status.startswith("Saved"))
    assert hands.status == f"Saved {tmp_path / 'mine.zip'}"
    assert any("1 of 4" in text for text in told)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.zip"]
    library = ShapeLibrary.open(tmp_path / "mine.zip")
    assert list(library.table["shape_class"]) == shapes.table["shape_class"]
    occupancies, cloud = library.occupancies(3), library.point_cloud(3)
    assert len(occupancies.points) == len(cloud.points) == 100_000
    share = shapes.mesh(3).volume_um3 / (1.1 * occupancies.cube.scale_um) ** 3
    assert occupancies.inside.mean() == pytest.approx(share, rel=0.05)
    assert enabled(hands) == ["save_library"]


def test_cancel_stops_the_saving_and_leaves_nothing(
    loaded: Any, open_panel: Any, tmp_path: Path, answer: Any, hold: Any
) -> None:
    hold(lambda *_: True)
    hands = open_panel(loaded, PANEL)
    hands.click("samples")
    answer(tmp_path / "library")
    hands.click("save_library")
    hands.click("cancel")
    hands.wait(lambda: hands.status.startswith("Cancelled"))
    assert list(tmp_path.iterdir()) == []
    assert enabled(hands) == ["save_library"]
    assert hands.find("cancel").isHidden()


def test_closing_the_panel_ends_the_saving(
    loaded: Any, open_panel: Any, tmp_path: Path, answer: Any, hold: Any
) -> None:
    hold(lambda *_: True)
    hands = open_panel(loaded, PANEL)
    hands.click("samples")
    answer(tmp_path / "library")
    hands.click("save_library")
    loaded.window.remove_dock_widget(hands.dock)
    hands.wait(lambda: running() == [])
    assert list(tmp_path.iterdir()) == []


def test_a_library_from_disk_is_not_saved_again(
    viewer: Any, open_panel: Any, shapes: Any, tmp_path: Path
) -> None:
    write_library(shapes.shapes, tmp_path / "library")
    hands = open_panel(viewer, PANEL)
    viewer.open(tmp_path / "library", plugin="napari-3dmsl")
    assert enabled(hands) == []


@pytest.mark.parametrize("layout", ["a folder", "one zip"])
def test_a_library_is_replaced_after_a_question(
    loaded: Any, open_panel: Any, shapes: Any, tmp_path: Path, answer: Any, layout: str
) -> None:
    path = tmp_path / ("library.zip" if layout == "one zip" else "library")
    write_library(shapes.shapes[:1], path)
    if path.is_dir():
        (path / "notes.txt").write_text("years of work")
    hands = open_panel(loaded, PANEL)
    hands.choose("layout", layout)
    answer(path)
    hands.click("save_library")
    question = hands.find("ask_to_replace")
    assert str(path) in question.text()
    question.reject()
    assert len(ShapeLibrary.open(path)) == 1
    hands.wait(lambda: not hands.panel.findChildren(type(question)))
    hands.click("save_library")
    hands.click("replace")
    hands.wait(lambda: hands.status == f"Saved {path}")
    assert len(ShapeLibrary.open(path)) == 4
    assert not path.is_dir() or (path / "notes.txt").read_text() == "years of work"


def test_cancel_in_the_dialog_changes_nothing(
    loaded: Any, open_panel: Any, shapes: Any, answer: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    add_image(loaded, shapes, 1)
    loaded.layers[INSTANCES].selected_label = 3
    answer("")
    for name in BUTTONS:
        hands.click(name)
        assert hands.status == ""


def test_a_write_that_fails_is_told_and_leaves_nothing(
    loaded: Any, open_panel: Any, shapes: Any, tmp_path: Path, answer: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    add_image(loaded, shapes, 1)
    loaded.layers[INSTANCES].selected_label = 3
    for button, name in (
        ("save_image", "missing/image.ome.tif"),
        ("save_mesh", "missing/rod.off"),
    ):
        answer(tmp_path / name)
        hands.click(button)
        assert hands.complains
        assert hands.status.startswith("Not saved: ")
        assert "\n" not in hands.status
        assert list(tmp_path.iterdir()) == []
    # A folder with other things in it is no place for a library.
    (tmp_path / "thesis.docx").write_text("mine")
    answer(tmp_path)
    hands.click("save_library")
    hands.wait(lambda: hands.complains)
    assert hands.status.startswith("Not saved: ")
    assert enabled(hands) == list(BUTTONS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]
    assert (tmp_path / "thesis.docx").read_text() == "mine"


def test_an_older_file_survives_a_write_that_fails(
    loaded: Any, open_panel: Any, shapes: Any, tmp_path: Path, answer: Any, monkeypatch: Any
) -> None:
    hands = open_panel(loaded, PANEL)
    add_image(loaded, shapes, 1)
    path = tmp_path / "image.ome.tif"
    path.write_bytes(b"older")

    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(tifffile.TiffWriter, "write", full)
    monkeypatch.setattr("napari_3dmsl.image_io.ome_tiff.one_page", full)  # images as small as this
    answer(path)
    hands.click("save_image")
    assert hands.status == "Not saved: No space left on device"
    assert path.read_bytes() == b"older"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
