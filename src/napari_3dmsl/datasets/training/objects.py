"""Layouts of tools that learn objects from a label image beside each image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_3dmsl.datasets.training.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_3dmsl.datasets.training.cases import Case

_NO_IMAGES = ("_masks", "_flows", "_flows_0", "_flows_1", "_flows_2", "_cellprob", "_cp_output")
"""Ends of names that Cellpose takes for its own results and passes over where it lists images."""


class CellposeLayout(Layout):
    """``train/NAME.tif`` and ``train/NAME_masks.tif``, the same for ``val`` and ``test``."""

    flat = True
    objects = True
    usual = ("instances", "volume_instances", "mask")

    def add(self, cases: Sequence[Case]) -> None:
        """See `Layout.add`."""
        for case in cases:
            if case.name.endswith(_NO_IMAGES):
                raise ValueError(
                    f"{case.name}: Cellpose takes a file of that name for a result, not for an "
                    "image; give the microscope of the recipe another name, or leave it out"
                )
            place = f"{case.split}/{case.name}"
            self.put_image(f"{place}.tif", case)
            self.put_labels(f"{place}_masks.tif", case)


class StarDistLayout(Layout):
    """``train/images/NAME.tif`` and ``train/masks/NAME.tif``, the same for ``val`` and ``test``."""

    objects = True
    usual = ("instances", "volume_instances", "mask")

    def add(self, cases: Sequence[Case]) -> None:
        """See `Layout.add`."""
        for case in cases:
            self.put_image(f"{case.split}/images/{case.name}.tif", case)
            self.put_labels(f"{case.split}/masks/{case.name}.tif", case)
