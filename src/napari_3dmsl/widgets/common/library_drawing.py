"""Draw the shapes of a library while it is browsed already."""

from __future__ import annotations

from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.classes import by_class
from napari_3dmsl.library.level_of_detail import DRAWN_SHAPES, draw_library, drawn_faces
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.widgets.common.background_process import BackgroundProcess
from napari_3dmsl.widgets.common.class_surfaces import draw_more, surfaces_of
from napari_3dmsl.widgets.common.incremental_layers import Turns


class LibraryDrawing(QObject):
    """Reads the surfaces that opening a library has left out, and adds them to the canvas.

    Reading is done in another process: to take large files apart holds up Python.

    Parameters
    ----------
    viewer
        Whose layers get the surfaces.
    parent
        Of the Qt object.

    Signals
    -------
    progressed(done, total)
        So many of the shapes that are drawn have been read.
    grew()
        A part of them is drawn.
    ended()
        All are drawn, or no more will be.
    failed(message)
        The library cannot be read any more.
    """

    progressed = Signal(int, int)
    grew = Signal()
    ended = Signal()
    failed = Signal(str)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._source: Any = None
        self._job: BackgroundProcess | None = None
        self._all_read = False
        self._turns = Turns(self, viewer=viewer)
        self._turns.ended.connect(self._end)

    def draw(self, source: Any) -> None:
        """Draw what is missing of some shapes, if they are a library.

        Parameters
        ----------
        source
            A library, or shapes just extracted.
        """
        if source is self._source:
            return
        self.stop()
        self._source = source
        if not isinstance(source, ShapeLibrary):
            return
        faces = drawn_faces(source, source.ids[:DRAWN_SHAPES])
        for layer in surfaces_of(self._viewer, source).values():
            for shape_id in about(layer)["merged"].sizes:
                faces.pop(shape_id, None)
        if not faces:
            return
        self._all_read = False
        before = min(len(source.ids), DRAWN_SHAPES) - len(faces)
        job = self._job = BackgroundProcess(self)
        job.progressed.connect(
            lambda done, total, _: self.progressed.emit(before + done, before + total)
        )
        job.parted.connect(self._add)
        job.finished.connect(self._read)
        job.failed.connect(self._fail)
        self.progressed.emit(before, before + len(faces))
        job.start(draw_library, source.folder, faces)

    def stop(self) -> None:
        """Draw no more; what is drawn stays."""
        self._source = None
        self._turns.stop()
        if self._job is not None:
            self._job.close()
            self._job.deleteLater()
            self._job = None
            self.ended.emit()

    def _add(self, part: dict[int, Mesh]) -> None:
        """Add a part, one class a turn: a class grows by other faces than the canvas has."""
        if self._job is None:  # a part that was on its way
            return
        groups = by_class(part, self._source)
        self._turns.extend(
            partial(draw_more, self._viewer, self._source, kind, meshes)
            for kind, meshes in groups.items()
        )

    def _read(self) -> None:
        self._all_read = True
        self._turns.extend([])  # ends when all parts are drawn

    def _fail(self, message: str) -> None:
        self.stop()
        self.failed.emit(f"Not all shapes are drawn: {message}")

    def _end(self) -> None:
        self.grew.emit()
        if self._job is not None and self._all_read:
            self._job.deleteLater()
            self._job = None
            self.ended.emit()
