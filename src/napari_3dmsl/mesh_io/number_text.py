"""Numbers as the text of mesh files, formatted by the million.

The digits are looked up three or four at a time, in words of four bytes; bytes of a word that no
digit needs are zero and taken out in the end. So a mesh becomes text in a fifth of the time that
``%`` takes, and the text is the same.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST = 10_000_000  # whole parts in two words; what is larger is left to ``%``
_EXACT = 2.0**51  # products of this size still tell halves
_ROWS = 1 << 14  # in one go: some MB
_BLANK, _NEW_LINE, _MINUS = (ord(sign) for sign in " \n-")


def integer_rows(values: NDArray[np.integer], first: str = "") -> bytes:
    """Return rows of whole numbers as text, a blank between two, a row a line.

    Parameters
    ----------
    values
        (N, k), 0 or more.
    first
        What each line begins with, up to four letters.
    """
    return b"".join([_integers(values[part], first) for part in _parts(len(values))])


def decimal_rows(values: NDArray[np.floating], places: Literal[6, 9]) -> bytes:
    """Return rows of numbers as text, a blank between two, a row a line.

    Parameters
    ----------
    values
        (N, k), finite.
    places
        Digits behind the point; the last is rounded as ``%`` does.
    """
    wide = np.asarray(values, dtype=np.float64)
    return b"".join([_decimals(wide[part], places) for part in _parts(len(wide))])


def _integers(values: NDArray[np.integer], first: str) -> bytes:
    if values.size and not (values.min() >= 0 and values.max() < _MOST):
        line = first + " ".join(["%d"] * values.shape[1]) + "\n"
        return (line * len(values) % tuple(values.ravel().tolist())).encode()
    words = np.empty((len(values), 1 + 3 * values.shape[1]), dtype="<u4")
    words[:, 0] = int.from_bytes(first.encode(), "little")
    words[:, 3::3] = _BLANK
    words[:, -1] = _NEW_LINE
    words[:, 1::3], words[:, 2::3] = _whole_words(values)
    return _text(words)


def _decimals(values: NDArray[np.float64], places: int) -> bytes:
    size, scale = np.abs(values), 10.0**places
    if not size.max(initial=0.0) < min(_MOST - 1, _EXACT / scale):
        line = " ".join([f"%.{places}f"] * values.shape[1]) + "\n"
        return (line * len(values) % tuple(values.ravel().tolist())).encode()
    scaled = size * scale
    whole = np.rint(scaled).astype(np.int64)
    # The product is rounded; next to a half the digits are those of the number itself.
    close = np.abs(np.abs(scaled - whole) - 0.5) <= np.spacing(scaled)
    whole[close] = [int(f"{number:.{places}f}".replace(".", "")) for number in size[close]]
    count = places // 3
    words = np.empty((*values.shape, 3 + count), dtype="<u4")
    words[..., 0] = np.where(np.signbit(values), _MINUS, 0)
    for word in range(count, 0, -1):
        before = whole // 1000
        digits = whole - 1000 * before
        words[..., 2 + word] = _three_digits("." * (word == 1), " " * (word == count)).take(digits)
        whole = before
    words[:, -1, -1] ^= (_BLANK ^ _NEW_LINE) << 24
    words[..., 1], words[..., 2] = _whole_words(whole)
    return _text(words)


def _whole_words(values: NDArray[np.integer]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the words of whole numbers below 10,000,000: up to three digits, then four."""
    high = values // 10_000
    low = values - 10_000 * high
    long = high > 0
    if not long.any():
        return np.zeros(values.shape, dtype=np.uint32), _four_digits(filled=False).take(low)
    last = np.where(long, _four_digits(filled=True).take(low), _four_digits(filled=False).take(low))
    return np.where(long, _four_digits(filled=False).take(high), np.uint32(0)), last


@cache
def _four_digits(*, filled: bool) -> NDArray[np.uint32]:
    """Return the words of 0 to 9999, filled with zeros from the left or as they are."""
    words = [f"{n:04d}" if filled else str(n) for n in range(10_000)]
    return _words(words)


@cache
def _three_digits(before: str, behind: str) -> NDArray[np.uint32]:
    """Return the words of 000 to 999 with a sign before or behind them."""
    return _words([f"{before}{n:03d}{behind}" for n in range(1000)])


def _words(texts: list[str]) -> NDArray[np.uint32]:
    return np.frombuffer(b"".join(text.encode().ljust(4, b"\0") for text in texts), dtype="<u4")


def _text(words: NDArray[np.uint32]) -> bytes:
    return words.tobytes().translate(None, b"\0")


def _parts(rows: int) -> list[slice]:
    return [slice(start, start + _ROWS) for start in range(0, rows, _ROWS)]
