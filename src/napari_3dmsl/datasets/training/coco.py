"""Layout of COCO: images as PNG, and all objects of a part in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.datasets.training.layout import Layout
from napari_3dmsl.datasets.training.run_lengths import as_text, run_lengths
from napari_3dmsl.ground_truth.pixel_truths import CLASS_CODES, UNKNOWN_CLASS
from napari_3dmsl.image_io.eight_bit import stretch_levels, stretched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.datasets.read.image_set import ImageSet
    from napari_3dmsl.datasets.training.cases import Case
    from napari_3dmsl.datasets.training.folder import LayoutFolder

_MITOCHONDRION = "mitochondrion"
_LEVELS = (0.175, 99.825)  # Enhance Contrast of ImageJ, as in recipes


class CocoLayout(Layout):
    """``train/NAME.png`` and ``annotations/instances_train.json``, so for ``val`` and ``test``.

    Parameters
    ----------
    folder, images, name, truth
        See `Layout`.
    """

    flat = True
    objects = True
    usual = ("instances", "volume_instances", "mask")

    def __init__(self, folder: LayoutFolder, images: ImageSet, name: str, truth: str) -> None:
        super().__init__(folder, images, name, truth)
        self._parts: dict[str, tuple[list[Any], list[Any]]] = {}
        self._images = self._objects = 0
        self._classed = False

    def add(self, cases: Sequence[Case]) -> None:
        """See `Layout.add`."""
        for case in cases:
            self._images += 1
            images, objects = self._parts.setdefault(case.split, ([], []))
            images.append(self._image(case))
            self._classed |= case.classes is not None
            for found in objects_in(case.labels, case.classes):
                self._objects += 1
                objects.append({"id": self._objects, "image_id": self._images, **found})

    def finish(self) -> None:
        """See `Layout.finish`."""
        for split, (images, objects) in self._parts.items():
            content = {
                "info": {"description": f"{self.name}, {split}: simulated by napari-3dmsl"},
                "licenses": [],
                "images": images,
                "annotations": objects,
                "categories": self._categories(),
            }
            self.folder.put_json(f"annotations/instances_{split}.json", content, short=True)

    def _image(self, case: Case) -> dict[str, Any]:
        """Write an image and return its entry."""
        import imagecodecs

        grey, levels = _in_eight_bits(case.image)
        name = f"{case.name}.png"
        self.folder.put_bytes(f"{case.split}/{name}", bytes(imagecodecs.png_encode(grey)))
        rows, columns = grey.shape
        return {
            "id": self._images,
            "file_name": name,
            "height": rows,
            "width": columns,
            "black_and_white": levels,
        }

    def _categories(self) -> list[dict[str, Any]]:
        names = {**CLASS_CODES, "unknown": UNKNOWN_CLASS} if self._classed else {_MITOCHONDRION: 1}
        return [
            {"id": code, "name": name, "supercategory": _MITOCHONDRION}
            for name, code in names.items()
        ]


def objects_in(labels: NDArray[Any], classes: NDArray[Any] | None) -> Iterator[dict[str, Any]]:
    """Yield what COCO tells of each object, by rising labels.

    Parameters
    ----------
    labels
        (R, C); 0 is background.
    classes
        The same shape; None where all are of one kind.
    """
    rows, columns = labels.shape
    for label in np.unique(labels[labels > 0]).tolist():
        mask = labels == label
        down, across = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        top, left = int(down[0]), int(across[0])
        text = as_text(run_lengths(mask))
        yield {
            "category_id": 1 if classes is None else int(classes[mask][0]),
            "segmentation": {"size": [rows, columns], "counts": text},
            "area": int(mask.sum()),
            "bbox": [left, top, int(across[-1]) - left + 1, int(down[-1]) - top + 1],
            "iscrowd": 0,
        }


def _in_eight_bits(image: NDArray[Any]) -> tuple[NDArray[np.uint8], list[float]]:
    """Return an image in 8 bits, and which values became black and white."""
    if image.dtype == np.uint8:
        return np.ascontiguousarray(image), [0.0, 255.0]
    levels = stretch_levels(image, _LEVELS)
    return stretched(image, *levels), list(levels)
