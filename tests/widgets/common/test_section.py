"""A section that folds: what grows in it is not cut."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_3dmsl.widgets.common.section import Section


def test_what_grows_in_an_open_section_has_room(qtbot: Any) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    section = Section("Lines", window)
    QVBoxLayout(window).addWidget(section)
    part = QWidget()
    lines = QVBoxLayout(part)
    lines.addWidget(QLabel("one"))
    section.addWidget(part)
    section.expand(animate=False)
    window.show()
    for number in range(20):
        lines.addWidget(QLabel(f"and {number}"))
    qtbot.waitUntil(lambda: part.height() >= part.sizeHint().height() > 100)


def test_a_folded_section_hides_what_is_in_it(qtbot: Any) -> None:
    section = Section("Lines")
    qtbot.addWidget(section)
    section.addWidget(QLabel("one"))
    section.expand(animate=False)
    assert section.text() == "▾  Lines"
    section.collapse(animate=False)
    assert section.text() == "▸  Lines"
    assert section.content().isHidden()
