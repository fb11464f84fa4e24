"""What a label array must be: three axes, whole numbers, 0 for background; and its voxel size."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VoxelNm = tuple[float, float, float]

COPIES = 4.0
"""How many times labels are held while they become shapes, in bytes of the file's own type."""

LARGEST_FLOAT_LABEL = 2**32 - 1
"""Floats become whole numbers of 32 bits, in whatever block of a volume they are."""


def check_voxel_nm(voxel_nm: Sequence[float]) -> VoxelNm:
    """Return the voxel size as three positive floats (z, y, x), or raise ``ValueError``.

    Parameters
    ----------
    voxel_nm
        (z, y, x) in nm.

    Raises
    ------
    ValueError
        When they are not three, or one is not above 0 and finite.
    """
    try:
        values = tuple(float(size) for size in voxel_nm)
    except (TypeError, ValueError):
        values = ()
    if len(values) != 3 or not all(0 < size < 1e6 for size in values):
        raise ValueError(
            f"voxel_nm = {voxel_nm!r}: expected three sizes in nm (z, y, x), above 0 and below 1e6"
        )
    return values[0], values[1], values[2]


def check_labels(array: Any, background: int | Literal["max"] | None = None) -> NDArray[Any]:
    """Return the array as (Z, Y, X) bool or integer labels.

    Parameters
    ----------
    array
        Bool or integers; floats that hold whole numbers only are converted. Singleton axes of an
        array with more than three axes are dropped.
    background
        A number besides 0 that stands for background, such as -1; ``max`` is the largest number
        of the type, such as 2^64 - 1. Its voxels become 0.

    Returns
    -------
    numpy.ndarray
        3D, native byte order, bool or integer; the input itself when nothing had to change.

    Raises
    ------
    ValueError
        One line: wrong number of axes, fractional, negative or not-a-number values, no labels, or
        no voxel of the background.
    """
    labels: NDArray[Any] = drop_singletons(np.asarray(array))
    if labels.ndim != 3:
        raise ValueError(f"labels must be 3D (z, y, x); this array has the shape {labels.shape}")
    if labels.size == 0:
        raise ValueError(f"labels hold no voxel; this array has the shape {labels.shape}")
    _check_kind(labels)
    if background is not None:
        labels = _without_background(labels, background)
    labels = as_labels(labels, can_name_background=True)
    if not labels.any():
        raise ValueError("labels are all 0 (background): there is nothing to extract")
    return labels


def as_labels(labels: NDArray[Any], *, can_name_background: bool = False) -> NDArray[Any]:
    """Return an array of any number of axes as labels: bool, or whole numbers from 0 on.

    Parameters
    ----------
    labels
        Bool, integers, or floats that hold whole numbers only; they may all be 0.
    can_name_background
        Whether the message about numbers below 0 says how to name one that is background.

    Returns
    -------
    numpy.ndarray
        In native byte order; the input itself when nothing had to change.

    Raises
    ------
    ValueError
        One line: no voxel, or fractional, negative or not-a-number values.
    """
    if labels.size == 0:
        raise ValueError(f"labels hold no voxel; this array has the shape {labels.shape}")
    _check_kind(labels)
    if labels.dtype.kind in "if" and float(labels.min()) < 0:
        text = below_zero(labels.min())
        raise ValueError(text if can_name_background else text.partition(". ")[0])
    if labels.dtype.kind == "f":
        labels = _whole_numbers(labels)
    elif labels.dtype == bool:
        labels = yes_or_no(labels)
    if not labels.dtype.isnative:
        labels = labels.astype(labels.dtype.newbyteorder("="))
    return labels


def _check_kind(labels: NDArray[Any]) -> None:
    if labels.dtype.kind not in "buif":
        raise ValueError(f"labels must be whole numbers or bool, not {labels.dtype}")


def _without_background(labels: NDArray[Any], background: int | Literal["max"]) -> NDArray[Any]:
    """Return labels in which the voxels of a number are 0; there must be one."""
    number = checked_background(background, labels.dtype)
    cleaned = without(labels, number)
    if cleaned is labels:
        raise ValueError(f"background = {number}: no voxel has this number")
    return cleaned


def checked_background(background: int | Literal["max"] | None, dtype: np.dtype[Any]) -> int | None:
    """Return the number that is background besides 0.

    Parameters
    ----------
    background
        A number, ``max`` for the largest one of the type, or None.
    dtype
        Of the labels.

    Raises
    ------
    ValueError
        When the type has no largest whole number.
    """
    if background != "max":
        return background
    if dtype.kind not in "ui":
        raise ValueError(f"background = max: {dtype} has no largest whole number")
    return int(np.iinfo(dtype).max)


