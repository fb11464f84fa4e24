"""Table, gallery and plot of the *Shape browser* show and select the same shapes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import Hands
from shape_browser import PANEL, chosen, rows


@pytest.fixture
def hands(loaded: Any, open_panel: Any) -> Hands:
    """The panel beside two dots (1 and 2), a rod (3) and a donut (4), on the screen."""
    return open_panel(loaded, PANEL)


def show(hands: Hands, view: str) -> Any:
    """Press the button of a view, and return what it shows."""
    hands.click(f"view_{view}")
    hands.panel.resize(460, 800)
    return hands.find({"gallery": "gallery", "plot": "plot", "table": "shapes"}[view])


def texts(gallery: Any) -> list[str]:
    """What is written below the pictures."""
    from qtpy.QtWidgets import QStyleOptionViewItem

    found = []
    for row in range(gallery.model().rowCount()):
        option = QStyleOptionViewItem()
        gallery.itemDelegate().initStyleOption(option, gallery.model().index(row, 0))
        found.append(option.text)
    return found


def test_the_gallery_shows_what_the_table_lists_and_selects_with_it(hands: Hands) -> None:
    from qtpy.QtCore import QItemSelectionModel, Qt

    gallery = show(hands, "gallery")
    assert texts(gallery) == ["1 · dot", "2 · dot", "3 · rod", "4 · donut"]
    hands.panel.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    hands.choose("shape_class", "dot (2)")
    assert texts(gallery) == ["2 · dot", "1 · dot"]
    hands.click("show_all")
    flags = QItemSelectionModel.SelectionFlag
    gallery.selectionModel().setCurrentIndex(gallery.model().index(1, 0), flags.ClearAndSelect)
    assert hands.panel._selection.shape_ids == (3,)
    hands.panel._selection.select_many([1, 4], 4)
    marked = {hands.panel._model.id_of(index.row()) for index in gallery.selectedIndexes()}
    assert marked == {1, 4}
    assert sorted(chosen(hands)) == ["1", "4"]


def test_pictures_of_the_gallery_are_made_for_those_in_sight(hands: Hands) -> None:
    gallery = show(hands, "gallery")
    texts(gallery)  # as painting does
    pictures = hands.panel._pictures
    hands.wait(lambda: pictures.picture(4, "#ffffff") is not None)
    picture = pictures.picture(4, "#ffffff")
    assert (picture.width(), picture.height()) == (96, 96)


def test_a_lasso_selects_the_listed_shapes_inside_it_and_shift_adds(
    window: Any, open_panel: Any, shapes: Any
) -> None:
    hands = open_panel(window, PANEL)
    show(hands, "plot")
    plot = hands.panel.views.plot
    length, volume = (np.array(shapes.table[name]) for name in ("length_um", "volume_um3"))
    hands.wait(lambda: len(plot._points))
    points = plot._points
    order = np.argsort(length)
    np.testing.assert_array_equal(np.argsort(points[:, 0]), order)
    np.testing.assert_array_equal(np.argsort(points[:, 1]), np.argsort(volume))

    def around(*ids: int) -> np.ndarray:
        low, high = points[np.array(ids) - 1].min(axis=0), points[np.array(ids) - 1].max(axis=0)
        (x, y), (u, v) = low - 1e-6, high + 1e-6
        return np.array([[x, y], [u, y], [u, v], [x, v]])

    plot._box.drawn.emit(around(3), False)
    assert chosen(hands) == ["3"]
    plot._box.drawn.emit(around(4), True)
    assert sorted(chosen(hands)) == ["3", "4"]
    plot._box.drawn.emit(np.zeros((2, 2)), False)
    assert chosen(hands) == []
    hands.choose("shape_class", "dot (2)")
    plot._box.drawn.emit(around(1, 2, 3, 4), False)
    assert sorted(chosen(hands)) == ["1", "2"]


def test_a_drag_over_the_plot_draws_the_lasso(window: Any, open_panel: Any) -> None:
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    hands = open_panel(window, PANEL)
    plot = show(hands, "plot")
    hands.wait(lambda: len(hands.panel.views.plot._points))
    hands.panel.views.plot._box.scaleBy((1.5, 1.5))  # room around the points
    hands.qtbot.wait(50)
    wide, high = plot.viewport().width(), plot.viewport().height()
    left = Qt.MouseButton.LeftButton
    path = [(0.95, 0.02), (0.01, 0.02), (0.01, 0.95), (0.99, 0.95)]  # begins beside the axes
    kinds = [QEvent.Type.MouseButtonPress, *[QEvent.Type.MouseMove] * 3]
    drag = [*zip(kinds, path, strict=True), (QEvent.Type.MouseButtonRelease, path[-1])]
    for kind, (x, y) in drag:
        at = QPointF(x * wide, y * high)
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else left
        event = QMouseEvent(
            kind, at, plot.viewport().mapToGlobal(at), left, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(plot.viewport(), event)
        hands.qtbot.wait(30)
    assert sorted(chosen(hands)) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("seed", range(3))
def test_inside_a_lasso_is_where_an_odd_number_of_its_lines_is_crossed(seed: int) -> None:
    from napari_3dmsl.widgets.browse.lasso import inside

    rng = np.random.default_rng(seed)
    corners, points = rng.normal(0, 1, (9, 2)), rng.normal(0, 1, (300, 2))
    points[0] = np.nan

    def crossed(x: float, y: float) -> int:
        count = 0
        for (a, b), (c, d) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if (b > y) != (d > y) and x < a + (y - b) / (d - b) * (c - a):
                count += 1
        return count

    expected = [bool(np.isfinite(x)) and crossed(x, y) % 2 == 1 for x, y in points]
    assert inside(corners, points).tolist() == expected


def test_the_view_is_remembered_and_the_table_is_the_default(hands: Hands) -> None:
    assert hands.panel.views.view == "table"
    show(hands, "gallery")
    state = hands.panel._state()
    assert state["table"]["view"] == "gallery"
    assert hands.find("columns").isHidden()
    hands.click("defaults")
    assert hands.panel.views.view == "table"
    hands.panel._take_state(state)
    assert hands.panel.views.view == "gallery"
    hands.panel._take_state({"table": {"view": "nothing"}})
    assert hands.panel.views.view == "gallery"


def test_table_and_plot_are_saved_as_listed(
    hands: Hands, shapes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtWidgets import QFileDialog

    hands.panel.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    hands.choose("shape_class", "dot (2)")
    actions = {action.objectName(): action for action in hands.find("save").menu().actions()}
    for name, action in (("t.csv", "save_table"), ("p.svg", "save_plot")):
        path = str(tmp_path / name)
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, path=path: (path, ""))
        actions[action].trigger()
        assert hands.status == f"Saved {path}"
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [row["index"] for row in written] == ["2", "1"] == rows(hands)
    assert [float(row["length_um"]) for row in written] == shapes.table["length_um"][1::-1]
    assert "dot (2)" in (tmp_path / "p.svg").read_text(encoding="utf-8")
