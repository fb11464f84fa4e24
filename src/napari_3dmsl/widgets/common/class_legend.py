"""Legend of the class colours, in a corner of the canvas.

napari's overlays hold text of one colour, so this one is a widget that lies on the canvas. It lets
the mouse through, and no picture that napari takes of the canvas alone has it.
"""

from __future__ import annotations

from typing import Any
from weakref import ReferenceType, WeakKeyDictionary, ref

from qtpy.QtCore import QEvent, QObject, QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QWidget

from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.layers.class_legend import classes_in_sight
from napari_3dmsl.widgets.common.canvas_context import canvases_of
from napari_3dmsl.widgets.common.soon import soon

_SWATCH, _GAP, _PADDING, _MARGIN = 11, 7, 8, 10  # pixels
_GROUND_ALPHA = 190
_LAYER_EVENTS = ("visible", "opacity", "colormap")

_legends: WeakKeyDictionary[Any, ReferenceType[ClassLegend]] = WeakKeyDictionary()
"""Panels keep them, so that viewer and legend end together."""


class ClassLegend(QObject):
    """Follows the layers of a viewer and draws which colour is which class.

    Parameters
    ----------
    viewer
        Of napari.

    Signals
    -------
    switched(on)
    """

    switched = Signal(bool)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._users = 0
        self._on = True
        self._plate: LegendPlate | None = None
        self._watched: list[Any] = []
        self._soon = soon(self, self.refresh)  # many layers come and go at once

    @property
    def on(self) -> bool:
        """Whether it is shown while anything has the colours of the classes."""
        return self._on

    @property
    def plate(self) -> LegendPlate | None:
        """What lies on the canvas; None while no panel is open."""
        return self._plate

    def switch(self, on: bool) -> None:
        """Show the legend from now on, or do not.

        Parameters
        ----------
        on
            Whether it is shown.
        """
        if on != self._on:
            self._on = on
            self.refresh()
            self.switched.emit(on)

    def begin(self, panel: QWidget) -> None:
        """Lie on the canvas of the window of a panel, as long as any of them is open.

        Parameters
        ----------
        panel
            In the viewer's window; it calls `end` once when it is closed.
        """
        self._users += 1
        canvases = canvases_of(panel)
        if self._plate is not None or not canvases:
            return
        self._plate = LegendPlate(canvases[0])
        self._plate.setFont(panel.font())
        self._plate.destroyed.connect(self._forget_plate)
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed):
            event.connect(self._layers_changed)
        self._viewer.events.theme.connect(self._take_theme)
        self._take_theme()
        self._layers_changed()

    def end(self) -> None:
        """Take the legend away with the last panel that is closed."""
        self._users -= 1
        if self._users > 0 or self._plate is None:
            return
        plate, self._plate = self._plate, None
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed):
            event.disconnect(self._layers_changed)
        self._viewer.events.theme.disconnect(self._take_theme)
        self._watch([])
        self._soon.stop()
        plate.hide()
        plate.setParent(None)
        plate.deleteLater()

    def take_font(self, panel: QWidget) -> None:
        """Write in the letters of a panel.

        Parameters
        ----------
        panel
            Whose letters are others now.
        """
        if self._plate is not None:
            self._plate.setFont(panel.font())

    def refresh(self) -> None:
        """Show the classes whose colours are seen now."""
        if self._plate is not None:
            self._plate.show_classes(classes_in_sight(self._viewer.layers) if self._on else [])

    def _forget_plate(self) -> None:
        """Know that the canvas has gone, and the plate with it."""
        self._plate = None
        self._soon.stop()

    def _layers_changed(self, event: Any = None) -> None:
        self._watch(list(self._viewer.layers))
        self._soon.start()

    def _watch(self, layers: list[Any]) -> None:
        """Listen to these layers and to no others."""
        for watched, work in ((self._watched, "disconnect"), (layers, "connect")):
            other = layers if work == "disconnect" else self._watched
            for layer in watched:
                if any(layer is one for one in other):
                    continue
                for name in _LAYER_EVENTS:
                    if name in layer.events:
                        getattr(layer.events[name], work)(self._layer_changed)
        self._watched = layers

    def _layer_changed(self, event: Any = None) -> None:
        self._soon.start()

    def _take_theme(self, event: Any = None) -> None:
        from napari.utils.theme import get_theme

        theme = get_theme(self._viewer.theme)
        if self._plate is not None:
            self._plate.take_colours(*(QColor(x.as_hex()) for x in (theme.canvas, theme.text)))


