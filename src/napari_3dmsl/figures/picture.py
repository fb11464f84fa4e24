"""One image with all that is needed to show it: lengths, colour, unit, and where its object is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""First row, row after the last, first column, column after the last."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An image or a stack of one microscope, the middle of its pixels at (0, 0) µm.

    Attributes
    ----------
    key : str
        The same for images that take each other's place.
    title : str
        Such as "Confocal 1.40 oil, 600 nm (con1)".
    values : (R, C) or (P, R, C) array
    pixel_um : float
        Side of a pixel.
    emission_nm : float
        Wavelength, for its colour.
    unit : str
        Of the values: "counts" or "photons".
    step_um : float
        Between planes; 0 for an image.
    saturation : float or None
        What the camera cannot exceed, in the unit of the values.
    focus_plane : int
        Index of the plane that is in focus.
    crop : (4,) ints or None
        Box around the object in pixels, see `Box`; None for the whole image.
    signed : bool
        Whether zero is in the middle: a difference.
    """

    key: str
    title: str
    values: NDArray[Any]
    pixel_um: float
    emission_nm: float
    unit: str = "counts"
    step_um: float = 0.0
    saturation: float | None = None
    focus_plane: int = 0
    crop: Box | None = None
    signed: bool = False

    @property
    def name(self) -> str:
        """The title's name in parentheses, such as "con1"; the whole title without one."""
        before, _, name = self.title.rpartition("(")
        return name.rstrip(")") if before and self.title.endswith(")") else self.title

    @property
    def planes(self) -> NDArray[Any]:
        """The values as a stack, (P, R, C)."""
        return self.values if self.values.ndim == 3 else self.values[None]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.values.shape[-2:]
        return rows, columns

    @property
    def extent_um(self) -> tuple[float, float, float, float]:
        """Edges of the image: left, right, top, bottom; y goes down."""
        return self._um((0, self.shape[0], 0, self.shape[1]))

    @property
    def object_um(self) -> tuple[float, float, float, float]:
        """Edges of the object's box, in the order of `extent_um`."""
        return self.extent_um if self.crop is None else self._um(self.crop)

    def _um(self, box: Box) -> tuple[float, float, float, float]:
        rows, columns = self.shape
        top, bottom = ((row - 0.5 * rows) * self.pixel_um for row in box[:2])
        left, right = ((column - 0.5 * columns) * self.pixel_um for column in box[2:])
        return left, right, top, bottom

    def pixel_at(self, x_um: float, y_um: float) -> tuple[int, int] | None:
        """Return row and column of the pixel at a place; None outside.

        Parameters
        ----------
        x_um, y_um
            From the middle of the image; y goes down.
        """
        rows, columns = self.shape
        row = int((y_um / self.pixel_um + 0.5 * rows) // 1)
        column = int((x_um / self.pixel_um + 0.5 * columns) // 1)
        inside = 0 <= row < rows and 0 <= column < columns
        return (row, column) if inside else None
