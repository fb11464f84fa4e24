"""Compare the shapes of two libraries, such as two conditions: their classes and their measures."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.library.effect_sizes import Effect, cliffs_delta, share_difference
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.correction import UNKNOWN

if TYPE_CHECKING:
    from napari_3dmsl.shapes.collection import ShapeSource

ALL_SHAPES = "all"
MEASURES = ("length_um", "volume_um3", "area_um2", "mean_radius_um", "sphericity")
"""Measures that are compared when none are named."""

LEAST_SHAPES = 5
"""Shapes of a kind in each library, with fewer of which nothing is tested."""

_CAUTION = (
    "Each shape counts as one sample. Shapes of one cell are no independent repeats: the tests say "
    "whether these two sets of shapes differ, not whether all cells of two conditions do."
)


@dataclass(frozen=True)
class ShareTest:
    """How common a class is in both libraries.

    Attributes
    ----------
    shape_class
        Its name.
    counts
        Shapes of it in the first and in the second library.
    shares
        Their share of all, 0 to 1.
    difference, low, high
        Share in the second less that in the first, with its interval of 95 %.
    p, p_adjusted
        Of Fisher's exact test; adjusted for all tests of the comparison.
    """

    shape_class: str
    counts: tuple[int, int]
    shares: tuple[float, float]
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class MeasureTest:
    """How a measure differs between both libraries.

    Attributes
    ----------
    shape_class
        Of the shapes; ``all`` for all of them.
    measure
        Name of the column.
    counts
        Shapes with this measure in the first and in the second library.
    medians
        Of both, in the unit of the measure.
    delta, low, high
        Cliff's delta with its interval of 95 %: above 0 when those of the second are larger.
    p, p_adjusted
        Of the Mann-Whitney U test; adjusted for all tests of the comparison.
    """

    shape_class: str
    measure: str
    counts: tuple[int, int]
    medians: tuple[float, float]
    delta: float
    low: float
    high: float
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class LibraryComparison:
    """What two libraries differ in.

    Attributes
    ----------
    names
        Of both.
    counts
        Shapes in both.
    cut
        Shapes in both that the border cuts, which count for classes and measures only on request.
    classes_p
        Of the chi-square test that classes are as common in both; None with one class only.
    cramers_v
        How strongly class and library go together, 0 to 1; None likewise.
    shares, measures
        Test by test.
    notes
        What to bear in mind.
    """

    names: tuple[str, str]
    counts: tuple[int, int]
    cut: tuple[int, int]
    classes_p: float | None
    cramers_v: float | None
    shares: tuple[ShareTest, ...]
    measures: tuple[MeasureTest, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        return asdict(self)

    def to_csv(self) -> str:
        """Return one row for each test."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        first, second = self.names
        sizes = (f"count {first}", f"count {second}", f"value {first}", f"value {second}")
        writer.writerow(["class", "measure", *sizes, "effect", "low", "high", "p", "p adjusted"])
        for share in self.shares:
            effect = (share.difference, share.low, share.high, share.p, share.p_adjusted)
            writer.writerow([share.shape_class, "share", *share.counts, *share.shares, *effect])
        for test in self.measures:
            effect = (test.delta, test.low, test.high, test.p, test.p_adjusted)
            writer.writerow([test.shape_class, test.measure, *test.counts, *test.medians, *effect])
        return text.getvalue()

    def lines(self) -> list[str]:
        """Return what people read."""
        first, second = self.names
        found = [f"{first}: {self.counts[0]:,} shapes   {second}: {self.counts[1]:,} shapes"]
        if self.classes_p is not None:
            p = p_text(self.classes_p, "= ")
            found.append(f"classes: chi-square p {p}, Cramér's V {self.cramers_v:.2f}")
        found.append("share of the classes: first, second, difference [95 %], Fisher's p adjusted")
        for share in self.shares:
            effect = f"{share.difference:+.1%} [{share.low:+.1%}, {share.high:+.1%}]"
            a, b = share.shares
            text = f"  {share.shape_class:<12}{a:7.1%}{b:8.1%}   {effect:<28}"
            found.append(f"{text}{p_text(share.p_adjusted)}")
        found.append("medians: first, second, Cliff's delta [95 %], Mann-Whitney p adjusted")
        for test in self.measures:
            effect = f"{test.delta:+.2f} [{test.low:+.2f}, {test.high:+.2f}]"
            a, b = test.medians
            name = f"{test.shape_class} {test.measure}"
            text = f"  {name:<28}{a:9.4g}{b:10.4g}   {effect:<24}"
            found.append(f"{text}{p_text(test.p_adjusted)}")
        return [*found, *self.notes]


