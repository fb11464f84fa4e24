"""Colours of emission, beside those that the CIE's standard observer sees."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from napari_3dmsl.figures.emission_colour import colour_table, emission_colour


def hue_deg(colour: tuple[float, float, float]) -> float:
    return 360.0 * colorsys.rgb_to_hsv(*colour)[0]


def bell(nm: float, peak: float, mean: float, below: float, above: float) -> float:
    width = below if nm < mean else above
    return peak * float(np.exp(-0.5 * ((nm - mean) / width) ** 2))


def cie_hue_deg(nm: float) -> float:
    """Hue on an sRGB screen by the fit of Wyman, Sloan and Shirley (JCGT 2 (2013) 1)."""
    x = bell(nm, 1.056, 599.8, 37.9, 31.0) + bell(nm, 0.362, 442.0, 16.0, 26.7)
    x += bell(nm, -0.065, 501.1, 20.4, 26.2)
    y = bell(nm, 0.821, 568.8, 46.9, 40.5) + bell(nm, 0.286, 530.9, 16.3, 31.1)
    z = bell(nm, 1.217, 437.0, 11.8, 36.0) + bell(nm, 0.681, 459.0, 26.0, 13.8)
    to_rgb = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    linear = np.clip(np.array(to_rgb) @ [x, y, z], 0.0, None)
    red, green, blue = (linear / linear.max()) ** (1 / 2.2)
    return hue_deg((float(red), float(green), float(blue)))


@pytest.mark.parametrize(
    ("nm", "name"),
    # Laser lines, as everybody calls them.
    [(405, "violet"), (450, "blue"), (488, "cyan"), (532, "green"), (600, "orange"), (688, "red")],
)
def test_light_has_the_colour_that_people_call_it(nm: float, name: str) -> None:
    hues = {
        "red": (-20, 15),
        "orange": (20, 50),
        "green": (75, 150),
        "cyan": (165, 195),
        "blue": (200, 250),
        "violet": (255, 300),
    }
    low, high = hues[name]
    assert low <= (hue_deg(emission_colour(nm)) + 30) % 360 - 30 <= high


@pytest.mark.parametrize("nm", range(430, 680, 10))
def test_hues_are_near_those_of_the_standard_observer(nm: int) -> None:
    apart = abs(hue_deg(emission_colour(nm)) - cie_hue_deg(nm))
    assert min(apart, 360 - apart) < 35


@pytest.mark.parametrize("nm", [300.0, 500.0, 561.0, 800.0, 1200.0])
def test_every_colormap_goes_from_black_to_full_brightness(nm: float) -> None:
    table = colour_table(emission_colour(nm))
    assert table.shape == (256, 3)
    assert not table[0].any()
    assert table[-1].max() == 255
    assert (np.diff(table.astype(int), axis=0) >= 0).all()
