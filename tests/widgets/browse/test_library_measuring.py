"""Measure shapes, in the *Shape browser*: a released library gets classes and measures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hands import Hands, running

from napari_3dmsl.compute import Here
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.library.instance_files import off_from_mesh
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.measure import measure_library

PANEL = "Shape browser"


@pytest.fixture
def released(tmp_path: Path, shapes: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Meshes alone, as the release has them."""
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(tmp_path / "cache"))
    for shape_id in shapes.ids:
        folder = tmp_path / "released" / str(shape_id)
        folder.mkdir(parents=True)
        (folder / "raw_mesh.off").write_bytes(off_from_mesh(shapes.mesh(shape_id), 0.024))
    return tmp_path / "released"


@pytest.fixture
def hands(viewer: Any, open_panel: Any, released: Path) -> Hands:
    hands = open_panel(viewer, PANEL)
    viewer.open(released, plugin="napari-3dmsl")
    return hands


def classes(hands: Hands) -> list[str]:
    model = hands.find("shapes").model()
    names = [column.name for column in model.columns]
    at = names.index("shape_class")
    return [model.data(model.index(row, at)) for row in range(model.rowCount())]


def test_a_released_library_gets_classes_in_table_filter_and_canvas(
    viewer: Any, hands: Hands, shapes: Any, released: Path
) -> None:
    assert "Measure shapes finds their classes" in hands.status
    assert classes(hands) == ["–"] * 4
    hands.click("measure")
    hands.wait(lambda: hands.status.startswith("4 shapes measured"))
    assert str(released / "measures.csv") in hands.status
    assert classes(hands) == list(shapes.table["shape_class"])
    assert hands.find("measure").isHidden()
    assert hands.find("cancel").isHidden()
    assert hands.find("progress").isHidden()
    hands.choose("shape_class", "donut (1)")
    assert hands.find("count").text() == "1 of 4 shapes"
    drawn = {about(layer).get("shape_class") for layer in viewer.layers}
    assert {"dot", "rod", "donut"} <= drawn
    assert "unknown" not in drawn
    hands.wait(lambda: running() == [])  # ends after it has told


def test_measures_are_there_when_the_library_is_opened_again(
    viewer: Any, open_panel: Any, released: Path, shapes: Any
) -> None:
    measure_library(released, workers=1)
    hands = open_panel(viewer, PANEL)
    viewer.open(released, plugin="napari-3dmsl")
    assert classes(hands) == list(shapes.table["shape_class"])
    assert hands.find("measure").isHidden()


def test_cancel_keeps_what_is_measured_and_measuring_goes_on(
    viewer: Any, hands: Hands, released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_3dmsl.library import measure as library_measure

    measure, begun = library_measure.measure_mesh, []

    def measure_and_cancel(mesh: Any, **options: Any) -> Any:
        begun.append(1)
        hands.panel._measuring.cancel()
        return measure(mesh, **options)

    monkeypatch.setattr(library_measure, "measure_mesh", measure_and_cancel)
    monkeypatch.setattr(library_measure, "chosen_place", lambda *_: Here())
    monkeypatch.setattr(library_measure, "_AT_ONCE", 1)
    hands.click("measure")
    hands.wait(lambda: hands.status.startswith("Cancelled"))
    assert len(begun) == 1
    assert [kind != "–" for kind in classes(hands)] == [True, False, False, False]
    assert ShapeLibrary.open(released).measured == 1
    monkeypatch.setattr(library_measure, "measure_mesh", measure)
    hands.click("measure")
    hands.wait(lambda: hands.status.startswith("3 shapes measured"))
    assert "–" not in classes(hands)


def test_a_broken_surface_is_told(viewer: Any, hands: Hands, released: Path) -> None:
    (released / "3" / "raw_mesh.off").write_text("no mesh")
    hands.click("measure")
    hands.wait(lambda: "cannot be measured: shape 3" in hands.status)
    assert classes(hands).count("–") == 1


def test_another_library_stops_the_measuring(
    viewer: Any, hands: Hands, released: Path, extracted: Any
) -> None:
    from hands import load

    hands.click("measure")
    load(viewer, extracted)
    hands.wait(hands.find("cancel").isHidden)
    hands.wait(lambda: running() == [])
    assert hands.find("measure").isHidden()


def test_a_panel_that_is_closed_measures_no_more(viewer: Any, hands: Hands) -> None:
    hands.click("measure")
    viewer.window.remove_dock_widget(hands.dock)
    hands.wait(lambda: running() == [])
