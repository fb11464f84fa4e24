"""The shapes of an EM volume where they lie in it, each labelled once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.microscope.fluorophores import Emitters, Surface, expected_fluorophores, label
from napari_3dmsl.scenes.settings import check_frame, world_boxes_um

if TYPE_CHECKING:
    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.microscope.fluorophores import Labelling
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.collection import ShapeSource

_MOST_KEPT = 3_000_000  # fluorophores: 100 MB


@dataclass(frozen=True, eq=False)
class LabelledShape:
    """A shape with its fluorophores, in the world.

    Attributes
    ----------
    emitters : Emitters
    area_um2 : float
    fluorophores : float
        How many shine; for continuous labelling the number that its density means.
    """

    emitters: Emitters
    area_um2: float
    fluorophores: float


class ShapesInPlace:
    """Shapes of one volume: where they are, and their fluorophores once somebody asks.

    The fluorophores of a shape come from a generator of its own, made of the seed and its id: the
    same, whatever part of the volume is imaged and in whatever order.

    Parameters
    ----------
    source : ShapeSource
        A library, or shapes just extracted, whose meshes keep their place in the volume.
    ids : sequence of int, optional
        Which of them; by default all.

    Attributes
    ----------
    ids : tuple of int
    boxes_um : (N, 2, 3) float64
        Lowest and highest (z, y, x) of each.

    Raises
    ------
    ValueError
        When there is no shape, none of an id, or a box in the table is damaged.
    """

    def __init__(self, source: ShapeSource, ids: Sequence[int] | None = None) -> None:
        self.source = source
        if not len(source.ids):
            raise ValueError("there is no shape: nothing to image")
        boxes = world_boxes_um(source)
        self.ids = tuple(source.ids)
        if ids is not None:
            row_of = {shape_id: row for row, shape_id in enumerate(self.ids)}
            missing = [shape_id for shape_id in ids if shape_id not in row_of]
            if missing or not len(ids):
                told = f"no shape {missing[0]}" if missing else "no shape is chosen"
                raise ValueError(f"ids: {told}; the volume has {len(self.ids):,} shapes")
            boxes = boxes[[row_of[shape_id] for shape_id in ids]]
            self.ids = tuple(ids)
        self.boxes_um: FloatArray = boxes
        self._kept: OrderedDict[int, LabelledShape] = OrderedDict()
        self._kept_count = 0
        self._kept_of: tuple[Labelling, int] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def middle_um(self) -> FloatArray:
        """Middle of what all boxes cover, (3,)."""
        low, high = self.boxes_um[:, 0].min(axis=0), self.boxes_um[:, 1].max(axis=0)
        middle: FloatArray = 0.5 * (low + high)
        return middle

    def turned_boxes_um(self, turn: FloatArray) -> FloatArray:
        """Return the boxes about the boxes, turned about the `middle_um`, from there: (N, 2, 3).

        Parameters
        ----------
        turn : (3, 3) array
            See `Pose.matrix`.
        """
        middle = (self.boxes_um.mean(axis=1) - self.middle_um) @ turn.T
        half = 0.5 * (self.boxes_um[:, 1] - self.boxes_um[:, 0]) @ np.abs(turn).T
        return np.stack([middle - half, middle + half], axis=1)

    def labelled(
        self,
        rows: Sequence[int],
        labelling: Labelling,
        seed: int,
        progress: Progress | None = None,
    ) -> list[LabelledShape]:
        """Label some shapes; those of the last ones that fit into 100 MB are kept.

        Parameters
        ----------
        rows : sequence of int
            Places in `ids`.
        labelling : Labelling
            What is labelled, and how densely.
        seed : int
            Of the image.
        progress : callable, optional
            Called with (shapes done, shapes, what); raise in it to cancel: what is done is kept.

        Raises
        ------
        ValueError
            When a shape cannot be read or labelled, or does not lie where the table says.
        """
        if self._kept_of != (labelling, seed):
            self._kept.clear()
            self._kept_of, self._kept_count = (labelling, seed), 0
        found = []
        for done, row in enumerate(rows, start=1):
            shape = self._kept.pop(row, None)
            if shape is None:
                shape = self._label(row, labelling, seed)
                self._kept_count += len(shape.emitters)
                self._kept[row] = shape
                if progress is not None:
                    progress(done, len(rows), "shapes")
            self._kept[row] = shape
            found.append(shape)
        while self._kept_count > _MOST_KEPT and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_count -= len(oldest.emitters)
        return found

    def _label(self, row: int, labelling: Labelling, seed: int) -> LabelledShape:
        shape_id = self.ids[row]
        mesh = self.source.mesh(shape_id)
        check_frame(mesh, self.boxes_um[row], shape_id)
        surface = Surface(mesh.vertices, mesh.faces)
        emitters = label(surface, labelling, np.random.default_rng([seed, shape_id]))
        count = len(emitters)
        shining = expected_fluorophores(surface, labelling) if labelling.continuous else count
        return LabelledShape(emitters, surface.area_um2, shining)
