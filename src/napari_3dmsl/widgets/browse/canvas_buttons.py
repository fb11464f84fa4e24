"""What the canvas shows of the shapes: *Isolate* and *Lay out*, and where the camera stands."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from napari_3dmsl.widgets.browse.canvas_filter import CanvasFilter
from napari_3dmsl.widgets.common.fitted_view import FittedView
from napari_3dmsl.widgets.common.shape_selection import ShapeSelection
from napari_3dmsl.widgets.common.soon import soon

_ISOLATE_TIP = (
    "Show the selected shapes alone in the canvas; press once more to show again what is listed. "
    "Select shapes to isolate them"
)
_LAY_OUT_TIP = (
    "Lay the shapes that are listed side by side in 3D, in the order of the table; press once more "
    "to put them back in their places. Other layers are hidden meanwhile. Open shapes to lay them "
    "out"
)


class CanvasButtons(QWidget):
    """The number of shapes that are listed, and what the canvas does with them.

    Parameters
    ----------
    viewer
        Whose canvas shows the shapes.
    selection
        What is isolated.
    panel
        In which it stands.
    """

    def __init__(self, viewer: Any, selection: ShapeSelection, panel: QWidget) -> None:
        super().__init__(panel)
        self._viewer = viewer
        self._selection = selection
        self._before: tuple[int, Any, float, Any] | None = None  # the gallery
        self._view = FittedView(viewer)
        self._soon = soon(self, self.fit)  # napari fits its first layer, after it has told us
        self.filter = CanvasFilter(viewer, self)
        self.filter.changed.connect(self._canvas_changed)
        self.count = QLabel(self)
        self.count.setObjectName("count")
        self.isolate_button = self._button("isolate", "Isolate", _ISOLATE_TIP)
        self.isolate_button.toggled.connect(self._isolate)
        self.lay_out_button = self._button("lay_out", "Lay out", _LAY_OUT_TIP)
        self.lay_out_button.toggled.connect(self._lay_out)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.count, 1)
        line.addWidget(self.isolate_button)
        line.addWidget(self.lay_out_button)
        selection.marked.connect(self._offer)

    def _button(self, name: str, words: str, tip: str) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        button.setCheckable(True)
        button.setToolTip(tip)
        return button

    def add(self, button: QWidget) -> None:
        """Put another button beside these, behind the number of shapes.

        Parameters
        ----------
        button
            To be put there.
        """
        layout: Any = self.layout()
        layout.insertWidget(1, button)

    def browse(self, source: Any) -> None:
        """Take other shapes: all of them, in their places.

        Parameters
        ----------
        source
            A library, or shapes just extracted; None for nothing.
        """
        self.isolate_button.setChecked(False)
        self.lay_out_button.setChecked(False)
        self._before = None  # the camera is where the new shapes are
        self.filter.browse(source)
        self._offer()

    def list(self, ids: list[int], total: int) -> None:
        """Tell how many shapes are listed, and let the canvas follow.

        Parameters
        ----------
        ids
            Of the shapes, in the order of the table.
        total
            Shapes there are.
        """
        self.count.setText(f"{len(ids)} of {total} shapes")
        self.filter.list(ids)

    def fit(self) -> None:
        """Fit all shapes into the canvas, unless the person has moved the camera since."""
        self._view.fit()

    def fit_anew(self) -> None:
        """Fit all shapes into the canvas, wherever the camera is."""
        self._view.forget()
        self._soon.start()

    def renew(self) -> None:
        """Lay out what has been drawn meanwhile, too."""
        if self.filter.in_gallery:
            self.filter.lay_out(True)

    def _offer(self) -> None:
        """Let be isolated what is selected, and be taken back what is, whatever is selected."""
        selected = bool(self._selection.shape_ids)
        self.isolate_button.setEnabled(self.isolate_button.isChecked() or selected)
        self.lay_out_button.setEnabled(self._selection.source is not None)

    def _isolate(self, alone: bool) -> None:
        self.filter.isolate(self._selection.shape_ids if alone else None)
        self._offer()

    def _lay_out(self, in_gallery: bool) -> None:
        camera = getattr(self._viewer, "scene", self._viewer).camera
        if in_gallery:
            self._before = (self._viewer.dims.ndisplay, *self._view.camera, camera.angles)
        self.filter.lay_out(in_gallery)

    def _canvas_changed(self) -> None:
        """Look at the gallery from the front when it is there, and from before when it is gone."""
        self._selection.renew_highlight()
        camera = getattr(self._viewer, "scene", self._viewer).camera
        if self.filter.in_gallery:
            self._viewer.dims.ndisplay = 3
            self._viewer.reset_view()
        elif self._before is not None:
            ndisplay, center, zoom, angles = self._before
            self._before = None
            self._viewer.dims.ndisplay = ndisplay
            camera.angles = angles
            camera.center, camera.zoom = tuple(center.tolist()), zoom
