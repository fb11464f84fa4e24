"""Work in a thread: when it is at an end for those who wait for it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hands import PATIENCE_MS

from napari_3dmsl.widgets.common import background_thread
from napari_3dmsl.widgets.common.background_thread import BackgroundThread

pytestmark = pytest.mark.usefixtures("qapp")


def test_the_next_work_can_begin_when_the_end_is_told_though_memory_is_still_given_back(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(background_thread, "give_back_freed_memory", go_on.wait)
    job = BackgroundThread()
    ends: list[tuple[Any, bool]] = []
    job.finished.connect(lambda result: ends.append((result, job.is_running)))
    for number in range(2):
        job.start(lambda given, progress: given, number)
        assert job.is_running
        qtbot.waitUntil(lambda: len(ends) > number, timeout=PATIENCE_MS)  # noqa: B023
        assert ends[number] == (number, False)
    go_on.set()
    job.close()
