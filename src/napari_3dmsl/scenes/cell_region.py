"""Where a cell is in a field of view, how thick it is there, and how densely it is filled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates
from scipy.special import ndtr

from napari_3dmsl.reading import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.scenes.cell_settings import CellScene

STEP_UM = 0.25
"""Of the grid, about: everything on it is smoother."""

_BEYOND_UM = 6.0  # of the field that is drawn beside the image: shapes there reach or shine into it
_ROUGH_SHARE, _ROUGH_UM = 0.12, 1.5  # of the outline: small bays and bulges
_DENSITY_UM = 4.0  # over which the density rises and falls
_EDGE_UM = 3.0  # from the edge, where the cell has 63 % of its thickness
_UNEVEN = 0.2  # of the thickness


@dataclass(frozen=True, eq=False)
class CellRegion:
    """A cell on a grid that covers the image and some ground around it.

    Attributes
    ----------
    low_um : (2,) float64
        Lower corner of the grid, (y, x); (0, 0) is the middle of the image.
    step_um : float
        Side of a square of the grid.
    inside : (Y, X) bool
        Where the cell is.
    thickness_um : (Y, X) float64
        Of the cell; falls to 0 at the edge and blurs a little over it.
    crowding : (Y, X) float64
        Density of shapes as a multiple of the mean; 0 beside the cell.
    image_size_um : (y, x)
        Sides of the image.
    full_thickness_um : float
        Far from the edge, on average.
    """

    low_um: FloatArray
    step_um: float
    inside: NDArray[np.bool_]
    thickness_um: FloatArray
    crowding: FloatArray
    image_size_um: tuple[float, float]
    full_thickness_um: float

    def at(self, grid: NDArray[Any], yx_um: FloatArray) -> NDArray[Any]:
        """Return a value of a grid at places (N, 2); beyond the grid that of its rim.

        Parameters
        ----------
        grid
            Such as `inside`.
        yx_um
            From the middle of the image.
        """
        index = np.floor((yx_um - self.low_um) / self.step_um).astype(np.int64)
        row, column = np.clip(index, 0, np.array(grid.shape) - 1).T
        found: NDArray[Any] = grid[row, column]
        return found

    def in_pixels(
        self, grid: FloatArray, image_size: tuple[int, int], pixel_um: float
    ) -> NDArray[np.float32]:
        """Return a smooth grid in the middles of an image's pixels, (R, C).

        Parameters
        ----------
        grid
            (Y, X), as `thickness_um`.
        image_size
            Rows and columns.
        pixel_um
            Side of a pixel.
        """
        places = [
            ((np.arange(count) + 0.5 - 0.5 * count) * pixel_um - low) / self.step_um - 0.5
            for count, low in zip(image_size, self.low_um, strict=True)
        ]
        rows, columns = np.meshgrid(*places, indexing="ij")
        found = map_coordinates(grid, [rows, columns], order=1, mode="nearest")
        return found.astype(np.float32)


def read_cell_mask(path: str | Path) -> NDArray[np.bool_]:
    """Read where a cell is: pixels of an image that are not 0, in any colour.

    Parameters
    ----------
    path
        TIFF, PNG or another image file.

    Raises
    ------
    ValueError
        When it is no image of one plane, or 0 everywhere.
    OSError
        When it cannot be read.
    """
    from skimage.io import imread

    path = Path(path)
    if not path.is_file():
        raise ValueError(f"mask = {path}: no such file")
    is_tiff = path.suffix.lower() in {".tif", ".tiff"}
    # A path is left open when it is no image; TIFF is told by its name.
    with reading(path, "not an image"), path.open("rb") as file:
        pixels = np.asarray(imread(path if is_tiff else file))
    if pixels.ndim == 3 and pixels.shape[-1] in (3, 4):
        pixels = pixels[..., :3].max(axis=-1)
    if pixels.ndim != 2:
        raise ValueError(f"mask = {path}: expected an image of one plane, found {pixels.shape}")
    if not pixels.any():
        raise ValueError(f"mask = {path}: is 0 everywhere, so there is no cell")
    return pixels > 0


def draw_region(
    settings: CellScene,
    image_size_um: Sequence[float],
    rng: np.random.Generator,
    mask: NDArray[np.bool_] | None = None,
) -> CellRegion:
    """Draw a cell: where a smooth random field is highest, or where a mask tells.

    Parameters
    ----------
    settings : CellScene
        ``coverage``, ``outline_um``, ``thickness_um``, ``density_spread``.
    image_size_um : (y, x)
        Sides of the image.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.
    mask : (R, C) bool, optional
        Where the cell is in the image, whatever the size of its pixels; beyond it goes on as at its
        rim.

    Raises
    ------
    ValueError
        When a mask is empty.
    """
    size = np.array(image_size_um, dtype=np.float64)
    step = STEP_UM * max(1.0, float(size.max()) / 400.0)  # large fields have a coarser grid
    margin = int(np.ceil(_BEYOND_UM / step))
    shape = np.ceil(size / step).astype(int) + 2 * margin
    low = -0.5 * step * shape
    # Streams of their own: a mask leaves the density as it was.
    outline_rng, crowding_rng, uneven_rng = rng.spawn(3)
    image = tuple(slice(margin, count - margin) for count in shape)
    if mask is None:
        inside = _highest(shape, settings, step, image, outline_rng)
    else:
        inside = _stretched(mask, low, step, tuple(shape), size)
    if mask is not None and not inside.any():
        raise ValueError("mask: is 0 everywhere, so there is no cell; give one that is not")
    sigma = _DENSITY_UM / step
    varied = 1.0 + settings.density_spread * _evenly(_smooth_field(shape, sigma, crowding_rng))
    return CellRegion(
        low,
        step,
        inside,
        _thickness(inside, _smooth_field(shape, sigma, uneven_rng), settings, step),
        np.where(inside, varied, 0.0),
        (float(size[0]), float(size[1])),
        settings.thickness_um,
    )


def _highest(
    shape: NDArray[np.int64],
    settings: CellScene,
    step: float,
    image: tuple[slice, ...],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Where a smooth field is highest, so that this is the asked share of the image."""
    if settings.coverage >= 1.0:
        return np.ones(shape, dtype=bool)
    field = _smooth_field(shape, settings.outline_um / step, rng)
    field = field + _ROUGH_SHARE * _smooth_field(shape, _ROUGH_UM / step, rng)
    if settings.coverage == 0.0:  # a cell may lie beside the image
        return np.asarray(field > field[image].max())
    highest: NDArray[np.bool_] = field >= np.quantile(field[image], 1.0 - settings.coverage)
    return highest


