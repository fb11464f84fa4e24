"""Grey values on one scale, whatever camera and stretch they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_3dmsl.matching.grey_levels import GreyLevels, grey_levels


def test_one_percent_lies_below_black_and_a_thousandth_above_white() -> None:
    tiles = np.random.default_rng(0).permutation(20 * 64 * 64).reshape(20, 64, 64)
    scaled = grey_levels(tiles).apply(tiles)
    assert np.isclose((scaled < 0).mean(), 0.01, atol=1e-4)
    assert np.isclose((scaled > 1).mean(), 0.001, atol=1e-4)


def test_dim_tiles_stay_dim_beside_bright_ones() -> None:
    tiles = np.random.default_rng(0).random((4, 64, 64))
    tiles[0] *= 0.1
    assert grey_levels(tiles).apply(tiles)[0].max() < 0.11


def test_a_set_with_hardly_any_light_has_levels_all_the_same() -> None:
    tiles = np.zeros((1, 64, 64), np.uint8)
    tiles[0, 3, 3] = 9
    assert grey_levels(tiles) == GreyLevels(0, 9)


@pytest.mark.parametrize(
    ("tiles", "message"),
    [
        (np.ones((64, 64)), r"shape \(64, 64\); give numbers of shape \(tiles, rows, columns\)"),
        (np.ones((0, 64, 64)), "one tile or more"),
        (np.ones((1, 64, 16)), "64 × 16 pixels; give tiles of at least 32 × 32"),
        (np.full((1, 64, 64), np.nan), "NaN or infinite"),
        (np.full((2, 64, 64), 7), "every pixel is 7"),
        (np.full((2, 64, 64), "a"), "give numbers"),
    ],
)
def test_what_shows_nothing_is_refused_in_one_line(tiles: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        grey_levels(tiles)
    assert "\n" not in str(caught.value)
