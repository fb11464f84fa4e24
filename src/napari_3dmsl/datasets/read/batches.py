"""Batches of an image set as NumPy arrays, for whatever learns from arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.ground_truth.registry import TRUTHS, PixelTruth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.datasets.read.image_set import ImageSet, Sample


def batches(
    samples: ImageSet,
    size: int,
    *,
    seed: int | None = None,
    whole_only: bool = False,
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield a set once, so many samples at a time; files are read when their batch is asked for.

    Parameters
    ----------
    samples
        A set, or the part of one to learn from: ``ImageSet("my_set", "train", truths=["mask"])``.
    size
        Samples of a batch, 1 or more.
    seed
        Shuffles: the same seed, the same order, so take another for each epoch. None: as they are.
    whole_only
        Leave the last batch out when it is smaller than the others.

    Yields
    ------
    dict of arrays
        ``image`` (size, …) and each ground truth of the set that is pixels, by its name, in the
        types of their files; ``index`` (size,), the number of each sample in ``samples``.

    Raises
    ------
    ValueError
        When the size is below 1, or the images of a batch differ in size.
    """
    if size < 1:
        raise ValueError(f"size = {size}: expected 1 sample a batch or more")
    order = np.arange(len(samples))
    if seed is not None:
        np.random.default_rng(seed).shuffle(order)
    ends = range(size if whole_only else 1, len(order) + 1, size)
    for start in range(0, size * len(ends), size):
        chosen = order[start : start + size]
        yield {**_stacked([pixels_of(samples[int(i)]) for i in chosen], samples), "index": chosen}


def pixels_of(sample: Sample) -> dict[str, NDArray[Any]]:
    """Return an image and its ground truths as pixels, by name; others, such as tables, are not in.

    Parameters
    ----------
    sample
        Of a set.
    """
    truths = {
        name: pixels
        for name, pixels in sample.truths.items()
        if isinstance(TRUTHS.get(name), PixelTruth)
    }
    return {"image": sample.image, **truths}


def _stacked(
    found: Sequence[dict[str, NDArray[Any]]], samples: ImageSet
) -> dict[str, NDArray[Any]]:
    stacked = {}
    for name in found[0]:
        arrays = [pixels[name] for pixels in found if name in pixels]
        shapes = {array.shape for array in arrays}
        if len(shapes) > 1 or len(arrays) < len(found):
            raise ValueError(
                f"{samples.folder}: {name} of several sizes in one batch: "
                f"{', '.join(map(str, sorted(shapes)))}; choose one microscope with where(), or "
                "batches of 1"
            )
        stacked[name] = np.stack(arrays)
    return stacked
