"""Keys that work in the whole window while a panel is open, also where its tab lies behind others.

napari takes no key bindings from manifests of plugins. These are Qt's own shortcuts of the main
window; fields in which one types come first, and none of them is one of napari's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QMainWindow, QShortcut, QWidget

from napari_3dmsl.widgets.common.tabs import dock_of


@dataclass(frozen=True)
class Key:
    """A key and what it does.

    Attributes
    ----------
    name : str
        ``objectName`` of the shortcut.
    sequence : str
        As Qt writes it, such as ``Alt+Right``.
    work : callable
        Takes nothing.
    """

    name: str
    sequence: str
    work: Callable[[], object]


def install(panel: QWidget, keys: list[Key]) -> list[QShortcut]:
    """Let keys work in the window that a panel is docked in.

    Parameters
    ----------
    panel
        Shown already.
    keys
        To be installed.

    Returns
    -------
    list
        To be taken away when the panel ends, see `remove`.
    """
    dock = dock_of(panel)
    window = dock.parentWidget() if dock is not None else None
    owner = window if isinstance(window, QMainWindow) else panel.window()
    found = []
    for key in keys:
        shortcut = QShortcut(QKeySequence(key.sequence), owner)
        shortcut.setObjectName(key.name)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        work = partial(_work, key.work)
        shortcut.activated.connect(work)
        # Two panels with the same key: Qt asks one after the other, and each does the same.
        shortcut.activatedAmbiguously.connect(work)
        found.append(shortcut)
    return found


def remove(shortcuts: list[QShortcut]) -> None:
    """Take keys away.

    Parameters
    ----------
    shortcuts
        From `install`; emptied.
    """
    while shortcuts:
        shortcut = shortcuts.pop()
        shortcut.setEnabled(False)
        shortcut.deleteLater()


def _work(work: Callable[[], object]) -> None:
    work()


def written(sequence: str) -> str:
    """Return a key as this system writes it.

    Parameters
    ----------
    sequence
        Such as ``Alt+Right``.
    """
    return QKeySequence(sequence).toString(QKeySequence.SequenceFormat.NativeText)
