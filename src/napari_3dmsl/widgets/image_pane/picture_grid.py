"""Pictures beside each other: as large as there is room, at the same scale, looking at the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QGridLayout, QWidget

from napari_3dmsl.figures.contrast import Contrast
from napari_3dmsl.figures.difference import Shown, difference
from napari_3dmsl.figures.picture import Picture
from napari_3dmsl.widgets.image_pane.picture_view import PictureView, Rectangle

DIFFERENCE = "difference"
_HEADER = 24  # pixels above each picture
_GAP = 6
_SMALLEST_UM = 1.0  # of what is fitted: a dot would fill the pane with three pixels
_MARGIN = 0.1  # around an object


class PictureGrid(QWidget):
    """Up to a few `PictureView` side by side; zooming one zooms all.

    Parameters
    ----------
    parent
        Of the widget.

    Signals
    -------
    pointed(view, x_um, y_um), left()
        Where the mouse is.
    shown()
        Other values are seen.
    line_key(key)
        See `PictureView`.
    """

    pointed = Signal(object, float, float)
    left = Signal()
    shown = Signal()
    line_key = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.views: list[PictureView] = []
        self._contrasts: dict[str, Contrast] = {}
        self._canvas = "#000000"
        self._in_grey = False
        self._marks_saturation = True
        self._has_bar = True
        self._whole = False
        self._follows = True
        self._z_um = 0.0
        self._columns = 1
        self._given: list[Picture] = []
        self._pair: tuple[str, str] | None = None
        self._fitting = QTimer(self)
        self._fitting.setSingleShot(True)
        self._fitting.timeout.connect(self.fit_view)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(_GAP)

    @property
    def pair(self) -> tuple[str, str] | None:
        """Keys of the pictures whose difference is asked for."""
        return self._pair

    @property
    def columns(self) -> int:
        """How many pictures stand in a row."""
        return self._columns

    @property
    def window(self) -> Rectangle:
        """The part that all views show: of the whole views, what a figure has."""
        if self._follows:
            return self._wanted()
        return self.views[0].seen

    @property
    def pictures(self) -> list[Picture]:
        """What is shown."""
        return [view.picture for view in self.views if view.picture is not None]

    def show_pictures(self, pictures: Sequence[Picture], *, fit: Collection[str] = ()) -> None:
        """Show these; one that was there is changed in place.

        Parameters
        ----------
        pictures
            Each with a key of its own.
        fit
            Keys of those whose contrast is set anew, as for another object; the view is, too.
        """
        before = [(picture.key, picture.extent_um) for picture in self.pictures]
        for key in fit:
            self._contrasts.pop(key, None)
        self._given = list(pictures)
        for picture in pictures:
            self._contrasts[picture.key] = self._contrast_of(picture)
        shown = [*pictures, *self._difference()]
        self._have_views(len(shown))
        for view, picture in zip(self.views, shown, strict=True):
            if picture.key in fit or view.picture is not picture:
                view.show_picture(picture, self._range_of(picture), self._plane_of(picture))
        after = [(picture.key, picture.extent_um) for picture in shown]
        if fit or before != after:
            self._follows = True
            self._arrange()
        self.shown.emit()

    def fit_contrast(self) -> None:
        """Set every display range anew, from what is shown."""
        for picture in self._given:
            self._contrasts[picture.key] = Contrast.fitted(picture.values)
        for view in self.views:
            if view.picture is not None and not view.picture.signed:
                view.show_contrast(self._contrasts[view.picture.key])
        self.show_pictures(self._given)  # a difference depends on all ranges

    def show_difference(self, pair: tuple[str, str] | None) -> None:
        """Show the difference of two pictures beside them, or none.

        Parameters
        ----------
        pair
            Keys of the pictures, the second of which is taken away from the first.
        """
        self._pair = pair
        self.show_pictures(self._given)

    def fit_view(self) -> None:
        """Show the objects, or the whole images, as large as there is room."""
        self._follows = True
        if self.views:
            self._look(self._wanted())

    def show_whole(self, whole: bool) -> None:
        """Fit whole images from now on, or their objects.

        Parameters
        ----------
        whole
            True for whole images.
        """
        self._whole = whole
        self.fit_view()

    def show_grey(self, in_grey: bool) -> None:
        """See `PictureView.show_grey`.

        Parameters
        ----------
        in_grey
            Of all pictures.
        """
        self._in_grey = in_grey
        for view in self.views:
            view.show_grey(in_grey)

    def show_saturation(self, marked: bool) -> None:
        """See `PictureView.show_saturation`.

        Parameters
        ----------
        marked
            In all pictures.
        """
        self._marks_saturation = marked
        for view in self.views:
            view.show_saturation(marked)

    def show_scale_bar(self, shown: bool) -> None:
        """Show the scale bars, or none.

        Parameters
        ----------
        shown
            In all pictures.
        """
        self._has_bar = shown
        for view in self.views:
            view.scale_bar.setVisible(shown)

    def show_height(self, z_um: float) -> None:
        """Show the planes of stacks that are nearest to a height.

        Parameters
        ----------
        z_um
            From each stack's focus.
        """
        self._z_um = z_um
        for view in self.views:
            assert view.picture is not None
            view.show_plane(self._plane_of(view.picture))
        self.show_pictures(self._given)  # a difference is that of the planes

    def take_theme(self, canvas: str) -> None:
        """See `PictureView.take_theme`.

        Parameters
        ----------
        canvas
            Colour of the ground.
        """
        self._canvas = canvas
        for view in self.views:
            view.take_theme(canvas)

    def resizeEvent(self, event: Any) -> None:
        """Qt: there is another room for the pictures."""
        super().resizeEvent(event)
        self._arrange()

    def _have_views(self, count: int) -> None:
        while len(self.views) > count:
            view = self.views.pop()
            self._layout.removeWidget(view)
            view.hide()
            view.setParent(None)
            view.deleteLater()
        while len(self.views) < count:
            view = PictureView(self)
            view.take_theme(self._canvas)
            view.show_grey(self._in_grey)
            view.show_saturation(self._marks_saturation)
            view.scale_bar.setVisible(self._has_bar)
            view.moved.connect(self._moved)
            view.fit_wanted.connect(self.fit_view)
            view.resized.connect(self._resized)
            view.pointed.connect(lambda x, y, source=view: self.pointed.emit(source, x, y))
            view.left.connect(self.left)
            view.line_key.connect(self.line_key)
            self.views.append(view)

    def _contrast_of(self, picture: Picture) -> Contrast:
        before = self._contrasts.get(picture.key)
        if before is None:
            return Contrast.fitted(picture.values)
        return before.following(picture.values)

    def _range_of(self, picture: Picture) -> Contrast:
        if picture.signed:
            return Contrast.around_zero(picture.values)
        return self._contrasts[picture.key]

    def _difference(self) -> list[Picture]:
        """Return the difference that is asked for, if both its pictures are there."""
        by_key = {picture.key: picture for picture in self._given}
        if self._pair is None or not set(self._pair) <= set(by_key):
            return []
        first, second = (self._seen_of(by_key[key]) for key in self._pair)
        title = f"{first[0].name} − {second[0].name}"
        return [difference(first, second, DIFFERENCE, title)]

    def _seen_of(self, picture: Picture) -> Shown:
        return picture, picture.planes[self._plane_of(picture)], self._range_of(picture)

    def _plane_of(self, picture: Picture) -> int:
        if picture.values.ndim == 2 or not picture.step_um:
            return 0
        plane = picture.focus_plane + round(self._z_um / picture.step_um)
        return min(max(plane, 0), len(picture.values) - 1)

    def _arrange(self) -> None:
        """Put the views into as many columns as make them largest, and fit them again."""
        count = len(self.views)
        if not count:
            return

        def side(columns: int) -> float:
            rows = -(-count // columns)
            return min(self.width() / columns, self.height() / rows - _HEADER)

        self._columns = columns = max(range(1, count + 1), key=side)
        for place, view in enumerate(self.views):
            self._layout.addWidget(view, place // columns, place % columns)
            view.show()
        for row in range(self._layout.rowCount()):
            self._layout.setRowStretch(row, int(row * columns < count))
        for column in range(self._layout.columnCount()):
            self._layout.setColumnStretch(column, int(column < columns))
        self._layout.activate()
        if self._follows:
            self.fit_view()

    def _wanted(self) -> Rectangle:
        """Return what holds all objects, the same for all views so that a µm is equally long."""
        if self._whole:
            edges = [picture.extent_um for picture in self.pictures]
            margin = 0.0
        else:
            edges = [picture.object_um for picture in self.pictures]
            margin = _MARGIN
        left, right = min(edge[0] for edge in edges), max(edge[1] for edge in edges)
        top, bottom = min(edge[2] for edge in edges), max(edge[3] for edge in edges)
        half = 0.5 * max(right - left, bottom - top, _SMALLEST_UM) * (1.0 + margin)
        x, y = 0.5 * (left + right), 0.5 * (top + bottom)
        if self._whole:
            return left, right, top, bottom
        return x - half, x + half, y - half, y + half

    def _moved(self, rectangle: Rectangle) -> None:
        self._follows = False
        source = self.sender()
        assert isinstance(source, PictureView)
        scale = source.um_per_pixel(rectangle)
        for view in self.views:
            if view is not source:
                view.look_at(rectangle, scale)

    def _look(self, rectangle: Rectangle) -> None:
        """Show a part in all views, at the scale of the smallest: a µm is equally long in all."""
        scale = max(view.um_per_pixel(rectangle) for view in self.views)
        for view in self.views:
            view.look_at(rectangle, scale)

    def _resized(self) -> None:
        if self._follows and not self._fitting.isActive():
            self._fitting.start(0)
