"""Profiles along lines, beside numpy's own indexing."""

from __future__ import annotations

import numpy as np
import pytest

from napari_3dmsl.figures.line_profile import Line, line_profile
from napari_3dmsl.figures.picture import Picture

PIXEL = 0.08


def noise(rows: int, columns: int) -> Picture:
    values = np.random.default_rng(0).integers(0, 60_000, (rows, columns)).astype(np.uint16)
    return Picture("a", "", values, pixel_um=PIXEL, emission_nm=500)


def place(index: float, count: int) -> float:
    """Middle of a row or column, µm from the middle of the image."""
    return PIXEL * (index - 0.5 * (count - 1))


@pytest.mark.parametrize("shape", [(32, 40), (31, 41)])
def test_along_a_row_it_is_the_row(shape: tuple[int, int]) -> None:
    picture = noise(*shape)
    y = place(11, shape[0])
    line = Line(place(3, shape[1]), y, place(27, shape[1]), y)
    found = line_profile(picture, picture.values, line)
    np.testing.assert_allclose(found.values, picture.values[11, 3:28])
    np.testing.assert_allclose(found.distance_um, PIXEL * np.arange(25))


def test_up_a_column_it_is_the_column_from_below() -> None:
    picture = noise(32, 40)
    x = place(5, 40)
    found = line_profile(picture, picture.values, Line(x, place(30, 32), x, place(10, 32)))
    np.testing.assert_allclose(found.values, picture.values[30:9:-1, 5])


def test_between_pixels_it_is_their_mean() -> None:
    picture = noise(32, 40)
    y = place(11.5, 32)
    found = line_profile(picture, picture.values, Line(place(3, 40), y, place(9, 40), y))
    np.testing.assert_allclose(found.values, picture.values[11:13, 3:10].mean(axis=0))


def test_a_slanted_line_through_a_ramp_is_straight_and_as_long_as_it_is() -> None:
    rows, columns = np.mgrid[:64, :64]
    ramp = Picture("a", "", 2.0 * rows + 3.0 * columns, pixel_um=PIXEL, emission_nm=500)
    line = Line(place(5, 64), place(8, 64), place(35, 64), place(48, 64))
    found = line_profile(ramp, ramp.values, line)
    assert line.length_um == pytest.approx(50 * PIXEL)
    assert len(found.values) == 51
    np.testing.assert_allclose(found.values, np.linspace(2 * 8 + 3 * 5, 2 * 48 + 3 * 35, 51))


def test_outside_the_image_there_is_nothing() -> None:
    picture = noise(32, 40)
    y = place(11, 32)
    found = line_profile(picture, picture.values, Line(place(-4, 40), y, place(3, 40), y))
    assert np.isnan(found.values[:4]).all()
    np.testing.assert_allclose(found.values[4:], picture.values[11, :4])
