"""Lines of text and what is drawn by hand are as large as napari's letters."""

from __future__ import annotations

from napari.settings import get_settings
from qtpy.QtWidgets import QLineEdit, QWidget

from napari_3dmsl.widgets.common.letters import take_letters


def test_a_line_of_text_takes_the_size_that_napari_is_set_to(qtbot: object) -> None:
    appearance = get_settings().appearance
    before = appearance.font_size
    panel = QWidget()
    line = QLineEdit(panel)
    try:
        appearance.font_size = 17
        take_letters(panel)
        assert line.font().pointSize() == 17
    finally:
        appearance.font_size = before