def without(labels: NDArray[Any], number: int | None) -> NDArray[Any]:
    """Return labels in which the voxels of a number are 0; the input itself when there are none.

    Parameters
    ----------
    labels
        Any array of numbers.
    number
        That is background, or None.
    """
    try:
        there = labels == number
    except OverflowError:
        return labels
    return np.where(there, labels.dtype.type(0), labels) if np.any(there) else labels


def below_zero(lowest: np.integer[Any] | np.floating[Any]) -> str:
    """Return what is said of labels below 0.

    Parameters
    ----------
    lowest
        The lowest of them.
    """
    if not lowest.is_integer():  # which no background is
        return f"labels must be 0 (background) or more; the lowest is {lowest:g}"
    return (
        f"labels must be 0 (background) or more; the lowest is {int(lowest)}. If {int(lowest)} is "
        f"background, write 0 there, or have it extracted with --background {int(lowest)}"
    )


def drop_singletons(array: Any) -> Any:
    """Return an array without axes of length 1 beyond the third; nothing is loaded.

    Parameters
    ----------
    array
        Anything with a shape that can be indexed.
    """
    while array.ndim > 3 and 1 in array.shape:
        array = array.squeeze(axis=array.shape.index(1))
    return array


def spatial_axes(shape: Sequence[int], axes: str) -> tuple[int, int, int]:
    """Return which axes are z, y and x; the others must have the length 1.

    Parameters
    ----------
    shape
        Length of each axis.
    axes
        One letter for each axis, if they are known.

    Raises
    ------
    ValueError
        When it has not three axes.
    """
    if len(axes) == len(shape) and all(axis in axes for axis in "ZYX"):
        order = [axes.index(axis) for axis in "ZYX"]
    else:  # singletons are dropped from the front, as of arrays in memory
        order = list(range(len(shape)))
        while len(order) > 3 and any(shape[axis] == 1 for axis in order):
            order.remove(next(axis for axis in order if shape[axis] == 1))
    rest = prod(length for axis, length in enumerate(shape) if axis not in order)
    if len(order) != 3 or rest != 1:
        raise ValueError(f"labels must be 3D (z, y, x); this array has the shape {tuple(shape)}")
    return order[0], order[1], order[2]


def turned(voxels: NDArray[Any], axes: str) -> NDArray[Any]:
    """Return an array as (Z, Y, X), as `spatial_axes` has them.

    Parameters
    ----------
    voxels
        As they lie in a file.
    axes
        One letter for each axis, if they are known.
    """
    order = spatial_axes(voxels.shape, axes)
    rest = [axis for axis in range(voxels.ndim) if axis not in order]
    spatial = voxels.transpose([*rest, *order])
    return np.ascontiguousarray(spatial.reshape(spatial.shape[-3:]))


def yes_or_no(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask of nothing but 0 and 1: files can hold other bytes, which NumPy takes over.

    Parameters
    ----------
    mask
        Bool, as it was read.
    """
    content = mask.view(np.uint8)
    return mask if not mask.size or content.max() <= 1 else content != 0


def check_whole(array: NDArray[Any]) -> None:
    """Refuse floats that are no labels, or larger than those that are taken for labels.

    Parameters
    ----------
    array
        Of floats.

    Raises
    ------
    ValueError
        One line.
    """
    if not array.size:
        return
    if not np.isfinite(array).all():
        raise ValueError("labels hold NaN or infinite values; expected whole numbers")
    lowest, highest = array.min(), array.max()
    if lowest < 0:
        raise ValueError(below_zero(lowest))
    if (array != np.floor(array)).any():
        raise ValueError(
            f"labels must be whole numbers; these are {array.dtype} values between "
            f"{lowest:g} and {highest:g}: an image or probabilities? Threshold it first"
        )
    if float(highest) > LARGEST_FLOAT_LABEL:
        raise ValueError(
            f"labels of {array.dtype} go up to {LARGEST_FLOAT_LABEL}; the highest is "
            f"{int(highest)}. Save them as whole numbers (uint64), or number them anew"
        )


def _whole_numbers(array: NDArray[Any]) -> NDArray[Any]:
    check_whole(array)
    whole: NDArray[Any] = array.astype(np.min_scalar_type(int(array.max())))
    return whole
