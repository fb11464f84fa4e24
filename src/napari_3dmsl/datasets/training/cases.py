"""Images of a set with their labels, as tools take them: frames apart, and planes where need be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.datasets.training.settings import USUAL
from napari_3dmsl.datasets.write.index import CHECKSUM, path_inside, sha256_of
from napari_3dmsl.ground_truth.registry import read_truth_of
from napari_3dmsl.image_io.ome_tiff import IMAGE_SUFFIXES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.datasets.read.image_set import ImageSet
    from napari_3dmsl.datasets.write.index import Row

PER_PLANE = {"volume_instances", "volume_classes", "focus_mask"}
"""Truths that have as many planes as the image; the others are seen from above."""

OBJECTS = {"instances", "volume_instances"}
"""Truths that tell object from object."""


_CLASSES_OF = {"instances": "classes", "volume_instances": "volume_classes"}


@dataclass(frozen=True, eq=False)
class Case:
    """One image as a tool takes it, with its labels.

    Attributes
    ----------
    name : str
        Stem of its files, other for each.
    split : str
    image : array
        (R, C), or (P, R, C) where stacks stay whole.
    labels : array
        The same shape, integers; 0 is background.
    classes : array or None
        The same shape: class of the object in each pixel, where the set knows it.
    spacing_um : tuple of float
        Length of a pixel along each axis.
    image_file, labels_file : Path or None
        Files of the set that hold exactly these pixels as TIFF; None where they were cut out.
    """

    name: str
    split: str
    image: NDArray[Any]
    labels: NDArray[Any]
    classes: NDArray[Any] | None
    spacing_um: tuple[float, ...]
    image_file: Path | None
    labels_file: Path | None


def cases_of(images: ImageSet, row: Row, truth: str, *, flat: bool) -> Iterator[Case]:
    """Yield the cases of a sample of a set: one, or one for each frame, or plane of a frame.

    Parameters
    ----------
    images
        The set.
    row
        Of the sample.
    truth
        Ground truth that becomes the labels.
    flat
        Whether planes of stacks become cases of their own.

    Raises
    ------
    ValueError
        When a file is missing, damaged, or not as it was written.
    """
    image, labels = (_frames(images, row, name) for name in ("image", truth))
    if labels.shape != image.shape:
        raise ValueError(
            f"{images.folder}: sample {row['sample']}: {truth} has {_size(labels)}, the image "
            f"{_size(image)}"
        )
    known = _CLASSES_OF.get(truth)
    classes = _frames(images, row, known) if known in images.known_truths and known else None
    whole = len(image) == 1 and (not flat or image.shape[1] == 1)
    files = [_tiff_of(images, row, name) if whole else None for name in ("image", truth)]
    for part, suffix in _parts(image, flat=flat):
        yield Case(
            row["sample"] + suffix,
            row["split"],
            image[part],
            labels[part],
            None if classes is None else classes[part],
            _spacing_um(row, image[part].ndim),
            *files,
        )


def sizes_of(row: Row) -> tuple[int, int]:
    """Return how many frames and planes a sample has.

    Parameters
    ----------
    row
        Of the sample.
    """
    return row.get("frames") or 1, row.get("planes") or 1


def checked_truth(images: ImageSet, asked: str, usual: Sequence[str], *, objects: bool) -> str:
    """Return the ground truth that becomes the labels.

    Parameters
    ----------
    images
        The set, which has at least one sample.
    asked
        By the user; `USUAL` for the first of the usual ones that the set has.
    usual
        What the tool learns, the best first.
    objects
        Whether the tool must tell object from object. A mask does where there is one object.

    Raises
    ------
    ValueError
        When the set does not have it, or it does not fit its images.
    """
    stacks = any((planes or 1) > 1 for planes in images.column("planes"))
    films = any((frames or 1) > 1 for frames in images.column("frames"))  # where one may divide
    single = not films and all((count or 0) <= 1 for count in images.column("objects"))
    telling = {"mask", *OBJECTS} if single else OBJECTS
    fitting = [
        name
        for name in usual
        if (not stacks or name in PER_PLANE) and (not objects or name in telling)
    ]
    there = images.known_truths
    first = next((name for name in fitting if name in there), None)
    chosen = first if asked == USUAL else asked
    has = f"this set has {', '.join(there) or 'none'}"
    if chosen is None:
        missing = " or ".join(fitting)
        raise ValueError(f"{images.folder}: needs the ground truth {missing}; {has}")
    if chosen not in there:
        raise ValueError(f"{images.folder}: no ground truth {chosen}; {has}")
    if chosen not in fitting:
        raise ValueError(f"{images.folder}: truth = {chosen}: {_why(chosen, fitting, stacks)}")
    return chosen


def _why(chosen: str, fitting: Sequence[str], stacks: bool) -> str:
    if stacks and chosen not in PER_PLANE:
        what = "it is seen from above, and the images are stacks"
    else:
        what = "it does not tell object from object"
    return f"{what}; expected {' or '.join(fitting)}"


def _frames(images: ImageSet, row: Row, name: str) -> NDArray[Any]:
    """Return pixels as (frames, planes, R, C), of a file that is as it was written."""
    if row[name] is None:
        raise ValueError(f"{images.folder}: sample {row['sample']} has no {name}")
    path = path_inside(images.folder, row[name])
    if not path.exists():
        raise ValueError(f"{path}: no such file")
    if sha256_of(path) != row[name + CHECKSUM]:
        raise ValueError(f"{path}: changed since it was written; run the recipe again to mend it")
    pixels: NDArray[Any] = np.asarray(read_truth_of(name, path))
    frames = sizes_of(row)[0]
    return pixels.reshape(frames, -1, *pixels.shape[-2:])


def _parts(image: NDArray[Any], *, flat: bool) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield the indices of each case, and what they add to its name."""
    frames, planes = image.shape[:2]
    for frame in range(frames):
        of_frame = f"_t{frame:03d}" if frames > 1 else ""
        if planes == 1:
            yield (frame, 0), of_frame
        elif not flat:
            yield (frame,), of_frame
        else:
            for plane in range(planes):
                yield (frame, plane), f"{of_frame}_z{plane:03d}"


def _tiff_of(images: ImageSet, row: Row, name: str) -> Path | None:
    path = path_inside(images.folder, row[name])
    return path if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file() else None


def _spacing_um(row: Row, axes: int) -> tuple[float, ...]:
    pixel_um = row["pixel_nm"] / 1000
    return (row["step_nm"] / 1000, pixel_um, pixel_um)[-axes:]


def _size(pixels: NDArray[Any]) -> str:
    return "frames × planes × rows × columns = " + " × ".join(map(str, pixels.shape))
