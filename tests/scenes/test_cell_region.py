"""Where a cell is: as much of the image as asked for, thin at its edge, evenly crowded."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import distance_transform_edt

from napari_3dmsl.scenes.cell_region import draw_region, read_cell_mask
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.scenes.glow import glow_of

SIZE_UM = (20.0, 16.0)


def drawn(seed=0, mask=None, **settings):
    return draw_region(CellScene(**settings), SIZE_UM, np.random.default_rng(seed), mask)


def in_image(region, grid):
    """What of a grid lies in the image, at the middles of its squares."""
    sides = [
        low + region.step_um * (np.arange(count) + 0.5)
        for low, count in zip(region.low_um, grid.shape, strict=True)
    ]
    rows, columns = (np.abs(s) < 0.5 * size for s, size in zip(sides, SIZE_UM, strict=True))
    return grid[np.ix_(rows, columns)]


@pytest.mark.parametrize("coverage", [0.05, 0.4, 0.8, 1.0])
def test_the_cell_covers_the_share_of_the_image_that_is_asked_for(coverage):
    for seed in range(4):
        region = drawn(seed, coverage=coverage)
        assert in_image(region, region.inside).mean() == pytest.approx(coverage, abs=1e-3)


def test_the_density_varies_within_its_spread_and_is_nothing_beside_the_cell():
    inside, crowding = [], []
    for seed in range(20):
        region = drawn(seed, density_spread=0.6)
        assert (region.crowding[~region.inside] == 0.0).all()
        inside.append(region.crowding[region.inside])
        crowding.append(inside[-1].mean())
    values = np.concatenate(inside)
    assert values.min() >= 0.4
    assert values.max() <= 1.6
    assert np.ptp(values) > 1.0
    assert np.mean(crowding) == pytest.approx(1.0, abs=0.1)


def test_the_cell_is_thin_at_its_edge_and_has_its_thickness_far_from_it():
    region = drawn(3, coverage=0.7, thickness_um=4.0)
    away = distance_transform_edt(region.inside) * region.step_um
    outside = distance_transform_edt(~region.inside) * region.step_um
    assert region.thickness_um[(away > 0) & (away < 0.5)].mean() < 1.0
    assert region.thickness_um[away > 5.0].mean() > 2.5
    assert region.thickness_um[outside > 2.0].max() < 1e-3
    whole = drawn(3, coverage=1.0, thickness_um=4.0)
    assert whole.thickness_um.mean() == pytest.approx(4.0, rel=0.1)


def test_a_mask_tells_where_the_cell_is_in_whatever_pixels(tmp_path):
    mask = np.zeros((40, 32), dtype=np.uint8)
    mask[5:22, 3:30] = 200
    Image.fromarray(mask).save(tmp_path / "cell.png")
    region = drawn(mask=read_cell_mask(tmp_path / "cell.png"))
    pixels = region.in_pixels(region.inside.astype(float), (40, 32), 0.5)
    assert np.array_equal(pixels > 0.5, mask > 0)


def test_a_mask_that_is_none_is_refused_in_a_line(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        read_cell_mask(tmp_path / "cell.png")
    (tmp_path / "cell.png").write_text("no image")
    with pytest.raises(ValueError, match=r"cell\.png: not an image"):
        read_cell_mask(tmp_path / "cell.png")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "cell.png")
    with pytest.raises(ValueError, match="0 everywhere"):
        read_cell_mask(tmp_path / "cell.png")


def test_glow_is_as_bright_as_asked_for_in_the_thick_and_dark_on_the_ground():
    whole = drawn(1, coverage=1.0)
    glow = glow_of(whole, 20.0, (200, 160), 0.1)
    assert glow.dtype == np.float32
    assert glow.mean() == pytest.approx(20.0, rel=0.1)
    region = drawn(1, coverage=0.3)
    glow = glow_of(region, 20.0, (200, 160), 0.1)
    cell = region.in_pixels(region.inside.astype(float), (200, 160), 0.1) > 0.5
    away = distance_transform_edt(~cell) * 0.1
    assert glow[cell].mean() > 4 * glow[away > 4.0].mean()
    assert np.abs(np.diff(glow, axis=0)).max() < 1.0, "smooth"


def test_the_same_state_draws_the_same_cell_and_a_mask_leaves_the_density():
    first, again = drawn(5), drawn(5)
    assert np.array_equal(first.inside, again.inside)
    assert np.array_equal(first.thickness_um, again.thickness_um)
    masked = drawn(5, mask=np.ones((4, 4), dtype=bool))
    assert np.array_equal(masked.crowding[first.inside], first.crowding[first.inside])
