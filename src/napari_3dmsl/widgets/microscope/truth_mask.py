"""The ground truth beside a live image: the pixels that the imaged shape covers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_3dmsl.datasets.render.cell_imager import CellImage, CellSample
from napari_3dmsl.ground_truth.field_truths import truths_of_field
from napari_3dmsl.ground_truth.single_image import mask_of_image
from napari_3dmsl.layers.optics import MASK
from napari_3dmsl.layers.show import find
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.simulation import SimulatedImage
from napari_3dmsl.scenes.field_imager import FieldSample
from napari_3dmsl.widgets.common.latest_wins import LatestWins
from napari_3dmsl.widgets.microscope.image_layers import put_mask
from napari_3dmsl.widgets.microscope.imager import Imaged

if TYPE_CHECKING:
    import napari


@dataclass(frozen=True, eq=False)
class Shot:
    """An image and what it is of."""

    sample: Imaged
    image: SimulatedImage

    def covers_the_same(self, other: Shot) -> bool:
        """Whether the same pixels are covered: optics, focus and camera do not matter.

        Parameters
        ----------
        other
            Another image.
        """
        ours, theirs = self.image.simulation.microscope, other.image.simulation.microscope
        here, there = (one.image.scene.placed.world_to_field for one in (self, other))
        return (
            _shapes_of(self.sample) == _shapes_of(other.sample)
            and np.array_equal(here, there)
            and (ours.image_size, ours.pixel_um) == (theirs.image_size, theirs.pixel_um)
        )


class TruthMask(QObject):
    """Keeps the mask of the newest image up to date, in a thread of its own.

    Parameters
    ----------
    viewer
        Which gets the mask.
    parent
        Of the Qt object.

    Signals
    -------
    failed(message)
        There is no mask, such as of a surface with a hole.
    """

    failed = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._wanted: Shot | None = None
        self._work = LatestWins(_mask, self)
        self._work.finished.connect(self._show)
        self._work.failed.connect(self.failed)

    def follow(self, sample: Imaged, image: SimulatedImage) -> None:
        """Show the mask of this image, made anew if it covers other pixels.

        Parameters
        ----------
        sample
            That was imaged.
        image
            Of it.
        """
        shot = Shot(sample, image)
        before, self._wanted = self._wanted, shot
        there = find(self._viewer, MASK) is not None
        if before is None or not there or not shot.covers_the_same(before):
            self._work.request(shot)

    def hide(self) -> None:
        """Take the mask away."""
        self._wanted = None
        put_mask(self._viewer, None, None)

    def close(self) -> None:
        """Stop all work."""
        self._work.close()

    def _show(self, shot: Shot, mask: Any) -> None:
        if self._wanted is not None:
            put_mask(self._viewer, mask, shot.image)


def _shapes_of(sample: Imaged) -> tuple[Any, ...]:
    """Return what a sample is made of, wherever its field lies."""
    if isinstance(sample, CellSample):
        return sample.source, sample.cell
    return (sample.source, sample.ids) if isinstance(sample, FieldSample) else (sample,)


def _mask(shot: Shot, is_outdated: Callable[[], bool]) -> Any:
    """Return the pixels of a shape, or of each shape in a field by its id."""
    sample = shot.sample
    if isinstance(sample, FieldSample):
        return truths_of_field(sample.source, shot.image, ("instances",), sample.ids)["instances"]
    if isinstance(shot.image, CellImage):
        return shot.image.truths(("instances",))["instances"]
    assert isinstance(sample, Surface)
    return mask_of_image(sample, shot.image)
