"""A few samples of an image set before it is made: what they look like, what the rest will take."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_dilation

from napari_3dmsl.datasets.recipe.plan import check_image_memory
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
from napari_3dmsl.datasets.write.sample_files import write_sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.datasets.recipe.instrument import Instrument
    from napari_3dmsl.datasets.recipe.plan import Group, Plan
    from napari_3dmsl.datasets.render.render import Rendered
    from napari_3dmsl.shapes.collection import ShapeSource

SAMPLES = 16
_START_S = 4.0  # until worker processes have loaded their libraries
_AGAIN_BELOW_S = 1.0  # what is rendered faster is rendered again, to know later ones' time
_BLACK, _WHITE = 1.0, 99.9  # percentiles of the counts that become black and white


@dataclass(frozen=True)
class PreviewSample:
    """One image of a plan: its group, the place of its view among those of the group, and by what.

    Attributes
    ----------
    group : Group
    view : int
    instrument : Instrument
    """

    group: Group
    view: int
    instrument: Instrument


@dataclass(frozen=True, eq=False)
class Previewed:
    """A sample as the set will have it, and what it took.

    Attributes
    ----------
    rendered : Rendered
        With the ground truth ``mask`` in any case.
    group_s : float
        Seconds to render all images of a group such as this one.
    write_s : float
        Seconds to write the files of the image.
    once_s : float
        Seconds more that the first time took: optics and more that later images share.
    size : int
        Bytes of the files of the image.
    """

    rendered: Rendered
    group_s: float
    write_s: float
    once_s: float
    size: int


@dataclass(frozen=True)
class Estimate:
    """What a whole set will take: bytes on disk and seconds."""

    size: float
    seconds: float


def preview_samples(plan: Plan, count: int = SAMPLES) -> list[PreviewSample]:
    """Choose images of a plan evenly over its groups, views and microscopes.

    Each microscope comes as often as any other, give or take one, and so does each view; the groups
    are spread evenly over the plan. No image comes twice.

    Parameters
    ----------
    plan
        Of the set.
    count
        How many; fewer where the set has fewer.
    """
    instruments, views = plan.recipe.microscopes, plan.recipe.seen_from.count
    count = min(count, plan.images)
    shared = math.gcd(len(instruments), views)
    cycle = len(instruments) * views // shared  # then all pairs of one diagonal have come
    return [
        PreviewSample(
            plan.groups[(2 * i + 1) * len(plan.groups) // (2 * count)],
            (i + i // cycle % shared) % views,
            instruments[i % len(instruments)],
        )
        for i in range(count)
    ]


def preview(plan: Plan, library: ShapeSource, count: int = SAMPLES) -> Iterator[Previewed]:
    """Make some images of a plan just as a run makes them, one after the other.

    Their files are written, measured and deleted.

    Parameters
    ----------
    plan
        Of the set.
    library
        That it is made of.
    count
        How many; fewer where the set has fewer.

    Raises
    ------
    ValueError
        When a shape cannot be read or labelled, or output or memory cannot hold the
        images.
    OSError
        When a file cannot be written.
    """
    from threadpoolctl import ThreadpoolController

    check_image_memory(plan, workers=1)
    threads = ThreadpoolController()
    for sample in preview_samples(plan, count):
        with threads.limit(limits=1):  # as the workers of a run have it, for the time they take
            made = _make(plan, sample, library)
        yield made


def _make(plan: Plan, sample: PreviewSample, library: ShapeSource) -> Previewed:
    began = time.perf_counter()
    rendered = _render(plan, sample, library)
    rendered_s = time.perf_counter() - began
    with TemporaryDirectory(prefix="napari-3dmsl-") as folder:
        began = time.perf_counter()
        write_sample(rendered, plan.recipe, Path(folder))
        write_s = time.perf_counter() - began
        files = (file for file in Path(folder).rglob("*") if file.is_file())
        size = sum(file.stat().st_size for file in files)
    if rendered_s > _AGAIN_BELOW_S:
        return Previewed(rendered, plan.images_per_group * rendered_s, write_s, 0.0, size)
    first_s, next_s = _times(plan, sample, library)
    group_s = first_s + (plan.images_per_group - 1) * next_s
    return Previewed(rendered, group_s, write_s, max(rendered_s - first_s, 0.0), size)


def _render(plan: Plan, sample: PreviewSample, library: ShapeSource) -> Rendered:
    recipe = plan.recipe.model_copy(
        update={
            "microscopes": (sample.instrument,),
            "ground_truth": (*plan.recipe.ground_truth, "mask"),
        }
    )
    (rendered,) = GroupRenderer(recipe, library, plan.pools).render(sample.group, sample.view)
    return rendered


def _times(plan: Plan, sample: PreviewSample, library: ShapeSource) -> tuple[float, float]:
    """Seconds until the first image of a group, its microscope's, and until the next."""
    instruments = plan.recipe.microscopes
    place = instruments.index(sample.instrument)
    recipe = plan.recipe.model_copy(
        update={"microscopes": instruments[place:] + instruments[:place]}
    )
    times = [time.perf_counter()]
    for _ in islice(GroupRenderer(recipe, library, plan.pools).render(sample.group), 2):
        times.append(time.perf_counter())
    return times[1] - times[0], times[-1] - times[-2]


def estimate(plan: Plan, previewed: Sequence[Previewed], workers: int) -> Estimate:
    """Estimate what a set will take from samples of it.

    Parameters
    ----------
    plan : Plan
        Of the set.
    previewed
        At least one.
    workers
        Processes that will make the set.
    """
    group_s = fmean(sample.group_s for sample in previewed)
    image_s = fmean(sample.write_s for sample in previewed)
    work_s = len(plan.groups) * group_s + plan.images * image_s
    start_s = _START_S + sum(sample.once_s for sample in previewed)
    size = plan.images * fmean(sample.size for sample in previewed)
    return Estimate(size, start_s + work_s / min(workers, len(plan.groups)))


def picture_of(rendered: Rendered) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return an image as it is looked at, and the outline of its mask.

    Of a stack it is the middle plane, of a time-lapse the first frame. Black and white are
    percentiles of the image itself: microscopes count differently.

    Parameters
    ----------
    rendered
        With its ground truth.

    Returns
    -------
    grey : (R, C) uint8
    outline : (R, C) bool
        The pixels around it.
    """
    image, mask = rendered.image, rendered.truths["mask"]
    if "T" in rendered.axes:
        image, mask = image[0], mask[0]
    if "Z" in rendered.axes:
        image = image[len(image) // 2]
    low, high = np.percentile(image, (_BLACK, _WHITE))
    share = (image.astype(np.float64) - low) / max(high - low, 1e-12)
    inside: NDArray[np.bool_] = np.any(mask.reshape(-1, *mask.shape[-2:]) > 0, axis=0)
    grey = np.round(255 * share.clip(0.0, 1.0)).astype(np.uint8)
    return grey, binary_dilation(inside) & ~inside