class LegendPlate(QWidget):
    """A square of colour and a word for each class, in the lower left corner of a canvas.

    Parameters
    ----------
    canvas
        On which it lies.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setObjectName("class_legend")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.classes: list[str] = []
        self._ground, self._text = QColor("black"), QColor("white")
        canvas.installEventFilter(self)
        self.hide()

    def show_classes(self, classes: list[str]) -> None:
        """Name these classes; the legend of none is not shown.

        Parameters
        ----------
        classes
            In the order of the legend.
        """
        if classes != self.classes:
            self.classes = classes
            self.setAccessibleName(f"Colours of the classes: {', '.join(classes)}")
            self._place()
            self.update()
        self.setVisible(bool(classes))

    def take_colours(self, ground: QColor, text: QColor) -> None:
        """Take the colours of another theme.

        Parameters
        ----------
        ground, text
            Of the canvas and of what is written.
        """
        ground.setAlpha(_GROUND_ALPHA)
        self._ground, self._text = ground, text
        self.update()

    def sizeHint(self) -> QSize:
        """Qt: as large as its words."""
        metrics = self.fontMetrics()
        widest = max(map(metrics.horizontalAdvance, self.classes), default=0)
        height = len(self.classes) * self._line + 2 * _PADDING - _GAP // 2
        return QSize(widest + _SWATCH + _GAP + 2 * _PADDING, height)

    @property
    def _line(self) -> int:
        return max(self.fontMetrics().height(), _SWATCH) + _GAP // 2

    def eventFilter(self, canvas: Any, event: Any) -> bool:
        """Qt: stay in the corner of a canvas that is resized."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return bool(super().eventFilter(canvas, event))

    def changeEvent(self, event: Any) -> None:
        """Qt: other letters need other room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._place()

    def _place(self) -> None:
        canvas = self.parentWidget()
        if canvas is not None:
            size = self.sizeHint()
            self.setGeometry(
                _MARGIN, canvas.height() - size.height() - _MARGIN, size.width(), size.height()
            )

    def paintEvent(self, event: Any) -> None:
        """Qt: draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ground)
        painter.drawRoundedRect(self.rect(), 5, 5)
        high = self.fontMetrics().height()
        for number, kind in enumerate(self.classes):
            top = _PADDING + number * self._line
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(class_colour(kind)))
            painter.drawRoundedRect(_PADDING, top + (high - _SWATCH) // 2, _SWATCH, _SWATCH, 2, 2)
            painter.setPen(self._text)
            left = _PADDING + _SWATCH + _GAP
            painter.drawText(left, top + self.fontMetrics().ascent(), kind)
        painter.end()


def legend_of(viewer: Any) -> ClassLegend:
    """Return the one legend of a viewer, which ends with those who keep it.

    Parameters
    ----------
    viewer
        Of napari.
    """
    viewer = getattr(viewer, "__wrapped__", viewer)
    known = _legends.get(viewer)
    legend = None if known is None else known()
    if legend is None:
        legend = ClassLegend(viewer)
        _legends[viewer] = ref(legend)
    return legend


def show_legend(viewer: Any, panel: Any) -> None:
    """Show the legend of a viewer while a panel is open, if anything has its colours.

    Parameters
    ----------
    viewer
        Of napari.
    panel
        In its window already; has ``at_end``.
    """
    legend = legend_of(viewer)
    legend.begin(panel)
    panel.at_end(legend.end)
