"""Rows of labels and fields: whatever the letters, no choice of a drop-down is cut."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_3dmsl.widgets.common.controls import drop_down
from napari_3dmsl.widgets.common.labelled_rows import LabelledRows, width_of_choices

LONG = "a choice that takes many letters to say"


@pytest.fixture
def box() -> QComboBox:
    return drop_down("choice", "Choice", ["short", LONG], "What is chosen")


@pytest.fixture
def rows(qtbot: Any, box: QComboBox) -> LabelledRows:
    made = LabelledRows()
    qtbot.addWidget(made)
    made.add_row("Choice", box)
    made.resize(800, 120)
    made.show()
    return made


def is_below(rows: LabelledRows, box: QComboBox) -> bool:
    label = rows.grid.itemAtPosition(0, 0).widget()
    return box.y() >= label.geometry().bottom()


def test_a_drop_down_goes_below_its_label_where_it_would_be_cut(
    rows: LabelledRows, box: QComboBox, qtbot: Any
) -> None:
    assert not is_below(rows, box)
    rows.resize(width_of_choices(box) + 40, 120)
    qtbot.waitUntil(lambda: is_below(rows, box))
    assert box.width() >= width_of_choices(box)
    rows.resize(800, 120)
    qtbot.waitUntil(lambda: not is_below(rows, box))


def test_rows_are_never_narrower_than_their_longest_choice(
    rows: LabelledRows, box: QComboBox
) -> None:
    assert rows.minimumSizeHint().width() >= width_of_choices(box)


def test_larger_letters_need_more_room(rows: LabelledRows, box: QComboBox, qtbot: Any) -> None:
    rows.resize(width_of_choices(box) + 200, 120)
    before = rows.minimumSizeHint().width()
    font = rows.font()
    font.setPointSize(2 * font.pointSize())
    rows.setFont(font)
    qtbot.waitUntil(lambda: is_below(rows, box))
    assert rows.minimumSizeHint().width() > before


def test_a_row_that_is_taken_out_leaves_nothing(rows: LabelledRows, box: QComboBox) -> None:
    rows.remove_row(box)
    assert box.parent() is None
    assert rows.grid.count() == 0


def test_rows_stand_where_their_size_says_from_the_first_sight(qtbot: Any) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    rows = LabelledRows(page)
    box = drop_down("choice", "Choice", ["short", LONG], "What is chosen")
    rows.add_row("Choice", box)
    column.addWidget(rows)
    column.addStretch(1)
    rows.resize(width_of_choices(box) + 20, 10)  # before it is seen it has no room beside the label
    rows._fit()
    page.resize(width_of_choices(box) + 400, 200)
    page.show()
    assert not is_below(rows, box)
    assert rows.rect().contains(box.geometry())
    assert rows.grid.geometry() == rows.rect()


class Renewed(QComboBox):
    """Gets its choices when it gets a parent, as magicgui's do."""

    def event(self, event: Any) -> bool:
        if event.type() == QEvent.Type.ParentChange:
            self.clear()
            self.addItems([LONG, "short"])
        return bool(super().event(event))


def test_a_field_stands_in_one_place_though_its_choices_come_with_its_parent(qtbot: Any) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    rows = LabelledRows(page)  # as narrow as Qt makes it before it is shown
    rows.add_row("Choice", Renewed())
    rows.add_row("Another", Renewed())
    assert rows.grid.count() == 4
