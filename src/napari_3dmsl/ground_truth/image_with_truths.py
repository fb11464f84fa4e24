"""One image with its ground truth as files beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_3dmsl.image_io.ome_tiff import write_image, write_ome_tiff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_3dmsl.microscope.simulation import SimulatedImage
    from napari_3dmsl.progress import Progress

SAVED = ("mask", "focus_mask", "instances", "classes", "depth", "photons")
"""Truths that are saved with an image, by name; of a cell also ``haze_mask``."""


def write_with_truths(
    path: str | Path,
    image: SimulatedImage,
    truths: Mapping[str, NDArray[Any]],
    progress: Progress | None = None,
) -> list[Path]:
    """Write an image as OME-TIFF and each truth beside it: ``NAME.ome.tif``, ``NAME_mask.ome.tif``.

    Each file is written whole or not at all; the image comes last, so that none is there without
    its truths.

    Parameters
    ----------
    path : path
        Of the image; ends in ``.tif`` or ``.tiff``. Existing files are replaced.
    image : SimulatedImage
        With all of its settings.
    truths : mapping of arrays
        By name, (R, C) or (P, R, C), such as from `truths_of_field` or `truths_of_image`.
    progress : callable, optional
        Called with (files done, files, what); raise in it to cancel.

    Returns
    -------
    list of Path
        The image, then the truths.

    Raises
    ------
    ValueError
        When the name is none of an image.
    OSError
        When a file cannot be written.
    """
    settings, written = image.metadata(), []
    pixel_um = image.simulation.microscope.pixel_um
    sizes = (image.simulation.acquisition.step_nm / 1000.0, pixel_um, pixel_um)
    for done, (name, pixels) in enumerate(truths.items()):
        if progress is not None:
            progress(done, len(truths) + 1, name)
        story = {**settings, "ground_truth": name}
        file = truth_path(path, name)
        written.append(write_ome_tiff(file, pixels, sizes[-pixels.ndim :], story, compress=True))
    return [write_image(path, image), *written]


def truth_path(path: str | Path, name: str) -> Path:
    """Return where the truth of an image lies.

    Parameters
    ----------
    path
        Of the image.
    name
        Of the truth.
    """
    image = Path(path)
    stem, ending = image.stem, image.suffix
    if stem.lower().endswith(".ome"):
        stem, ending = stem[: -len(".ome")], f"{stem[-len('.ome') :]}{ending}"
    return image.with_name(f"{stem}_{name}{ending}")
