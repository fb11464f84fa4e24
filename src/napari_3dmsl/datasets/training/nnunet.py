"""Layout of nnU-Net v2: a raw data set of segmentation, flat or in stacks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.datasets.training.cases import OBJECTS
from napari_3dmsl.datasets.training.layout import Layout
from napari_3dmsl.ground_truth.pixel_truths import CLASS_CODES, UNKNOWN_CLASS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_3dmsl.datasets.read.image_set import ImageSet
    from napari_3dmsl.datasets.training.cases import Case
    from napari_3dmsl.datasets.training.folder import LayoutFolder

_NAME = re.compile(r"Dataset\d{3}_[A-Za-z0-9_-]+")
_CLASSES = ("classes", "volume_classes")
_ENDING = ".tif"
_WORDS = {"focus_mask": "in_focus", "haze_mask": "haze"}


class NnunetLayout(Layout):
    """``imagesTr``, ``labelsTr``, ``imagesTs``, ``labelsTs``, ``dataset.json``.

    Training and validation are in ``imagesTr``; ``splits_final.json`` keeps them apart.

    Parameters
    ----------
    folder, images, name, truth
        See `Layout`.
    """

    usual = (
        "mask",
        "volume_instances",
        "instances",
        "focus_mask",
        "haze_mask",
        "classes",
        "volume_classes",
    )

    def __init__(self, folder: LayoutFolder, images: ImageSet, name: str, truth: str) -> None:
        super().__init__(folder, images, name, truth)
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name}: nnU-Net knows its data sets by names such as {proposed_name(name)}: "
                "Dataset, three digits, _ and letters or digits; choose a folder of such a name"
            )
        self._split: dict[str, list[str]] = {"train": [], "val": []}
        self._highest = 0
        self._stacks = False

    def add(self, cases: Sequence[Case]) -> None:
        """See `Layout.add`."""
        for case in cases:
            part = "Ts" if case.split == "test" else "Tr"
            if part == "Tr":
                self._split[case.split].append(case.name)
            self._highest = max(self._highest, int(case.labels.max(initial=0)))
            self.put_image(f"images{part}/{case.name}_0000{_ENDING}", case)
            self.put_labels(f"labels{part}/{case.name}{_ENDING}", self._of_pixels(case))
            if case.image.ndim == 3:
                self._stacks = True
                spacing = {"spacing": list(case.spacing_um)}
                for kind in ("images", "labels"):  # without the number of a channel
                    self.folder.put_json(f"{kind}{part}/{case.name}.json", spacing)

    def finish(self) -> None:
        """See `Layout.finish`."""
        count = sum(map(len, self._split.values()))
        if not count:
            raise ValueError(
                f"{self.images.folder}: nothing to train with: all images are for test"
            )
        reader = "Tiff3DIO" if self._stacks else "NaturalImage2DIO"
        content = {
            "name": self.name,
            "description": "Simulated fluorescence images with exact ground truth, napari-3dmsl",
            "channel_names": {"0": "fluorescence"},
            "labels": self._labels(),
            "numTraining": count,
            "file_ending": _ENDING,
            "overwrite_image_reader_writer": reader,
        }
        self.folder.put_json("dataset.json", content)
        if all(self._split.values()):
            self.folder.put_json("splits_final.json", [self._split])

    def _labels(self) -> dict[str, int]:
        if self.truth not in _CLASSES:
            return {"background": 0, _WORDS.get(self.truth, "mitochondrion"): 1}
        unknown = {"unknown": UNKNOWN_CLASS} if self._highest == UNKNOWN_CLASS else {}
        return {"background": 0, **CLASS_CODES, **unknown}

    def _of_pixels(self, case: Case) -> Case:
        """Return a case without the difference between object and object."""
        if self.truth not in OBJECTS:
            return case
        return replace(case, labels=(case.labels > 0).astype(np.uint8), labels_file=None)


def proposed_name(name: str) -> str:
    """Return a name that nnU-Net takes for a data set.

    Parameters
    ----------
    name
        Of the set, in whatever letters.
    """
    plain = re.sub(r"^Dataset\d*_?", "", re.sub(r"[^A-Za-z0-9_-]+", "_", name)).strip("_")
    return f"Dataset501_{plain or 'images'}"
