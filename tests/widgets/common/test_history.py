"""Undo and redo: every change comes back, and what is dragged comes back at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from qtpy.QtCore import QObject

from napari_3dmsl.widgets.common.history import History


class Knobs:
    """Three knobs and their history."""

    def __init__(self, parent: QObject) -> None:
        self.values: dict[str, Any] = {"focus": 0.0, "angles": (0, 0, 0), "size": 128}
        self.history = History(lambda: dict(self.values), self.take, parent)

    def take(self, values: Any) -> None:
        self.values = dict(values)
        self.history.note("the fields tell of it, as ever")

    def turn(self, **values: Any) -> None:
        self.values |= values
        self.history.note("form", list(values))


@pytest.fixture
def knobs(qapp: Any) -> Iterator[Knobs]:
    parent = QObject()
    yield Knobs(parent)
    parent.deleteLater()


def test_steps_come_back_one_by_one_and_can_be_made_again(knobs: Knobs) -> None:
    seen = [dict(knobs.values)]
    for values in ({"focus": 1.0}, {"size": 64}, {"angles": (0, 90, 0)}, {"focus": 2.0}):
        knobs.turn(**values)
        seen.append(dict(knobs.values))
    for expected in reversed(seen[:-1]):
        knobs.history.undo()
        assert knobs.values == expected
    knobs.history.undo()  # there is none
    assert knobs.values == seen[0]
    for expected in seen[1:]:
        knobs.history.redo()
        assert knobs.values == expected
    knobs.history.redo()
    assert knobs.values == seen[-1]


def test_a_drag_is_one_step_and_the_next_one_another(knobs: Knobs) -> None:
    for value in range(1, 30):
        knobs.turn(focus=value / 10)
    knobs.history.close_step()  # as after a rest
    for value in range(30, 50):
        knobs.turn(focus=value / 10)
    knobs.history.undo()
    assert knobs.values["focus"] == 2.9
    knobs.history.undo()
    assert knobs.values["focus"] == 0.0


def test_axes_of_one_setting_are_knobs_of_their_own(knobs: Knobs) -> None:
    knobs.turn(angles=(10, 0, 0))
    knobs.turn(angles=(20, 0, 0))
    knobs.turn(angles=(20, 5, 0))
    knobs.history.undo()
    assert knobs.values["angles"] == (20, 0, 0)
    knobs.history.undo()
    assert knobs.values["angles"] == (0, 0, 0)


def test_what_follows_a_knob_comes_back_with_it(knobs: Knobs) -> None:
    knobs.values |= {"focus": 1.0, "size": 64}
    knobs.history.note("form", ["focus"])
    knobs.values |= {"focus": 2.0}
    knobs.history.note("form", ["focus"])
    assert knobs.history.undo_names == {"focus"}
    knobs.history.undo()
    assert knobs.values == {"focus": 0.0, "angles": (0, 0, 0), "size": 128}


def test_nothing_is_made_again_after_another_change(knobs: Knobs) -> None:
    knobs.turn(focus=1.0)
    knobs.history.undo()
    assert knobs.history.redo_names == {"focus"}
    knobs.turn(size=64)
    assert knobs.history.redo_names is None


def test_what_changes_nothing_is_no_step(knobs: Knobs) -> None:
    knobs.turn(focus=0.0)
    assert knobs.history.undo_names is None


def test_a_knob_that_is_turned_and_turned_back_is_no_step(knobs: Knobs) -> None:
    knobs.turn(size=64)
    knobs.turn(focus=1.0)
    knobs.turn(focus=0.0)
    assert knobs.history.undo_names == {"size"}


def test_a_file_comes_back_too_and_is_a_step_alone(knobs: Knobs) -> None:
    back: list[str] = []
    knobs.turn(size=64)
    knobs.history.note("keep", None, lambda: back.append("file"))
    knobs.turn(size=32)
    knobs.history.undo()
    assert (knobs.values["size"], back) == (64, [])
    knobs.history.undo()
    assert (knobs.values["size"], back) == (64, ["file"])
    knobs.history.undo()
    assert knobs.values["size"] == 128


def test_changes_made_together_are_one_step(knobs: Knobs) -> None:
    with knobs.history.together("defaults"):
        knobs.turn(size=64)
        knobs.turn(focus=3.0)
    knobs.history.undo()
    assert knobs.values == {"focus": 0.0, "angles": (0, 0, 0), "size": 128}
    assert knobs.history.undo_names is None


def test_what_is_held_is_one_step_however_long_it_takes(knobs: Knobs) -> None:
    knobs.turn(size=64)
    knobs.history.hold("drag")
    for step in range(1, 5):
        knobs.turn(focus=step / 10)
        knobs.turn(size=64 + step)
        knobs.history.close_step()  # the hand rests
    knobs.history.let_go()
    knobs.turn(focus=3.0)
    knobs.history.undo()
    assert (knobs.values["focus"], knobs.values["size"]) == (0.4, 68)
    assert knobs.history.undo_names == {"focus", "size"}
    knobs.history.undo()
    assert (knobs.values["focus"], knobs.values["size"]) == (0.0, 64)


def test_steps_tell_what_was_before_and_after(knobs: Knobs) -> None:
    knobs.turn(angles=(0, 90, 0))
    assert knobs.history.undo_changes == [("angles", 1, 0, 90)]
    knobs.turn(focus=1.2)
    assert knobs.history.undo_changes == [("focus", None, 0.0, 1.2)]
    knobs.history.undo()
    assert knobs.history.redo_changes == [("focus", None, 0.0, 1.2)]
    assert knobs.history.undo_changes == [("angles", 1, 0, 90)]


def test_what_others_have_changed_is_no_step(knobs: Knobs) -> None:
    knobs.values["size"] = 32
    knobs.history.renew()
    assert knobs.history.undo_names is None
    knobs.turn(focus=1.0)
    assert knobs.history.undo_names == {"focus"}
    knobs.history.undo()
    assert knobs.values["size"] == 32
