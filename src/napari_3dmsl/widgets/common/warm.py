"""Load what napari needs for its first layer before somebody waits for it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

_PAUSE_MS = 50


class WarmUp(QObject):
    """Does so in steps, each in a turn of the event loop of its own.

    Not in a thread: pint's registry is half made while another thread uses it.

    Parameters
    ----------
    parent
        With which it ends.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._steps: list[Callable[[], None]] = [_tables, _units, _readers, _surfaces, _plots]
        self._timer = QTimer(self)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._take)
        self._timer.start()

    def _take(self) -> None:
        if self._steps:
            self._steps.pop(0)()
        else:
            self._timer.stop()


def _tables() -> None:
    """Load what napari keeps measures of layers in."""
    import pandas  # noqa: F401


def _units() -> None:
    """Read the units that layers have."""
    import pint

    assert pint.get_application_registry().um


def _readers() -> None:
    """Load what readers look with whether a file is an image set."""
    import napari_3dmsl.datasets.read.image_set
    import napari_3dmsl.readers  # noqa: F401


def _surfaces() -> None:
    """Load what a library is opened and drawn with."""
    import fast_simplification  # noqa: F401

    import napari_3dmsl.layers.library  # noqa: F401


def _plots() -> None:
    """Load what plots are drawn with, and what a lasso looks with."""
    import pyqtgraph  # noqa: F401
    import skimage.measure  # noqa: F401
