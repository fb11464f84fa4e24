"""Ground truth of an image as pixels: what lies where, exactly, from the objects' surfaces.

Heights count from the coverslip, below which the objective is: an object nearer to the coverslip
hides one farther away. All truths are listed by name in `TRUTHS`.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from napari_3dmsl.ground_truth.rasterize import draw_lines, raster
from napari_3dmsl.shapes.classification import ShapeClass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.ground_truth.rasterize import Raster
    from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject

TruthName = Literal[
    "mask",
    "focus_mask",
    "instances",
    "classes",
    "volume_instances",
    "volume_classes",
    "depth",
    "centreline",
]

TRUTHS: dict[TruthName, str] = {
    "mask": "Pixels that objects cover, projected along z: 1, else 0",
    "focus_mask": "The same of what lies within the depth of field of each plane",
    "instances": "Label of the object in each pixel, the one nearest the objective; 0 is none",
    "classes": "Class of that object: 1 to 6 as in the paper, 7 unknown; 0 is none",
    "volume_instances": "Label of the object cut by each plane",
    "volume_classes": "Class of the object cut by each plane",
    "depth": "Height in µm above the coverslip of the surface nearest the objective; NaN is none",
    "centreline": "Label of the object whose centreline runs through the pixel; 0 is none",
}
"""What each truth means, in one line."""

UNKNOWN_CLASS = 7
CLASS_CODES: dict[str, int] = {str(name): code for code, name in enumerate(ShapeClass, start=1)}
"""Value in class masks of each of the paper's classes, in the order of `ShapeClass`."""

MOST_LABELS = int(np.iinfo(np.uint16).max)


def ground_truth(
    objects: Sequence[PlacedObject], view: FieldOfView, names: Collection[str]
) -> dict[str, NDArray[Any]]:
    """Draw the ground truth of an image.

    A pixel belongs to an object when at least half of the lines through it, evenly spread along z,
    run through the object: areas are neither swollen nor shrunk. Tubes thinner than a pixel stay
    whole. See `Raster`.

    Parameters
    ----------
    objects : sequence of PlacedObject
        In the frame of the field, each with a label of its own; may reach beyond the image.
    view : FieldOfView
        The pixels of the image, and where they lie.
    names : collection of str
        Of `TRUTHS`; what they share is computed once.

    Returns
    -------
    dict of arrays, in the order of `TRUTHS`
        ``mask``, ``classes``: (R, C) uint8. ``focus_mask``: (P, R, C) uint8,
        (R, C) for one plane. ``instances``, ``centreline``: (R, C) uint16.
        ``volume_instances`` uint16, ``volume_classes`` uint8: (P, R, C).
        ``depth``: (R, C) float32.

    Raises
    ------
    ValueError
        For a name that is not known, a label that is used twice or is not in 1..65535, or a
        surface with a hole.
    """
    unknown = [name for name in names if name not in get_args(TruthName)]
    if unknown:
        raise ValueError(
            f"ground truth {', '.join(map(repr, unknown))}: not known; "
            f"choose from {', '.join(TRUTHS)}"
        )
    _check_labels([placed.label for placed in objects])
    drawn = _Drawn(objects, view)
    return {name: _DRAW[name](drawn) for name in TRUTHS if name in names}


def _check_labels(labels: list[int]) -> None:
    wrong = [label for label in labels if not 1 <= label <= MOST_LABELS]
    if wrong:
        raise ValueError(f"label = {wrong[0]}: labels of objects must be 1 to {MOST_LABELS}")
    label, times = Counter(labels).most_common(1)[0] if labels else (0, 1)
    if times > 1:
        raise ValueError(f"label = {label}: used by {times} objects; each needs its own")


class _Drawn:
    """The objects of an image as rasters, and what several truths need of them."""

    def __init__(self, objects: Sequence[PlacedObject], view: FieldOfView) -> None:
        self.objects, self.view = objects, view

    @cached_property
    def rasters(self) -> list[tuple[PlacedObject, Raster]]:
        """Objects that reach into the image."""
        found = ((placed, raster(placed, self.view)) for placed in self.objects)
        return [(placed, drawn) for placed, drawn in found if drawn is not None]

    @cached_property
    def instances(self) -> NDArray[np.uint16]:
        return self._nearest[0]

    @cached_property
    def depth_um(self) -> NDArray[np.float32]:
        return self._nearest[1]

    @cached_property
    def _nearest(self) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
        """Label and height of what is nearest the objective."""
        labels = np.zeros(self.view.image_size, dtype=np.uint16)
        depth = np.full(self.view.image_size, np.nan, dtype=np.float32)
        for placed, drawn in self.rasters:
            height = drawn.lowest_um().astype(np.float32)
            before = depth[drawn.window]
            nearer = drawn.silhouette() & ~(before <= height)
            before[nearer] = height[nearer]
            labels[drawn.window][nearer] = placed.label
        return labels, depth

    @cached_property
    def volume_instances(self) -> NDArray[np.uint16]:
        labels = self._planes(np.uint16)
        for placed, drawn in self.rasters:
            for plane, height in zip(labels, self.view.plane_heights_um, strict=True):
                part = plane[drawn.window]
                part[drawn.section(float(height)) & (part == 0)] = placed.label
        return labels

    def focus_mask(self) -> NDArray[np.uint8]:
        mask, half = self._planes(np.uint8), 0.5 * self.view.depth_of_field_um
        for _, drawn in self.rasters:
            for plane, height in zip(mask, self.view.plane_heights_um, strict=True):
                plane[drawn.window] |= drawn.between(height - half, height + half)
        return mask[0] if len(mask) == 1 else mask

    def classes(self, labels: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Replace labels by classes."""
        codes = np.zeros(MOST_LABELS + 1, dtype=np.uint8)
        for placed in self.objects:
            codes[placed.label] = CLASS_CODES.get(placed.shape_class or "", UNKNOWN_CLASS)
        return codes[labels]

    def centreline(self) -> NDArray[np.uint16]:
        labels = np.zeros(self.view.image_size, dtype=np.uint16)
        lowest = np.full(self.view.image_size, np.inf)
        for placed in self.objects:
            row, column, height = draw_lines(placed.centrelines_um, self.view)
            np.minimum.at(lowest, (row, column), height)
            mine = lowest[row, column] == height
            labels[row[mine], column[mine]] = placed.label
        return labels

    def _planes(self, dtype: type[np.generic]) -> NDArray[Any]:
        return np.zeros((len(self.view.plane_heights_um), *self.view.image_size), dtype=dtype)


_DRAW: dict[TruthName, Callable[[_Drawn], NDArray[Any]]] = {
    "mask": lambda drawn: (drawn.instances > 0).astype(np.uint8),
    "focus_mask": lambda drawn: drawn.focus_mask(),
    "instances": lambda drawn: drawn.instances,
    "classes": lambda drawn: drawn.classes(drawn.instances),
    "volume_instances": lambda drawn: drawn.volume_instances,
    "volume_classes": lambda drawn: drawn.classes(drawn.volume_instances),
    "depth": lambda drawn: drawn.depth_um,
    "centreline": lambda drawn: drawn.centreline(),
}
