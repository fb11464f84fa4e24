"""What lies open: files that voxels are read from, kept open from block to block."""

from __future__ import annotations

import atexit
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

_KEPT = 4  # files that stay open
_open: OrderedDict[Any, Any] = OrderedDict()
_lock = threading.Lock()


def handle_of(opener: Callable[[], Any], key: Any) -> Any:
    """Return what an opener returns, opened once a process; copies that came by pickle share it.

    Parameters
    ----------
    opener
        Opens it.
    key
        Equal for the same content.
    """
    with _lock:
        if key in _open:
            _open.move_to_end(key)
            return _open[key]
    found = opener()
    with _lock:
        _open[key] = found
        while len(_open) > _KEPT:
            _open.popitem(last=False)
    return found


@atexit.register
def forget_handles() -> None:
    """Close all files that are open between blocks."""
    with _lock:
        _open.clear()


class MappedFile:
    """The array that fills a part of a file as it is: only what is asked for is read.

    The file is mapped for each box and let go again, so that what was read does not count as memory
    of this process.

    Parameters
    ----------
    path
        The file.
    shape, dtype
        Of the array.
    offset
        Where its first byte is.
    order
        ``C`` where the last axis runs fastest, ``F`` where the first one does.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        offset: int = 0,
        order: Literal["C", "F"] = "C",
    ) -> None:
        self._path, self._shape, self._dtype = path, shape, dtype
        self._offset, self._order = offset, order

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[Any]:
        mapped: Any = np.memmap(
            self._path, self._dtype, "r", self._offset, self._shape, self._order
        )
        return np.array(mapped[box])


class PackedPlanes:
    """The array in a stream that can only be unpacked from the beginning: gzip, or in a zip.

    Planes are read one after the other; going back begins anew.

    Parameters
    ----------
    opened
        Returns the stream.
    shape, dtype
        Of the array, whose planes along the first axis lie one after the other.
    offset
        Where its first byte is in the stream.
    """

    def __init__(
        self,
        opened: Callable[[], IO[bytes]],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        offset: int = 0,
    ) -> None:
        self._opened, self._stream, self._lock = opened, opened(), threading.Lock()
        self._shape, self._dtype, self._offset = shape, dtype, offset

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[Any]:
        length = math.prod(self._shape[1:]) * self._dtype.itemsize
        first, last, _ = box[0].indices(self._shape[0])
        planes = []
        with self._lock:
            begin = self._offset + first * length
            if begin < self._stream.tell():
                self._stream.close()
                self._stream = self._opened()
            self._stream.seek(begin)
            for _ in range(first, last):
                content = self._stream.read(length)
                plane = np.frombuffer(content, self._dtype).reshape(self._shape[1:])
                planes.append(plane[box[1:]].copy())
        return np.stack(planes) if planes else np.empty((0, *self._shape[1:]), self._dtype)

    def __del__(self) -> None:
        if hasattr(self, "_stream"):
            self._stream.close()
