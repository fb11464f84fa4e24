"""Long stacks count their planes and can be cancelled."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from live_image import IMAGE, STACK, settled

from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.widgets.common.latest_wins import Outdated
from napari_3dmsl.widgets.microscope import stack_progress


def test_a_long_stack_counts_planes_and_can_be_cancelled(loaded: Any, open_panel: Any) -> None:
    hands = open_panel(loaded, "Microscope")
    loaded.layers[INSTANCES].selected_label = 1
    settled(hands)
    panel, goes_on, asked = hands.panel, threading.Event(), []
    whole = panel.imaging.stacks._work

    def slow(request: Any, is_outdated: Any) -> Any:
        """As the imager does, but it waits after the second plane."""
        asked.append(request)
        if len(asked) > 1:
            return whole(request, is_outdated)
        panel.imaging.planes.tell(2, 31, "planes")
        while not goes_on.wait(0.01):
            if is_outdated():
                raise Outdated
        raise AssertionError

    panel.imaging.stacks._work = slow
    hands.click("stack")
    hands.wait(lambda: panel.progress.isVisibleTo(panel))
    assert (panel.progress.value(), panel.progress.maximum()) == (2, 31)
    assert panel.progress.text() == "Plane 2 of 31"
    hands.click("cancel_stack")
    assert hands.status == "The z-stack was given up; the next change makes it again."
    hands.wait(lambda: not panel.imaging.stacks.is_running)
    assert not panel.progress.isVisibleTo(panel)
    assert hands.find("cancel_stack").isHidden()
    assert STACK not in loaded.layers
    assert IMAGE in loaded.layers
    hands.type("planes", 5)
    settled(hands, STACK)
    assert len(loaded.layers[STACK].data) == 5


def test_planes_are_counted_ten_times_a_second_at_most(
    viewer: Any, open_panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    planes, told, now = open_panel(viewer, "Microscope").panel.imaging.planes, [], [100.0]
    monkeypatch.setattr(stack_progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    planes._planes.connect(lambda done, total: told.append(done))
    for done in range(31):  # 1.2 s
        planes.tell(done, 31, "planes")
        now[0] += 0.04
    assert told[0] == 0
    assert 10 <= len(told) <= 13
