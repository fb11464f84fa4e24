"""Save the table of the shapes that are listed, and the plot of two measures."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QMenu, QPushButton

from napari_3dmsl.image_io.figures import save_figure
from napari_3dmsl.layers.class_colours import CLASS_COLOURS
from napari_3dmsl.library.scatter_figure import draw_scatter
from napari_3dmsl.widgets.browse.axis_scale import on_axis
from napari_3dmsl.widgets.browse.measures import MEASURES, measure_words
from napari_3dmsl.widgets.browse.table import ShapeTable
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.questions import ask_for_path
from napari_3dmsl.widgets.common.save_layer import try_to_write
from napari_3dmsl.writing import whole_file

FIGURES = "PNG (*.png);;SVG (*.svg);;PDF (*.pdf)"


class SaveMenu(QPushButton):
    """*Save*: the table as CSV, the plot as PNG, SVG or PDF.

    Parameters
    ----------
    panel
        Says how it went.
    model
        What is saved: the shapes that it lists.
    source
        Gives the shapes that are open; None without any.
    measures
        Gives the columns to the right and upwards of the plot.
    """

    def __init__(
        self,
        panel: Panel,
        model: ShapeTable,
        source: Callable[[], Any],
        measures: Callable[[], tuple[str, str]],
    ) -> None:
        super().__init__(panel)
        self._panel, self._model = panel, model
        self._source, self._measures = source, measures
        self.setObjectName("save")
        self.setText("Save")
        self.setToolTip("Save the table of the shapes that are listed, or the plot")
        menu = QMenu(self)
        self.setMenu(menu)
        table = menu.addAction("Table of the listed shapes (CSV)")
        table.setObjectName("save_table")
        table.triggered.connect(self._save_table)
        plot = menu.addAction("Plot of two measures (PNG, SVG, PDF)")
        plot.setObjectName("save_plot")
        plot.triggered.connect(self._save_plot)

    def _save_table(self) -> None:
        ask_for_path(self._panel, "Save the table", "shapes.csv", "CSV (*.csv)", self._write_table)

    def _save_plot(self) -> None:
        ask_for_path(self._panel, "Save the plot", "shapes.png", FIGURES, self._write_plot)

    def _write_table(self, path: Path) -> None:
        def write() -> None:
            with whole_file(path) as temporary:
                write_listed(temporary, self._model)

        try_to_write(self._panel, write, path)

    def _write_plot(self, path: Path) -> None:
        source = self._source()
        if source is None:
            self._panel.complain("No shapes to plot yet.")
            return
        across, up = self._measures()

        def write() -> None:
            scales = [on_axis(self._model.numbers(name))[1] for name in (across, up)]
            figure = draw_scatter(
                source,
                across,
                up,
                {str(kind): colour for kind, colour in CLASS_COLOURS.items()},
                ids=self._model.listed,
                words={name: measure_words(name) for name, *_ in MEASURES},
                logarithmic=(scales[0], scales[1]),
            )
            save_figure(figure, path)

        names = {column.name for column in self._model.columns}
        missing = [measure_words(name) for name in (across, up) if name not in names]
        if missing:
            self._panel.complain(f"These shapes have no {missing[0]}: choose another measure.")
            return
        try_to_write(self._panel, write, path)


def write_listed(path: Path, model: ShapeTable) -> None:
    """Write the measures of the shapes that a table lists, in its order, as CSV.

    Parameters
    ----------
    path
        Of the file.
    model
        The table.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(model.listed_rows())
