"""What the panel says: time left while it works; kept, dropped and why at the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_3dmsl.shapes.extraction import STEPS, Dropped, ExtractionReport
from napari_3dmsl.widgets.extract import messages as _extract_told
from napari_3dmsl.widgets.extract.messages import ProgressWords, result, thinning, time_left


class Clock:
    """Time that stands still until it is set."""

    now = 100.0

    def perf_counter(self) -> float:
        return self.now


def test_the_progress_tells_instances_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(_extract_told, "time", clock)
    words = ProgressWords()
    clock.now = 102
    assert words.progress(1, STEPS, "Eroding") == "Step 2 of 4: Eroding · 2 s"
    clock.now = 104
    assert words.progress(STEPS, STEPS, "71 shapes …") == "Measuring · 4 s"
    clock.now = 105
    assert words.progress(1, 71, "because") == "Instance 1 of 71 · 5 s"
    clock.now = 116  # 12 instances in 12 s
    assert words.progress(12, 71, "because") == "Instance 12 of 71 · 16 s, about 59 s left"
    clock.now = 174.9
    assert words.progress(71, 71, "because") == "Instance 71 of 71 · 75 s"
    assert words.progress(0, 0, "drawing") == "Drawing · 75 s"


def test_the_time_left_is_in_the_unit_that_people_use() -> None:
    assert time_left(60, 10, 20) == ", about 60 s left"
    assert time_left(60, 10, 110) == ", about 10 min left"
    assert time_left(60, 999, 1000) == ""


def test_the_result_says_what_was_dropped_and_why() -> None:
    dropped = (Dropped(50, 0.0007, 1, "small"), Dropped(20, 0.00028, 2, "small"))
    report = ExtractionReport(
        6,
        4,
        2,
        10,
        3,
        210.0,
        divided=1,
        undivided=3,
        vanished=5,
        cut=2,
        dropped=dropped,
        warnings=("the ball is flat",),
    )
    assert result(report, ["rod", "dot", "rod", "rod"], 8.04).splitlines() == [
        "4 shapes: 3 rod, 1 dot. 8.0 s.",
        "Dropped: 2 too small (up to 0.0007 µm³), 5 vanished in the erosion.",
        "1 object was divided; without dividing there would be 3.",
        "Shapes cut by the border: 2.",
        "Voxels lost: 10, invented: 3.",
        "Mind: the ball is flat.",
    ]
    nothing = result(ExtractionReport(0, 0, 0, 0, 0, 210.0), [], 1)
    assert nothing.splitlines()[:2] == ["0 shapes. 1.0 s.", "Dropped: none."]


def test_thinned_surfaces_are_told() -> None:
    assert thinning(80_000, 832_740) == (
        "Drawn with 80,000 of 832,740 faces; measures, images and files use all.\n"
    )
    assert thinning(4000, 4000) == ""


def test_a_run_says_which_instance_it_is_at_and_what_it_dropped(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, "Extract shapes")
    dusty = np.array(labels)
    dusty[2:4, 90:92, 90:92] = 1  # 8 voxels of 0.0000138 µm³
    viewer.add_labels(dusty, name="volume", scale=(0.024,) * 3, units="µm")
    said = hands.texts()
    hands.click("extract")
    hands.wait(hands.find("extract").isEnabled)
    assert any(text.startswith("Instance ") for text in said)
    assert hands.status.splitlines()[1] == "Dropped: 1 too small (up to 0.00011 µm³)."
    assert hands.status.splitlines()[-1] == "Click a shape to select it."
