"""Where to write, and questions before something is destroyed; the window goes on meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_3dmsl.library.library import holds_library


def ask_for_path(
    parent: QWidget, title: str, name: str, kinds: str, write: Callable[[Path], None]
) -> None:
    """Ask where to write a file; a bare name gets the first ending of its kind.

    Parameters
    ----------
    parent
        The panel.
    title, name
        Of the dialog, and what it proposes.
    kinds
        As Qt has it, such as ``OME-TIFF (*.ome.tif *.tif)``.
    write
        Called with the path; not called when nothing is chosen, or when a file that the dialog did
        not know of, for its ending was not typed, shall stay.
    """
    typed, _ = QFileDialog.getSaveFileName(parent, title, name, kinds)
    if not typed:
        return
    path = with_ending(Path(typed), kinds)
    if path == Path(typed) or not path.exists():
        write(path)
        return
    ask_to_replace(parent, "Replace this file?", f"{path}\nis there.", lambda _: write(path))


def with_ending(path: Path, kinds: str) -> Path:
    """Return a path that ends as one of its kinds does.

    Parameters
    ----------
    path
        As a person has typed it.
    kinds
        Of a file dialog, such as ``OME-TIFF (*.ome.tif)``.
    """
    endings = re.findall(r"\*(\.[\w.]+)", kinds)
    ends = path.name.lower().endswith(tuple(endings))
    return path if ends else path.with_name(f"{path.name.rstrip('.')}{endings[0]}")


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
    """Ask before something is replaced; call ``write(True)`` when the answer is yes.

    Parameters
    ----------
    parent
        In front of which the question is asked.
    title
        Of the window.
    question
        What people read.
    write
        Called with True; may raise.
    """
    buttons = QMessageBox.StandardButton.Cancel
    box = QMessageBox(QMessageBox.Icon.Warning, title, question, buttons, parent)
    box.setObjectName("ask_to_replace")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
    replace.setObjectName("replace")
    box.setDefaultButton(buttons)
    replace.clicked.connect(lambda: write(True))
    box.open()
