"""Display ranges that keep what people see honest while a knob turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_LOW, _HIGH = 0.5, 99.95  # percentiles: a few dark and bright pixels aside
_BRIGHTER = 0.1  # of the range; noise alone does not move it
_SHARE = 0.0005  # of the pixels, those above the high percentile


@dataclass(frozen=True)
class Contrast:
    """A display range: black, and full colour.

    It fits the first image, follows images that get brighter and holds when they get dimmer, so
    that what is out of focus looks dim, and nothing ends as a white blob.
    """

    low: float
    high: float

    @classmethod
    def fitted(cls, values: NDArray[Any]) -> Self:
        """Return the range of an image: its darkest to its brightest pixels, a few aside.

        Parameters
        ----------
        values
            An image or a stack.
        """
        low, high = (float(value) for value in np.percentile(values, (_LOW, _HIGH)))
        return cls(low, high if high > low else low + 1.0)

    @classmethod
    def around_zero(cls, values: NDArray[Any]) -> Self:
        """Return a range with zero in its middle.

        Parameters
        ----------
        values
            Some may be NaN.
        """
        most = float(np.nanpercentile(np.abs(values), _HIGH))
        return cls(-most, most) if most > 0 else cls(-1.0, 1.0)

    def following(self, values: NDArray[Any]) -> Self:
        """Return the range for the next image of the same kind: the same, or a brighter one.

        Parameters
        ----------
        values
            An image or a stack.
        """
        limit = self.high + _BRIGHTER * (self.high - self.low)
        if np.count_nonzero(values > limit) <= _SHARE * values.size:
            return self
        fitted = self.fitted(values)
        return type(self)(min(self.low, fitted.low), max(self.high, fitted.high))
