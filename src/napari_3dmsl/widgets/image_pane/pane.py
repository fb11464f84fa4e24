"""The pane *Image*: what a microscope sees, large, always facing the person who looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)
from superqt import QFlowLayout

from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.widgets.image_pane.picture_grid import PictureGrid
from napari_3dmsl.widgets.image_pane.picture_view import KEYS, PictureView
from napari_3dmsl.widgets.image_pane.theme_colours import theme_colours

NOTHING_YET = "No image yet: choose a shape in the Microscope panel."


class ImagePane(QWidget):
    """Shows one picture or a few beside each other, with what people need to read them.

    Parameters
    ----------
    viewer
        Whose theme it takes.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.setObjectName("image_pane")
        self.viewer = viewer
        self._endings: list[Callable[[], None]] = []
        self.destroyed.connect(partial(_end, self._endings))
        self._waiting: tuple[tuple[Picture, ...], bool] | None = None
        self.grid = PictureGrid(self)
        self.nothing = QLabel(NOTHING_YET, self)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.read_out = QLabel(self)
        self.read_out.setObjectName("pixel")
        self.read_out.setAccessibleName("Pixel under the mouse")
        self.read_out.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._make_buttons()
        self._make_slider()
        self._lay_out()
        self.grid.pointed.connect(self._tell_pixel)
        self.grid.left.connect(self._tell_keys)
        self._tell_keys()
        viewer.events.theme.connect(self._take_theme)
        self._endings.append(lambda: viewer.events.theme.disconnect(self._take_theme))
        self._take_theme()

    def _make_buttons(self) -> None:
        self.grey = self._button(
            "grey",
            "Grey",
            "Shades of grey instead of the emission's colour",
            self.grid.show_grey,
        )
        self.fit_contrast = self._button(
            "fit_contrast",
            "Fit contrast",
            "From black to full colour: from the darkest to the brightest pixel of now. By itself "
            "the contrast follows images that get brighter, and stays when they get dimmer.",
        )
        self.fit_contrast.clicked.connect(self.grid.fit_contrast)
        self.whole = self._button(
            "whole",
            "Whole image",
            "Fit the whole image into the pane, not only the object; also by a double click",
            self.grid.show_whole,
        )
        self.scale_bar = self._button(
            "scale_bar", "Scale bar", "Show the scale bar", self.grid.show_scale_bar, checked=True
        )
        self.saturation = self._button(
            "saturation",
            "Saturated",
            "Mark pixels that are as bright as the camera can record: white, or red in grey",
            self.grid.show_saturation,
            checked=True,
        )
        self.buttons = [
            self.grey,
            self.fit_contrast,
            self.whole,
            self.scale_bar,
            self.saturation,
        ]

    def _button(
        self,
        name: str,
        text: str,
        tip: str,
        toggled: Callable[[bool], None] | None = None,
        *,
        checked: bool = False,
    ) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        if toggled is not None:
            button.setCheckable(True)
            button.setChecked(checked)
            button.toggled.connect(toggled)
        return button

    def _make_slider(self) -> None:
        self.planes = QWidget(self)
        self.plane = QSlider(Qt.Orientation.Horizontal, self.planes)
        self.plane.setObjectName("plane")
        self.plane.setAccessibleName("Plane of the stack")
        self.plane.setToolTip("Which plane of the stack is shown")
        self.plane.valueChanged.connect(self._plane_chosen)
        self.plane_label = QLabel(self.planes)
        self.plane_label.setObjectName("plane_label")
        row = QHBoxLayout(self.planes)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("z", self.planes))
        row.addWidget(self.plane, 1)
        row.addWidget(self.plane_label)
        self.planes.hide()

    def _lay_out(self) -> None:
        bar = QWidget(self)
        flow = QFlowLayout(bar)
        flow.setContentsMargins(0, 0, 0, 0)
        flow.setHorizontalSpacing(4)
        flow.setVerticalSpacing(4)
        for button in self.buttons:
            flow.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(bar)
        layout.addWidget(self.nothing, 1)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.planes)
        layout.addWidget(self.read_out)
        self.grid.hide()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """Qt: a square image and its words."""
        return QSize(460, 540)

    @property
    def pictures(self) -> list[Picture]:
        """What is shown."""
        return self.grid.pictures

    @property
    def in_focus(self) -> bool:
        """Whether the plane in focus is shown; always, without a stack."""
        return not self.planes.isVisible() or self._height_um() == 0.0

    def show_pictures(self, pictures: Sequence[Picture], *, fit: bool = False) -> None:
        """Show one to four pictures; those that are there already are changed in place.

        Cheap while nobody sees the pane: it shows the newest as soon as it is seen.

        Parameters
        ----------
        pictures
            Each with a key of its own; none empties the pane.
        fit
            Whether contrast and view are set anew, as for another object.
        """
        if not self.isVisible():
            fit = fit or (self._waiting is not None and self._waiting[1])
            self._waiting = tuple(pictures), fit
            return
        self._waiting = None
        self.nothing.setVisible(not pictures)
        self.grid.setVisible(bool(pictures))
        self._set_slider(pictures)
        self.grid.show_pictures(pictures, fit=fit)

    def showEvent(self, event: Any) -> None:
        """Qt: show what has come meanwhile."""
        super().showEvent(event)
        if self._waiting is not None:
            self.show_pictures(self._waiting[0], fit=self._waiting[1])

    def event(self, event: Any) -> bool:
        """Qt: a pane that napari takes out of its dock has been closed."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            _end(self._endings)
            self.deleteLater()
        return bool(super().event(event))

    def at_end(self, ending: Callable[[], None]) -> None:
        """Call this when the pane is closed.

        Parameters
        ----------
        ending
            Takes nothing and may be called once.
        """
        self._endings.append(ending)

    def _set_slider(self, pictures: Sequence[Picture]) -> None:
        stack = _stack_of(pictures)
        self.planes.setVisible(stack is not None)
        if stack is None:
            return
        before = _stack_of(self.pictures)
        same = before is not None and (
            before.step_um == stack.step_um
            and before.focus_plane == stack.focus_plane
            and len(before.planes) == len(stack.planes)
        )
        if same:
            return
        self.plane.blockSignals(True)
        self.plane.setRange(0, len(stack.planes) - 1)
        self.plane.setValue(stack.focus_plane)
        self.plane.blockSignals(False)
        self.grid.show_height(0.0)
        self._tell_plane(stack)

    def _height_um(self) -> float:
        stack = _stack_of(self.pictures)
        return 0.0 if stack is None else (self.plane.value() - stack.focus_plane) * stack.step_um

    def _plane_chosen(self) -> None:
        stack = _stack_of(self.pictures)
        if stack is not None:
            self.grid.show_height(self._height_um())
            self._tell_plane(stack)

    def _tell_plane(self, stack: Picture) -> None:
        height = (self.plane.value() - stack.focus_plane) * stack.step_um
        count = len(stack.planes)
        self.plane_label.setText(f"{height:+.2f} µm ({self.plane.value() + 1} of {count})")

    def _tell_pixel(self, view: PictureView, x_um: float, y_um: float) -> None:
        picture = view.picture
        assert picture is not None
        place = f"x {x_um:+.2f} µm, y {y_um:+.2f} µm"
        pixel = picture.pixel_at(x_um, y_um)
        if pixel is None:
            self.read_out.setText(f"{place}: outside the image")
            return
        value = float(view.shown[pixel])
        said = f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
        self.read_out.setText(
            f"{said} {picture.unit} at {place} (row {pixel[0]}, column {pixel[1]})"
        )

    def _tell_keys(self) -> None:
        self.read_out.setText(KEYS)
        self.read_out.setToolTip(KEYS)

    def _take_theme(self, event: Any = None) -> None:
        self.grid.take_theme(theme_colours(self.viewer).canvas)


def _stack_of(pictures: Sequence[Picture]) -> Picture | None:
    """Return the first stack."""
    return next((picture for picture in pictures if picture.values.ndim == 3), None)


def _end(endings: list[Callable[[], None]], _: object = None) -> None:
    """Run what `ImagePane.at_end` collected; not a method, as the pane is gone by then."""
    while endings:
        with suppress(RuntimeError):  # Qt may have deleted its half already
            endings.pop()()
