"""Every ground truth that there is: one entry a truth tells all that anybody needs of it.

Recipe, panel, writer, reader and docs ask here. To add a truth, add its entry to `TRUTHS`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_3dmsl.ground_truth.pixel_truths import CLASS_CODES, UNKNOWN_CLASS, ImagedObjects
from napari_3dmsl.ground_truth.read import read_file, read_truth
from napari_3dmsl.ground_truth.truth_files import (
    write_cloud,
    write_emitters,
    write_occupancies,
    write_surface,
    write_tracks,
)
from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject
from napari_3dmsl.shapes.sampling import SampleSettings
from napari_3dmsl.timelapse.motion import Frame

Need = Literal["motion", "centrelines"]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What every entry tells, see the kinds below.

    Attributes
    ----------
    name : str
        In recipes, in the table of a set and, if ``folder`` is empty, of its folder.
    text : str
        What it is, in one line without a full stop.
    details : str
        Sentences for readers of the docs who want to know more.
    needs : collection of str
        ``motion``: goes only with recipes in which things move. ``centrelines``: those of every
        object are found before it is drawn.
    folder : str
        Of its files in an image set.
    suffix : str
        Ending of a file; empty where all of it lies in a folder.
    read : callable
        Reads one file.
    """

    name: str
    text: str
    details: str = ""
    needs: Collection[Need] = ()
    folder: str = ""
    suffix: str
    read: Callable[[Path], Any] = read_file

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class PixelTruth(Truth):
    """A truth that is drawn frame by frame as pixels, and lies in an image file.

    Attributes
    ----------
    draw : callable
        Gives pixels (R, C), or (P, R, C).
    dtype : dtype
        In which they are kept.
    axes : str
        ``YX`` or ``ZYX``; ``[Z]YX`` when a single plane has no axis of its own.
    """

    draw: Callable[[ImagedObjects], NDArray[Any]]
    dtype: DTypeLike
    axes: Literal["YX", "ZYX", "[Z]YX"] = "YX"
    suffix: str = ".tif"

    def of(self, imaged: ImagedObjects) -> NDArray[Any]:
        """Draw one frame.

        Parameters
        ----------
        imaged
            The objects of the frame, and the pixels.
        """
        pixels = self.draw(imaged).astype(self.dtype, copy=False)
        return pixels[0] if self.axes == "[Z]YX" and len(pixels) == 1 else pixels


@dataclass(frozen=True, kw_only=True)
class FileTruth(Truth):
    """A truth that lies in one file of its own for each image, or in a folder.

    Attributes
    ----------
    write : callable
        Of path, frames and field of view.
    """

    write: Callable[[Path, Sequence[Frame], FieldOfView], None]


@dataclass(frozen=True, kw_only=True)
class ObjectTruth(Truth):
    """A truth that lies in a file for each object of each frame: a folder when there are several.

    Attributes
    ----------
    write : callable
        Of path, object, field of view and the generator for what is random in it.
    """

    write: Callable[[Path, PlacedObject, FieldOfView, np.random.Generator], None]


_PLACES = "µm from the corner of the image"

