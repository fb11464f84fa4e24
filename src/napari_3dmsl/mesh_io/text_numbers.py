"""Numbers in the text of mesh files, parsed by the million."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

_NUMBER_BYTES = b"0123456789+-.eE \r\n\t"


def numbers(text: bytes, dtype: DTypeLike, what: str) -> NDArray[Any]:
    """Parse numbers apart from each other by white space, nothing else among them.

    Parameters
    ----------
    text
        Such as lines of a file.
    dtype
        Of the result.
    what
        What the message calls the numbers.

    Returns
    -------
    (N,) array

    Raises
    ------
    ValueError
        When there is anything else, or a word for no number; ``what`` names them.
    """
    problem = f"damaged: something among the {what} is no number, or not finite"
    if text.translate(None, _NUMBER_BYTES):
        raise ValueError(problem)
    try:  # NumPy warns where it stops before the end: an error if somebody has made it one
        found = np.fromstring(text, dtype=dtype, sep=" ")
    except (ValueError, OverflowError, Warning):
        raise ValueError(problem) from None
    if len(found) != len(text.split()):
        raise ValueError(problem)
    return found
