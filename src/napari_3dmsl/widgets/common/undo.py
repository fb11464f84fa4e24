"""A button that takes back the last step, and the ones before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QWidget

_UNDOABLE = 50


class UndoButton(QPushButton):
    """Greyed out while there is nothing to take back.

    Parameters
    ----------
    tip
        What it does.
    parent
        Of the widget.

    Signals
    -------
    failed(message)
        A step could not be taken back.
    """

    failed = Signal(str)

    def __init__(self, tip: str, parent: QWidget | None = None) -> None:
        super().__init__("Undo", parent)
        self._steps: deque[Callable[[], None]] = deque(maxlen=_UNDOABLE)
        self.setObjectName("undo")
        self.setToolTip(tip)
        self.setEnabled(False)
        self.clicked.connect(self._take_back)

    def add(self, back: Callable[[], None]) -> None:
        """Offer to take back a step that is about to be made.

        Parameters
        ----------
        back
            Puts things back as they are now; may raise.
        """
        self._steps.append(back)
        self.setEnabled(True)

    def forget(self) -> None:
        """Offer nothing any more."""
        self._steps.clear()
        self.setEnabled(False)

    def _take_back(self) -> None:
        try:
            self._steps.pop()()
        except (ValueError, OSError) as error:
            self.failed.emit(str(error))
        self.setEnabled(bool(self._steps))