TRUTHS: dict[str, PixelTruth | FileTruth | ObjectTruth] = {
    truth.name: truth
    for truth in (
        PixelTruth(
            name="mask",
            text="Pixels that objects cover, projected along z: 1, else 0",
            details="At whatever height, in focus or not.",
            folder="masks",  # as segmentation tools call it
            draw=lambda imaged: imaged.instances > 0,
            dtype=np.uint8,
        ),
        PixelTruth(
            name="focus_mask",
            text="The same of what lies within the depth of field of each plane",
            details="Half of it is above the sharp plane, half below.",
            draw=ImagedObjects.in_focus,
            dtype=np.uint8,
            axes="[Z]YX",
        ),
        PixelTruth(
            name="haze_mask",
            text="Pixels that shapes out of focus in a scene like a cell cover; in no other mask",
            details="Projected along z, as `mask`. They are in the image all the same, and in "
            "`photons`, `emitters` and `meshes`.",
            draw=ImagedObjects.haze_mask,
            dtype=np.uint8,
        ),
        PixelTruth(
            name="instances",
            text="Label of the object in each pixel, the one nearest the objective; 0 is none",
            details="Where several lie over each other: the one that light from the objective "
            "meets first.",
            draw=lambda imaged: imaged.instances,
            dtype=np.uint16,
        ),
        PixelTruth(
            name="classes",
            text=f"Class of that object: 1 to {len(CLASS_CODES)} as in the paper, {UNKNOWN_CLASS} "
            "unknown; 0 is none",
            details=f"{', '.join(f'{code} {name}' for name, code in CLASS_CODES.items())}.",
            draw=lambda imaged: imaged.classes(imaged.instances),
            dtype=np.uint8,
        ),
        PixelTruth(
            name="volume_instances",
            text="Label of the object cut by each plane",
            details="By the sharp plane itself.",
            draw=lambda imaged: imaged.volume_instances,
            dtype=np.uint16,
            axes="ZYX",
        ),
        PixelTruth(
            name="volume_classes",
            text="Class of the object cut by each plane",
            draw=lambda imaged: imaged.classes(imaged.volume_instances),
            dtype=np.uint8,
            axes="ZYX",
        ),
        PixelTruth(
            name="depth",
            text="Height in µm above the coverslip of the surface nearest the objective; "
            "NaN is none",
            details="Where light from the objective meets the object of `instances` first, "
            "averaged over those of the pixel's lines that meet it.",
            draw=lambda imaged: imaged.depth_um,
            dtype=np.float32,
        ),
        PixelTruth(
            name="centreline",
            text="Label of the object whose centreline runs through the pixel; 0 is none",
            details="Where several do, of the lowest.",
            needs={"centrelines"},
            draw=ImagedObjects.centrelines,
            dtype=np.uint16,
        ),
        PixelTruth(
            name="photons",
            text="Expected photons without noise, float32",
            details="Without background and camera.",
            draw=lambda imaged: imaged.photons,
            dtype=np.float32,
            axes="[Z]YX",
        ),
        FileTruth(
            name="emitters",
            text=f"Place and photons of each fluorophore, CSV, {_PLACES}",
            details="Photons are those that it sends to the detector while a plane is recorded. "
            "With continuous labelling: the points of the quadrature.",
            suffix=".csv",
            write=write_emitters,
        ),
        ObjectTruth(
            name="meshes",
            text=f"Surface of each object, OFF, {_PLACES}",
            details="Closed.",
            suffix=".off",
            write=write_surface,
        ),
        ObjectTruth(
            name="clouds",
            text=f"{SampleSettings().surface_points:,} points with normals on each surface, NPZ, "
            "same frame",
            details="Uniform by area; normals point outwards.",
            suffix=".npz",
            write=write_cloud,
        ),
        ObjectTruth(
            name="occupancies",
            text=f"{SampleSettings().occupancy_points:,} points and which are inside, NPZ, "
            "same frame",
            details="Uniform in a cube 10 % wider than the object's longest side; exact for the "
            "points as they are rounded.",
            suffix=".npz",
            write=write_occupancies,
        ),
        FileTruth(
            name="tracks",
            text="Tracks of a time-lapse and their parents: CSV, and text of the Cell Tracking "
            "Challenge",
            needs={"motion"},
            suffix="",
            write=write_tracks,
        ),
    )
}
"""All truths by name, in the order in which a set has them."""


def ground_truth(
    objects: Sequence[PlacedObject],
    view: FieldOfView,
    names: Collection[str],
    photons: NDArray[np.float32] | None = None,
) -> dict[str, NDArray[Any]]:
    """Draw the ground truth of an image as pixels.

    Parameters
    ----------
    objects : sequence of PlacedObject
        In the frame of the field, each with a label of its own; may reach beyond the image.
    view : FieldOfView
        The pixels of the image, and where they lie.
    names : collection of str
        Pixel truths of `TRUTHS`; what they share is computed once, see `ImagedObjects`.
    photons : (P, R, C) float32, optional
        Expected ones, for the truth of that name.

    Returns
    -------
    dict of arrays, in the order of `TRUTHS`
        Types and axes as their entries tell.

    Raises
    ------
    ValueError
        For a name that is none of a pixel truth, a label that is used twice or is not in 1..65535,
        or a surface with a hole.
    """
    pixel_truths = {name: truth for name, truth in TRUTHS.items() if isinstance(truth, PixelTruth)}
    if unknown := [name for name in names if name not in pixel_truths]:
        raise ValueError(
            f"ground truth {', '.join(map(repr, unknown))}: not known; "
            f"choose from {', '.join(pixel_truths)}"
        )
    imaged = ImagedObjects(objects, view, photons)
    return {name: truth.of(imaged) for name, truth in pixel_truths.items() if name in names}


def needs_of(names: Iterable[str]) -> set[Need]:
    """Return what any of these truths needs.

    Parameters
    ----------
    names
        Of `TRUTHS`.
    """
    return {need for name in names for need in TRUTHS[name].needs}


def read_truth_of(name: str, path: str | Path) -> Any:
    """Read a ground truth as its entry tells; one that has none here by its ending.

    Parameters
    ----------
    name
        Of the truth.
    path
        Its file or folder, or a mask in an image ``NAME.zarr``.

    Raises
    ------
    ValueError
        One line, when it is missing, damaged, or of another kind.
    """
    return read_truth(path, TRUTHS[name].read if name in TRUTHS else read_file)
