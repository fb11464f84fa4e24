"""Resolution, and the image of a point, follow the microscope and the height of the object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.microscope.image_layers import put_point
from napari_3dmsl.widgets.microscope.read_outs import Point, ReadOut, ReadOuts, read_out_of

if TYPE_CHECKING:
    from qtpy.QtWidgets import QCheckBox

    from napari_3dmsl.widgets.microscope.form import SimulationForm

_DELAY_MS = 150
_ANOTHER_HEIGHT_UM = 0.01


class LiveReadOut(QObject):
    """Asks for what a microscope resolves at the object's height, once the knobs rest.

    Parameters
    ----------
    viewer
        Which gets the image of a point.
    form
        Tells the microscope.
    point
        Whether that image is to be a layer.
    parent
        Of the Qt object, and of the table.

    Signals
    -------
    failed(why)
        One line.
    """

    failed = Signal(str)

    def __init__(self, viewer: Any, form: SimulationForm, point: QCheckBox, parent: Any) -> None:
        super().__init__(parent)
        self._viewer, self._form, self._point = viewer, form, point
        self.table = ReadOuts(parent)
        self.height_um = 0.0
        """Of the object above the coverslip."""
        self._work = LatestWins(read_out_of, self)
        self._work.finished.connect(self._show)
        self._work.failed.connect(self.failed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self.renew)

    def soon(self) -> None:
        """Ask when nothing has been changed for a moment."""
        self._timer.start()

    def take_height(self, height_um: float) -> None:
        """Follow the object to another height.

        Parameters
        ----------
        height_um
            Of its middle above the coverslip.
        """
        if abs(height_um - self.height_um) > _ANOTHER_HEIGHT_UM:
            self.height_um = height_um
            self.soon()

    def renew(self, *_: Any) -> None:
        """Ask now.

        Parameters
        ----------
        *_
            What signals tell; not used.
        """
        try:
            microscope = self._form.microscope()
        except ValueError:  # told already
            return
        pictured = self._point.isChecked() or self.table.isVisible()
        step_um = self._form.step_um if self._form.wants_stack else None
        self._work.request(Point(microscope, round(self.height_um, 2), pictured, step_um))

    def close(self) -> None:
        """End the work."""
        self._work.close()

    def _show(self, point: Point, found: ReadOut) -> None:
        self.table.show_point(point, found)
        put_point(self._viewer, found.point if self._point.isChecked() else None)
