"""A comparison: what it holds, what it prints, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from napari_3dmsl.image_io.figures import save_figure
from napari_3dmsl.matching.comparison import compare
from napari_3dmsl.matching.figure import draw_comparison, grey_tiles

RNG = np.random.default_rng(0)
REAL = RNG.poisson(30, (16, 64, 64)) + RNG.poisson(50, (16, 1, 1))
SIMULATED = RNG.poisson(8, (10, 64, 64)) + RNG.poisson(20, (10, 1, 1))
FOUND = compare(REAL, SIMULATED, other_real=REAL[::2])


def test_distances_stand_beside_what_they_are_read_by() -> None:
    simulated, halves, other = FOUND.distances
    assert [row.name for row in FOUND.distances] == [
        "simulated",
        "real, in halves",
        "another real cell",
    ]
    assert simulated.kid.value > 5 * abs(halves.kid.value)
    assert simulated.frechet is not None
    assert other.frechet is not None
    assert simulated.frechet.value > other.frechet.value
    assert [row.name for row in compare(REAL, SIMULATED).distances] == [
        "simulated",
        "real, in halves",
    ]


def test_what_people_read_says_how_many_how_far_and_what() -> None:
    text = "\n".join(FOUND.lines())
    assert "tiles: 16 real, 10 simulated, 8 another real cell" in text
    assert "KID·10³" in text
    assert "1. " in text
    assert "Change " in text


def test_the_same_set_has_no_mismatch() -> None:
    assert "no mismatch beyond" in compare(REAL, REAL).lines()[-1]


def test_what_programs_read_is_json_without_nan() -> None:
    told = json.loads(json.dumps(FOUND.to_json(), allow_nan=False))
    assert set(told["curves"]["real"]) == {"histogram", "spectrum", "variance", "autocorrelation"}
    assert told["distances"][0]["kid"]["value"] == FOUND.distances[0].kid.value


def test_with_the_levels_of_the_real_set_its_gain_counts() -> None:
    brighter = 3 * REAL
    assert compare(REAL, brighter).mismatches == ()
    assert compare(REAL, brighter, levels="real").mismatches


def test_progress_ends_and_a_comparison_can_be_cancelled() -> None:
    steps: list[tuple[int, int, str]] = []
    compare(REAL, SIMULATED, progress=lambda *step: steps.append(step))
    assert steps[0] == (0, 2, "describing real")
    assert steps[-1] == (2, 2, "distances")

    def stop(*_step: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(REAL, SIMULATED, progress=stop)


def test_too_few_tiles_and_tiles_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="real: 7 tiles; a comparison needs 8 or more"):
        compare(REAL[:7], SIMULATED)
    with pytest.raises(ValueError, match="simulated: every pixel is 5"):
        compare(REAL, np.full((9, 64, 64), 5))
    with pytest.raises(ValueError, match="simulated: 3 tiles; a comparison needs 4"):
        compare(REAL, SIMULATED[:3])
    with pytest.raises(ValueError, match="simulated: tiles of 32 × 64 beside real ones of 64 × 64"):
        compare(REAL, SIMULATED[:, :32])


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_figure_is_saved_whole(tmp_path: Path, suffix: str) -> None:
    path = save_figure(Figure(figsize=(1, 1)), tmp_path / f"picture{suffix}")
    assert path.stat().st_size > 100
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_figure_of_another_kind_is_refused(tmp_path: Path) -> None:
    figure = Figure()
    with pytest.raises(ValueError, match=r"figures are written as .png, .pdf, .svg"):
        save_figure(figure, tmp_path / "picture.jpg")
    with pytest.raises(ValueError, match="its folder does not exist"):
        save_figure(figure, tmp_path / "none" / "picture.png")


def test_a_figure_shows_tiles_of_each_set_and_the_four_curves() -> None:
    figure = draw_comparison(FOUND, {"real": REAL, "simulated": SIMULATED}, shown=2)
    words, *rows = figure.subfigs
    assert "KID" in words.texts[0].get_text()
    assert [len(row.axes) for row in rows] == [2, 2, 4]
    assert all(len(axes.lines) == 3 for axes in rows[-1].axes)


def test_tiles_are_shown_at_the_contrast_they_were_compared_at() -> None:
    shown = grey_tiles(FOUND, "simulated", SIMULATED)
    levels = FOUND.levels["simulated"]
    assert np.isclose(
        shown[3, 2, 1], (SIMULATED[3, 2, 1] - levels.low) / (levels.high - levels.low)
    )
    assert shown.min() == 0
    assert shown.max() == 1
