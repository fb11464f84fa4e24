"""Which of the things in a file holds the labels: what there is, and the one that can be labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_3dmsl.volumes.grey_images import is_grey_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_CHANNELS = 4  # so many planes along a channel axis are channels, more of them a mislabelled z


@dataclass(frozen=True)
class Series:
    """One image of a TIFF, or one array of a ``.npz`` file, by its header.

    Attributes
    ----------
    index
        Its number in the file, from 0.
    name
        Its name in the file; empty when it has none.
    shape
        Length of each axis.
    dtype
        Kind of its values, such as ``uint16``.
    axes
        One letter for each axis, such as ``ZYX``; empty when the file does not tell them.
    refused
        Why it cannot be labels; empty when it can.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    axes: str = ""
    refused: str = ""

    @property
    def able(self) -> bool:
        """Whether it can be labels."""
        return not self.refused

    def __str__(self) -> str:
        size = " × ".join(map(str, self.shape))
        name = f" '{self.name}'" if self.name else ""
        return f"{self.index}{name} ({size}, {self.dtype})"


def why_no_labels(shape: Sequence[int], kind: str, axes: str = "") -> str:
    """Say why something cannot be labels by its header; empty when it can.

    Parameters
    ----------
    shape
        Length of each axis.
    kind
        NumPy's letter for the kind of values, such as ``u``.
    axes
        One letter for each axis as tifffile has them, if they are known.
    """
    lengths = [length for length in shape if length != 1]
    if "S" in axes and shape[axes.index("S")] > 1:
        if axes.endswith("S"):
            return "a colour image, not labels; save the labels as one channel"
        return (
            "a colour image, not labels (a volume of few sections that was taken for colours? "
            "With tifffile write photometric='minisblack')"
        )
    if kind not in "buif":
        return "its values are no numbers that labels could be"
    if 0 in shape:
        return "it holds no voxel"
    if len(shape) < 3 or len(lengths) > 3:
        named = f" ({axes})" if axes else ""
        return f"it has {len(shape) if len(shape) < 3 else len(lengths)} axes{named}, labels have 3"
    if "C" in axes and "Z" not in axes and "T" not in axes:
        channels = shape[axes.index("C")]
        if len(lengths) == 3 and 1 < channels <= _CHANNELS:
            return f"it has {channels} channels and no depth"
    return ""


def choose(
    path: Path | str,
    found: Sequence[Series],
    wanted: int | str | None,
    read: Callable[[Series], NDArray[Any]],
) -> Series:
    """Return the series that holds the labels.

    The only one that can be labels is taken. Of several their voxels decide: where all but one are
    grey images, that one is taken.

    Parameters
    ----------
    path
        The file, named in errors.
    found
        What it holds.
    wanted
        Number or name of the one that was asked for; ``None`` looks for it.
    read
        Returns the voxels of a series.

    Raises
    ------
    ValueError
        One line that lists them, when none or several can be labels or the one asked for is not
        there.
    """
    if not found:
        raise ValueError(f"{path}: it holds no image (damaged or truncated?)")
    if wanted is not None:
        return _named(path, found, wanted)
    if len(found) == 1:
        [only] = found
        if not only.able:
            raise ValueError(f"{path}: {only.refused}; its shape is {only.shape}")
        return only
    able = [one for one in found if one.able]
    whole = [one for one in able if not one.dtype.startswith("float")]
    able = whole or able
    if len(able) > 1:
        labels = [one for one in able if not is_grey_image(read(one))]
        able = labels if len(labels) == 1 else able
    if not able:
        reasons = "; ".join(f"{one}: {one.refused}" for one in found)
        raise ValueError(f"{path}: none of its {len(found)} images can be labels: {reasons}")
    if len(able) > 1:
        raise ValueError(f"{path}: {len(able)} images can be labels: {_ask(able)}")
    return able[0]


def _named(path: Path | str, found: Sequence[Series], wanted: int | str) -> Series:
    by_name = [one for one in found if one.name and wanted == one.name]
    by_number = [one for one in found if wanted in (one.index, str(one.index))]
    by_end = [one for one in found if one.name.endswith(f"/{wanted}")]
    for several in (by_name, by_number, by_end):
        if len(several) == 1:
            [one] = several
            if not one.able:
                raise ValueError(f"{path}: series {one}: {one.refused}")
            return one
    raise ValueError(f"{path}: no series {wanted!r}; there is {_ask(found)}")


def _ask(found: Sequence[Series]) -> str:
    listed = ", ".join(map(str, found[:20])) + (", …" if len(found) > 20 else "")
    return f"{listed}; say which by its number or name (--series {found[0].index})"
