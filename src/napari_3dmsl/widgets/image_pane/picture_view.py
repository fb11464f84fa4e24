"""One picture in its frame: name, colours, scale bar, marks of saturation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QBoxLayout, QGraphicsRectItem, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_3dmsl.figures.contrast import Contrast
from napari_3dmsl.figures.difference import Shown
from napari_3dmsl.figures.emission_colour import emission_colour
from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.figures.picture_figure import table_of
from napari_3dmsl.widgets.image_pane.colour_bar import ColourBar
from napari_3dmsl.widgets.image_pane.scale_bar_item import ScaleBarItem

Rectangle = tuple[float, float, float, float]
"""Left, right, top, bottom, in µm."""

_SMALLEST = 110  # pixels of a side
_FULL_IN_GREY, _FULL_IN_COLOUR = "#ff2020", "#ffffff"
_PAN, _ZOOM = 0.1, 1.25
_LINE_KEYS = {
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
}
KEYS = "Drag moves, the wheel zooms, a double click fits; or arrow keys, + and −, 0."


class PictureView(QWidget):
    """Shows a `Picture`; another one of the same size takes its place without being laid out anew.

    Parameters
    ----------
    parent
        Of the widget.

    Signals
    -------
    moved(rectangle)
        Somebody has zoomed or dragged; what is seen now, see `Rectangle`.
    fit_wanted()
    pointed(x_um, y_um)
        The mouse is there.
    left()
        The mouse is gone.
    resized()
        There is another room for the picture.
    line_key(key)
        A key is pressed with Shift, which moves the line of a profile.
    """

    moved = Signal(object)
    fit_wanted = Signal()
    pointed = Signal(float, float)
    left = Signal()
    resized = Signal()
    line_key = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self.contrast = Contrast(0.0, 1.0)
        self.saturated_share = 0.0
        self._plane = 0
        self._in_grey = False
        self._marks_saturation = True
        self._shown: NDArray[Any] | None = None
        self.title = QLabel(self)
        self.title.setWordWrap(True)
        self.title.setObjectName("title")
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.colour_bar = ColourBar(self)
        self.graphics = _Graphics(self)
        self.box = pg.ViewBox(lockAspect=True, invertY=True, enableMenu=False)
        self.graphics.setCentralItem(self.box)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._marks = pg.ImageItem(axisOrder="row-major")
        self._marks.setZValue(10)
        self._frame = QGraphicsRectItem()
        for item in (self._image, self._marks, self._frame):
            self.box.addItem(item, ignoreBounds=True)
        self.scale_bar = ScaleBarItem(self.box)
        self.box.sigRangeChangedManually.connect(self._tell_move)
        self.box.sigResized.connect(self.resized)
        self.graphics.scene().sigMouseMoved.connect(self._tell_place)
        self._lay_out()

    def _lay_out(self) -> None:
        # Columns are equally wide, whatever stands above their pictures.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(_SMALLEST)
        self._header = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._header.setContentsMargins(2, 0, 2, 0)
        self._header.setSpacing(2)
        self._header.addWidget(self.title, 1)
        self._header.addWidget(self.colour_bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._header)
        layout.addWidget(self.graphics, 1)

    def resizeEvent(self, event: Any) -> None:
        """Qt: cut no word: without room for both, the colours stand below the name."""
        super().resizeEvent(event)
        self._order_header()

    def _order_header(self) -> None:
        words = self.title.fontMetrics().horizontalAdvance(self.title.text())
        both = words + self.colour_bar.sizeHint().width() + 12
        way = QBoxLayout.Direction
        wanted = way.LeftToRight if both <= self.width() else way.TopToBottom
        if self._header.direction() != wanted:
            self._header.setDirection(wanted)

    def show_picture(self, picture: Picture, contrast: Contrast, plane: int) -> None:
        """Show a picture; cheap when only its values differ from the last.

        Parameters
        ----------
        picture
            The new one.
        contrast
            Its display range.
        plane
            Index of the plane to show.
        """
        before, self.picture = self.picture, picture
        if before is None or before.emission_nm != picture.emission_nm:
            self._take_colours()
        if before is None or before.title != picture.title:
            self.title.setText(picture.title)
            self.title.setToolTip(picture.title)
            self._order_header()
            self.graphics.setAccessibleName(f"Image of {picture.title}")
        resized = before is None or before.extent_um != picture.extent_um
        self._draw(plane, contrast)
        if resized:
            self._place()

    def show_contrast(self, contrast: Contrast) -> None:
        """Take another display range.

        Parameters
        ----------
        contrast
            The new one.
        """
        self._draw(self._plane, contrast)

    def show_plane(self, plane: int) -> None:
        """Show another plane of a stack.

        Parameters
        ----------
        plane
            Its index.
        """
        self._draw(plane, self.contrast)

    def show_grey(self, in_grey: bool) -> None:
        """Show shades of grey, or the colour of the emission.

        Parameters
        ----------
        in_grey
            True for grey.
        """
        self._in_grey = in_grey
        if self.picture is not None:
            self._take_colours()
            self._mark_saturation()

    def show_saturation(self, marked: bool) -> None:
        """Mark saturated pixels, or not.

        Parameters
        ----------
        marked
            Whether they have a colour of their own.
        """
        self._marks_saturation = marked
        self._mark_saturation()

    def um_per_pixel(self, rectangle: Rectangle) -> float:
        """Return the scale at which this part is just seen whole.

        Parameters
        ----------
        rectangle
            In µm.
        """
        left, right, top, bottom = rectangle
        width, height = max(self.box.width(), 1.0), max(self.box.height(), 1.0)
        return max((right - left) / width, (bottom - top) / height)

    def look_at(self, rectangle: Rectangle, um_per_pixel: float) -> None:
        """Show this part in the middle.

        Parameters
        ----------
        rectangle
            In µm.
        um_per_pixel
            The scale.
        """
        left, right, top, bottom = rectangle
        width, height = (um_per_pixel * side for side in (self.box.width(), self.box.height()))
        x, y = 0.5 * (left + right), 0.5 * (top + bottom)
        self.box.setRange(QRectF(x - 0.5 * width, y - 0.5 * height, width, height), padding=0)

    def take_theme(self, canvas: str) -> None:
        """Take another ground.

        Parameters
        ----------
        canvas
            Its colour.
        """
        self.graphics.setBackground(canvas)

    def as_shown(self) -> Shown:
        """Return the picture with its plane and range, for a figure."""
        assert self.picture is not None
        return self.picture, self.shown, self.contrast

    @property
    def plane(self) -> int:
        """Index of the plane that is shown."""
        return self._plane

    @property
    def shown(self) -> NDArray[Any]:
        """The values that are seen, (R, C)."""
        assert self._shown is not None
        return self._shown

    @property
    def seen(self) -> Rectangle:
        """What is seen now."""
        (left, right), (top, bottom) = self.box.viewRange()
        return left, right, top, bottom

    def _draw(self, plane: int, contrast: Contrast) -> None:
        assert self.picture is not None
        self._plane, self.contrast = plane, contrast
        self._shown = self.picture.planes[plane]
        self._image.setImage(self._shown, levels=(contrast.low, contrast.high), autoLevels=False)
        self._mark_saturation()

    def _mark_saturation(self) -> None:
        """Colour the pixels that are as bright as can be, and tell how many there are."""
        if self.picture is None or self._shown is None:
            return
        self.saturated_share = 0.0
        limit = self.picture.saturation
        marked = False
        if limit is not None:
            full = self._shown >= limit
            count = int(np.count_nonzero(full))
            self.saturated_share = count / full.size
            marked = bool(count) and self._marks_saturation
            if marked:
                colour = QColor(self._full_colour).getRgb()
                layer = np.zeros((*full.shape, 4), np.uint8)
                layer[full] = colour
                self._marks.setImage(layer, autoLevels=False)
        self._marks.setVisible(marked)
        self.colour_bar.show_values(
            self.contrast.low, self.contrast.high, self.picture.unit, self.saturated_share
        )

    @property
    def _full_colour(self) -> str:
        return _FULL_IN_GREY if self._in_grey else _FULL_IN_COLOUR

    def _take_colours(self) -> None:
        assert self.picture is not None
        emission = emission_colour(self.picture.emission_nm)
        table = table_of(self.picture, in_grey=self._in_grey)
        self._image.setLookupTable(table)
        self.colour_bar.show_table(table, self._full_colour)
        self._frame.setPen(pg.mkPen([int(255 * part) for part in emission], width=1.5))

    def _place(self) -> None:
        assert self.picture is not None
        left, right, top, bottom = self.picture.extent_um
        whole = QRectF(left, top, right - left, bottom - top)
        self._image.setRect(whole)
        self._marks.setRect(whole)
        self._frame.setRect(whole)

    def _tell_move(self, *_: Any) -> None:
        self.moved.emit(self.seen)

    def _tell_place(self, place: Any) -> None:
        if self.box.sceneBoundingRect().contains(place):
            at = self.box.mapSceneToView(place)
            self.pointed.emit(at.x(), at.y())

    def step(self, key: Any) -> bool:
        """Move or zoom by a key; return whether it means something here.

        Parameters
        ----------
        key
            Of Qt.
        """
        keys = Qt.Key
        left, right, top, bottom = self.seen
        across, down = _PAN * (right - left), _PAN * (bottom - top)
        steps = {
            keys.Key_Left: (-across, 0.0),
            keys.Key_Right: (across, 0.0),
            keys.Key_Up: (0.0, -down),
            keys.Key_Down: (0.0, down),
        }
        zooms = {keys.Key_Plus: 1 / _ZOOM, keys.Key_Equal: 1 / _ZOOM, keys.Key_Minus: _ZOOM}
        if key in steps:
            self.box.translateBy(steps[key])
        elif key in zooms:
            self.box.scaleBy((zooms[key], zooms[key]))
        elif key == keys.Key_0:
            self.fit_wanted.emit()
            return True
        else:
            return False
        self._tell_move()
        return True


class _Graphics(pg.GraphicsView):  # type: ignore[misc,unused-ignore]
    """Takes keys, double clicks and the mouse's leaving for its picture."""

    def __init__(self, owner: PictureView) -> None:
        super().__init__(owner, useOpenGL=False)
        self._owner = owner
        self.setObjectName("picture")
        self.setAccessibleDescription(KEYS)
        self.setMinimumSize(_SMALLEST, _SMALLEST)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def keyPressEvent(self, event: Any) -> None:
        """Qt: arrows move, plus and minus zoom, 0 fits; with Shift they are for the line."""
        key = Qt.Key(event.key())
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and key in _LINE_KEYS:
            self._owner.line_key.emit(key)
        elif not self._owner.step(key):
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Qt: fit."""
        super().mouseDoubleClickEvent(event)
        self._owner.fit_wanted.emit()

    def leaveEvent(self, event: Any) -> None:
        """Qt: nothing is pointed at any more."""
        super().leaveEvent(event)
        self._owner.left.emit()
