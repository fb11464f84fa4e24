"""Shapes side by side: none over another, in their order, in one plane."""

from __future__ import annotations

import numpy as np
import pytest

from napari_3dmsl.layers.gallery_layout import gallery_shifts


@pytest.mark.parametrize("count", [1, 2, 7, 200])
def test_no_two_shapes_overlap_and_they_read_like_a_text(count: int) -> None:
    rng = np.random.default_rng(count)
    low = rng.uniform(0, 50, (count, 3))
    boxes = {5 * i: np.array([a, a + rng.lognormal(0, 1, 3)]) for i, a in enumerate(low)}
    shifts = gallery_shifts(boxes)
    assert list(shifts) == list(boxes)
    moved = np.array([box + shifts[i] for i, box in boxes.items()])
    for i in range(count):
        for j in range(i):
            apart = (moved[i, 0] >= moved[j, 1]) | (moved[j, 0] >= moved[i, 1])
            assert apart[1:].any()
    middles = moved.mean(axis=1)
    np.testing.assert_allclose(middles[:, 0], middles[0, 0])
    ahead = np.diff(np.round(middles[:, 1:], 9), axis=0)
    assert ((ahead[:, 0] > 0) | ((ahead[:, 0] == 0) & (ahead[:, 1] > 0))).all()
    before = np.array(list(boxes.values()))
    middle = (before.min(axis=(0, 1)) + before.max(axis=(0, 1))) / 2
    assert np.allclose(middles.mean(axis=0), middle, atol=np.ptp(middles, axis=0).max() + 1)
    extent = np.ptp(moved.reshape(-1, 3), axis=0)
    if count == 200:  # about as wide as a canvas, and not mostly empty
        assert 0.5 < extent[2] / extent[1] < 2.5


def test_nothing_has_no_gallery() -> None:
    assert gallery_shifts({}) == {}
