"""The colour of light of a wavelength, as a screen can show it, and colormaps from black to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rgb = tuple[float, float, float]

GREY: Rgb = (1.0, 1.0, 1.0)
BELOW: Rgb = (0.34, 0.71, 0.91)
ABOVE: Rgb = (0.90, 0.62, 0.0)
# Corners of D. Bruton, "Approximate RGB values for visible wavelengths", Stephen F. Austin State
# University (1996): red, green and blue go straight from one to the next. Its dimming towards the
# ends of the visible is left out, so that every colormap reaches full brightness.
_NM = (380.0, 440.0, 490.0, 510.0, 580.0, 645.0, 780.0)
_RED = (1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
_GREEN = (0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0)
_BLUE = (1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)


def emission_colour(emission_nm: float) -> Rgb:
    """Return red, green and blue, 0 to 1, of light of a wavelength.

    Parameters
    ----------
    emission_nm
        Light that no eye sees gets the colour of the nearest that it does see.
    """
    red, green, blue = (float(np.interp(emission_nm, _NM, part)) for part in (_RED, _GREEN, _BLUE))
    return red, green, blue


def colour_table(colour: Rgb, levels: int = 256) -> NDArray[np.uint8]:
    """Return a colormap from black to a colour.

    Parameters
    ----------
    colour
        Red, green and blue, 0 to 1.
    levels
        How many steps.

    Returns
    -------
    (levels, 3) uint8
    """
    shade = np.linspace(0.0, 255.0, levels)[:, None]
    table: NDArray[np.uint8] = np.rint(shade * np.array(colour)).astype(np.uint8)
    return table


def signed_table(levels: int = 256) -> NDArray[np.uint8]:
    """Return a colormap of differences: blue below zero, black at it, orange above.

    The two can be told apart by people who do not see red or green (Okabe and Ito 2008).

    Parameters
    ----------
    levels
        How many steps; an even number.
    """
    half = levels // 2
    table: NDArray[np.uint8] = np.concatenate(
        [colour_table(BELOW, half)[::-1], colour_table(ABOVE, half)]
    )
    return table
