"""A TIFF of one page put together by hand: what tifffile writes, to the last byte, in less time.

An image set has tens of thousands of small images of the same kind, and tifffile works out every
tag of each anew.
"""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST = 1 << 17  # bytes; what is larger tifffile may cut into strips
_SHORT, _LONG = 3, 4
_DEFLATE = 8
_ALIGNED = 16
_SOFTWARE = b"tifffile.py\0"


def is_one_page(pixels: NDArray[np.generic]) -> bool:
    """Tell whether `one_page` writes such an image; others are for tifffile.

    Parameters
    ----------
    pixels
        Of the image.
    """
    plain = pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16)
    return plain and 0 < pixels.nbytes <= _LARGEST


def one_page(
    pixels: NDArray[np.generic],
    description: bytes,
    resolution: tuple[float, float],
    *,
    compress: bool,
) -> bytes:
    """Return the file of an image.

    Parameters
    ----------
    pixels
        (rows, columns) uint8 or uint16.
    description
        In ASCII, four letters or more, without a zero at its end.
    resolution
        Pixels per centimetre along x and y.
    compress
        With zlib.
    """
    rows, columns = pixels.shape
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    data = _deflated(little) if compress else little.tobytes()
    text = description + b"\0"
    text += b"\0" * (len(text) % 2)
    text_at = 8 + 2 + 14 * 12 + 4
    x_at = text_at + len(text)
    software_at = x_at + 16
    end = software_at + len(_SOFTWARE)
    data_at = -(-end // _ALIGNED) * _ALIGNED
    tags = (
        (256, _LONG, 1, columns),
        (257, _LONG, 1, rows),
        (258, _SHORT, 1, 8 * pixels.dtype.itemsize),
        (259, _SHORT, 1, _DEFLATE if compress else 1),
        (262, _SHORT, 1, 1),  # black is 0
        (270, 2, len(description) + 1, text_at),
        (273, _LONG, 1, data_at),
        (277, _SHORT, 1, 1),  # sample a pixel
        (278, _LONG, 1, rows),  # in one strip
        (279, _LONG, 1, len(data)),
        (282, 5, 1, x_at),
        (283, 5, 1, x_at + 8),
        (296, _SHORT, 1, 3),  # centimetres
        (305, 2, len(_SOFTWARE), software_at),
    )
    head = [b"II*\0", struct.pack("<IH", 8, len(tags))]
    head += [struct.pack("<HHII", *tag) for tag in tags]
    head += [bytes(4), text, _ratios(resolution), _SOFTWARE, bytes(data_at - end)]
    return b"".join([*head, data])


def _deflated(pixels: NDArray[np.generic]) -> bytes:
    import tifffile

    return bytes(tifffile.TIFF.COMPRESSORS[_DEFLATE](pixels))


@lru_cache(maxsize=64)
def _ratios(resolution: tuple[float, float]) -> bytes:
    """Return the two ratios of whole numbers that tifffile makes of a resolution."""
    import tifffile

    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((1, 1), np.uint8), resolution=resolution)
    file.seek(0)
    with tifffile.TiffFile(file) as tiff:
        tags = tiff.pages[0].tags
        return struct.pack("<4I", *tags[282].value, *tags[283].value)
