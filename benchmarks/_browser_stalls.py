"""Does the window stay alive while a library of 1,026 shapes is browsed? The longest stall of each.

Opens a library of 27 phantoms side by side as dropping it on the window does, and does
what a person does in the Shape browser. Told are, for each action, the longest stall and the
processor time in it (see `_window.Stalls`). The bar: 150 ms; none may be longer than 0.5 s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import napari
import numpy as np
from _window import Stalls, pump, wait
from qtpy.QtWidgets import QWidget

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import Shape, measure_shapes
from napari_3dmsl.widgets.browse.panel import BrowsePanel

VOXEL_NM = (48.0, 48.0, 48.0)
BAR_MS = 150.0


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


def browse(folder: Path, picture: Path | None) -> None:
    viewer = napari.Viewer(title="stalls")
    viewer.window.resize(1400, 900)
    panel = BrowsePanel(viewer, remember=False)
    viewer.window.add_dock_widget(panel, name="Shape browser")
    pump(2.0)
    stalls = Stalls()

    def after(what: str, action: Callable[[], Any], rest_s: float = 1.0) -> None:
        stalls.after(f"browser: {what}", action, BAR_MS, rest_s)

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
    after("open", lambda: viewer.open(folder, **plugin))
    after("the rest is drawn", drawn, 3.0)
    after("sort by length", lambda: table.sortByColumn(2, order()))
    after("scroll to the end", table.scrollToBottom)
    after("a class", lambda: choose("rod"))
    after("a bound", lambda: find("from_1").setText("2"))
    after("another", lambda: find("to_2").setText("0.3"))
    after("show all", find("show_all").click)
    after("select one", lambda: select(10, 11))
    after("the next", lambda: select(11, 12))
    after("select 100", lambda: select(0, 100))
    after("select all", table.selectAll)
    after("set the class of all", of_class, 3.0)
    after("take it back", panel.editor.undo, 3.0)
    after("select 100 again", lambda: select(0, 100))
    canvas = panel.canvas
    after("isolate them", lambda: canvas.isolate_button.setChecked(True))
    after("and back", lambda: canvas.isolate_button.setChecked(False))
    after("lay all out in 3D", lambda: canvas.lay_out_button.setChecked(True), 2.0)
    after("and back", lambda: canvas.lay_out_button.setChecked(False), 2.0)
    after("gallery", lambda: panel.views.show_view("gallery"), 2.0)
    after("scroll to its end", panel.views.gallery.scrollToBottom, 2.0)
    after("plot, the first time", lambda: panel.views.show_view("plot"), 2.0)
    after("lasso around all", lasso)
    after("select none", lambda: panel._selection.select(None))
    if picture:
        viewer.window.screenshot(str(picture), canvas_only=False, flash=False)
    viewer.close()


def order() -> Any:
    from qtpy.QtCore import Qt

    return Qt.SortOrder.DescendingOrder
