"""clDice, on tubes whose centrelines are known."""

from __future__ import annotations

import cc3d
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.morphology import skeletonize

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


def with_centrelines(mask: np.ndarray) -> np.ndarray:
    """The mask without pieces of which thinning leaves nothing."""
    pieces = cc3d.connected_components(mask, connectivity=8 if mask.ndim == 2 else 26)
    kept = np.setdiff1d(pieces[skeletonize(mask) > 0], 0)
    assert len(kept) > 5
    return np.isin(pieces, kept)


@pytest.mark.parametrize("axes", [2, 3])
def test_pieces_one_by_one_give_what_the_paper_defines_for_the_whole(axes: int) -> None:
    rng = np.random.default_rng(axes)
    size = (48,) * axes
    one, other = (
        with_centrelines(gaussian_filter(rng.normal(size=size), 2) > 0.05) for _ in range(2)
    )
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