def _stretched(
    mask: NDArray[np.bool_], low: FloatArray, step: float, shape: tuple[int, ...], size: FloatArray
) -> NDArray[np.bool_]:
    """Return a mask of the image on the grid."""
    index = []
    for axis in (0, 1):
        middle = low[axis] + step * (np.arange(shape[axis]) + 0.5)
        place = np.floor((middle / size[axis] + 0.5) * mask.shape[axis]).astype(int)
        index.append(np.clip(place, 0, mask.shape[axis] - 1))
    return mask[np.ix_(*index)]


def _thickness(
    inside: NDArray[np.bool_], uneven: FloatArray, settings: CellScene, step: float
) -> FloatArray:
    """Return a dome that rises from the edge of the cell, a little uneven."""
    away = distance_transform_edt(inside) * step if not inside.all() else np.full(uneven.shape, 1e9)
    dome = (1.0 - np.exp(-away / _EDGE_UM)) * (1.0 + _UNEVEN * _evenly(uneven))
    smooth: FloatArray = settings.thickness_um * gaussian_filter(dome, 0.5 / step)
    return smooth


def _smooth_field(shape: NDArray[np.int64], sigma: float, rng: np.random.Generator) -> FloatArray:
    """Draw a Gaussian field of mean 0 and standard deviation 1 that varies over some squares."""
    coarse = max(1, int(sigma / 4.0))  # what is smooth is drawn with fewer squares
    around = int(np.ceil(2.0 * sigma / coarse))  # so that opposite sides know nothing of each other
    count = -(-shape // coarse) + 2 * around + 1
    sigma /= coarse
    blurred = gaussian_filter(rng.standard_normal(count), sigma, mode="wrap", truncate=3.0)
    blurred *= 2.0 * np.sqrt(np.pi) * sigma
    place = [around + np.arange(n) / coarse for n in shape]
    if coarse == 1:
        return blurred[around : around + shape[0], around : around + shape[1]]
    field: FloatArray = map_coordinates(blurred, np.meshgrid(*place, indexing="ij"), order=3)
    return field


def _evenly(field: FloatArray) -> FloatArray:
    """Bring a Gaussian field to values that are even between -1 and 1."""
    even: FloatArray = 2.0 * ndtr(field) - 1.0
    return even
