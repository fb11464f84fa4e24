"""Ranges are found whose sets are like a real one, where features are known functions."""

import numpy as np
import pytest

from napari_3dmsl.matching.distances import frechet, standard_of
from napari_3dmsl.matching.feature_model import FeatureModel, terms
from napari_3dmsl.matching.range_search import Ranges, Space, _Wanted, search

COUNT = 3
DRAWN = np.array([True, True, False])


def linear_model(rng: np.random.Generator) -> FeatureModel:
    coefficients = np.zeros((terms(np.zeros((1, COUNT))).shape[1], 6))
    coefficients[1 : COUNT + 1] = rng.normal(0, 3, (COUNT, 6))
    return FeatureModel(coefficients, rng.normal(0, 0.2, (300, 6)), np.ones(6))


def test_the_ranges_that_a_set_was_drawn_from_come_back() -> None:
    rng = np.random.default_rng(0)
    model = linear_model(rng)
    truth = Ranges(np.array([0.35, 0.6, 0.7]), np.array([0.2, 0.05, 0.0]))
    real = model.features(truth.at(rng.random((400, COUNT))), rng.integers(300, size=400))
    start = Ranges(np.full(COUNT, 0.5), np.where(DRAWN, 0.3, 0.0))
    found = search(
        model, real, standard_of(real), start, Space.free(DRAWN), 300, np.random.default_rng(1)
    )
    assert found.middle == pytest.approx(truth.middle, abs=0.05)
    assert found.half == pytest.approx(truth.half, abs=0.06)


def test_cost_and_its_slope_are_those_of_the_distance() -> None:
    rng = np.random.default_rng(3)
    real, found = rng.normal(size=(60, 6)), rng.normal(0.3, 1.4, (40, 6))
    standard = standard_of(real)
    wanted = _Wanted(real, standard)
    apart, _ = wanted._frechet(standard.project(found))
    expected = frechet(standard.project(real), standard.project(found))
    assert apart == pytest.approx(expected, rel=1e-6)
    _, slope = wanted.cost(found)
    for tile, feature in ((0, 0), (7, 3), (39, 5)):
        moved = found.copy()
        moved[tile, feature] += 1e-5
        rise = wanted.cost(moved)[0] - wanted.cost(found)[0]
        assert slope[tile, feature] == pytest.approx(rise / 1e-5, rel=1e-3, abs=1e-6)


def test_it_can_be_stopped() -> None:
    rng = np.random.default_rng(0)
    model = linear_model(rng)
    start = Ranges(np.full(COUNT, 0.5), np.where(DRAWN, 0.3, 0.0))

    def stop() -> None:
        raise InterruptedError

    real = model.residuals
    with pytest.raises(InterruptedError):
        search(model, real, standard_of(real), start, Space.free(DRAWN), 300, rng, stop)


def test_wider_ranges_stay_in_what_is_possible() -> None:
    wide = Ranges(np.array([0.1, 0.5, 0.9]), np.array([0.05, 0.2, 0.0])).wider(0.2, DRAWN)
    assert wide.low == pytest.approx([0.0, 0.1, 0.8])
    assert wide.high == pytest.approx([0.35, 0.9, 1.0])
    assert (wide.at(np.zeros((1, COUNT))) == wide.low).all()


def seen() -> Space:
    """Two settings that tiles have together, the first of which stays as it is, and a free one."""
    shares = np.array([[0.2, 0.4, np.nan], [0.6, 0.8, np.nan], [0.4, 0.5, np.nan]])
    return Space.around(np.array([True, True, False]), shares, np.array([True, False, False]))


def test_what_goes_together_is_drawn_as_tiles_have_it() -> None:
    space = seen()
    rng = np.random.default_rng(0)
    uniform = rng.random((30, 3))
    found = space.home.at(space.drawn_from(uniform, rng))
    pairs = {(round(first, 6), round(second, 6)) for first, second, _ in found.tolist()}
    assert pairs == {(0.2, 0.4), (0.6, 0.8), (0.4, 0.5)}
    assert (space.drawn_from(uniform, rng)[:, 2] == uniform[:, 2]).all(), "drawn on its own"
    moved = space.home.at(space.drawn_from(uniform, rng, jitter=0.1))
    assert {round(first, 6) for first in moved[:, 0].tolist()} == {0.2, 0.4, 0.6}, "is fixed"
    assert len(set(moved[:, 1].tolist())) > 10


def test_a_search_keeps_the_spread_of_what_goes_together() -> None:
    space = seen()
    rng = np.random.default_rng(4)
    model = linear_model(rng)
    shifted = np.add(space.home.middle, [0.0, 0.1, 0.2])
    truth = Ranges(shifted, space.home.half)
    drawn = space.drawn_from(rng.random((300, COUNT)), rng)
    real = model.features(truth.at(drawn), rng.integers(300, size=300))
    found = search(model, real, standard_of(real), space.home, space, 300, rng)
    assert found.middle[0] == space.home.middle[0]
    assert found.middle[1:] == pytest.approx(shifted[1:], abs=0.04)
    assert found.half[:2] == pytest.approx(space.home.half[:2])
