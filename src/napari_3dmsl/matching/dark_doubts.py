"""Why frames that are called dark cannot be, or may not belong to the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_3dmsl.matching.hot_pixels import mended

if TYPE_CHECKING:
    from napari_3dmsl.matching.dark_frames import Dark
    from napari_3dmsl.matching.planes import Planes
    from napari_3dmsl.matching.variance_line import VarianceLine

_SURELY_ABOVE, _ABOVE = 3.0, 0.5  # deviations of a pixel by which a dark may exceed the ground
_BRIGHTER = 0.2  # of them by which it may exceed the mean of images with hardly any light
_SMOOTH_PIXELS = 4.0  # standard deviation of the smoothing that shows whether a dark is even
_UNEVEN = 2.0  # deviations of a pixel by which a smoothed dark may vary
_SURE, _UNLIKE = 4.0, 0.25  # standard errors, and share, by which two gains differ
_MOST_ERROR = 0.1  # relative, of a gain that is compared


def check_dark(dark: Planes, images: Planes) -> None:
    """Refuse frames that are the images themselves, or of another type.

    Parameters
    ----------
    dark, images
        As they were given.

    Raises
    ------
    ValueError
        One line.
    """
    same = [each in images.prints for each in dark.prints]
    if any(same):
        where = dark.what if all(same) else dark.names[same.index(True)]
        raise ValueError(
            f"{where} has the same pixels as {images.what}; give frames without light as dark"
        )
    if _eight_bit(dark) != _eight_bit(images):
        raise ValueError(
            f"{dark.what} has pixels of {_types(dark)}, {images.what} of {_types(images)}: their "
            "counts cannot be compared; give both as the camera gave them"
        )


def check_offset(dark: Dark, what: str, ground: float, mean: float) -> None:
    """Refuse a dark that is brighter than the images, or far above what is darkest in them.

    Parameters
    ----------
    dark
        As measured.
    what
        What errors call it.
    ground
        Counts of the darkest ground of the images.
    mean
        Counts of the images; ground of swapped files can be even.

    Raises
    ------
    ValueError
        One line.
    """
    deviation, offset = _deviation(dark), dark.point.mean
    if offset - ground > _SURELY_ABOVE * deviation or offset - mean > _BRIGHTER * deviation:
        raise ValueError(
            f"{what}: its mean of {offset:.4g} counts is above the darkest ground of the "
            f"images, {ground:.4g}, so it is not their dark; give frames of the same camera and "
            "setting, without light, or check that both are not swapped"
        )


def dark_warnings(dark: Dark, frames: Planes, images: Planes, ground: float) -> list[str]:
    """Say what speaks against a dark that may be one all the same.

    Parameters
    ----------
    dark
        As measured.
    frames, images
        As they were given.
    ground
        Counts of the darkest ground of the images.
    """
    found = []
    deviation, above = _deviation(dark), dark.point.mean - ground
    if above > _ABOVE * deviation:
        found.append(
            f"{frames.what}: its mean is {above:.2g} counts above the darkest ground of the "
            "images: taken at another setting or temperature?"
        )
    mean = mended(np.mean(frames.values, axis=0), dark.hot)
    even = gaussian_filter(mean, _SMOOTH_PIXELS, mode="reflect")
    low, high = np.percentile(even, (1, 99))
    if high - low > _UNEVEN * deviation:
        found.append(
            f"{frames.what} is not even: from {low:.4g} to {high:.4g} counts, smoothed; was there "
            "light, or does the chip glow?"
        )
    if frames.types != images.types:
        found.append(
            f"{frames.what} has pixels of {_types(frames)}, {images.what} of {_types(images)}: "
            "where frames were averaged or converted, read noise is wrong"
        )
    return found


def off_the_line(with_dark: VarianceLine, alone: VarianceLine, what: str) -> str | None:
    """Say when the images by themselves have another gain than the dark gives them, or None.

    Parameters
    ----------
    with_dark, alone
        Lines of the images, the first through the dark.
    what
        What the warning calls the dark.
    """
    if alone.slope <= 0.0 or alone.slope_error > _MOST_ERROR * alone.slope:
        return None
    apart = abs(with_dark.slope - alone.slope)
    error = float(np.hypot(with_dark.slope_error, alone.slope_error))
    if apart < max(_SURE * error, _UNLIKE * alone.slope):
        return None
    return (
        f"{what} does not lie on the line of noise against brightness of the images: "
        f"{with_dark.slope:.3g} ADU/e with it, {alone.slope:.3g} without; was it taken by the same "
        "camera at the same gain, and saved alike?"
    )


def _deviation(dark: Dark) -> float:
    """Return the deviation of a single pixel, that of its row with it."""
    return float(np.sqrt(dark.point.variance + max(dark.row_noise.variance, 0.0)))


def _eight_bit(planes: Planes) -> bool:
    return planes.types <= {"uint8", "int8"}


def _types(planes: Planes) -> str:
    return " and ".join(sorted(planes.types))
