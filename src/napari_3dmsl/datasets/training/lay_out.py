"""A finished image set, laid out for a tool: another folder, and the set stays as it is."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_3dmsl.datasets.read.image_set import ImageSet
from napari_3dmsl.datasets.recipe.recipe import SPLITS
from napari_3dmsl.datasets.training.cases import cases_of, checked_truth
from napari_3dmsl.datasets.training.coco import CocoLayout
from napari_3dmsl.datasets.training.ctc import CtcLayout
from napari_3dmsl.datasets.training.folder import LayoutFolder
from napari_3dmsl.datasets.training.layout import Layout
from napari_3dmsl.datasets.training.nnunet import NnunetLayout, proposed_name
from napari_3dmsl.datasets.training.objects import CellposeLayout, StarDistLayout
from napari_3dmsl.datasets.training.settings import ToolLayout
from napari_3dmsl.library.instance_files import LOCK_FILE
from napari_3dmsl.progress import Progress
from napari_3dmsl.writing import check_apart, whole_output

_LAYOUTS: dict[str, type[Layout]] = {
    "cellpose": CellposeLayout,
    "stardist": StarDistLayout,
    "nnunet": NnunetLayout,
    "coco": CocoLayout,
    "ctc": CtcLayout,
}


@dataclass(frozen=True)
class LaidOut:
    """What was written.

    Attributes
    ----------
    folder : Path
    truth : str
        Ground truth that became the labels.
    images : dict
        How many in each part, frames and planes counted one by one where the tool takes them so.
    linked : int
        Files that are links to those of the set.
    """

    folder: Path
    truth: str
    images: dict[str, int]
    linked: int


def lay_out(
    image_set: str | Path,
    folder: str | Path,
    settings: ToolLayout | None = None,
    microscopes: Sequence[str] = (),
    progress: Progress | None = None,
) -> LaidOut:
    """Lay a finished image set out for a tool that people train with.

    Training, validation and test stay apart as they are. The set is not touched.

    Parameters
    ----------
    image_set
        Folder of the set.
    folder
        New or empty; it takes its name only when all files are whole.
    settings
        For which tool; by default Cellpose.
    microscopes
        Only images of these, by name; all by default.
    progress
        Called with (samples done, samples, what); raise in it to cancel, and nothing is left.

    Raises
    ------
    ValueError
        When it is no finished set, the folder is not empty, the tool cannot take such images or
        there is no ground truth for it, or a file of the set is damaged.
    OSError
        When a file cannot be read or written.
    """
    settings = settings or ToolLayout()
    target = Path(folder)
    images = ImageSet(image_set)
    if microscopes:
        images = images.where(microscope=list(microscopes))
    if not len(images):
        raise ValueError(f"{image_set}: no images in it")
    check_apart(target, "the layout", image_set=images.folder)
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise ValueError(f"{target}: not an empty folder; nothing is overwritten: choose a new one")
    kind = _LAYOUTS[settings.tool]
    truth = checked_truth(images, settings.truth, kind.usual, objects=kind.objects)
    counts: dict[str, int] = {}
    with whole_output(target, lambda _: False) as new:
        new.mkdir()
        place = LayoutFolder(new, links=settings.links)
        layout = kind(place, images, target.resolve().name, truth)
        for index in range(len(images)):
            row = images.row(index)
            cases = list(cases_of(images, row, truth, flat=kind.flat))
            layout.add(cases)
            counts[row["split"]] = counts.get(row["split"], 0) + len(cases)
            if progress is not None:
                progress(index + 1, len(images), "samples laid out")
        layout.finish()
        if (images.folder / LOCK_FILE).is_file():
            shutil.copyfile(images.folder / LOCK_FILE, new / LOCK_FILE)
    counts = {part: counts[part] for part in (*SPLITS, *counts) if part in counts}
    return LaidOut(target, truth, counts, place.linked)


def proposed_folder(image_set: str | Path, tool: str) -> Path:
    """Return a good name for a layout, beside the set.

    Parameters
    ----------
    image_set
        Folder of the set.
    tool
        See `ToolLayout`.
    """
    path = Path(image_set).absolute()
    name = proposed_name(path.name) if tool == "nnunet" else f"{path.name}_{tool}"
    return path.with_name(name)
