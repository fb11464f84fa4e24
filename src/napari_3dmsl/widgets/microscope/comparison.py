"""The same fluorophores through other microscopes, side by side with the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QComboBox, QWidget

from napari_3dmsl.layers.images import SIMULATED
from napari_3dmsl.layers.optics import MASK
from napari_3dmsl.layers.show import show
from napari_3dmsl.microscope.presets import load_microscope, microscope_names, usual_camera
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation
from napari_3dmsl.microscope.title import microscope_title
from napari_3dmsl.widgets.common.controls import drop_down, fill_drop_down
from napari_3dmsl.widgets.common.labelled_rows import LabelledRows
from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.microscope.image_layers import IMAGE, PHOTONS, put_image
from napari_3dmsl.widgets.microscope.imager import Imager, Request
from napari_3dmsl.widgets.microscope.pictures import Pictures
from napari_3dmsl.widgets.microscope.scene_in_sight import ImageInSight

if TYPE_CHECKING:
    import napari

NOTHING = "nothing"
LABELS = ("Compare with", "and with")
_TIP = (
    "Image the same fluorophores in the same pose and focus through another microscope too, with "
    "its own optics and camera, as a layer to the right."
)


class Comparison(QObject):
    """Two drop-downs of microscopes; each one chosen keeps an image layer up to date.

    Parameters
    ----------
    viewer
        Which gets the layers.
    parent
        The panel.
    pictures
        Shows them in the pane, too.

    Signals
    -------
    changed
        Another microscope is chosen: the images have to be made.
    failed(message)
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget, pictures: Pictures) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._viewer = viewer
        self._bring_into_view = ImageInSight(viewer, parent)
        self._boxes: list[QComboBox] = []
        self._runners: list[LatestWins] = []
        self._layers: list[str | None] = [None] * len(LABELS)
        words = {NOTHING: NOTHING, **_titles()}
        for number, label in enumerate(LABELS):
            box = drop_down(f"compare_{number + 1}", label, [], _TIP)
            fill_drop_down(box, words)
            box.currentTextChanged.connect(lambda _, place=number: self._choose(place))
            runner = LatestWins(Imager(), self)
            runner.finished.connect(lambda _, image, place=number: self._show(place, image))
            runner.failed.connect(self.failed)
            self._boxes.append(box)
            self._runners.append(runner)

    def rows(self) -> QWidget:
        """Return the drop-downs with their labels."""
        rows = LabelledRows()
        for label, box in zip(LABELS, self._boxes, strict=True):
            rows.add_row(label, box)
        return rows

    @property
    def names(self) -> dict[str, str]:
        """The microscope that each drop-down has chosen, by the name of the drop-down."""
        return {box.objectName(): str(box.currentData()) for box in self._boxes}

    def take_names(self, names: Mapping[str, Any]) -> None:
        """Choose microscopes.

        Parameters
        ----------
        names
            As `names` tells them; others are passed over.
        """
        for box in self._boxes:
            box.setCurrentIndex(box.findData(names.get(box.objectName(), NOTHING)))

    def follow(self, request: Request) -> None:
        """Image what the first microscope images, through those that are chosen.

        Parameters
        ----------
        request
            What the first microscope images.
        """
        for box, runner in zip(self._boxes, self._runners, strict=True):
            if box.currentData() == NOTHING:
                continue
            try:
                simulation = _through(box.currentData(), request.simulation)
            except ValueError as error:
                self.failed.emit(str(error))
                continue
            runner.request(Request(request.sample, simulation))

    def simulations(self, simulation: Simulation) -> list[Simulation]:
        """Return how the other microscopes image what the first does; ValueError when one cannot.

        Parameters
        ----------
        simulation
            Of the first.
        """
        names = [box.currentData() for box in self._boxes if box.currentData() != NOTHING]
        return [_through(name, simulation) for name in names]

    def close(self) -> None:
        """Stop all work."""
        for runner in self._runners:
            runner.close()

    def _choose(self, place: int) -> None:
        name = self._layers[place]
        if name is not None:
            show(self._viewer, SIMULATED, None, name)
            self._pictures.remove(LABELS[place])
        self._layers[place] = None
        self.changed.emit()

    def _show(self, place: int, image: SimulatedImage) -> None:
        chosen = self._boxes[place].currentData()
        if image.simulation.microscope.name != chosen:  # another one was chosen meanwhile
            return
        self._pictures.show(image, LABELS[place])
        name = f"{chosen} ({place + 2})"
        earlier = [layer for layer in self._layers[:place] if layer is not None]
        is_new = put_image(
            self._viewer,
            name,
            image,
            adjust_contrast=self._layers[place] is None,
            right_of=(IMAGE, PHOTONS, MASK, *earlier),
        )
        self._layers[place] = name
        if is_new:
            self._bring_into_view.if_new(name, LABELS[place])


def _titles() -> dict[str, str]:
    """Return what people read for each microscope, by name."""
    return {
        name: microscope_title(load_microscope(name).replace(name=name))
        for name in microscope_names()
    }


def _through(name: str, simulation: Simulation) -> Simulation:
    microscope = load_microscope(name).replace(name=name)
    return simulation.replace(microscope=microscope, camera=usual_camera(microscope))
