"""What is shown beside the image, each switched on and off by a box."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QCheckBox, QWidget

from napari_3dmsl.widgets.microscope.messages import ADJUST_CONTRAST


class Switches(QObject):
    """Boxes for contrast, point spread function, focal plane, photons and mask.

    Parameters
    ----------
    panel
        In which the boxes will be.

    Signals
    -------
    turned()
        The image, or what follows it, is to be shown otherwise.
    point_turned()
        The image of a point is to be a layer, or not.
    """

    turned = Signal()
    point_turned = Signal()

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        self.auto_contrast = _box(
            panel,
            "auto_contrast",
            ADJUST_CONTRAST,
            "Off: contrast stays, so that an image out of focus is dim",
        )
        self.point = _box(
            panel,
            "point",
            "Point spread function as a layer",
            "The image of a point at the object's height as a layer: in the sharp plane (xy) and "
            "along the axis (xz, in the specimen). Displayed with gamma 0.5, to show the rings.",
        )
        self.focal_plane = _box(
            panel,
            "focal_plane",
            "Focal plane in 3D",
            "Draw the sharp plane through the shape, in orange; drag it with the mouse to focus",
        )
        self.photons = _box(
            panel,
            "photons",
            "Photons without noise",
            "Expected photons per pixel, before camera and noise, as a layer",
        )
        self.truth = _box(
            panel,
            "truth",
            "Ground-truth mask",
            "The pixels that the shape covers, projected along z, as a Labels layer; the same for "
            "every plane of a stack",
        )
        self.all = (
            self.auto_contrast,
            self.point,
            self.focal_plane,
            self.photons,
            self.truth,
        )
        for box in self.all:
            box.toggled.connect(self.point_turned if box is self.point else self.turned)

    @property
    def ticks(self) -> dict[str, bool]:
        """Which are on, by name."""
        return {box.objectName(): box.isChecked() for box in self.all}

    def told(self, name: str, on: bool) -> str | None:
        """Return what people call a switch that was turned; None when it is none of these.

        Parameters
        ----------
        name
            Its ``objectName``.
        on
            How it was turned.
        """
        for box in self.all:
            if name == box.objectName():
                return f"“{box.text()}” {'on' if on else 'off'}"
        return None


def _box(panel: QWidget, name: str, text: str, tip: str) -> QCheckBox:
    box = QCheckBox(text, panel)
    box.setObjectName(name)
    box.setToolTip(tip)
    return box
