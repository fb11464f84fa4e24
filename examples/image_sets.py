"""Image sets for the examples: a recipe in, arrays out. Finished sets are kept, not made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.filters import gaussian, threshold_local

import napari_3dmsl as msl

Array = NDArray[np.float32]


def make_set(folder: Path, recipe: dict[str, Any]) -> msl.ImageSet:
    """Make the images of a recipe in a folder, or go on with those that are there.

    Parameters
    ----------
    folder
        Which the set is written into.
    recipe
        As in a recipe file, see docs/image_sets.md.
    """
    msl.generate(msl.Recipe.model_validate(recipe), folder, progress=_say(folder.name))
    print()
    return msl.ImageSet(folder)


def _say(name: str) -> Any:
    def progress(done: int, total: int, what: str) -> None:
        print(f"\r  {name}: {what} {done} of {total}   ", end="", flush=True)

    return progress


def stack_of(samples: msl.ImageSet, truth: str) -> tuple[Array, Array]:
    """Return all images and one ground truth of each, as (image, …) arrays.

    Parameters
    ----------
    samples
        All of one size.
    truth
        Name of a ground truth that is an array.
    """
    pairs = [(sample.image, sample.truths[truth]) for sample in samples]
    images = np.stack([normalised(image) for image, _ in pairs])
    return images, np.stack([np.asarray(found, np.float32) for _, found in pairs])


def normalised(image: NDArray[Any]) -> Array:
    """Return an image between its percentiles 1 and 99.8 as about 0 to 1: no camera is known.

    Parameters
    ----------
    image
        Counts or photons of any shape.
    """
    low, high = np.percentile(image, [1, 99.8])
    return ((np.asarray(image, np.float32) - low) / max(high - low, 1e-6)).astype(np.float32)


def locally_bright(image: Array) -> NDArray[np.bool_]:
    """Return where an image is brighter than its surroundings of 41 pixels: no learning at all.

    Parameters
    ----------
    image
        From `normalised`; what is below a fifth of its range counts as dark.
    """
    smooth = gaussian(image, 1)
    bright: NDArray[np.bool_] = smooth > threshold_local(smooth, 41, offset=-0.03)
    return bright & (smooth > 0.2)


def phantom_library(folder: Path) -> Path:
    """Write the shapes of the phantom once: shapes that no tube generator has drawn.

    Parameters
    ----------
    folder
        Of the library.
    """
    if not folder.exists():
        phantom = msl.make_phantom()
        settings = msl.ExtractionSettings(voxel_nm=phantom.voxel_nm)
        msl.write_library(
            msl.measure_shapes(msl.extract_instances(phantom.labels, settings)), folder
        )
    return folder