def p_text(p: float, equals: str = "") -> str:
    """Return a p value as people read it.

    Parameters
    ----------
    p
        0 to 1.
    equals
        What stands before a p that is not too small to be written.
    """
    return "< 0.001" if p < 0.001 else f"{equals}{p:.3f}"


def compare_libraries(
    first: ShapeSource,
    second: ShapeSource,
    measures: Sequence[str] | None = None,
    *,
    names: tuple[str, str] = ("first", "second"),
    with_cut: bool = False,
) -> LibraryComparison:
    """Test by class and measure whether two libraries hold different shapes, and by how much.

    Classes: chi-square over all of them, Fisher's exact test and the difference of shares for each.
    Measures, of all shapes and of each class that both have `LEAST_SHAPES` of: the two-sided
    Mann-Whitney U test and Cliff's delta. The p values of classes and measures together are
    adjusted after Benjamini and Hochberg, which bounds the share of false alarms among those that
    are small.

    Parameters
    ----------
    first, second : ShapeSource
        Extracted shapes or libraries, with classes and measures.
    measures : sequence of str, optional
        Columns of their tables; by default those of `MEASURES` that both have.
    names : pair of str
        What they are called.
    with_cut : bool
        Whether shapes count that the border of the volume cuts: their measures are too small.

    Raises
    ------
    ValueError
        When a library has no shapes to compare, or a measure is missing.
    """
    tables = (first.table, second.table)
    cut = tuple(map(_cut, tables))
    keep = [np.ones(len(one), bool) if with_cut else ~one for one in cut]
    for name, kept in zip(names, keep, strict=True):
        if not kept.any():
            raise ValueError(f"{name}: no shape to compare that the border does not cut")
    wanted = _measures(tables, measures, names)
    kinds = [_classes(table)[kept] for table, kept in zip(tables, keep, strict=True)]
    shares = _share_tests(*kinds)
    tests = _measure_tests(tables, keep, kinds, wanted)
    adjusted = _adjusted([test["p"] for test in (*shares, *tests)])
    for test, p in zip((*shares, *tests), adjusted, strict=True):
        test["p_adjusted"] = p
    chi = _chi_square(*kinds)
    return LibraryComparison(
        names,
        (len(kinds[0]), len(kinds[1])),
        (int(cut[0].sum()), int(cut[1].sum())),
        chi[0],
        chi[1],
        tuple(ShareTest(**test) for test in shares),
        tuple(MeasureTest(**test) for test in tests),
        _notes((int(cut[0].sum()), int(cut[1].sum())), with_cut, len(adjusted), chi[2]),
    )


def _cut(table: Mapping[str, Sequence[Any]]) -> NDArray[np.bool_]:
    known = table.get("touches_border", [False] * len(table["index"]))
    return np.array([bool(one) for one in known], bool)


def _classes(table: Mapping[str, Sequence[Any]]) -> NDArray[np.str_]:
    return np.array([kind or UNKNOWN for kind in table["shape_class"]], np.str_)


def _measures(
    tables: Sequence[Mapping[str, Sequence[Any]]],
    wanted: Sequence[str] | None,
    names: tuple[str, str],
) -> list[str]:
    if wanted is None:
        return [name for name in MEASURES if all(name in table for table in tables)]
    for table, where in zip(tables, names, strict=True):
        for name in wanted:
            if name not in table:
                known = ", ".join(
                    column for column in table if column.endswith(("um", "um2", "um3"))
                )
                raise ValueError(f"{where}: no measure {name!r}; it has {known or 'none'}")
    return list(wanted)


