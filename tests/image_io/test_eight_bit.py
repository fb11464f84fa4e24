"""Stretching to 8 bits loses half a grey level and nothing else."""

import numpy as np
import pytest

from napari_3dmsl.image_io.eight_bit import levels_for, stretch_levels, stretched, unstretched


def test_from_lowest_to_highest_it_can_be_undone_to_half_a_grey_level():
    image = np.random.default_rng(0).integers(100, 3000, (3, 40, 50)).astype(np.uint16)
    low, high = stretch_levels(image, (0, 100))
    assert (low, high) == (image.min(), image.max())
    grey = stretched(image, low, high)
    assert grey.dtype == np.uint8
    assert (grey.min(), grey.max()) == (0, 255)
    assert np.abs(unstretched(grey, low, high) - image).max() <= (high - low) / 255 / 2 + 1e-9


def test_between_percentiles_the_ends_are_clipped_and_so_many_pixels_are_white():
    image = np.arange(10_000, dtype=np.float32).reshape(100, 100)
    low, high = stretch_levels(image, (5, 98))
    grey = stretched(image, low, high)
    assert (image <= low).mean() == pytest.approx(0.05, abs=1e-3)
    assert (grey[image >= high] == 255).all()
    assert (grey[image <= low] == 0).all()
    assert (np.diff(grey.ravel().astype(int)) >= 0).all()


def test_an_image_of_one_value_is_black_and_comes_back():
    image = np.full((4, 4), 107, np.uint16)
    low, high = stretch_levels(image, (0.175, 99.825))
    grey = stretched(image, low, high)
    assert not grey.any()
    assert (unstretched(grey, low, high) == 107).all()


def test_a_tile_of_a_stretched_field_has_the_greys_that_it_has_there():
    field = np.random.default_rng(1).integers(100, 3000, (60, 60)).astype(np.uint16)
    grey = stretched(field, *stretch_levels(field, (0, 100)))
    tile, wanted = field[:20, :20], grey[:20, :20]
    levels = levels_for(stretch_levels(tile, (0, 100)), float(wanted.min()), float(wanted.max()))
    again = stretched(tile, *levels)
    assert np.abs(again.astype(int) - wanted.astype(int)).max() <= 1
    assert (again.min(), again.max()) == (wanted.min(), wanted.max())
