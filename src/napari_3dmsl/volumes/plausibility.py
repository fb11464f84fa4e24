"""Are these labels of mitochondria? What is improbable about them, and what to do about it.

Nothing is refused here: labels of the right form are worked on. But a mask that is inverted, a cell
beside its mitochondria, a grey image or a voxel size in the wrong unit give shapes that are wrong
without a word. Everything is looked at on a few planes or a coarse grid, so that it takes a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.volumes.grey_images import is_grey_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

COARSE = 96  # places along an axis that objects are looked for on
PLANES, VOXELS = 17, 1 << 22  # that the thickness is measured on: so many of either at least
FILLED = 0.5  # share of the volume that mitochondria stay below
COVERED = 0.15  # share of a face from which on an object is cut by it rather than touches it
FACES = 5  # an object that is cut by so many is what the others lie in
ENCLOSED = 0.7  # share of the other labels' surface that faces the one that encloses them
THINNEST_NM, THICKEST_NM = 60.0, 2000.0
"""How thick mitochondria are on average, from thin tubes to swollen ones, with room to spare."""


def label_warnings(
    labels: NDArray[Any], voxel_nm: Sequence[float] | None = None, instances: bool = False
) -> list[str]:
    """Say what is improbable about labels of mitochondria, one line each, with what to do.

    Parameters
    ----------
    labels
        (Z, Y, X) bool or integers, as `check_labels` returns them.
    voxel_nm
        Voxel size (z, y, x) in nm, if it is known.
    instances
        Whether every label is taken as one object, instead of all of them as a mask.
    """
    if is_grey_image(labels):
        return [
            "the labels have the many values of a grey image: choose the segmentation instead, or "
            "threshold the image first"
        ]
    values = label_values(labels)
    wrong = _type_maximum(values, labels.dtype) or _surrounding(labels, values)
    if wrong:
        return [wrong]
    return [line for line in (_merged(values, instances), size_warning(labels, voxel_nm)) if line]


def label_values(labels: NDArray[Any]) -> NDArray[Any]:
    """Return the different labels above 0, in ascending order.

    Parameters
    ----------
    labels
        (Z, Y, X) bool or integers.
    """
    if labels.dtype == bool:
        return np.array([1])[: int(labels.any())]
    found = []
    for plane in labels:
        flat = plane.ravel()
        ends = np.flatnonzero(flat[1:] != flat[:-1])  # few: neighbours mostly agree
        found.append(np.unique(flat[np.append(ends, len(flat) - 1)]))
    values = np.unique(np.concatenate(found))
    return values[values > 0]


def mean_thickness_nm(labels: NDArray[Any], voxel_nm: Sequence[float]) -> float:
    """Return how thick the foreground is on average, in nm; NaN without any.

    It is 4 V / S, the diameter of tubes with this volume and surface. The faces between voxels show
    3/2 of a surface that lies at all angles.

    Parameters
    ----------
    labels
        (z, y, x).
    voxel_nm
        Voxel size (z, y, x) in nm.
    """
    z, y, x = (float(size) for size in voxel_nm)
    last, planes = max(len(labels) - 2, 0), max(PLANES, VOXELS // labels[0].size)
    surface = volume = 0.0
    for plane in np.unique(np.linspace(0, last, min(planes, last + 1)).astype(int)):
        here = labels[plane] > 0
        volume += np.count_nonzero(here) * z * y * x
        surface += np.count_nonzero(here[1:] != here[:-1]) * z * x
        surface += np.count_nonzero(here[:, 1:] != here[:, :-1]) * z * y
        if plane + 1 < len(labels):
            surface += np.count_nonzero(here != (labels[plane + 1] > 0)) * y * x
    return 6 * volume / surface if surface else float("nan")


def size_warning(labels: NDArray[Any], voxel_nm: Sequence[float] | None) -> str:
    """Say that a voxel size makes mitochondria of a size that there is not; empty when it is right.

    Parameters
    ----------
    labels
        (z, y, x).
    voxel_nm
        Voxel size (z, y, x) in nm, if it is known.
    """
    if voxel_nm is None:
        return ""
    thick = mean_thickness_nm(labels, voxel_nm)
    if np.isnan(thick) or THINNEST_NM <= thick <= THICKEST_NM:
        return ""
    sizes = " × ".join(f"{size:g}" for size in voxel_nm)
    return (
        f"with voxels of {sizes} nm your mitochondria would be {_length(thick)} thick: is that "
        "voxel size (z, y, x) in nm?"
    )


def _length(nm: float) -> str:
    return f"{nm / 1000:.2g} µm" if nm >= 1000 else f"{nm:.2g} nm"


def _merged(values: NDArray[Any], instances: bool) -> str:
    """Say that labels are not taken as objects although there are several."""
    if instances or len(values) < 2:
        return ""
    return (
        f"the file holds {len(values):,} labels, which are merged where they touch; if each is "
        "one shape, tick 'Are instances' (--instances)"
    )


def _type_maximum(values: NDArray[Any], dtype: np.dtype[Any]) -> str:
    """Say that the largest number of the type may be background, as in CREMI's labels."""
    if dtype.kind not in "ui" or len(values) < 2:
        return ""
    top = int(np.iinfo(dtype).max)
    if int(values[-1]) != top or int(values[-2]) == top - 1:  # labels that go up to there
        return ""
    return (
        f"one label is {top}, the largest number of {dtype}: if it is background or unlabelled, "
        "say so (--background max)"
    )


