"""Keys that go from shape to shape, in every panel that is about one."""

from __future__ import annotations

from napari_3dmsl.widgets.common.keys import written
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.shape_selection import selection_of

NEXT, PREVIOUS = "Alt+Right", "Alt+Left"


def add_shape_keys(panel: Panel) -> str:
    """Let keys select the next and the previous shape; return a sentence that says so.

    Parameters
    ----------
    panel
        That is about a shape.
    """
    selection = selection_of(panel.viewer)
    panel.add_key("next_shape", NEXT, lambda: selection.step(1))
    panel.add_key("previous_shape", PREVIOUS, lambda: selection.step(-1))
    return f"{written(NEXT)} and {written(PREVIOUS)}: the next shape, the one before."
