"""How long a scale bar is: a round length that is a fair part of the picture's width."""

from __future__ import annotations

import math

_FRACTION = 0.25  # of the width, at most; the round length below it is at least 0.1
_ROUND = (5.0, 2.0, 1.0)


def bar_length_um(width_um: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at most a quarter of the width and at least a tenth.

    Parameters
    ----------
    width_um
        What the picture shows from left to right, above 0.
    """
    longest = _FRACTION * width_um
    power = 10.0 ** math.floor(math.log10(longest))
    part = next(part for part in _ROUND if part * power <= longest * (1.0 + 1e-9))
    return float(f"{part * power:.6g}")


def bar_label(length_um: float) -> str:
    """Return the length in words: nanometres below half a micrometre.

    Parameters
    ----------
    length_um
        Of the bar.
    """
    return f"{1000.0 * length_um:g} nm" if length_um < 0.5 else f"{length_um:g} µm"