def _surrounding(labels: NDArray[Any], values: NDArray[Any]) -> str:
    """Say that an object is more likely what mitochondria lie in: background, or their cell."""
    steps = tuple(slice(None, None, -(-length // COARSE)) for length in labels.shape)
    coarse = labels[steps].copy()  # cc3d takes no array that is read-only
    mask = coarse > 0
    share = np.count_nonzero(mask) / mask.size
    cut = _faces_cut(coarse)
    one = _encloses(coarse) if len(values) > 1 else None
    if one is not None:
        filled = np.count_nonzero(coarse == one) / coarse.size
        return (
            f"label {one} encloses the other labels, fills {filled:.0%} of the volume and is cut "
            f"by {cut} of its 6 faces: background, or the cell that mitochondria lie in? Take it "
            f"as background (--background {one}), or leave it out"
        )
    inverted = "an inverted mask, or a cell? Mitochondria must be above 0, everything else 0"
    alone = len(values) == 1 and cut < FACES and _is_tight_crop(mask)
    if share > FILLED and not alone:
        return f"the labels fill {share:.0%} of the volume: {inverted}"
    if cut >= FACES:
        return f"one object is cut by {cut} of the volume's 6 faces: {inverted}"
    return ""


def _encloses(coarse: NDArray[Any]) -> Any:
    """Return the label that most of the surface of all the others faces; None if there is none."""
    values, counts = np.unique(coarse[coarse > 0], return_counts=True)
    if len(values) < 2:
        return None
    largest = values[counts.argmax()]
    facing = others = 0
    for axis in range(3):
        first, second = (np.moveaxis(coarse, axis, 0)[side] for side in (slice(1, None), slice(-1)))
        for here, there in ((first, second), (second, first)):
            outside = (here > 0) & (here != largest) & (there != here)
            others += int(np.count_nonzero(outside))
            facing += int(np.count_nonzero(outside & (there == largest)))
    return largest if facing > ENCLOSED * others else None


def _faces_cut(coarse: NDArray[Any]) -> int:
    """Return how many faces of the volume cut the object that is cut by most.

    Opposite faces with nothing between them are left out: they show the same.
    """
    import cc3d

    objects = cc3d.connected_components(coarse, connectivity=6)
    cut = np.zeros(int(objects.max()) + 1, dtype=int)
    for axis in (axis for axis, length in enumerate(coarse.shape) if length > 2):
        for end in (0, -1):
            face = objects.take(end, axis=axis)
            counts = np.bincount(face.ravel(), minlength=len(cut))
            cut += counts >= COVERED * face.size
    return int(cut[1:].max(initial=0))


def _is_tight_crop(mask: NDArray[np.bool_]) -> bool:
    """Whether a mask is one object in its bounding box, which round ones fill by half or more."""
    import cc3d

    spans = all(mask.take(end, axis=axis).any() for axis in range(3) for end in (0, -1))
    return spans and int(cc3d.connected_components(mask.view(np.uint8), connectivity=26).max()) == 1
