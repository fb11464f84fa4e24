"""Pictures as figures of matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from napari_3dmsl.figures.contrast import Contrast
from napari_3dmsl.figures.emission_colour import emission_colour
from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.figures.picture_figure import draw_pictures, shown_in_focus, window_of
from napari_3dmsl.image_io.figures import save_figure


def square(key: str = "a", pixel_um: float = 0.1, **others: Any) -> Picture:
    count = round(6.4 / pixel_um)
    values = np.full((count, count), 100, np.uint16)
    middle = slice(round(2.0 / pixel_um), round(4.4 / pixel_um))
    values[middle, middle] = 1000
    known = {"emission_nm": 600.0, "crop": (middle.start, middle.stop) * 2} | others
    return Picture(key, f"Microscope {key}", values, pixel_um=pixel_um, **known)


def pixels(figure: Figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3]


def test_scale_bar_and_object_have_the_lengths_that_they_should() -> None:
    figure = draw_pictures([square(), square("b", 0.05)], window=(-2.0, 2.0, -2.0, 2.0))
    drawn = pixels(figure)
    axes = [one for one in figure.axes if one.images]
    for one in axes:
        box = one.get_window_extent()
        rows = len(drawn) - np.array([box.y1, box.y0])
        part = drawn[round(rows[0]) : round(rows[1]), round(box.x0) : round(box.x1)].astype(int)
        per_um = part.shape[1] / 4.0
        (bar,) = (patch for patch in one.patches if isinstance(patch, Rectangle))
        row = part[round((bar.get_y() + 0.5 * bar.get_height() + 2.0) * per_um)]
        assert (row.min(axis=1) > 200).sum() == pytest.approx(per_um * 1.0, abs=2)  # 1 µm
        orange = np.array([round(255 * part) for part in emission_colour(600.0)])
        lit = (np.abs(part - orange).max(axis=2) < 3).sum(axis=1)
        assert lit.max() == pytest.approx(2.4 * per_um, abs=3)
    words = [text.get_text() for one in axes for text in one.texts]
    assert words == ["1 µm", "1 µm"]


def test_all_look_at_what_holds_every_object() -> None:
    left, right, top, bottom = window_of([square(), square("b", crop=(0, 64, 30, 34))])
    assert (left, right) == (top, bottom)
    assert right == pytest.approx(3.2 * 1.1)


def test_a_stack_is_drawn_in_focus_and_a_difference_around_zero() -> None:
    stack = np.stack([np.full((64, 64), level) for level in (1.0, 7.0, 3.0)])
    _, values, _ = shown_in_focus(Picture("a", "", stack, 0.1, 500, focus_plane=1))
    assert values[0, 0] == 7
    slope = np.linspace(-3, 2, 64)[None] * np.ones((64, 1))
    signed = Picture("d", "", slope, 0.1, 500, signed=True)
    contrast = shown_in_focus(signed)[2]
    assert contrast == Contrast(-contrast.high, contrast.high)


def test_without_pictures_it_says_so() -> None:
    with pytest.raises(ValueError, match="no picture to draw"):
        draw_pictures([])


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_figure_is_written_in_each_kind(tmp_path: Path, suffix: str) -> None:
    path = save_figure(draw_pictures([square()]), tmp_path / f"figure{suffix}")
    head = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(head)
