"""What is seen in an image, said once it is painted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_3dmsl.widgets.common.soon import soon
from napari_3dmsl.widgets.microscope.image_layers import IMAGE, find_image
from napari_3dmsl.widgets.microscope.messages import too_bright, what_is_seen

if TYPE_CHECKING:
    from napari_3dmsl.microscope.simulation import SimulatedImage
    from napari_3dmsl.widgets.microscope.sample_choice import SampleChoice

_TOLD_EVERY_S = 0.4  # while a knob is turned on and on


class ToldImage(QObject):
    """Says what is seen in the newest image, unless something else has been said since.

    Parameters
    ----------
    viewer
        Which shows the image.
    sample
        Tells what is doubtful about what is imaged.
    parent
        Of the Qt object.

    Signals
    -------
    said(text)
        A line or two.
    """

    said = Signal(str)

    def __init__(self, viewer: Any, sample: SampleChoice, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._sample = viewer, sample
        self._to_tell: tuple[SimulatedImage, float] | None = None
        self._told_at = 0.0
        self._undone = ""
        self._soon = soon(self, self.tell)

    def take(self, image: SimulatedImage, took_ms: float) -> None:
        """Say it soon, but not with every image while a knob is turned.

        Parameters
        ----------
        image
            That is shown.
        took_ms
            Milliseconds since it was asked for.
        """
        self._to_tell = image, took_ms
        if time.perf_counter() - self._told_at > _TOLD_EVERY_S:
            self._soon.start()  # the image is painted first

    def tell(self) -> None:
        """Say it now, if there is anything to say."""
        shown = find_image(self._viewer, IMAGE)
        if self._to_tell is None or shown is None:
            return
        image, took_ms = self._to_tell
        bright = too_bright(shown.data, shown.contrast_limits[1])
        doubts = "".join(f"; {text}" for text in self._sample.doubts)
        self._told_at = time.perf_counter()
        undone, self._undone = self._undone, ""
        undone = f"{undone}. " if undone else ""
        self.said.emit(f"{undone}{what_is_seen(image)}{doubts}{bright}; {took_ms:.0f} ms")

    def forget(self) -> None:
        """Leave it unsaid: something else has been said since."""
        self._to_tell = None

    def tell_undone(self, text: str) -> None:
        """Say which step came back, and say so of the image that follows, too.

        Parameters
        ----------
        text
            A few words.
        """
        self.said.emit(text)
        self._undone = text

    def forget_undone(self, *_: Any) -> None:
        """Say it of no other image: a knob has been turned since.

        Parameters
        ----------
        *_
            What signals tell; not used.
        """
        self._undone = ""
