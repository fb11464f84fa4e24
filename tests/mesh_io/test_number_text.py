"""Numbers of mesh files as text: byte for byte what ``%`` makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_3dmsl.mesh_io.number_text import decimal_rows, integer_rows


def formatted(rows, form):
    return "".join(" ".join(form % value for value in row) + "\n" for row in rows.tolist()).encode()


@pytest.mark.parametrize("places", [6, 9])
@pytest.mark.parametrize("size", [1e-10, 1e-6, 1.0, 300.0, 4e4, 8e6, 1e8, 1e17])
def test_decimals_are_those_of_percent_at_every_size(places, size):
    rows = np.random.default_rng(0).normal(0, size, (500, 3))
    assert decimal_rows(rows, places) == formatted(rows, f"%.{places}f")


@pytest.mark.parametrize("places", [6, 9])
def test_halves_are_rounded_as_the_number_itself_not_its_product(places):
    halves = (np.arange(3000) + 0.5) * 10.0**-places  # most are a bit above or below
    ties = np.arange(3000) / 2.0 ** (places + 1)  # exactly between two
    near = np.nextafter(ties, 0)
    for values in (halves, ties, near, 4000 + halves, 9999 + near):
        rows = np.concatenate([values, -values]).reshape(-1, 3)
        assert decimal_rows(rows, places) == formatted(rows, f"%.{places}f")


@pytest.mark.parametrize("places", [6, 9])
def test_numbers_that_grow_a_digit_by_rounding(places):
    rows = np.array(
        [[0.9999999999, 9.9999999996, 999.9999999], [9999.99999996, 9999999.4, 9999998.99999999]]
    )
    rows = np.concatenate([rows, -rows, [[0.0, -0.0, -1e-30]]])
    assert decimal_rows(rows, places) == formatted(rows, f"%.{places}f")


def test_single_precision_is_written_as_its_double():
    rows = np.random.default_rng(1).normal(0, 1, (100, 6)).astype(np.float32)
    assert decimal_rows(rows, 6) == formatted(rows.astype(float), "%.6f")


def test_numbers_that_are_not_finite_look_as_ever():
    rows = np.array([[np.nan, np.inf, -1.0]])
    assert decimal_rows(rows, 9) == formatted(rows, "%.9f")


@pytest.mark.parametrize("most", [1, 9, 10, 9999, 10_000, 10_001, 123_456, 9_999_999, 2**31 - 1])
def test_whole_numbers_are_those_of_percent(most):
    rows = np.random.default_rng(2).integers(0, most, (500, 3), endpoint=True).astype(np.int32)
    rows[0], rows[1] = 0, most
    assert integer_rows(rows, "3 ") == formatted(np.insert(rows, 0, 3, axis=1), "%d")
    assert integer_rows(rows[:, ::-1]) == formatted(rows[:, ::-1], "%d")


def test_many_rows_are_written_part_by_part():
    rows = np.arange(150_000).reshape(-1, 3)
    assert integer_rows(rows) == formatted(rows, "%d")
    assert decimal_rows(rows / 7, 6) == formatted(rows / 7, "%.6f")


def test_no_rows_are_no_text():
    assert integer_rows(np.zeros((0, 3), dtype=int), "3 ") == b""
    assert decimal_rows(np.zeros((0, 3)), 9) == b""
