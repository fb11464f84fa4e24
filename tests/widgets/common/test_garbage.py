"""The search for garbage: put off while the window works, never forbidden, done at rest."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from hands import PATIENCE_MS

from napari_3dmsl.widgets.common import garbage
from napari_3dmsl.widgets.common.garbage import SELDOM, SearchAtRest, is_due, put_off

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    assert gc.get_threshold() == before


class Circle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def nothing_frozen() -> Iterator[None]:
    """Other tests' modules are frozen; the product leaves alone what others froze."""
    gc.unfreeze()
    yield
    gc.freeze()


def gone(circle: Circle) -> weakref.ref[Circle]:
    return weakref.ref(circle)


def test_it_waits_as_long_as_anybody_wants() -> None:
    before = gc.get_threshold()
    first, second = put_off(), put_off()
    assert gc.get_threshold() == (*before[:2], SELDOM)
    first()
    first()
    assert gc.get_threshold() == (*before[:2], SELDOM)
    second()
    assert gc.get_threshold() == before
    first()
    assert gc.get_threshold() == before


def test_who_searches_more_seldom_already_is_left_alone() -> None:
    before = gc.get_threshold()
    gc.set_threshold(*before[:2], 2 * SELDOM)
    try:
        go_on = put_off()
        assert gc.get_threshold() == (*before[:2], 2 * SELDOM)
        go_on()
        assert gc.get_threshold() == (*before[:2], 2 * SELDOM)
    finally:
        gc.set_threshold(*before)


def test_it_is_done_at_rest_when_it_is_due(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_LOOK_MS", 1)
    monkeypatch.setattr(garbage, "_REST_S", 0.0)
    search = SearchAtRest()
    try:
        for _ in range(gc.get_threshold()[1] + 2):  # more of the small ones than usual
            gc.collect(1)
        circle = gone(Circle())
        assert is_due()
        qtbot.waitUntil(lambda: circle() is None, timeout=PATIENCE_MS)
        assert not is_due()
    finally:
        search.stop()


def test_it_is_not_done_while_the_window_works(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_LOOK_MS", 1)
    monkeypatch.setattr(garbage, "_REST_S", 1000.0)
    search = SearchAtRest()
    try:
        kept = Circle()
        weak = gone(kept)
        gc.collect()  # it is old now: small searches do not look at it
        del kept
        for _ in range(gc.get_threshold()[1] + 2):
            gc.collect(1)
        assert is_due()
        qtbot.wait(50)
        assert weak() is not None
    finally:
        search.stop()
        gc.collect()
        assert weak() is None


@pytest.mark.usefixtures("nothing_frozen")
def test_what_was_there_before_a_panel_is_searched_after_a_longer_rest(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "_LOOK_MS", 1)
    kept = Circle()
    weak = gone(kept)
    first, second = SearchAtRest(), SearchAtRest()
    try:
        assert gc.get_freeze_count() > 0
        del kept
        gc.collect()
        assert weak() is not None  # left out
        garbage.note_work()
        monkeypatch.setattr(garbage, "_AWAY_S", 0.0)
        qtbot.waitUntil(lambda: weak() is None, timeout=PATIENCE_MS)
        assert gc.get_freeze_count() > 0
    finally:
        first.stop()
        assert gc.get_freeze_count() > 0
        second.stop()
    assert gc.get_freeze_count() == 0


def test_what_others_froze_stays_frozen(qtbot: Any) -> None:
    gc.freeze()
    before = gc.get_freeze_count()
    search = SearchAtRest()
    search.stop()
    assert gc.get_freeze_count() >= before - 10  # some of it may have been deleted
