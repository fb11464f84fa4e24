"""A napari window worked by a visible hand: menus, buttons, lists and sliders, by mouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from film import WIDTH, Film
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QScrollArea,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QWidget,
)
from superqt.utils import qimage_to_array

LEFT = Qt.MouseButton.LeftButton
PATIENCE_S = 120.0
GLIDE_S = 0.1  # a frame of a pointer that moves
SIZE = (1366, 768)
EYE = 44  # of a layer in the list, from the left


class Stage:
    """Does with the mouse what a person does, and films it.

    Parameters
    ----------
    size
        Of the window, in pixels.
    width
        Of the film.
    """

    def __init__(self, size: tuple[int, int] = SIZE, width: int = WIDTH) -> None:
        import napari

        self.size = size
        self.viewer = napari.Viewer(title="napari")
        self.window = self.viewer.window._qt_window  # private: napari offers no public way to it
        self.window.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.window.setGeometry(0, 0, *size)
        self.window.show()
        self.film = Film(self._grab, pointer=(size[0] // 2, size[1] // 2), width=width)
        self.rest(1.0)

    def rest(self, seconds: float) -> None:
        """Let the window work, unseen."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            QApplication.processEvents()
            time.sleep(0.01)

    def wait(self, there: Callable[[], Any], what: str) -> None:
        """Let the window work until something is there; RuntimeError when it does not come."""
        until = time.perf_counter() + PATIENCE_S
        while not there():
            if time.perf_counter() > until:
                raise RuntimeError(f"waited {PATIENCE_S:.0f} s in vain for {what}")
            self.rest(0.02)

    def tell(self, caption: str, seconds: float = 0.0) -> None:
        """Write another caption, and give time to read it."""
        self.film.caption = caption
        if seconds:
            self.film.show(seconds)

    def glide(self, to: QPoint | tuple[int, int], steps: int = 3) -> None:
        """Move the pointer to a place on the screen, slower at the end."""
        goal = np.array([to.x(), to.y()] if isinstance(to, QPoint) else to)
        start = np.array(self.film.pointer)
        for share in np.linspace(0, 1, steps + 1)[1:]:
            x, y = start + (goal - start) * (1 - (1 - share) ** 2)
            self.film.pointer = (round(x), round(y))
            self.film.show(GLIDE_S)

    def click(self, widget: QWidget, at: QPoint | None = None, double: bool = False) -> None:
        """Move to a widget and press it; what it opens is seen in the next frame."""
        self.reveal(widget)
        if at is None:
            box = isinstance(widget, QCheckBox)
            at = QPoint(9, widget.height() // 2) if box else widget.rect().center()
        self.glide(widget.mapToGlobal(at))
        self.film.pressed = True
        self.film.show(0.15)
        QTest.mouseClick(widget, LEFT, pos=at)
        if double:
            QTest.mouseDClick(widget, LEFT, pos=at)
        self.film.pressed = False
        self.rest(0.4)

    def answer(self, button: QWidget, name: str) -> None:
        """Click a button that asks for a file or folder, and type its name."""

        def fill() -> None:
            dialog = QApplication.activeModalWidget()
            self.film.pressed = False
            self.film.show(0.6)
            field = dialog.findChild(QLineEdit)
            field.setText(name)
            self.film.show(1.0)
            QTest.keyClick(field, Qt.Key.Key_Return)

        QTimer.singleShot(3000, fill)  # the pointer is there by then, and the dialog open
        self.click(button)

    def hide_docks(self, *titles: str) -> None:
        """Click the crossed eye of docks, to make room."""
        for dock in self.window.findChildren(QDockWidget):
            if dock.windowTitle() in titles and dock.isVisible():
                self.click(dock.titleBarWidget().hide_button)

    def hide_docks_at_once(self, *titles: str) -> None:
        """Hide docks, unseen."""
        for dock in self.window.findChildren(QDockWidget):
            if dock.windowTitle() in titles:
                dock.hide()
        self.rest(0.2)

    def menu(self, *words: str, before_last: Callable[[], None] | None = None) -> None:
        """Go through the menus of the window."""
        bar: Any = self.window.menuBar()
        for word in words:
            entry = next(x for x in bar.actions() if x.text().replace("&", "").startswith(word))
            if word == words[-1] and before_last is not None:
                self.film.show(0.5)
                before_last()
            self.click(bar, bar.actionGeometry(entry).center())
            bar = entry.menu() or bar
        self.rest(0.5)

    def choose(self, box: QComboBox, words: str) -> None:
        """Unfold a drop-down and click one of its lines."""
        self.click(box, QPoint(box.width() - 12, box.height() // 2))
        row = next(i for i in range(box.count()) if box.itemText(i).startswith(words))
        self.pick(box.view(), row)

    def pick(self, lines: QAbstractItemView, row: int, double: bool = False) -> None:
        """Click a line of a list or table."""
        index = lines.model().index(row, 0)
        lines.scrollTo(index)
        self.rest(0.1)
        place = lines.visualRect(index).center()
        self.click(lines.viewport(), place, double)

    def slide(self, slider: QSlider, goals: Sequence[int], steps: int = 10) -> None:
        """Drag a slider from goal to goal (in its own steps), filming the window on the way."""
        self.reveal(slider)
        self.glide(slider.mapToGlobal(_handle(slider)))
        self.film.pressed = True
        for goal in goals:
            for value in np.linspace(slider.value(), goal, steps + 1)[1:]:
                slider.setValue(round(value))
                self.rest(0.35)
                place = slider.mapToGlobal(_handle(slider))
                self.film.pointer = (place.x(), place.y())
                self.film.show(0.16)
        self.film.pressed = False
        self.film.show(0.6)

    def turn(self, by: tuple[float, float, float], steps: int = 10) -> None:
        """Turn the 3D view, as a drag over the canvas does; angles in degrees about z, y, x."""
        camera = self._camera
        start, goal = np.array(camera.angles), np.array(camera.angles) + by
        canvas = self.viewer.window._qt_viewer.canvas.native
        middle = canvas.mapToGlobal(canvas.rect().center())
        self.glide((middle.x() - 3 * int(by[1]) // 2, middle.y() + 120), 3)
        self.film.pressed = True
        for share in np.linspace(0, 1, steps + 1)[1:]:
            camera.angles = tuple(start + share * (goal - start))
            x, y = self.film.pointer or (0, 0)
            self.film.pointer = (round(x + 3 * by[1] / steps), round(y - by[2] / steps))
            self.rest(0.15)
            self.film.show(0.14)
        self.film.pressed = False

    def zoom(self, by: float) -> None:
        """Make everything in the canvas so many times larger."""
        self._camera.zoom *= by
        self.rest(0.3)

    @property
    def _camera(self) -> Any:
        return getattr(self.viewer, "scene", self.viewer).camera  # napari 0.9 moved it

    def hide_layer(self, name: str) -> None:
        """Click the eye of a layer."""
        lines = self.viewer.window._qt_viewer.layers
        model = lines.model()
        index = next(
            index
            for index in (model.index(row, 0) for row in range(model.rowCount()))
            if str(index.data()).startswith(name)
        )
        lines.scrollTo(index)
        self.rest(0.1)
        line = lines.visualRect(index)
        self.click(lines.viewport(), QPoint(line.left() + EYE, line.center().y()))

    def reveal(self, widget: QWidget) -> None:
        """Turn to the page of a field and scroll its panel until it is in sight."""
        self._turn_to_page_of(widget)
        above = widget.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        if above is not None:
            above.ensureWidgetVisible(widget, 0, 90)
            self.rest(0.1)

    def _turn_to_page_of(self, widget: QWidget) -> None:
        from napari_3dmsl.widgets.common.pages import Pages

        above = widget.parentWidget()
        while above is not None and not isinstance(above, Pages):
            above = above.parentWidget()
        if above is None or above.page_of(widget) in (-1, above.bar.currentIndex()):
            return
        bar = above.bar
        self.click(bar, bar.tabRect(above.page_of(widget)).center())

    def find(self, panel: QWidget, name: str) -> Any:
        """Return the field of a panel that has this name; of several the one that is shown."""
        found = panel.findChildren(QWidget, name)
        if len(found) > 1:
            found = [field for field in found if field.isVisibleTo(panel)]
        if len(found) != 1:
            raise RuntimeError(f"{len(found)} fields are named {name}")
        return found[0]

    def panel(self, name: str) -> QWidget:
        """Return a panel of the plugin that is open."""
        docks = self.viewer.window.dock_widgets
        return next(x for title, x in docks.items() if title.startswith(name))

    def _grab(self) -> Any:
        QApplication.processEvents()
        screen = QApplication.primaryScreen().grabWindow(0, 0, 0, *self.size).toImage()
        return qimage_to_array(screen)[..., :3]


def _handle(slider: QSlider) -> QPoint:
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    part = QStyle.SubControl.SC_SliderHandle
    control = QStyle.ComplexControl.CC_Slider
    return slider.style().subControlRect(control, option, part, slider).center()
