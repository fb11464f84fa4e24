"""How far work is, in words that name what is done."""

from __future__ import annotations

import pytest

from napari_3dmsl.datasets.run import pace as module
from napari_3dmsl.datasets.run.pace import Pace, rate_in_words


def test_shapes_beside_the_images_are_not_called_images(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    pace = Pace()
    assert pace.tell(0, 8208, "starting") == "0 of 8,208 images"
    now = 10.0
    assert pace.tell(100, 8208, "000001_r0") == (
        "100 of 8,208 images, 10 a second, about 14 min left"
    )
    now = 20.0
    assert pace.tell(20, 684, "shapes added") == "20 of 684 shapes added"
    now = 22.0
    assert pace.tell(120, 684, "shapes added") == (
        "120 of 684 shapes added, 50 a second, about 11 s left"
    )
    assert pace.tell(1, 684, "shapes packed") == "1 of 684 shapes packed"


@pytest.mark.parametrize(
    ("per_s", "told"),
    [(76.4, "76 a second"), (2.0, "2 a second"), (1.2, "72 a minute"), (0.01, "36 an hour")],
)
def test_slow_work_has_a_speed_too(per_s: float, told: str) -> None:
    assert rate_in_words(per_s) == told
