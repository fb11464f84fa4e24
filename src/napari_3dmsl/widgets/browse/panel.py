"""The *Shape browser* panel: a table of the shapes, and why each has its class."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QCheckBox, QLabel, QPushButton

from napari_3dmsl.library.level_of_detail import DRAWN_SHAPES
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.widgets.browse.canvas_buttons import CanvasButtons
from napari_3dmsl.widgets.browse.class_edit import ClassEditor
from napari_3dmsl.widgets.browse.compare import CompareButton
from napari_3dmsl.widgets.browse.filter import FilterBar
from napari_3dmsl.widgets.browse.library_measuring import LibraryMeasuring
from napari_3dmsl.widgets.browse.shape_export import ShapeExport
from napari_3dmsl.widgets.browse.table import ShapeTable
from napari_3dmsl.widgets.browse.table_export import SaveMenu
from napari_3dmsl.widgets.browse.thumbnails import LARGE, SIZE, Thumbnails
from napari_3dmsl.widgets.browse.views import ShapeViews
from napari_3dmsl.widgets.common.camera_flight import Flight
from napari_3dmsl.widgets.common.class_legend import legend_of
from napari_3dmsl.widgets.common.library_drawing import LibraryDrawing
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.remembered import State, tick, ticks
from napari_3dmsl.widgets.common.shape_keys import add_shape_keys
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.common.soon import soon
from napari_3dmsl.widgets.common.tabs import open_named
from napari_3dmsl.widgets.common.warm import WarmUp

if TYPE_CHECKING:
    import napari


_MANY = 200  # shapes
_OFTEN_S = 0.2  # between two steps of the progress bar
_FIRST = (
    "Start here: shapes come from labels, from the 3DMSL release, or from a library folder or zip "
    "that you drop on the window."
)


class BrowsePanel(Panel):
    """Shows the loaded shapes; the table, the canvas and the labels select together.

    Parameters
    ----------
    viewer
        The viewer beside which it is docked.
    remember
        Whether fields show what they held when the panel was last used.
    """

    page = "browse.md"

    def __init__(self, viewer: napari.viewer.Viewer, *, remember: bool = True) -> None:
        super().__init__(viewer, remember=remember)
        WarmUp(self)
        self._selection = selection_of(viewer)
        self._model = ShapeTable()
        self._thumbnails = Thumbnails(self)
        self.at_end(self._thumbnails.close)
        self._pictures = Thumbnails(self, LARGE)
        self.at_end(self._pictures.close)
        self._flight = Flight(viewer, self)
        self.at_end(self._flight.stop)
        self._drawing = LibraryDrawing(viewer, self)
        self.at_end(self._drawing.stop)
        self._measuring = LibraryMeasuring(viewer, self)
        self.at_end(self._measuring.close)
        self._export = ShapeExport(self)
        self.at_end(self._export.close)
        self._build()
        self.at_end(self.canvas.filter.show_all)
        self._offer_shapes()
        keys = add_shape_keys(self)
        self.table.setToolTip(f"{self.table.toolTip()}. {keys}")
        self._selection.order = lambda: self._model.listed
        self.at_end(self._forget_order)
        self._drawing.progressed.connect(self._show_drawing)
        self._drawing.ended.connect(self._hide_progress)
        self._drawing.ended.connect(self.canvas.renew)
        self._drawing.grew.connect(self.canvas.fit)
        self._measuring.progressed.connect(self._show_measuring)
        self._measuring.stopped.connect(self._renew_measures)
        self._measuring.ended.connect(self.say)
        self._measuring.failed.connect(self.complain)
        self._export.began.connect(self._show_work)
        self._export.progressed.connect(self._show_exporting)
        self._export.stopped.connect(self._end_export)
        self._export.ended.connect(self.say)
        self._export.failed.connect(self.complain)
        self._drawing.failed.connect(self.complain)
        self._model.arranged.connect(self._list)
        self._model.arranged.connect(self._show_selected)
        self._thumbnails.made.connect(self._model.refresh)
        self.pictures_box.toggled.connect(self._toggle_pictures)
        self.filter.changed.connect(self._narrow)
        self.views.chosen.connect(self._selection.select_many)
        self.views.flown_to.connect(self._fly)
        self.views.switched.connect(self._show_view)
        self._progressed = 0.0
        self._soon = soon(self, self._show_source)
        self.at_end(self._soon.stop)
        self._selection.source_changed.connect(self._take_source)
        self._selection.marked.connect(self._show_selected)
        self._selection.highlighted.connect(self._tell_selected)
        # Queued, as Qt marks a row that is clicked only after it has told us.
        self._selection.failed.connect(self._refuse, Qt.ConnectionType.QueuedConnection)
        self.pictures_box.setChecked(True)
        changed = [
            *(box.toggled for box in self._boxes),
            self.table.columns_changed,
            self.views.switched,
        ]
        self.keep_in_mind("browse", self._state, self._take_state, changed)
        self._show_source()

    @property
    def _boxes(self) -> tuple[QCheckBox, ...]:
        return self.pictures_box, self.legend_box

    def _state(self) -> State:
        """Return what is remembered: how the table looks, not which shapes it shows."""
        table = {**ticks(self._boxes), "columns": self.table.shown}
        return {"table": {**table, "view": self.views.view}}

    def _take_state(self, state: State) -> None:
        table = state.get("table", {})
        tick(self._boxes, table)
        if isinstance(table.get("columns"), list):
            self.table.show_columns(table["columns"])
        self.views.show_view(table.get("view"))

    def keyPressEvent(self, event: Any) -> None:
        """Qt: what no field took; a shortcut would take Ctrl+Z from the text fields."""
        if event.matches(QKeySequence.StandardKey.Undo):
            self.editor.undo()
            return
        super().keyPressEvent(event)

    def _build(self) -> None:
        self.filter = FilterBar(self)
        self.canvas = CanvasButtons(self.viewer, self._selection, self)
        self.canvas.add(CompareButton(self, self._selection))
        self.views = ShapeViews(self._model, self._pictures, self)
        self.table = self.views.table
        self.pictures_box = QCheckBox("Pictures", self)
        self.pictures_box.setObjectName("pictures")
        self.pictures_box.setToolTip(
            "Show a picture of each shape: from its broadest side, the longest axis to the right, "
            "each as large as fits"
        )
        self._legend = legend_of(self.viewer)
        self.legend_box = QCheckBox("Legend", self)
        self.legend_box.setObjectName("legend")
        self.legend_box.setToolTip(
            "Tell in the corner of the canvas which colour is which class, while anything that is "
            "visible has these colours"
        )
        self.legend_box.setChecked(self._legend.on)
        self.legend_box.toggled.connect(self._legend.switch)
        self._legend.switched.connect(self.legend_box.setChecked)
        self.columns_button = QPushButton("Columns", self)
        self.columns_button.setObjectName("columns")
        self.columns_button.setToolTip("Choose the columns; a right click on a heading does too")
        self.columns_button.setMenu(self.table.menu)
        self.save_button = SaveMenu(
            self, self._model, lambda: self._selection.source, lambda: self.views.measures
        )
        for widget in (self.pictures_box, self.legend_box, self.columns_button, self.save_button):
            self.views.line.addWidget(widget)
        self.editor = ClassEditor(self.viewer, self._selection, self)
        self.editor.edited.connect(self._show_edited)
        self.editor.failed.connect(self.complain)
        self.why = QLabel(self)
        self.why.setObjectName("why")
        self.why.setWordWrap(True)
        self.add(self.filter)
        self.add(self.canvas)
        self.add(self.views, stretch=10)
        self.add(self.editor)
        self.add(self.why)
        self.measure_button = self.add_button(
            "measure",
            "Measure shapes",
            "Find class, length, volume and the other measures of a library's shapes from their "
            "surfaces; they are kept for the next time",
        )
        self.measure_button.clicked.connect(self._measure)
        self.add_footer(self._export.button)
        self.cancel_button = self.add_button(
            "cancel", "Cancel", "Stop measuring or exporting; what is done is kept"
        )
        self.cancel_button.clicked.connect(self._measuring.cancel)
        self.cancel_button.clicked.connect(self._export.cancel)
        self.cancel_button.hide()

    def _forget_order(self) -> None:
        self._selection.order = None

    def _offer_shapes(self) -> None:
        for name, words, tip in (
            ("go_extract", "Extract shapes", "Cut them out of labels, or of the sample"),
            ("go_download", "Download shapes", "Shapes of the 3DMSL release"),
        ):
            self.first_steps.offer(name, words, tip, partial(open_named, self.viewer, words))

    def _show_table(self) -> None:
        self._thumbnails.show(self._selection.source)
        self._pictures.show(self._selection.source)
        self._model.show(self._selection.source)
        self.table.fit_columns()
        self.filter.show_classes(self._model)
        self._narrow()

    def _show_edited(self, message: str) -> None:
        self._show_table()
        self.say(message)

    def _take_source(self) -> None:
        """Show other shapes: many of them when napari has done with the layer that they came in."""
        source = self._selection.source
        if source is not None and len(source.ids) > _MANY:
            self._soon.start()
        else:
            self._show_source()

    def _show_source(self) -> None:
        self._soon.stop()
        source = self._selection.source
        self.canvas.browse(source)
        self._show_table()
        self.first_steps.tell("" if source is not None else _FIRST)
        if source is None:
            self.say("No shapes yet: extract some, or drop a shape library folder on the window.")
        elif self._selection.instances is not None:
            self.say(f"{len(source.ids)} shapes. Click a row, or a shape in the canvas.")
        else:  # surfaces alone, which only a 3D view shows
            self.viewer.dims.ndisplay = 3
            self.canvas.fit_anew()
            many = len(source.ids) > DRAWN_SHAPES
            drawn = f"; the first {DRAWN_SHAPES} are drawn" if many else ""
            asked = " Measure shapes finds their classes." if self._to_measure else ""
            self.say(f"{len(source.ids)} shapes of a library{drawn}. Click a row.{asked}")
        if self._measuring.is_running and source is not self._measuring.source:
            self._measuring.cancel()
        self._show_work()
        self._drawing.draw(source)

    @property
    def _to_measure(self) -> ShapeLibrary | None:
        """The open library, if it lacks measures of some of its shapes."""
        source = self._selection.source
        if not isinstance(source, ShapeLibrary) or source.measures_itself:
            return None
        return source if source.measured < len(source) else None

    def _measure(self) -> None:
        if self._to_measure is not None:
            self._measuring.measure(self._to_measure)
            self.say("Measuring…")
            self._show_work()

    def _show_work(self) -> None:
        measuring = self._measuring.is_running
        self.measure_button.setVisible(self._to_measure is not None and not measuring)
        self.cancel_button.setVisible(self._is_working)

    @property
    def _is_working(self) -> bool:
        return self._measuring.is_running or self._export.is_running

    def _renew_measures(self) -> None:
        """Show what is known now, before a message about it."""
        self._show_table()
        self._show_selected()
        self._selection.classes_changed.emit()
        self._show_work()
        self._hide_progress()

    def _show_drawing(self, done: int, total: int) -> None:
        if not self._is_working:
            self._show_progress(done, total, "Drawing shape %v of %m")

    def _show_measuring(self, done: int, total: int) -> None:
        self._show_progress(done, total, "%v of %m shapes measured")

    def _show_exporting(self, done: int, total: int) -> None:
        if not self._measuring.is_running:
            self._show_progress(done, total, "%v of %m shapes exported")

    def _end_export(self) -> None:
        self._show_work()
        self._hide_progress()

    def _show_progress(self, done: int, total: int, words: str) -> None:
        now = time.monotonic()
        if done < total and self.progress.isVisible() and now - self._progressed < _OFTEN_S:
            return  # Qt draws the bar, and the canvas with it, at once
        self._progressed = now
        self.progress.setVisible(True)
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self.progress.setFormat(words)

    def _hide_progress(self) -> None:
        self.progress.setVisible(self._is_working)

    def _narrow(self) -> None:
        self._model.narrow(self.filter.mask(self._model))
        self.filter.show_histograms(self._model)

    def _list(self) -> None:
        self.canvas.list(self._model.listed, len(self._model.ids))

    def _show_view(self, name: str) -> None:
        for widget in (self.pictures_box, self.columns_button):
            widget.setVisible(name == "table")

    def _toggle_pictures(self, shown: bool) -> None:
        self._model.picture_of = self._thumbnails.picture if shown else None
        self.table.show_pictures(SIZE if shown else 0)

    def _fly(self) -> None:
        shown = self._selection.highlight
        if shown is not None and shown.visible:
            self._flight.to(shown, *self._selection.place_of_highlight())

    def _refuse(self, message: str) -> None:
        self._show_selected()
        self.complain(message)

    def _show_selected(self) -> None:
        selection = self._selection
        self._export.choose(selection.source, selection.shape_ids)
        self.views.mark(selection.shape_ids, selection.shape_id)
        self._tell_selected()

    def _tell_selected(self) -> None:
        selection = self._selection
        reason = selection.measures().get("reason")
        text = f"Shape {selection.shape_id}. Why this class? {reason}" if reason else ""
        many = len(selection.shape_ids)
        if many > 1:
            drawn = "" if selection.drawn == many else f", {selection.drawn} of them drawn white"
            text = f"{many} shapes selected{drawn}. {text}"
        self.why.setText(text)
