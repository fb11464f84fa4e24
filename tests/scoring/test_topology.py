"""Betti numbers, against persistent homology of GUDHI, scikit-image and solids of known shape."""

from __future__ import annotations

import gudhi
import numpy as np
import pytest
from skimage.measure import euler_number as euler_of_skimage

from napari_3dmsl.scoring.topology import betti_error, betti_numbers, euler_number, patch_errors


def betti_of_gudhi(mask: np.ndarray) -> tuple[int, ...]:
    """The same complex, its pixels being vertices, by persistent homology."""
    if not mask.any():
        return (0,) * mask.ndim
    complex_ = gudhi.CubicalComplex(vertices=np.where(mask, 0.0, 1.0))
    complex_.compute_persistence(homology_coeff_field=2, min_persistence=0)
    return tuple(complex_.persistent_betti_numbers(0.5, 0.5)[: mask.ndim])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [(12, 15), (5, 6, 7)])
def test_random_masks_have_the_betti_numbers_of_persistent_homology(
    shape: tuple[int, ...], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < rng.uniform(0.2, 0.95)
    assert betti_numbers(mask) == betti_of_gudhi(mask)
    assert euler_number(mask) == euler_of_skimage(mask, connectivity=1)


def torus(shape: tuple[int, int, int] = (9, 25, 25)) -> np.ndarray:
    z, y, x = np.indices(shape) - np.array(shape)[:, None, None, None] // 2
    return (np.hypot(y, x) - 8) ** 2 + z**2 <= 9


def test_solids_have_the_numbers_that_everybody_knows() -> None:
    ball = np.sum((np.indices((11, 11, 11)) - 5) ** 2, axis=0) <= 20
    hollow = ball & (np.sum((np.indices((11, 11, 11)) - 5) ** 2, axis=0) >= 6)
    assert betti_numbers(ball) == (1, 0, 0)
    assert betti_numbers(hollow) == (1, 0, 1)
    assert betti_numbers(torus()) == (1, 1, 0)
    assert betti_numbers(np.concatenate([torus(), torus()], axis=1)) == (2, 2, 0)
    assert betti_numbers(torus()[4]) == (1, 1)
    assert betti_numbers(torus()[:, 12]) == (2, 0)
    assert betti_numbers(np.zeros((3, 3))) == (0, 0)
    assert betti_numbers(np.full((3, 3, 3), 7)) == (1, 0, 0)


def test_foreground_hangs_together_by_faces_and_background_by_corners() -> None:
    assert betti_numbers(np.eye(3)) == (3, 0)
    ring = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    assert betti_numbers(ring) == (4, 0)  # its middle opens over the corners
    assert betti_numbers(np.maximum(ring, np.eye(3)[::-1])[:, :]) != (4, 0)


def test_the_error_adds_up_all_dimensions() -> None:
    ring, disc = torus()[4], torus()[4].copy()
    disc[12, 12] = True  # a dot in the ring
    assert betti_error(ring, disc) == 1
    ring[12, :12] = False  # cut through, so no loop
    assert betti_error(disc, ring) == 2
    assert betti_error(disc, np.zeros_like(disc)) == 3


def test_patches_find_errors_that_cancel_in_the_whole() -> None:
    truth, prediction = np.zeros((8, 20), bool), np.zeros((8, 20), bool)
    truth[2:4, 2:4] = True
    prediction[2:4, 12:14] = True
    assert betti_error(truth, prediction) == 0
    assert list(patch_errors(truth, prediction, 8)) == [1, 1, None]


def test_masks_of_one_axis_or_four_are_refused() -> None:
    with pytest.raises(ValueError, match="4D masks"):
        betti_numbers(np.ones((2, 2, 2, 2)))
