"""Questions before something is destroyed; the window goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_3dmsl.shapes.library import holds_library


def write_or_ask(parent: QWidget, target: Path, write: Callable[[bool], None]) -> None:
    """Write a library, after a question where one would be replaced.

    Parameters
    ----------
    parent
        The panel.
    target
        Where the library shall be written.
    write
        Called with whether a library may be replaced; not called when the answer is no.
    """
    if not holds_library(target):
        write(False)
        return
    others = "" if target.suffix.lower() == ".zip" else " Other files in the folder stay."
    ask_to_replace(
        parent,
        "Replace this library?",
        f"{target}\nThere is a shape library. Replacing it removes its shapes and the classes set "
        f"by hand in it.{others}",
        write,
    )


def ask_to_replace(
    parent: QWidget, title: str, question: str, write: Callable[[bool], None]
) -> None:
    """Ask before something is replaced; call ``write(True)`` when the answer is yes."""
    buttons = QMessageBox.StandardButton.Cancel
    box = QMessageBox(QMessageBox.Icon.Warning, title, question, buttons, parent)
    box.setObjectName("ask_to_replace")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
    replace.setObjectName("replace")
    box.setDefaultButton(buttons)
    replace.clicked.connect(lambda: write(True))
    box.open()
