"""The preview of an extraction: on a crop, in a thread, following the settings."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from napari_3dmsl.layers.attributes import LayerData, kind_of
from napari_3dmsl.layers.extraction_preview import ERODED, PREVIEW, preview_layers
from napari_3dmsl.layers.show import find, show
from napari_3dmsl.shapes.extraction import ExtractionSettings
from napari_3dmsl.shapes.extraction_preview import Preview, preview_extraction
from napari_3dmsl.widgets.common.canvas_view import look_at, units_in
from napari_3dmsl.widgets.common.latest_wins import LatestWins, Outdated

_SETTLE_MS = 200  # after the last change of a setting


@dataclass(frozen=True, eq=False)
class Request:
    """What to preview; ``middle`` is a voxel of the labels, or None for the densest place."""

    layer: Any
    labels: Any
    settings: ExtractionSettings
    edge: int
    place: str
    middle: tuple[float, ...] | None
    began: float = field(default_factory=time.perf_counter)
    stopped: threading.Event = field(default_factory=threading.Event)


class PreviewRunner(QObject):
    """Makes previews and keeps their layers; the input is only read.

    Parameters
    ----------
    viewer
        Which shows the preview.
    parent
        Of the Qt object.

    Signals
    -------
    said(str), failed(str), busy(bool)
    """

    said = Signal(str)
    failed = Signal(str)
    busy = Signal(bool)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._last: Request | None = None
        self._work = LatestWins(_make, self)
        self._work.finished.connect(self._show)
        self._work.failed.connect(self.failed)
        self._work.busy.connect(self.busy)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._ask)
        viewer.dims.events.ndisplay.connect(self._outline)

    def start(
        self, layer: Any, labels: Any, settings: ExtractionSettings, edge: int, place: str
    ) -> None:
        """Make a preview of a layer at a place that is looked for anew.

        Parameters
        ----------
        layer
            Whose labels they are.
        labels
            (Z, Y, X).
        settings
            As the fields have them.
        edge
            Side of the crop in voxels.
        place
            Where it is looked for; ``view`` is the middle of the canvas.
        """
        middle = middle_of_view(self._viewer, layer) if place == "view" else None
        self._last = Request(layer, labels, settings, edge, place, middle)
        self._settle.stop()
        self._ask()

    def follow(self, settings: ExtractionSettings, edge: int, place: str) -> None:
        """Make the preview anew at its place once the settings rest.

        Parameters
        ----------
        settings
            As the fields have them.
        edge
            Side of the crop in voxels.
        place
            Where it is looked for; ``view`` is the middle of the canvas.
        """
        if self._last is not None:
            middle = self._last.middle
            if place != self._last.place:
                middle = middle_of_view(self._viewer, self._last.layer) if place == "view" else None
            self._last = replace(
                self._last, settings=settings, edge=edge, place=place, middle=middle
            )
            self._settle.start()

    def shows(self, layer: Any) -> bool:
        """Whether a preview of this layer is shown.

        Parameters
        ----------
        layer
            Of labels.
        """
        return self._last is not None and layer is self._last.layer and bool(self._shown())

    def cancel(self) -> None:
        """Drop what is being made; layers stay as they are."""
        self._settle.stop()
        if self._last is not None and self._work.is_running:
            self._last.stopped.set()
            self.said.emit("Preview cancelled; no layer was changed.")

    def close(self) -> None:
        """Send nothing any more; the thread ends as soon as it can."""
        self._settle.stop()
        self._viewer.dims.events.ndisplay.disconnect(self._outline)
        self._work.close()

    def _ask(self) -> None:
        if self._last is not None:
            self._last = replace(self._last, began=time.perf_counter(), stopped=threading.Event())
            self.said.emit("Previewing…")
            self._work.request(self._last)

    def _shown(self) -> list[Any]:
        return [x for x in self._viewer.layers if kind_of(x) == PREVIEW]

    def _show(self, request: Request, preview: Preview) -> None:
        if request.layer not in self._viewer.layers or request.stopped.is_set():
            return
        moved = request.middle is None or not self._shown()
        if self._last is request:  # follow the settings at the place that was found
            middle = tuple((side.start + side.stop - 1) / 2 for side in preview.box)
            self._last = replace(request, middle=middle)
        self._put(preview_layers(preview, request.settings, request.layer))
        if moved:
            look_at(self._viewer, self._shown()[0])
        report = preview.extraction.report
        size = " × ".join(map(str, preview.before.shape))
        took = time.perf_counter() - request.began
        self.said.emit(
            f"Preview of {size} voxels in {took:.1f} s: {report.kept} shapes; {report.divided} "
            f"objects divided, {report.vanished} vanished, {report.dropped_small} too small. "
            "White: what the erosion leaves."
        )

    def _put(self, found: list[LayerData]) -> None:
        """Renew the layers in their place, or add them."""
        for layer in found:
            name = layer[1]["name"]
            is_new = find(self._viewer, PREVIEW, name) is None
            show(self._viewer, PREVIEW, layer, name)
            if is_new and name == ERODED:
                self._outline()

    def _outline(self, _event: Any = None) -> None:
        """Draw what is left as an outline, so that all is seen; in 3D napari has none and warns."""
        shown = find(self._viewer, PREVIEW, ERODED)
        if shown is not None:
            shown.contour = int(self._viewer.dims.ndisplay == 2)
            # Once more at each turn to 3D: napari slices for it before it tells anybody.
            warnings.filterwarnings("ignore", "Contours are not displayed")


def _make(request: Request, is_outdated: Callable[[], bool]) -> Preview:
    """Work of the thread."""

    def progress(done: int, total: int, what: str) -> None:
        if is_outdated() or request.stopped.is_set():
            raise Outdated

    return preview_extraction(
        request.labels, request.settings, request.edge, request.middle, progress
    )


def middle_of_view(viewer: Any, layer: Any) -> tuple[float, ...]:
    """Voxel (z, y, x) of a layer in the middle of the canvas, in the slice that is shown.

    Parameters
    ----------
    viewer
        Which shows the layer.
    layer
        Of labels.
    """
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
    point = np.array(viewer.dims.point, dtype=np.float64)
    shown = list(viewer.dims.displayed)
    point[shown] = np.asarray(camera.center)[-len(shown) :]
    world = point[-layer.ndim :] * units_in(viewer.layers, layer)
    return tuple(float(place) for place in layer.world_to_data(world)[-3:])
