"""Files of one image of a set: pixels, ground truths, and its row in the table."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.datasets.file_layout import (
    flat_image,
    flat_truth,
    released_image,
    released_sets,
    released_truth,
)
from napari_3dmsl.datasets.recipe.plan import seed_of
from napari_3dmsl.datasets.write.index import CHECKSUM, sha256_of, transform_cell
from napari_3dmsl.ground_truth.registry import TRUTHS, ObjectTruth, PixelTruth
from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
from napari_3dmsl.image_io.ome_zarr import write_ome_zarr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.datasets.render.render import Rendered
    from napari_3dmsl.datasets.write.index import Row
    from napari_3dmsl.scenes.placed_object import PlacedObject

PARAMETERS = (
    "frames",
    "planes",
    "step_nm",
    "pixel_nm",
    "focus_um",
    "stage_um",
    "depth_um",
    "objects",
    "emitter_count",
    "emitters_in_field",
    "saturated_share",
    "photons_per_fluorophore",
    "density_per_um2",
    "density_per_um3",
    "efficiency",
    "background_photons",
    "e_per_adu",
    "offset_adu",
    "read_noise_e",
    "row_noise_e",
    "peak_photons",
    "peak_snr",
    "physseg_offset",
    "physseg_peak",
    "stretch_low",
    "stretch_high",
    "world_to_field",
)
"""Columns of the table that hold what was drawn or found for each image."""

_OF_CAMERA = ("background_photons", "e_per_adu", "offset_adu", "read_noise_e", "row_noise_e")


def write_sample(rendered: Rendered, recipe: Recipe, folder: Path) -> Row:
    """Write an image and its ground truths; return its row with the files' checksums.

    Parameters
    ----------
    rendered
        The image with what was drawn.
    recipe
        That it was made with.
    folder
        Of the set.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    places = _Places(recipe, rendered)
    files = {"image": places.image, **{name: places.truth(name) for name in recipe.truths}}
    try:
        _write(rendered, recipe, folder, files)
    except (OSError, ValueError):  # an image without one of its truths is none
        remove_files(folder, files.values())
        raise
    row = row_of(rendered)
    for name, relative in files.items():
        row[name] = relative
        row[name + CHECKSUM] = sha256_of(folder / relative)
    return row


def remove_files(folder: Path, relatives: Iterable[str]) -> None:
    """Remove files of a sample that cannot be finished, as far as they are there.

    Parameters
    ----------
    folder
        Of the set.
    relatives
        Paths in it.
    """
    for relative in relatives:
        path = folder / relative
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _write(rendered: Rendered, recipe: Recipe, folder: Path, files: dict[str, str]) -> None:
    for relative in files.values():
        if not relative.startswith(f"{files['image']}/"):  # masks inside an OME-Zarr image
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
    if recipe.output.format == "ome-zarr":
        _write_zarr(rendered, recipe, folder, files)
    else:
        _write_tiff(folder / files["image"], rendered, rendered.image, rendered.axes, truth=False)
        for name in recipe.truths:
            write_truth(folder / files[name], rendered, name)


def write_truth(path: Path, rendered: Rendered, name: str) -> None:
    """Write one ground truth of an image: a file, or a folder when it has one for each object.

    Parameters
    ----------
    path
        Of the file, or of the folder.
    rendered
        The image with what was drawn.
    name
        Of the ground truth.
    """
    truth = TRUTHS[name]
    if isinstance(truth, PixelTruth):
        _write_pixels(path, rendered, name)
    elif isinstance(truth, ObjectTruth):
        for file, placed, rng in _each_object(path, rendered, truth):
            truth.write(file, placed, rendered.field, rng)
    else:
        truth.write(path, rendered.film, rendered.field)


class _Places:
    """Where the files of an image lie, relative to the folder of the set."""

    def __init__(self, recipe: Recipe, rendered: Rendered) -> None:
        self._rendered = rendered
        self._zarr = recipe.output.format == "ome-zarr"
        self._set: str | None = None
        if recipe.output.layout == "3dmsl":
            names = [instrument.name for instrument in recipe.microscopes]
            self._set = released_sets(names)[rendered.instrument.name]

    @property
    def image(self) -> str:
        if self._set is None:
            return flat_image(self._rendered.name, ".zarr" if self._zarr else ".tif")
        group = self._rendered.group
        return released_image(group.shape_ids[0], self._set, self._rendered.view, group.repeat)

    def truth(self, name: str) -> str:
        if self._zarr and _is_label(self._rendered, name):
            return f"{self.image}/labels/{name}"
        suffix = truth_suffix(self._rendered, name)
        if self._set is None:
            return flat_truth(self._rendered.name, name, suffix)
        group, view = self._rendered.group, self._rendered.view
        return released_truth(group.shape_ids[0], self._set, view, name, suffix, group.repeat)


def truth_suffix(rendered: Rendered, name: str) -> str:
    """Return the ending of a ground truth's file; none for a folder.

    Parameters
    ----------
    rendered
        The image with what was drawn.
    name
        Of the ground truth.
    """
    truth = TRUTHS[name]
    alone = len(rendered.film) == 1 and len(rendered.film[0].objects) == 1
    return "" if not alone and isinstance(truth, ObjectTruth) else truth.suffix


