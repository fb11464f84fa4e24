from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, interpolate
from scipy.spatial.distance import cdist

from napari_3dmsl.shapes.wandering import (
    GAP_UM,
    HOLE_UM,
    NEAR_RADII,
    STEP_UM,
    Curve,
    Root,
    Wander,
    ring,
    wander,
    wavering,
)

LIVELY = Wander(1.0, 1.0, np.deg2rad(8))


def line(seed: int, length_um: float, radius_um: float = 0.2, how: Wander = LIVELY) -> Curve:
    radii = np.full(round(length_um / STEP_UM) + 1, radius_um)
    found = wander(np.random.default_rng(seed), radii, how)
    assert found is not None
    return found


def by_quadrature(points: np.ndarray) -> float:
    """Length of the smooth curve through points."""
    steps = np.arange(len(points))
    spline = interpolate.CubicSpline(steps, points)
    places = np.linspace(0, steps[-1], 20 * len(points) + 1)
    return float(integrate.simpson(np.linalg.norm(spline(places, 1), axis=1), x=places))


@pytest.mark.parametrize("length", [0.5, 3.5, 12.0])
def test_a_line_is_as_long_as_asked_also_by_quadrature(length: float) -> None:
    found = line(1, length)
    assert found.length_um == pytest.approx(length, rel=1e-9)
    assert by_quadrature(found.points) == pytest.approx(length, rel=1e-3)


def test_without_curvature_a_line_is_straight() -> None:
    found = line(2, 4.0, how=Wander(0.0, 1.0, 0.0))
    assert np.linalg.norm(found.points[-1] - found.points[0]) == pytest.approx(4.0)


def test_curvature_has_the_spread_and_the_memory_that_were_asked_for() -> None:
    # Of two equal filters of rate 2/m the correlation over a length of s is (1 + 2 s/m) e^(-2 s/m).
    how, curvatures = Wander(0.3, 1.0, 0.0), []
    for seed in range(60):
        sides = np.diff(line(seed, 6.0, 0.1, how).points, axis=0)
        heading = np.unwrap(np.arctan2(sides[:, 1], sides[:, 2]))
        curvatures.append(np.diff(heading)[:230] / STEP_UM)
    found = np.array(curvatures)
    assert found.std() == pytest.approx(0.3, rel=0.1)
    apart = round(0.5 / STEP_UM)
    correlation = (found[:, apart:] * found[:, :-apart]).mean() / found.var()
    assert correlation == pytest.approx(2 / np.e, abs=0.1)


def test_bends_are_never_too_sharp_and_lines_are_nearly_flat() -> None:
    for seed in range(10):
        found = line(seed, 8.0, 0.25, Wander(5.0, 0.5, np.deg2rad(8)))
        sides = np.diff(found.points, axis=0)
        heading = np.unwrap(np.arctan2(sides[:, 1], sides[:, 2]))
        assert np.abs(np.diff(heading)).max() / STEP_UM * 0.25 < 0.551
        assert np.abs(sides[:, 0]).max() < 0.7 * STEP_UM
        assert np.ptp(found.points[:, 0]) < 3


@pytest.mark.parametrize("seed", range(6))
def test_a_long_line_never_comes_near_itself(seed: int) -> None:
    found = line(seed, 25.0, 0.2, Wander(1.2, 1.0, np.deg2rad(5)))
    distance = cdist(found.points, found.points)
    along = np.abs(found.arc[:, None] - found.arc)
    far = along > NEAR_RADII * 0.2 + GAP_UM + 8 * STEP_UM
    assert distance[far].min() > 2 * 0.2 + GAP_UM - 4 * STEP_UM
    assert distance[far].min() > 2 * 0.2


def test_branches_keep_off_all_but_their_root() -> None:
    trunk = line(3, 4.0, 0.15)
    other = trunk.moved(np.array([0.0, 0.0, 1.5]))
    root = Root(trunk, 80, 1.0)
    rng = np.random.default_rng(0)
    for _ in range(10):
        branch = wander(rng, np.full(61, 0.15), LIVELY, root, [other])
        assert branch is None or cdist(branch.points, other.points).min() > 0.3
        if branch is not None:
            np.testing.assert_array_equal(branch.points[0], trunk.points[80])


def test_where_no_way_is_free_there_is_no_line() -> None:
    def nowhere(points: np.ndarray) -> np.ndarray:
        return np.zeros(len(points), dtype=bool)

    radii = np.full(100, 0.1)
    assert wander(np.random.default_rng(0), radii, LIVELY, clear=nowhere) is None


def test_a_line_stays_in_its_box() -> None:
    def inside(points: np.ndarray) -> np.ndarray:
        return (np.abs(points) < 1.5).all(axis=(1, 2))

    radii = np.full(round(8 / STEP_UM), 0.1)
    found = wander(np.random.default_rng(1), radii, LIVELY, clear=inside)
    assert found is not None
    assert np.abs(found.points).max() < 1.5 + 4 * STEP_UM


@pytest.mark.parametrize("seed", range(8))
def test_rings_are_closed_have_a_hole_and_the_length_asked_for(seed: int) -> None:
    found = ring(np.random.default_rng(seed), 4.0, 0.18, 0.1, 0.1)
    np.testing.assert_array_equal(found.points[0], found.points[-1])
    assert found.radii[0] == found.radii[-1]
    assert found.length_um == pytest.approx(4.0, rel=2e-3)
    # The hole: a ball around some point keeps off the tube.
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 81)] * 2, indexing="ij"), axis=-1)
    centre = found.points.mean(axis=0)
    spots = centre[1:] + grid.reshape(-1, 2)
    near = cdist(spots, found.points[:, 1:]) - found.radii
    inner = np.linalg.norm(spots - centre[1:], axis=1) < 0.3
    assert near[inner].min(axis=1).max() > HOLE_UM / 2


def test_a_ring_too_short_for_a_hole_becomes_longer() -> None:
    found = ring(np.random.default_rng(0), 0.5, 0.2, 0.0, 0.0)
    assert found.length_um > 2 * np.pi * (0.2 + HOLE_UM / 2) * 0.95


def test_radii_vary_as_much_as_asked() -> None:
    rng = np.random.default_rng(0)
    radii = np.concatenate([wavering(rng, 400, 0.2, 0.1) for _ in range(100)])
    assert np.log(radii / 0.2).std() == pytest.approx(0.1, rel=0.1)
    assert np.abs(np.log(radii / 0.2)).max() <= 0.2 + 1e-12
