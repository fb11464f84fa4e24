"""The histograms of the *Shape browser*: what is counted, and ranges chosen with the mouse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shape_browser import PANEL, Source, rows

from napari_3dmsl.widgets.browse.histogram import Bins, bins_of


@pytest.fixture
def source(shapes: Any) -> Source:
    rng = np.random.default_rng(1)
    columns = {
        "shape_class": rng.choice(["dot", "rod"], 400),
        "length_um": rng.lognormal(0.5, 1.2, 400),
        "volume_um3": rng.uniform(1.0, 2.0, 400),
        "loops": rng.integers(0, 3, 400),
    }
    return Source(np.arange(1, 401), columns, shapes.mesh(1))


def test_bars_count_the_shapes_shown_by_class_before_all_shapes(
    viewer: Any, open_panel: Any, source: Source
) -> None:
    viewer.add_layer(source.layer())
    hands = open_panel(viewer, PANEL)
    kinds = np.array(source.table["shape_class"])
    hands.choose("shape_class", f"rod ({(kinds == 'rod').sum()})")
    for number, name in ((1, "length_um"), (2, "volume_um3")):
        plot = hands.find(f"histogram_{number}")
        values = np.array(source.table[name])
        expected, _ = np.histogram(values, plot.bins.edges)
        rods, _ = np.histogram(values[kinds == "rod"], plot.bins.edges)
        np.testing.assert_array_equal(plot.all_counts, expected)
        np.testing.assert_array_equal(plot.counts, [np.zeros(len(rods)), rods])
    hands.choose("measure_2", "loops")
    np.testing.assert_array_equal(plot.bins.edges, [-0.5, 0.5, 1.5, 2.5])


def test_bars_are_drawn_in_the_colours_of_the_classes(
    viewer: Any, open_panel: Any, source: Source
) -> None:
    from qtpy.QtGui import QColor

    from napari_3dmsl.layers.class_colours import CLASS_COLOURS

    viewer.add_layer(source.layer())
    plot = open_panel(viewer, PANEL).find("histogram_1")
    plot.resize(200, 96)
    picture = plot.grab().toImage()
    at = int(np.argmax(plot.counts.sum(axis=0)))
    low, high = plot.bins.edges[at : at + 2]
    middle = round(plot.x_of(float(np.sqrt(low * high))))
    drawn = [picture.pixelColor(middle, y).name() for y in range(picture.height())]
    for kind, count in zip(("dot", "rod"), plot.counts[:, at], strict=True):
        # The highest bar fills the plot between the margins: 96 - 14 - 18 pixels.
        tall = drawn.count(QColor(CLASS_COLOURS[kind]).name())
        assert tall == pytest.approx(64 * count / plot.counts[:, at].sum(), abs=1.5)


def test_a_drag_chooses_whole_bars_and_a_double_click_all(
    viewer: Any, open_panel: Any, source: Source
) -> None:
    from qtpy.QtCore import QPoint, Qt

    viewer.add_layer(source.layer())
    hands = open_panel(viewer, PANEL)
    plot = hands.find("histogram_2")
    left = Qt.MouseButton.LeftButton

    def place(at: int) -> QPoint:
        return QPoint(round(plot.x_of(plot.bins.edges[at : at + 2].mean())), 40)

    hands.qtbot.mousePress(plot, left, pos=place(12))
    hands.qtbot.mouseMove(plot, place(8))
    hands.qtbot.mouseRelease(plot, left, pos=place(5))  # the last move may be lost
    volume = np.array(source.table["volume_um3"])
    low, high = (float(hands.find(name).text()) for name in ("from_2", "to_2"))
    assert low in (pytest.approx(plot.bins.edges[at], rel=1e-3) for at in (5, 8))
    assert high == pytest.approx(plot.bins.edges[13], rel=1e-3)
    assert rows(hands) == [str(i + 1) for i in np.flatnonzero((volume >= low) & (volume <= high))]
    hands.qtbot.mouseDClick(plot, left, pos=place(3))
    assert len(rows(hands)) == 400
    # From the last bar on there is no upper bound: rounding must not lose the largest shape.
    hands.qtbot.mouseClick(plot, left, pos=place(27))
    assert hands.find("to_2").text() == ""
    assert str(np.argmax(volume) + 1) in rows(hands)


@pytest.mark.parametrize(
    ("values", "logarithmic", "ticks"),
    [
        ([0.05, 1.0, 30.0], True, [0.1, 1, 10]),
        ([1.0, 1.5, 2.1], False, [1.0, 1.5, 2.0]),
        ([0.0, 1.0, 4.0], False, [0, 1, 2, 3, 4]),
        ([0.0, 0.0], False, [0]),
        ([2.5], False, [2.6, 2.8, 3, 3.2, 3.4]),
        ([], False, None),
    ],
)
def test_axes_suit_the_values(
    values: list[float], logarithmic: bool, ticks: list[float] | None
) -> None:
    numbers = np.array(values, dtype=float)
    bins = bins_of(numbers)
    assert bins.logarithmic is logarithmic
    assert bins.edges.min() <= min(values, default=0)
    assert bins.edges.max() >= max(values, default=0)
    assert set(bins.place(numbers).tolist()) <= set(range(len(bins.edges) - 1))
    if ticks is not None:
        assert bins.ticks() == pytest.approx(ticks)
    for value in values:
        assert bins.value(bins.share(value)) == pytest.approx(value)


def test_a_zero_lies_in_the_first_bar_of_a_logarithmic_axis() -> None:
    bins = bins_of(np.array([0.0, 0.02, 50.0]))
    assert bins.logarithmic
    assert bins.place(np.array([0.0])).tolist() == [0]
    assert Bins(np.array([1.0, 10.0]), logarithmic=True).share(0.0) < 0
