"""clDice, on tubes whose centrelines are known."""

from __future__ import annotations

import numpy as np
import pytest

from napari_3dmsl.scoring.centrelines import cldice


@pytest.fixture
def tube() -> np.ndarray:
    mask = np.zeros((9, 60), bool)
    mask[2:7, 5:55] = True
    return mask


def test_width_does_not_count_and_gaps_do(tube: np.ndarray) -> None:
    thin = np.zeros_like(tube)
    thin[4, 5:55] = True
    assert cldice(tube, tube) == 1.0
    assert cldice(tube, thin) > 0.97  # thinning may bend the end of a wide tube by a pixel
    cut = thin.copy()
    cut[:, 20:40] = False
    assert cldice(thin, cut) == 2 * (30 / 50) / (1 + 30 / 50)


def test_what_lies_elsewhere_gives_nothing(tube: np.ndarray) -> None:
    wide = np.pad(tube, ((0, 9), (0, 0)))
    assert cldice(wide, wide[::-1]) == 0.0


@pytest.mark.parametrize("axes", [2, 3])
def test_the_definition_is_that_of_the_paper(axes: int) -> None:
    from skimage.morphology import skeletonize

    rng = np.random.default_rng(axes)
    one, other = (np.pad(rng.random((12,) * axes) < 0.7, 3) for _ in range(2))
    lines = [skeletonize(mask) > 0 for mask in (one, other)]
    precision = (lines[1] & one).sum() / lines[1].sum()
    sensitivity = (lines[0] & other).sum() / lines[0].sum()
    expected = 2 * precision * sensitivity / (precision + sensitivity)
    assert cldice(one, other) == pytest.approx(expected)


def test_empty_masks_agree_with_each_other_only(tube: np.ndarray) -> None:
    nothing = np.zeros_like(tube)
    assert cldice(nothing, nothing) == 1.0
    assert cldice(tube, nothing) == cldice(nothing, tube) == 0.0


def test_a_solid_of_which_thinning_leaves_nothing_has_its_middle_as_centreline() -> None:
    cube = np.pad(np.ones((2, 2, 2), bool), 3)
    block = np.pad(np.ones((6, 12, 12), bool), 3)
    assert cldice(cube, cube) == cldice(block, block) == 1.0
    far = np.zeros_like(block)
    far[:2] = True
    assert cldice(block, far) == 0.0
    both = np.concatenate([block, np.pad(cube, ((0, 0), (5, 5), (5, 5)))])
    half = both.copy()
    half[12:] = False  # the cube, of which thinning leaves nothing, is missed
    assert cldice(both, half) < 1.0
