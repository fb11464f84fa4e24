"""The one door to TIFF files: what cannot be, or cannot be kept in memory, is refused at once.

tifffile believes what a file says: it follows pages that lead back to each other for ever, and
makes room for as many planes as a description names. So both are looked at before it is asked.
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import complaints, reading

_MOST_PACKED = 2**15
"""Bytes that one byte of any compression stands for at most: Zstandard's runs of one value."""

_DESCRIPTION = 270
_LENGTHS = {256, 257, 322, 323}  # width and length of the image and of its tiles
_WHOLE_NUMBERS = {1, 3, 4, 16}  # types of entries: of 8, 16, 32 and 64 bits, without a sign
_LONGEST_TEXT = 1 << 24
_SIZES = re.compile(rb"""<(?:\w+:)?(?:Pixels|TiffData)\b[^>]*>""")
_PLANES = re.compile(rb"""\b(?:Size[ZCT]|PlaneCount|NumPlanes)\s*=\s*["'](\d+)["']""")


@contextmanager
def open_tiff(path: str | Path, problem: str = "cannot read this TIFF") -> Iterator[Any]:
    """Open a TIFF with tifffile; whatever is wrong with it becomes one line that names the file.

    Parameters
    ----------
    path
        The file.
    problem
        What the message says of it.

    Raises
    ------
    ValueError
        When it is missing or damaged, or when tifffile complained of what it has read.
    """
    import tifffile

    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    with reading(path, problem), complaints("tifffile") as wrong:
        with path.open("rb") as file:
            _check_pages(file, path.stat().st_size)
        with _complained(wrong), tifffile.TiffFile(path) as tiff, _codecs_named():
            yield tiff


@contextmanager
def _complained(wrong: list[str]) -> Iterator[None]:
    """Refuse what is left of a damaged file, which the library returns and only complains of.

    Its complaint goes before what was then found to be wrong with the rest, such as too few axes.
    """
    try:
        yield
    except Exception as error:
        if wrong and not str(error).startswith("damaged"):
            raise ValueError(f"damaged or truncated: {wrong[0]}") from error
        raise
    if wrong:
        raise ValueError(f"damaged or truncated: {wrong[0]}")


@contextmanager
def _codecs_named() -> Iterator[None]:
    """Say what to install where a compression needs a decoder that is not there."""
    try:
        yield
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        raise ValueError(
            "it is compressed in a way that needs imagecodecs (pip install imagecodecs)"
        ) from error


def pixels_from_tiff(content: bytes, where: str) -> NDArray[Any]:
    """Return the pixels of a TIFF that lies in memory, such as one out of a zip.

    Parameters
    ----------
    content
        The whole file.
    where
        Its name, for errors.

    Raises
    ------
    ValueError
        See `open_tiff` and `check_pixels`.
    """
    import tifffile

    with reading(where, "damaged"), complaints("tifffile") as wrong:
        _check_pages(io.BytesIO(content), len(content))
        with _complained(wrong), tifffile.TiffFile(io.BytesIO(content)) as tiff:
            check_pixels(where, tiff.series[0])
            pixels: NDArray[Any] = tiff.series[0].asarray()
    return pixels


def check_pixels(path: str | Path, series: Any, copies: float = 1.0) -> None:
    """Refuse a series whose pixels the file does not have, or that memory cannot hold.

    Parameters
    ----------
    path
        The file.
    series
        Of tifffile.
    copies
        How many times the pixels are held at the peak of the work.

    Raises
    ------
    ValueError
        One line.
    """
    length = series.keyframe.parent.filehandle.size
    if 0 in series.shape or any(page and page.dtype is None for page in series.pages):
        raise ValueError("damaged: no pixels, or of a type that does not exist")
    for page in series.pages:
        segments = () if page is None else zip(page.dataoffsets, page.databytecounts, strict=True)
        if page is None or any(offset + count > length for offset, count in segments):
            raise ValueError("damaged or truncated, pixels are missing")
    needed = math.prod(series.shape) * series.dtype.itemsize
    piece = math.prod(series.keyframe.chunks) * series.dtype.itemsize  # a tile or strip, unpacked
    if max(needed, piece) > _MOST_PACKED * length:
        raise ValueError(
            f"damaged: {'×'.join(map(str, series.shape))} pixels do not fit into {length:,} bytes"
        )
    check_memory(str(path), copies * needed)


def _check_pages(file: BinaryIO, length: int) -> None:
    """Refuse pages that lead back to each other, and descriptions of more planes than bytes."""
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 16:
        return  # tifffile says what is wrong
    big = struct.unpack_from(f"{order}H", head, 2)[0] == 43
    offset = struct.unpack_from(f"{order}{'Q' if big else 'I'}", head, 8 if big else 4)[0]
    seen: set[int] = set()
    while 0 < offset < length:
        if offset in seen:
            raise ValueError(f"damaged: page {len(seen)} leads back to an earlier page")
        entries, following = _page(file, offset, order, big)
        _check_sizes(entries, order, big)
        if not seen:
            _check_planes(_text(file, entries, order, big), length)
        seen.add(offset)
        offset = following


def _page(file: BinaryIO, offset: int, order: str, big: bool) -> tuple[bytes, int]:
    """Return the entries of a page, and where the next one begins; 0 where there is none."""
    file.seek(offset)
    count_form, next_form, entry = ("Q", "Q", 20) if big else ("H", "I", 12)
    count = _number(file.read(struct.calcsize(count_form)), order + count_form)
    if count > 65535:
        return b"", 0
    entries = file.read(entry * count)
    return entries, _number(file.read(struct.calcsize(next_form)), order + next_form)


def _number(content: bytes, form: str) -> int:
    return int(struct.unpack(form, content)[0]) if len(content) == struct.calcsize(form) else 0


def _check_sizes(entries: bytes, order: str, big: bool) -> None:
    """Refuse sizes of a page that are 0, or below, which tifffile counts with for ever."""
    for tag, kind, _, value in _unpacked(entries, order, big):
        if tag in _LENGTHS and (kind not in _WHOLE_NUMBERS or value == 0):
            raise ValueError(f"damaged: a page whose size is no number above 0 (tag {tag})")


def _unpacked(entries: bytes, order: str, big: bool) -> Iterator[tuple[int, int, int, int]]:
    """Return tag, type, count and value of each entry; a short value fills its field from left."""
    entry, form = (20, f"{order}HHQQ") if big else (12, f"{order}HHII")
    return struct.iter_unpack(form, entries[: len(entries) // entry * entry])


def _text(file: BinaryIO, entries: bytes, order: str, big: bool) -> bytes:
    """Return the description that a page has, empty when it has none."""
    for tag, _, count, place in _unpacked(entries, order, big):
        if tag == _DESCRIPTION and count <= _LONGEST_TEXT:
            file.seek(place)
            return file.read(count)
    return b""


def _check_planes(text: bytes, length: int) -> None:
    for pixels in _SIZES.findall(text):
        planes = math.prod(int(size[:18]) for size in _PLANES.findall(pixels))
        if planes > length:
            raise ValueError(f"damaged: it tells of {planes:,} planes in {length:,} bytes")
