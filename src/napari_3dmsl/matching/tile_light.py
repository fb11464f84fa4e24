"""How much light tiles have, and in which grey levels: read off them one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_3dmsl.matching.calibration import Calibration, calibrate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.microscope.camera import Camera
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.progress import Progress

_GROUND, _BRIGHT = 0.05, 0.9995  # shares of the pixels of a tile that are darker
_SMOOTHED = 2.0, 1.0  # pixels, before the ground and the brightest are looked for
_TRUSTED = 0.25  # relative error of the gain of an image; others take that of all images
_DIFFERING = 0.15  # spread of gains beyond which they are not those of one camera setting
_LEAST_E = 0.02


@dataclass(frozen=True, eq=False)
class TileLight:
    """Light and grey levels of tiles, one number each.

    Attributes
    ----------
    gain : (N,) float64
        Grey levels for an electron.
    zero : (N,) float64
        Grey level without light.
    peak_e : (N,) float64
        Electrons of the brightest structure above the ground.
    ground_e : (N,) float64
        Electrons of the ground: background, glow and haze.
    row_noise_e : (N,) float64
        That the pixels of a row share.
    black, white : (N,) float64
        Lowest and highest grey.
    read_noise_e : float
        Of the camera, as far as the darkest tile allows.
    measured : int
        Tiles that told their gain; the others have that of all.
    """

    gain: NDArray[np.float64]
    zero: NDArray[np.float64]
    peak_e: NDArray[np.float64]
    ground_e: NDArray[np.float64]
    row_noise_e: NDArray[np.float64]
    black: NDArray[np.float64]
    white: NDArray[np.float64]
    read_noise_e: float
    measured: int

    @property
    def one_camera(self) -> bool:
        """Whether all tiles have about the same gain."""
        low, high = np.quantile(self.gain, (0.1, 0.9))
        return bool(high <= (1 + _DIFFERING) * low)


def tile_light(
    tiles: NDArray[Any],
    images: NDArray[np.int64],
    microscope: Microscope,
    camera: Camera,
    *,
    calibration: Calibration | None = None,
    progress: Progress | None = None,
) -> TileLight:
    """Read off tiles how much light they have.

    The gain is that of the image a tile is from, where it tells; else that of all images.

    Parameters
    ----------
    tiles : (N, R, C) array
        Grey values.
    images : (N,) array
        Number of the image that each is from.
    microscope
        Tells which frequencies are noise.
    camera
        Brings the read noise, which no image without a dark frame tells.
    calibration
        Of the camera, all images being taken at one setting; None: each image tells its own.
    progress
        Called with images done, images in all and what is done; raise in it to cancel.
    """
    numbers = np.unique(images)
    lines = []
    for done, number in enumerate(numbers):
        of_image = [np.asarray(tile) for tile in tiles[images == number]]
        lines.append(_line(calibration or calibrate(of_image, microscope=microscope)))
        if progress is not None:
            progress(done + 1, len(numbers), "light and noise of the images")
    table = np.array(lines)[np.searchsorted(numbers, images)]
    known = np.isfinite(table[:, 0])
    if not known.any():
        table[:, 0], table[:, 1] = _assumed(tiles, camera)
    table = np.where(np.isfinite(table), table, _typical(table))
    return _light(tiles, table, camera, int(known.sum()))


def _line(found: Calibration) -> tuple[float, float, float]:
    """Gain, intercept of the variance, and row noise; NaN for what is not known."""
    line = found.line
    if line is None or line.slope <= 0.0 or line.slope_error > _TRUSTED * line.slope:
        return np.nan, np.nan, np.nan
    row = found.row_noise_e
    return line.slope, line.intercept, np.nan if row is None else row.value


def _typical(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each column, 0 where nothing is known."""
    some = np.isfinite(table).any(axis=0)
    return np.where(some, np.nanmedian(np.where(some, table, 0.0), axis=0), 0.0)


def _assumed(tiles: NDArray[Any], camera: Camera) -> tuple[float, float]:
    """Gain and intercept of the usual camera, for tiles that do not tell."""
    gain = 1.0 / camera.e_per_adu
    offset = min(camera.offset_adu, float(np.quantile(tiles, 0.01)))
    return gain, (gain * camera.read_noise_e) ** 2 - gain * offset


def _light(
    tiles: NDArray[Any], table: NDArray[np.float64], camera: Camera, measured: int
) -> TileLight:
    gain, intercept, row = table.T
    ground, bright = (
        np.array([_quantile(tile, share, pixels) for tile in tiles])
        for share, pixels in zip((_GROUND, _BRIGHT), _SMOOTHED, strict=True)
    )
    # Of any read noise and zero on the line; the read noise is at most all noise of the darkest.
    floor = np.maximum(gain * ground + intercept, 0.0) / gain**2
    read = np.minimum(camera.read_noise_e**2, 0.9 * np.min(floor))
    ground_e = np.maximum(floor - read, _LEAST_E)
    return TileLight(
        gain,
        ground - gain * ground_e,
        np.maximum(bright - ground, gain) / gain,
        ground_e,
        row,
        np.array([float(tile.min()) for tile in tiles]),
        np.array([float(tile.max()) for tile in tiles]),
        float(np.sqrt(read)),
        measured,
    )


def _quantile(tile: NDArray[Any], share: float, pixels: float) -> float:
    return float(np.quantile(gaussian_filter(np.asarray(tile, np.float64), pixels), share))
