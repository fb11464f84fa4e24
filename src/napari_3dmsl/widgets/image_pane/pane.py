"""The pane *Image*: what a microscope sees, large, always facing the person who looks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSlider,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel, QFlowLayout

from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.figures.picture_figure import draw_pictures
from napari_3dmsl.layers.emission_colours import colour_layers, is_in_grey
from napari_3dmsl.widgets.common.endings import Endings
from napari_3dmsl.widgets.common.questions import ask_for_path
from napari_3dmsl.widgets.image_pane.figure_making import FigureMaking, Offer
from napari_3dmsl.widgets.image_pane.figure_window import KINDS
from napari_3dmsl.widgets.image_pane.histogram_plot import HistogramPlot
from napari_3dmsl.widgets.image_pane.picture_grid import PictureGrid
from napari_3dmsl.widgets.image_pane.picture_view import KEYS, PictureView
from napari_3dmsl.widgets.image_pane.profile_plot import ProfilePlot
from napari_3dmsl.widgets.image_pane.theme_colours import theme_colours

_PICTURES, _PLOTS = 680, 320  # per mille of the height, while there are plots
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
        self.preferred_width = 460  # of a square image and its words
        self._endings = Endings()
        self.destroyed.connect(self._endings.run)
        self._waiting: tuple[tuple[Picture, ...], Collection[str]] | None = None
        self.grid = PictureGrid(self)
        self.nothing = QLabel(NOTHING_YET, self)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.read_out = QElidingLabel(self)
        self.read_out.setObjectName("pixel")
        self.read_out.setAccessibleName("Pixel under the mouse")
        self.read_out.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.profile = ProfilePlot(self.grid)
        self.histogram = HistogramPlot(self.grid)
        self.figures = FigureMaking(self)
        self.figures.said.connect(self.say)
        self.at_end(self.figures.close_work)
        self._offers: list[Offer] = []
        self._make_buttons()
        self._make_slider()
        self._lay_out()
        self.grid.pointed.connect(self._tell_pixel)
        self.grid.left.connect(self._tell_keys)
        self._tell_keys()
        viewer.events.theme.connect(self._take_theme)
        self._endings.append(lambda: viewer.events.theme.disconnect(self._take_theme))
        self._take_theme()
        self.grey.setChecked(is_in_grey(viewer.layers))

    def _show_grey(self, in_grey: bool) -> None:
        self.grid.show_grey(in_grey)
        colour_layers(self.viewer.layers, in_grey=in_grey)

    def _make_buttons(self) -> None:
        self.grey = self._button(
            "grey",
            "Grey",
            "Shades of grey instead of the emission's colour, here and in the layers of napari; a "
            "layer whose colormap you have chosen yourself keeps it",
            self._show_grey,
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
        self.show_button = self._menu_button(
            "show", "Show", "What stands in the pictures, and plots below them", None
        )
        self._make_switches()
        self.difference = self._menu_button(
            "difference",
            "Difference",
            "Show what one microscope shows more or less than another, each counted from its black "
            "(0) to its full colour (1)",
            self._fill_differences,
        )
        self.figure = self._menu_button(
            "figure",
            "Figure",
            "Save what is shown as a figure with scale bars, or make a larger one",
            self._fill_figures,
        )
        self.buttons = [
            self.grey,
            self.fit_contrast,
            self.whole,
            self.show_button,
            self.difference,
            self.figure,
        ]

    def _make_switches(self) -> None:
        """Fill the menu of what stands in the pictures and below them."""
        self.scale_bar = self._switch(
            "scale_bar",
            "Scale bar",
            "A round length in µm",
            self.grid.show_scale_bar,
            checked=True,
        )
        self.saturation = self._switch(
            "saturation",
            "Saturated pixels",
            "Mark pixels that are as bright as the camera can record: white, or red in grey",
            self.grid.show_saturation,
            checked=True,
        )
        self.profile_switch = self._switch(
            "profile",
            "Line profile",
            "Draw a line through the pictures and plot the values along it",
            self.profile.switch,
        )
        self.histogram_switch = self._switch(
            "histogram",
            "Histogram",
            "Count the pixels by their value, with the mark where the camera is full",
            self.histogram.switch,
        )

    def _menu_button(
        self, name: str, text: str, tip: str, fill: Callable[[QMenu], None] | None
    ) -> QPushButton:
        button = self._button(name, text, tip)
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        if fill is not None:
            menu.aboutToShow.connect(menu.clear)
            menu.aboutToShow.connect(lambda: fill(menu))
        button.setMenu(menu)
        return button

    def _switch(
        self,
        name: str,
        text: str,
        tip: str,
        toggled: Callable[[bool], None],
        *,
        checked: bool = False,
    ) -> QAction:
        action = self.show_button.menu().addAction(text)
        action.setObjectName(name)
        action.setToolTip(tip)
        action.setCheckable(True)
        action.setChecked(checked)
        action.toggled.connect(toggled)
        return action

    def _fill_differences(self, menu: QMenu) -> None:
        pictures = [picture for picture in self.pictures if not picture.signed]
        if len(pictures) < 2:
            menu.addAction("Choose a microscope to compare with first").setEnabled(False)
            return
        pairs = list(combinations(pictures, 2))
        choices: list[tuple[str, tuple[str, str] | None]] = [("None", None)]
        choices += [(f"{a.name} − {b.name}", (a.key, b.key)) for a, b in pairs]
        for title, pair in choices:
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(pair == self.grid.pair)
            action.triggered.connect(partial(self._show_difference, pair))

    def _show_difference(self, pair: tuple[str, str] | None, *_: Any) -> None:
        self.grid.show_difference(pair)

    def _fill_figures(self, menu: QMenu) -> None:
        if not self.pictures:
            menu.addAction("Choose a shape first: there is no image yet").setEnabled(False)
            return
        save = menu.addAction("Save as figure…")
        save.setToolTip("Write what is shown, with scale bars and colour bars, as PNG, SVG or PDF")
        save.triggered.connect(self.save_figure)
        for offer in self._offers:
            action = menu.addAction(f"{offer.title}…")
            action.setToolTip(offer.tip)
            action.triggered.connect(partial(self._make, offer))

    def _make(self, offer: Offer, *_: Any) -> None:
        self.figures.make(offer)

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
        plots = QSplitter(Qt.Orientation.Horizontal)
        plots.addWidget(self.profile)
        plots.addWidget(self.histogram)
        self._parts = QSplitter(Qt.Orientation.Vertical, self)
        self._parts.addWidget(self.grid)
        self._parts.addWidget(plots)
        self._parts.setStretchFactor(0, 3)
        self._parts.setStretchFactor(1, 1)
        self._parts.setChildrenCollapsible(False)
        for switch in (self.profile_switch, self.histogram_switch):
            switch.toggled.connect(lambda _: self._parts.setSizes([_PICTURES, _PLOTS]))
        layout.addWidget(self.nothing, 1)
        layout.addWidget(self._parts, 1)
        layout.addWidget(self.planes)
        layout.addWidget(self.figures)
        layout.addWidget(self.read_out)
        self._parts.hide()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """Qt: as wide as `preferred_width`."""
        return QSize(self.preferred_width, 540)

    @property
    def pictures(self) -> list[Picture]:
        """What is shown."""
        return self.grid.pictures

    @property
    def in_focus(self) -> bool:
        """Whether the plane in focus is shown; always, without a stack."""
        return not self.planes.isVisible() or self._height_um() == 0.0

    def show_pictures(self, pictures: Sequence[Picture], *, fit: Collection[str] = ()) -> None:
        """Show one to four pictures; those that are there already are changed in place.

        Cheap while nobody sees the pane: it shows the newest as soon as it is seen.

        Parameters
        ----------
        pictures
            Each with a key of its own; none empties the pane.
        fit
            Keys of those whose contrast is set anew, as for another object; the view is, too.
        """
        if not self.isVisible():
            before = () if self._waiting is None else self._waiting[1]
            self._waiting = tuple(pictures), {*before, *fit}
            return
        self._waiting = None
        self.nothing.setVisible(not pictures)
        self._parts.setVisible(bool(pictures))
        self._set_slider(pictures)
        self.grid.show_pictures(pictures, fit=fit)

    def offer(self, offers: Sequence[Offer]) -> None:
        """Offer figures in the menu *Figure*.

        Parameters
        ----------
        offers
            Instead of those that were offered before.
        """
        self._offers = list(offers)

    def save_figure(self) -> None:
        """Ask where, and write what is shown as a figure."""
        ask_for_path(self, "Save as figure", "image.png", KINDS, self._write_figure)

    def _write_figure(self, path: Path) -> None:
        shown = [view.as_shown() for view in self.grid.views]
        figure = draw_pictures(
            shown, columns=self.grid.columns, in_grey=self.grey.isChecked(), window=self.grid.window
        )
        self.figures.write(figure, path)

    def say(self, text: str, is_bad: bool = False) -> None:
        """Tell something in the last line.

        Parameters
        ----------
        text
            One line.
        is_bad
            Whether something went wrong.
        """
        colour = theme_colours(self.viewer).warning
        self.read_out.setStyleSheet(f"color: {colour};" if is_bad else "")
        self.read_out.setText(text)
        self.read_out.setToolTip(text)

    def showEvent(self, event: Any) -> None:
        """Qt: show what has come meanwhile."""
        super().showEvent(event)
        if self._waiting is not None:
            self.show_pictures(self._waiting[0], fit=self._waiting[1])

    def event(self, event: Any) -> bool:
        """Qt: a pane that napari takes out of its dock has been closed."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._endings.run()
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
            self.say(f"{place}: outside the image")
            return
        value = float(view.shown[pixel])
        said = f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
        self.say(f"{said} {picture.unit} at {place} (row {pixel[0]}, column {pixel[1]})")

    def _tell_keys(self) -> None:
        self.say(KEYS)

    def _take_theme(self, event: Any = None) -> None:
        colours = theme_colours(self.viewer)
        self.grid.take_theme(colours.canvas)
        self.profile.take_theme(colours)
        self.histogram.take_theme(colours)


def _stack_of(pictures: Sequence[Picture]) -> Picture | None:
    """Return the first stack."""
    return next((picture for picture in pictures if picture.values.ndim == 3), None)
