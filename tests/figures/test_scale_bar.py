from __future__ import annotations

import numpy as np
import pytest

from napari_3dmsl.figures.scale_bar import bar_label, bar_length_um


@pytest.mark.parametrize("width", np.geomspace(0.05, 500, 41).tolist())
def test_a_bar_is_round_and_a_fair_part_of_the_width(width: float) -> None:
    length = bar_length_um(width)
    assert 0.1 * width <= length * (1 + 1e-9) <= 0.25 * width * (1 + 1e-6)
    assert f"{length:e}"[:5] in {"1.000", "2.000", "5.000"}


@pytest.mark.parametrize(("width", "length"), [(9.0, 2.0), (8.0, 2.0), (4.0, 1.0), (2.0, 0.5)])
def test_exact_quarters_are_used(width: float, length: float) -> None:
    assert bar_length_um(width) == length


@pytest.mark.parametrize(("length", "label"), [(0.2, "200 nm"), (0.5, "0.5 µm"), (10.0, "10 µm")])
def test_its_label_says_how_long_it_is(length: float, label: str) -> None:
    assert bar_label(length) == label
