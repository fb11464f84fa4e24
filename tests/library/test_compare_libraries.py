"""Two libraries compared: against scipy called by hand, and with samples that differ as made."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest
from scipy import stats

from napari_3dmsl.library.compare_libraries import LibraryComparison, compare_libraries
from napari_3dmsl.library.comparison_figure import draw_library_comparison


class Shapes:
    """A table of shapes, which is all that a comparison reads."""

    def __init__(self, classes: list[str], length: np.ndarray, cut: list[bool]) -> None:
        self.ids = list(range(len(classes)))
        self.table: dict[str, Any] = {
            "index": self.ids,
            "shape_class": classes,
            "length_um": length.tolist(),
            "touches_border": cut,
        }


def made(seed: int, dots: int, rods: int, longer: float) -> Shapes:
    rng = np.random.default_rng(seed)
    classes = ["dot"] * dots + ["rod"] * rods
    length = np.concatenate([rng.normal(0.5, 0.1, dots), rng.normal(3 + longer, 1, rods)])
    return Shapes(classes, length, [False] * len(classes))


@pytest.fixture
def found() -> LibraryComparison:
    return compare_libraries(made(1, 30, 40, 0.0), made(2, 12, 60, 1.5), names=("A", "B"))


def test_tests_are_those_of_scipy_and_adjusted_together(found: LibraryComparison) -> None:
    first, second = made(1, 30, 40, 0.0), made(2, 12, 60, 1.5)
    x, y = (np.array(one.table["length_um"]) for one in (first, second))
    fisher = stats.fisher_exact([[30, 40], [12, 60]]).pvalue
    expected = {
        "all": stats.mannwhitneyu(x, y).pvalue,
        "dot": stats.mannwhitneyu(x[:30], y[:12]).pvalue,
        "rod": stats.mannwhitneyu(x[30:], y[12:]).pvalue,
    }
    assert {test.shape_class: test.p for test in found.measures} == pytest.approx(expected)
    assert [test.p for test in found.shares] == pytest.approx([fisher, fisher])
    together = [*(test.p for test in found.shares), *expected.values()]
    ordered = np.sort(together)
    steps = ordered * len(ordered) / np.arange(1, len(ordered) + 1)
    by_p = dict(zip(ordered, np.minimum.accumulate(steps[::-1])[::-1], strict=True))
    for test in (*found.shares, *found.measures):
        assert test.p_adjusted == pytest.approx(min(by_p[test.p], 1.0))
    chi = stats.chi2_contingency([[30, 40], [12, 60]], correction=False)
    assert found.classes_p == pytest.approx(chi.pvalue)
    assert found.cramers_v == pytest.approx(np.sqrt(chi.statistic / 142))


def test_what_was_made_different_is_found_so_and_the_rest_is_not(found: LibraryComparison) -> None:
    by_class = {test.shape_class: test for test in found.measures}
    assert by_class["rod"].delta > 0.5
    assert by_class["rod"].p_adjusted < 0.001
    assert by_class["dot"].low < 0 < by_class["dot"].high
    dots = next(share for share in found.shares if share.shape_class == "dot")
    assert dots.difference == pytest.approx(12 / 72 - 30 / 70)
    assert dots.low < dots.difference < dots.high < 0


def test_alike_libraries_give_few_false_alarms() -> None:
    alarms = [
        any(test.p_adjusted < 0.05 for test in (*one.shares, *one.measures))
        for one in (
            compare_libraries(made(2 * run, 20, 20, 0), made(2 * run + 1, 20, 20, 0))
            for run in range(100)
        )
    ]
    assert sum(alarms) <= 10


def test_shapes_that_the_border_cuts_are_left_out_and_told() -> None:
    first, second = made(1, 10, 10, 0), made(2, 10, 10, 0)
    second.table["touches_border"] = [True] * 10 + [False] * 10
    found = compare_libraries(first, second)
    assert found.counts == (20, 10)
    assert found.cut == (0, 10)
    assert any("the border cuts them: 0 and 10" in note for note in found.notes)
    assert compare_libraries(first, second, with_cut=True).counts == (20, 20)
    second.table["touches_border"] = [True] * 20
    with pytest.raises(ValueError, match="second: no shape to compare"):
        compare_libraries(first, second)


def test_a_measure_that_is_missing_is_refused_and_rare_classes_are_not_tested() -> None:
    first, second = made(1, 4, 10, 0), made(2, 10, 10, 0)
    with pytest.raises(ValueError, match="first: no measure 'volume_um3'; it has length_um"):
        compare_libraries(first, second, ["volume_um3"])
    assert [test.shape_class for test in compare_libraries(first, second).measures] == [
        "all",
        "rod",
    ]


def test_table_words_and_figure_tell_the_same(found: LibraryComparison) -> None:
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [float(row["p adjusted"]) for row in rows] == [
        test.p_adjusted for test in (*found.shares, *found.measures)
    ]
    assert [row["class"] for row in rows] == ["dot", "rod", "all", "dot", "rod"]
    words = "\n".join(found.lines())
    assert "A: 70 shapes   B: 72 shapes" in words
    assert "no independent repeats" in words
    shares, effects = draw_library_comparison(found).axes
    assert [bar.get_width() for bar in shares.patches[:2]] == pytest.approx([3000 / 70, 4000 / 70])
    assert [text.get_text() for text in effects.get_yticklabels()][-1] == "rod: length, µm"