def _share_tests(first: NDArray[np.str_], second: NDArray[np.str_]) -> list[dict[str, Any]]:
    from scipy.stats import fisher_exact

    found = []
    for kind in _kinds(first, second):
        a, b = int((first == kind).sum()), int((second == kind).sum())
        table = np.array([[a, len(first) - a], [b, len(second) - b]])
        effect = share_difference(a, len(first), b, len(second))
        found.append(
            {
                "shape_class": kind,
                "counts": (a, b),
                "shares": (a / len(first), b / len(second)),
                "difference": effect.value,
                "low": effect.low,
                "high": effect.high,
                "p": float(fisher_exact(table).pvalue),
            }
        )
    return found


def _kinds(first: NDArray[np.str_], second: NDArray[np.str_]) -> list[str]:
    there = {*first.tolist(), *second.tolist()}
    order = [*map(str, ShapeClass), UNKNOWN]
    return [kind for kind in order if kind in there] + sorted(there - set(order))


def _measure_tests(
    tables: Sequence[Mapping[str, Sequence[Any]]],
    keep: Sequence[NDArray[np.bool_]],
    kinds: Sequence[NDArray[np.str_]],
    measures: Sequence[str],
) -> list[dict[str, Any]]:
    from scipy.stats import mannwhitneyu

    found = []
    for measure in measures:
        columns = [
            np.array(table[measure], np.float64)[kept]
            for table, kept in zip(tables, keep, strict=True)
        ]
        for kind in (ALL_SHAPES, *_kinds(*kinds)):
            pair = [
                column[np.isfinite(column) & ((classes == kind) | (kind == ALL_SHAPES))]
                for column, classes in zip(columns, kinds, strict=True)
            ]
            if min(map(len, pair)) < LEAST_SHAPES:
                continue
            effect: Effect = cliffs_delta(*pair)
            found.append(
                {
                    "shape_class": kind,
                    "measure": measure,
                    "counts": (len(pair[0]), len(pair[1])),
                    "medians": (float(np.median(pair[0])), float(np.median(pair[1]))),
                    "delta": effect.value,
                    "low": effect.low,
                    "high": effect.high,
                    "p": float(mannwhitneyu(*pair).pvalue),
                }
            )
    return found


def _adjusted(p: Sequence[float]) -> list[float]:
    from scipy.stats import false_discovery_control

    return [] if not p else np.asarray(false_discovery_control(p)).tolist()


def _chi_square(
    first: NDArray[np.str_], second: NDArray[np.str_]
) -> tuple[float | None, float | None, bool]:
    """Return p, Cramér's V, and whether some classes are too rare for the test."""
    from scipy.stats import chi2_contingency

    kinds = _kinds(first, second)
    if len(kinds) < 2:
        return None, None, False
    counts = [Counter(first.tolist()), Counter(second.tolist())]
    table = np.array([[count[kind] for kind in kinds] for count in counts])
    result = chi2_contingency(table, correction=False)
    strength = float(np.sqrt(result.statistic / table.sum()))  # of two rows
    return float(result.pvalue), strength, bool((result.expected_freq < LEAST_SHAPES).any())


def _notes(cut: tuple[int, int], with_cut: bool, tests: int, rare: bool) -> tuple[str, ...]:
    found = [
        f"p adjusted for {tests} tests (Benjamini-Hochberg); classes with fewer than "
        f"{LEAST_SHAPES} shapes in a library are not tested by measure."
    ]
    if any(cut) and not with_cut:
        found.append(f"Left out, as the border cuts them: {cut[0]:,} and {cut[1]:,} shapes.")
    if rare:
        found.append("Some classes are rare: trust Fisher's tests more than the chi-square.")
    return (*found, _CAUTION)
