"""Ground truth of an image as pixels: what lies where, exactly, from the objects' surfaces.

Heights count from the coverslip, below which the objective is: an object nearer to the coverslip
hides one farther away. Which truths there are is told in
`napari_3dmsl.ground_truth.registry`.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.ground_truth.rasterize import draw_lines, rasters
from napari_3dmsl.shapes.classification import ShapeClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.ground_truth.rasterize import Raster
    from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject

UNKNOWN_CLASS = 7
CLASS_CODES: dict[str, int] = {str(name): code for code, name in enumerate(ShapeClass, start=1)}
"""Value in class masks of each of the paper's classes, in the order of `ShapeClass`."""

MOST_LABELS = int(np.iinfo(np.uint16).max)


class ImagedObjects:
    """The objects of an image as rasters, and what several truths need of them, computed once.

    A pixel belongs to an object when at least half of the lines through it, evenly spread along z,
    run through the object: areas are neither swollen nor shrunk. Tubes thinner than a pixel stay
    whole. See `Raster`.

    What lies out of focus in a cell, see `PlacedObject.haze`, is in `haze_mask` alone.

    Parameters
    ----------
    objects : sequence of PlacedObject
        In the frame of the field, each with a label of its own; may reach beyond the image.
    view : FieldOfView
        The pixels of the image, and where they lie.
    photons : (P, R, C) float32, optional
        Expected ones, for the truth of that name.

    Raises
    ------
    ValueError
        For a label that is used twice or is not in 1..65535; later, for a surface with a hole.
    """

    def __init__(
        self,
        objects: Sequence[PlacedObject],
        view: FieldOfView,
        photons: NDArray[np.float32] | None = None,
    ) -> None:
        _check_labels([placed.label for placed in objects])
        self.objects = [placed for placed in objects if not placed.haze]
        self.haze = [placed for placed in objects if placed.haze]
        self.view = view
        self._photons = photons

    @property
    def photons(self) -> NDArray[np.float32]:
        """Expected photons (P, R, C)."""
        if self._photons is None:
            raise ValueError("photons: nothing was imaged here; expected the photons of an image")
        return self._photons

    @cached_property
    def rasters(self) -> list[tuple[PlacedObject, Raster]]:
        """Objects that reach into the image."""
        return self._drawn(self.objects)

    def _drawn(self, objects: Sequence[PlacedObject]) -> list[tuple[PlacedObject, Raster]]:
        found = zip(objects, rasters(objects, self.view), strict=True)
        return [(placed, drawn) for placed, drawn in found if drawn is not None]

    @cached_property
    def instances(self) -> NDArray[np.uint16]:
        """Label in each pixel (R, C) of the object nearest the objective, 0 for none."""
        return self._nearest[0]

    @cached_property
    def depth_um(self) -> NDArray[np.float32]:
        """Height (R, C) of the surface nearest the objective, NaN for none."""
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
        """Label (P, R, C) of the object that each sharp plane cuts, 0 for none."""
        labels = self._planes(np.uint16)
        for placed, drawn in self.rasters:
            for plane, height in zip(labels, self.view.plane_heights_um, strict=True):
                part = plane[drawn.window]
                part[drawn.section(float(height)) & (part == 0)] = placed.label
        return labels

    def in_focus(self) -> NDArray[np.bool_]:
        """Pixels (P, R, C) of what lies in the depth of field of each plane."""
        mask, half = self._planes(np.bool_), 0.5 * self.view.depth_of_field_um
        for _, drawn in self.rasters:
            for plane, height in zip(mask, self.view.plane_heights_um, strict=True):
                plane[drawn.window] |= drawn.between(height - half, height + half)
        return mask

    def haze_mask(self) -> NDArray[np.bool_]:
        """Pixels (R, C) of what lies out of focus in a cell."""
        mask = np.zeros(self.view.image_size, dtype=bool)
        for _, drawn in self._drawn(self.haze):
            mask[drawn.window] |= drawn.silhouette()
        return mask

    def classes(self, labels: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Replace labels by the numbers of the objects' classes, see `CLASS_CODES`.

        Parameters
        ----------
        labels
            (..., R, C); 0 is background.
        """
        codes = np.zeros(MOST_LABELS + 1, dtype=np.uint8)
        for placed in self.objects:
            codes[placed.label] = CLASS_CODES.get(placed.shape_class or "", UNKNOWN_CLASS)
        return codes[labels]

    def centrelines(self) -> NDArray[np.uint16]:
        """Label (R, C) of the lowest centreline through each pixel, 0 for none."""
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


def _check_labels(labels: list[int]) -> None:
    wrong = [label for label in labels if not 1 <= label <= MOST_LABELS]
    if wrong:
        raise ValueError(f"label = {wrong[0]}: labels of objects must be 1 to {MOST_LABELS}")
    label, times = Counter(labels).most_common(1)[0] if labels else (0, 1)
    if times > 1:
        raise ValueError(f"label = {label}: used by {times} objects; each needs its own")