def _is_label(rendered: Rendered, name: str) -> bool:
    """Whether a truth lies in the OME-Zarr image: there labels have the axes of the image."""
    pixels = rendered.truths.get(name)
    return pixels is not None and pixels.dtype.kind in "ui" and pixels.shape == rendered.image.shape


def _write_zarr(rendered: Rendered, recipe: Recipe, folder: Path, files: dict[str, str]) -> None:
    labels = {name: rendered.truths[name] for name in recipe.truths if _is_label(rendered, name)}
    write_ome_zarr(
        folder / files["image"],
        rendered.image,
        _sizes_um(rendered, rendered.axes),
        rendered.metadata,
        axes=rendered.axes,
        frame_s=_frame_s(rendered),
        labels=labels,
    )
    for name in recipe.truths:
        if name not in labels:
            write_truth(folder / files[name], rendered, name)


def _write_tiff(
    path: Path, rendered: Rendered, pixels: NDArray[Any], axes: str, *, truth: bool
) -> None:
    write_ome_tiff(
        path,
        pixels,
        _sizes_um(rendered, axes),
        None if truth else rendered.metadata,
        axes=axes,
        frame_s=_frame_s(rendered),
        compress=truth and pixels.dtype.kind in "ui",
    )


def _write_pixels(path: Path, rendered: Rendered, name: str) -> None:
    pixels = rendered.truths[name]
    axes = "T" * ("T" in rendered.axes)
    axes += "Z" * (pixels.ndim - len(axes) - 2) + "YX"
    _write_tiff(path, rendered, pixels, axes, truth=True)


def _each_object(
    path: Path, rendered: Rendered, truth: ObjectTruth
) -> Iterator[tuple[Path, PlacedObject, np.random.Generator]]:
    """Yield the file of each object of each frame: one file, or a folder of them."""
    alone = bool(path.suffix)
    if not alone:
        path.mkdir(exist_ok=True)
    for number, frame in enumerate(rendered.film):
        for placed in frame.objects:
            file = path / f"frame{number:04d}_label{placed.label:05d}{truth.suffix}"
            seed = seed_of(rendered.metadata["seed"], truth.name, number, placed.label)
            yield path if alone else file, placed, np.random.default_rng(seed)


def _sizes_um(rendered: Rendered, axes: str) -> tuple[float, ...]:
    pixel_um = rendered.field.pixel_um
    step_um = rendered.metadata["acquisition"]["step_nm"] / 1000.0
    return (step_um, pixel_um, pixel_um) if "Z" in axes else (pixel_um, pixel_um)


def _frame_s(rendered: Rendered) -> float | None:
    return rendered.film[1].time_s - rendered.film[0].time_s if len(rendered.film) > 1 else None


def row_of(rendered: Rendered) -> Row:
    """Return what the table tells about an image, but its files.

    Parameters
    ----------
    rendered
        The image with what was drawn.
    """
    metadata, group = rendered.metadata, rendered.group
    labelling = metadata["labelling"]
    noise, stretch = metadata["physseg_noise"] or {}, metadata.get("stretch", {})
    objects = rendered.film[0].objects
    single = objects[0] if len(objects) == 1 else None
    return {
        "sample": rendered.name,
        "split": group.split,
        "group": group.name,
        "shape_id": None if single is None else single.shape_id,
        "shape_class": None if single is None else single.shape_class,
        "view": rendered.view,
        "microscope": rendered.instrument.name,
        "repeat": group.repeat,
        "seed": metadata["seed"],
        "frames": len(rendered.film),
        "planes": metadata["acquisition"]["planes"],
        "step_nm": metadata["acquisition"]["step_nm"],
        "pixel_nm": metadata["microscope"]["pixel_nm"],
        "focus_um": metadata["plane_focus_um"][0],
        "stage_um": metadata["plane_stage_um"][0],
        "depth_um": metadata["acquisition"]["depth_um"],
        "objects": sum(not placed.haze for placed in objects),
        "emitter_count": metadata["emitters"],
        "emitters_in_field": metadata["emitters_in_field"],
        "saturated_share": metadata["saturated_share"],
        "photons_per_fluorophore": metadata["photons_per_fluorophore"],
        "density_per_um2": labelling["density_per_um2"],
        "density_per_um3": labelling["density_per_um3"],
        "efficiency": labelling["efficiency"],
        **{name: _of_camera(metadata, name) for name in _OF_CAMERA},
        "peak_photons": float(rendered.photons.max()),
        "peak_snr": metadata["peak_snr"],
        "physseg_offset": noise.get("offset"),
        "physseg_peak": noise.get("peak"),
        "stretch_low": stretch.get("low"),
        "stretch_high": stretch.get("high"),
        "world_to_field": transform_cell(metadata["world_to_field"]),
    }


def _of_camera(metadata: dict[str, Any], name: str) -> float | None:
    """Return a setting of the camera; None where the tiles of a montage drew other ones."""
    cameras = [tile.get("camera", metadata["camera"]) for tile in metadata.get("tiles", ())]
    value: float = metadata["camera"][name]
    return value if all(camera[name] == value for camera in cameras) else None
