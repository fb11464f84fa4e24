"""Letters of the size that napari is set to.

Its style sheet tells labels, buttons and boxes how large to write. Lines of text, what is drawn by
hand and the legend on the canvas follow the font of their panel, which would be the desktop's.
"""

from __future__ import annotations

from napari.settings import get_settings
from qtpy.QtWidgets import QWidget


def take_letters(panel: QWidget) -> None:
    """Write in napari's size.

    Parameters
    ----------
    panel
        With all that has no size of its own in it.
    """
    points = get_settings().appearance.font_size
    font = panel.font()
    if font.pointSize() != points:
        font.setPointSize(points)
        panel.setFont(font)
