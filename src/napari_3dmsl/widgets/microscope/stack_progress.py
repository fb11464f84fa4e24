"""How far a z-stack is, and *Cancel*."""

from __future__ import annotations

import time
from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.common.panel import Panel

_DELAY_MS = 400  # a bar for every quick stack would flicker
_TELL_EVERY_S = 0.1  # each number that a bar shows is painted at once, and the window with it


class StackProgress(QObject):
    """A bar that counts planes and a button, while a stack takes long.

    Parameters
    ----------
    panel
        Whose bar and footer they are in.
    cancelled
        Called when a stack is given up.
    """

    _planes = Signal(int, int)

    def __init__(self, panel: Panel, cancelled: Callable[[], None]) -> None:
        super().__init__(panel)
        self._panel, self._cancelled = panel, cancelled
        self._runner: LatestWins | None = None
        self._told_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self._show)
        self._planes.connect(self._count)
        panel.at_end(self._timer.stop)

    def tell(self, done: int, total: int, what: str) -> None:
        """Take progress from the thread that works.

        Parameters
        ----------
        done, total, what
            See `progress`.
        """
        now = time.monotonic()
        if total > 1 and now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            self._planes.emit(done, total)

    def follow(self, runner: LatestWins) -> None:
        """Add the button, and show how far the work is.

        Parameters
        ----------
        runner
            Makes stacks.
        """
        self._runner = runner
        runner.busy.connect(self._busy)
        self._button = self._panel.add_button(
            "cancel_stack", "Cancel", "Give up this z-stack; the image stays as it is"
        )
        self._button.clicked.connect(self._cancel)
        self._button.hide()

    def _busy(self, busy: bool) -> None:
        self._panel.progress.setRange(0, 0)
        if busy:
            self._timer.start()
            return
        self._timer.stop()
        self._panel.progress.hide()
        self._button.hide()

    def _show(self) -> None:
        self._panel.progress.show()
        self._button.show()

    def _count(self, done: int, total: int) -> None:
        self._panel.progress.setFormat("Plane %v of %m")
        self._panel.progress.setRange(0, total)
        self._panel.progress.setValue(done)

    def _cancel(self) -> None:
        if self._runner is not None:
            self._runner.cancel()
        self._cancelled()
