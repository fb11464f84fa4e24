"""What the optics resolve: a small table, and the image of a point with its widths marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_3dmsl.microscope.resolution import PointImage, Resolution, point_image, resolution
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.widgets.common.accessibility import warning_colour
from napari_3dmsl.widgets.microscope.point_inset import PointInset

_TIP = (
    "FWHM: full width at half maximum of a point at the object's height, without noise. Along z it "
    "is told in the specimen. Nyquist: the largest pixel and step that lose nothing."
)
_COARSE = 1.005  # times the Nyquist limit, from which on it is told


@dataclass(frozen=True)
class Point:
    """What the read-outs are of: a point at a height above the coverslip.

    Attributes
    ----------
    microscope : Microscope
    depth_um : float
    pictured : bool
        Whether its image is wanted, too.
    step_um : float or None
        Between the planes of the stack, if there is one.
    """

    microscope: Microscope
    depth_um: float
    pictured: bool
    step_um: float | None = None


@dataclass(frozen=True)
class ReadOut:
    """What is resolved, and sections through a point's image if they are asked for."""

    resolution: Resolution
    point: PointImage | None


def read_out_of(point: Point, is_outdated: Callable[[], bool]) -> ReadOut:
    """Work out the read-outs; for a thread.

    Parameters
    ----------
    point
        Whose image is wanted.
    is_outdated
        Whether nobody waits for the answer any more.
    """
    sections = point_image(point.microscope, point.depth_um) if point.pictured else None
    return ReadOut(resolution(point.microscope, point.depth_um), sections)


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes
    ----------
    label, value : str
    remark : str
        What the value is to be compared with.
    is_doubtful : bool
        Whether the remark is a warning.
    """

    label: str
    value: str
    remark: str = ""
    is_doubtful: bool = False


def rows_of(point: Point, found: Resolution) -> Iterator[Row]:
    """Yield the lines of the table.

    Parameters
    ----------
    point
        Whose image it is.
    found
        What is read out.
    """
    microscope = point.microscope
    yield Row("Width (FWHM)", _length(found.lateral_fwhm_um), "in focus")
    yield Row("Along z (FWHM)", _length(found.axial_fwhm_um), "in the specimen")
    yield _sampled("Pixel", microscope.pixel_um, found.nyquist_pixel_um)
    if point.step_um is None:
        yield Row("Step in z", "no stack", f"Nyquist {_length(found.nyquist_step_um)}")
    else:
        yield _sampled("Step in z", point.step_um, found.nyquist_step_um)
    if "pinhole_airy" in microscope.irrelevant():
        yield Row("Airy unit", _length(found.airy_unit_um))
    else:
        width_um = microscope.pinhole_airy * found.airy_unit_um
        remark = f"{_length(width_um)}; Airy unit {_length(found.airy_unit_um)}"
        yield Row("Pinhole", f"{microscope.pinhole_airy:.3g} AU", remark)
    yield Row("Depth", f"{point.depth_um:.1f} µm", "of the object's middle")
    yield Row("Peak left", f"{100 * found.relative_peak:.0f} %", "by aberration")
    yield Row("Sharp at", f"{found.focus_stage_um:+.2f} µm", "of the stage")


def _sampled(label: str, used_um: float, limit_um: float) -> Row:
    coarse = used_um / limit_um
    limit = f"Nyquist {_length(limit_um)}"
    if coarse <= _COARSE:
        return Row(label, _length(used_um), limit)
    return Row(label, _length(used_um), f"{limit}: {coarse:.1f} × too coarse", is_doubtful=True)


def _length(length_um: float) -> str:
    return f"{1000 * length_um:.0f} nm" if length_um < 10 else f"{length_um:.0f} µm"


class ReadOuts(QWidget):
    """The table, and the picture of a point beside it.

    Parameters
    ----------
    parent
        Of the widget.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("read_out")
        self.setToolTip(_TIP)
        self._rows: list[Row] = []
        self.inset = PointInset(self)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(2, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addLayout(self._grid)
        layout.addWidget(self.inset)

    def show_point(self, point: Point, found: ReadOut) -> None:
        """Show what is resolved.

        Parameters
        ----------
        point
            Whose image it is.
        found
            From `read_out_of`.
        """
        self._rows = list(rows_of(point, found.resolution))
        for at, row in enumerate(self._rows):
            for column, text in enumerate((row.label, row.value, row.remark)):
                self._label(at, column).setText(text)
            colour = f"color: {warning_colour(self)};" if row.is_doubtful else ""
            self._label(at, 2).setStyleSheet(colour)
        if found.point is not None:
            lateral, axial = found.resolution.lateral_fwhm_um, found.resolution.axial_fwhm_um
            self.inset.show_point(found.point, lateral, axial)

    def text(self) -> str:
        """Return the table as lines of text."""
        return "\n".join(f"{row.label}: {row.value} {row.remark}".strip() for row in self._rows)

    def _label(self, row: int, column: int) -> QLabel:
        item = self._grid.itemAtPosition(row, column)
        if item is not None:
            made = item.widget()
            assert isinstance(made, QLabel)
            return made
        label = QLabel(self)
        label.setWordWrap(column == 2)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._grid.addWidget(label, row, column)
        return label
