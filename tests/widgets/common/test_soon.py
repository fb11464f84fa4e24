"""What is to be done right after an event ends with its owner."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QCoreApplication, QEvent, QObject

from napari_3dmsl.widgets.common.soon import soon


def test_it_is_done_once_after_the_event(qtbot: Any) -> None:
    done: list[int] = []
    owner = QObject()
    later = soon(owner, lambda: done.append(1))
    later.start()
    later.start()
    assert done == []
    qtbot.waitUntil(lambda: bool(done))
    qtbot.wait(10)
    assert done == [1]


def test_it_is_not_done_when_the_owner_is_gone(qtbot: Any) -> None:
    done: list[int] = []
    owner = QObject()
    soon(owner, lambda: done.append(1)).start()
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(owner, QEvent.Type.DeferredDelete.value)
    qtbot.wait(10)
    assert done == []
