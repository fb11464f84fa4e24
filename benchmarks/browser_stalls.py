"""Does the window stay alive while a library of 1,026 shapes is browsed? The longest pause of each.

Writes a library of 27 phantoms side by side, opens it as dropping it on the window does, and does
what a person does in the Shape browser. A 5 ms timer on the event loop tells how long the window
did not answer after each action; beside it stands the processor time that the window's own thread,
and all threads of napari, which draw in software too, spent in that pause: other work on the
machine lengthens the pause, not these. The bar: 0.5 s.

Run under a display or Xvfb: ``make bench``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import napari
import numpy as np
from _window import pump, wait
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import Shape, measure_shapes
from napari_3dmsl.widgets.browse.panel import BrowsePanel

VOXEL_NM = (48.0, 48.0, 48.0)
BAR_MS = 500.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantoms", type=int, default=3, help="along each axis")
    parser.add_argument("--library", type=Path, help="one that is there already")
    parser.add_argument("--picture", type=Path)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = told.library or Path(name) / "library"
        if not folder.exists():
            write_library(stacked(told.phantoms), folder)
        browse(folder, told.picture)


def stacked(count: int) -> list[Shape]:
    """Shapes of one phantom, again and again side by side, ``count`` times along each axis."""
    phantom = make_phantom(0, VOXEL_NM)
    settings = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1)
    shapes = measure_shapes(extract_instances(phantom.labels, settings))
    size = np.array(phantom.labels.shape) * np.array(VOXEL_NM) / 1000
    found = []
    for at, place in enumerate(np.ndindex(count, count, count)):
        found += [moved(shape, at * len(shapes), place * size) for shape in shapes]
    return found


def moved(shape: Shape, first: int, offset: np.ndarray) -> Shape:
    return replace(
        shape,
        id=shape.id + first,
        mesh=Mesh(shape.mesh.vertices + offset, shape.mesh.faces),
        bounds_um=shape.bounds_um + offset,
        centroid_um=shape.centroid_um + offset,
    )


class Pauses:
    """A 5 ms timer on the event loop: its longest gap, and how much was computed in it."""

    def __init__(self) -> None:
        self.over = 0
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._forget()
        self._timer.start(5)

    def _forget(self) -> None:
        self._last = _clocks()
        self.longest = (0.0, 0.0, 0.0)

    def _tick(self) -> None:
        now = _clocks()
        wall, own, all_threads = (b - a for a, b in zip(self._last, now, strict=True))
        self.longest = max(self.longest, (wall, own, all_threads))
        self._last = now

    def after(self, what: str, action: Callable[[], Any], rest_s: float = 1.0) -> None:
        """Do something, let the window come to rest, and print the longest pause."""
        pump(0.2)
        self._forget()
        action()
        pump(rest_s)
        self.over += self.longest[0] > BAR_MS / 1000
        mark = "  too long" if self.longest[0] > BAR_MS / 1000 else ""
        print(f"{what:<28}", *(f"{1000 * s:7.0f} ms" for s in self.longest), mark, flush=True)


def _clocks() -> tuple[float, float, float]:
    return (time.perf_counter(), time.thread_time(), time.process_time())


def browse(folder: Path, picture: Path | None) -> None:
    viewer = napari.Viewer(title="stalls")
    viewer.window.resize(1400, 900)
    panel = BrowsePanel(viewer, remember=False)
    viewer.window.add_dock_widget(panel, name="Shape browser")
    pump(2.0)
    pauses = Pauses()
    print(f"{len(ShapeLibrary.open(folder)):,} shapes")
    print(f"{'':<28} longest pause, of it work of the window's thread, of all threads")

    def find(name: str) -> Any:
        return panel.findChild(QWidget, name)

    def drawn() -> None:
        wait(lambda: panel._drawing._job is None, "all shapes")

    def select(first: int, last: int) -> None:
        ids = panel._model.ids_of(range(first, last))
        panel._selection.select_many(ids, ids[-1])

    def choose(text: str) -> None:
        box = find("shape_class")
        box.setCurrentIndex(next(i for i in range(box.count()) if text in box.itemText(i)))

    def of_class() -> None:
        panel.editor.choice.setCurrentIndex(0)
        panel.editor.set_button.click()

    def lasso() -> None:
        plot: Any = panel.views.plot
        plot._take(np.array([[-9.0, -9], [9, -9], [9, 9], [-9, 9]]), False)

    table = panel.table
    plugin = {"plugin": "napari-3dmsl"}
    pauses.after("open", lambda: viewer.open(folder, **plugin))
    pauses.after("the rest is drawn", drawn, 3.0)
    pauses.after("sort by length", lambda: table.sortByColumn(2, order()))
    pauses.after("scroll to the end", table.scrollToBottom)
    pauses.after("a class", lambda: choose("rod"))
    pauses.after("a bound", lambda: find("from_1").setText("2"))
    pauses.after("another", lambda: find("to_2").setText("0.3"))
    pauses.after("show all", find("show_all").click)
    pauses.after("select one", lambda: select(10, 11))
    pauses.after("the next", lambda: select(11, 12))
    pauses.after("select 100", lambda: select(0, 100))
    pauses.after("select all", table.selectAll)
    pauses.after("set the class of all", of_class, 3.0)
    pauses.after("take it back", panel.editor.undo, 3.0)
    pauses.after("select 100 again", lambda: select(0, 100))
    canvas = panel.canvas
    pauses.after("isolate them", lambda: canvas.isolate_button.setChecked(True))
    pauses.after("and back", lambda: canvas.isolate_button.setChecked(False))
    pauses.after("lay all out in 3D", lambda: canvas.lay_out_button.setChecked(True), 2.0)
    pauses.after("and back", lambda: canvas.lay_out_button.setChecked(False), 2.0)
    pauses.after("gallery", lambda: panel.views.show_view("gallery"), 2.0)
    pauses.after("scroll to its end", panel.views.gallery.scrollToBottom, 2.0)
    pauses.after("plot, the first time", lambda: panel.views.show_view("plot"), 2.0)
    pauses.after("lasso around all", lasso)
    pauses.after("select none", lambda: panel._selection.select(None))
    if picture:
        viewer.window.screenshot(str(picture), canvas_only=False, flash=False)
    print(f"{pauses.over} pauses longer than {BAR_MS:.0f} ms")
    viewer.close()


def order() -> Any:
    from qtpy.QtCore import Qt

    return Qt.SortOrder.DescendingOrder


if __name__ == "__main__":
    main()
