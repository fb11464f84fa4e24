"""Labels that stay where they are: (z, y, x) whatever the file's axes, and whole numbers."""

from __future__ import annotations

import math
import pickle
from operator import index as as_index
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import reading
from napari_3dmsl.volumes.handles import handle_of
from napari_3dmsl.volumes.labels import (
    below_zero,
    check_whole,
    checked_background,
    spatial_axes,
    without,
    yes_or_no,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.volumes.stored import StoredArray

Background = int | Literal["max"] | None


class LazyLabels:
    """A label volume on disk or at a URL, read where it is indexed.

    It pickles: in another process the file is opened anew.

    Parameters
    ----------
    array
        As it lies in the file.
    background
        A number besides 0 that stands for background, see `check_labels`.

    Attributes
    ----------
    shape : (Z, Y, X)
    dtype : numpy.dtype
        Bool or integer; floats are read as uint32, and refused where they are not whole.
    chunks : (z, y, x)
        What is read at once at no extra cost: ``(1, Y, X)`` of files that lie in planes.
    where : str
        What errors call it.
    background : int or None
        Stands for background besides 0.

    Raises
    ------
    ValueError
        One line, when it has not three axes, no voxels, or other values than numbers; and from
        reading, when what is read is damaged or no labels.
    """

    ndim = 3

    def __init__(self, array: StoredArray, background: Background = None) -> None:
        self.where, self._array = array.where, array
        try:
            self._order = spatial_axes(array.shape, array.axes)
        except ValueError as error:
            raise ValueError(f"{array.where}: {error}") from None
        self._kept = sorted(self._order)
        z, y, x = (array.shape[axis] for axis in self._order)
        self.shape: tuple[int, int, int] = (z, y, x)
        if array.dtype.kind not in "buif":
            raise ValueError(f"{array.where}: labels must be whole numbers, not {array.dtype}")
        if min(self.shape) < 1:
            raise ValueError(f"{array.where}: labels hold no voxel; its shape is {array.shape}")
        whole = np.dtype(np.uint32) if array.dtype.kind == "f" else array.dtype.newbyteorder("=")
        self.dtype: np.dtype[Any] = whole
        self.chunks: tuple[int, int, int] = tuple(  # type: ignore[assignment]
            max(1, min(array.chunks[axis], array.shape[axis])) for axis in self._order
        )
        self.background = checked_background(background, array.dtype)
        check_memory(
            f"{array.where}: a chunk of {'×'.join(map(str, array.chunks))} voxels",
            math.prod(array.chunks) * array.dtype.itemsize,
        )
        self._key = (pickle.dumps(array.opener), _stamp(array.opener))

    @property
    def size(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all voxels in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        size = " × ".join(map(str, self.shape))
        return f"LazyLabels({self.where!r}, {size}, {self.dtype})"

    def __getitem__(self, where: Any) -> NDArray[Any]:
        """Read a box; whole numbers in ``where`` drop their axis, and steps leave gaps."""
        box, kept = box_of(where, self.shape)
        found: NDArray[Any]
        if all(side.step == 1 for side in box):
            with reading(self.where, "damaged, or no labels"):
                found = self._cleaned(self._read(box))[kept]
        else:
            found = self._with_gaps(box)[kept]
        return found

    def _with_gaps(self, box: tuple[slice, ...]) -> NDArray[Any]:
        """Read only those planes that are asked for, where they lie apart."""
        z, y, x = box
        together = z.step * max(1, self.chunks[0] // z.step)  # planes that are read at once anyway
        depth = together - z.step + 1
        rest = (slice(y.start, y.stop), slice(x.start, x.stop))
        found = [
            self[(slice(first, min(first + depth, z.stop)), *rest)][:: z.step, :: y.step, :: x.step]
            for first in range(z.start, z.stop, together)
        ]
        return np.concatenate(found) if found else self[(slice(0, 0), *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        check_memory(self.where, self.nbytes)
        return self[...].astype(dtype or self.dtype, copy=False)

    def raw(self, box: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read a box with the values of the file, nothing checked.

        Parameters
        ----------
        box
            Slices along (z, y, x).
        """
        with reading(self.where, "damaged"):
            return self._read(box_of(box, self.shape)[0])

    def _read(self, box: tuple[slice, ...]) -> NDArray[Any]:
        if any(one.stop <= one.start for one in box):
            return np.zeros([max(0, one.stop - one.start) for one in box], self._array.dtype)
        along = dict(zip(self._order, box, strict=True))
        wanted = tuple(along.get(axis, slice(0, 1)) for axis in range(len(self._array.shape)))
        found = np.asarray(handle_of(self._array.opener, self._key)[wanted])
        expected = tuple(one.stop - one.start for one in wanted)
        if found.shape != expected:
            raise ValueError(f"voxels are missing: {found.shape} instead of {expected}")
        flat = found.reshape([expected[axis] for axis in self._kept])
        turned = flat.transpose([self._kept.index(axis) for axis in self._order])
        return np.array(turned, order="C", subok=False)

    def _cleaned(self, block: NDArray[Any]) -> NDArray[Any]:
        if self.background is not None:
            block = without(block, self.background)
        if block.dtype.kind == "f":
            check_whole(block)
            return block.astype(np.uint32)
        if block.dtype == bool:
            return yes_or_no(block)
        if block.dtype.kind == "i" and block.size and int(block.min()) < 0:
            raise ValueError(below_zero(block.min()))
        return block.astype(self.dtype, copy=False)


def box_of(where: Any, shape: tuple[int, int, int]) -> tuple[tuple[slice, ...], tuple[Any, ...]]:
    """Return a slice for each axis, and an index that drops axes that were given as numbers.

    Parameters
    ----------
    where
        As between the brackets of an array: slices, whole numbers, ``...``.
    shape
        Voxels (z, y, x).

    Raises
    ------
    IndexError
        When it names no voxels there, or goes backwards.
    """
    given = list(where) if isinstance(where, tuple) else [where]
    if Ellipsis in given:
        at = given.index(Ellipsis)
        given[at : at + 1] = [slice(None)] * (len(shape) + 1 - len(given))
    if len(given) > len(shape):
        raise IndexError(f"{len(given)} indices for (z, y, x)")
    given += [slice(None)] * (len(shape) - len(given))
    box, dropped = [], []
    for one, length in zip(given, shape, strict=True):
        if isinstance(one, slice):
            start, stop, step = one.indices(length)
            if step < 1:
                raise IndexError(f"step {step}: labels on disk are not read backwards")
            box.append(slice(start, max(start, stop), step))
            dropped.append(slice(None))
        else:
            number = as_index(one)
            if not -length <= number < length:
                raise IndexError(f"index {number} is out of 0 to {length - 1}")
            box.append(slice(number % length, number % length + 1, 1))
            dropped.append(0)  # type: ignore[arg-type]
    return tuple(box), tuple(dropped)


def _stamp(opener: Any) -> tuple[int, int] | None:
    """Tell a file from the one that took its place; None where it is no file."""
    paths = [one for one in getattr(opener, "args", ()) if isinstance(one, Path)]
    try:
        found = paths[0].stat()
    except (OSError, IndexError):
        return None
    return found.st_mtime_ns, found.st_size
