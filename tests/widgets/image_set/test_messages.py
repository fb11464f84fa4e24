"""What the *Image set* panel says when a set is made."""

from __future__ import annotations

from pathlib import Path

from napari_3dmsl.datasets.run.generate import Outcome
from napari_3dmsl.widgets.image_set.messages import result


def test_what_is_odd_about_the_images_is_told_below_what_was_made() -> None:
    assert result(Outcome(Path("set"), images=8, made=6)) == (
        "8 images in set: 6 made, 2 were there and are whole."
    )
    told = result(Outcome(Path("set"), 8, 8, {"7": "no emitters"}, saturated=3, cut=1)).split("\n")
    assert told[0] == "8 images in set: 8 made. 1 shapes could not be imaged; 7: no emitters"
    assert told[1].startswith("Mind: 3 of 8 images have pixels that saturate")
    assert told[2].startswith("Mind: 1 of 8 images show only a part of their shape")
    assert len(told) == 3
