"""From a recipe and a library to what is to be done: groups of images, each with its seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.datasets.recipe.recipe import SPLITS, Recipe, Source, Split
from napari_3dmsl.ground_truth.registry import TRUTHS, PixelTruth
from napari_3dmsl.library.measure_table import MEASURED
from napari_3dmsl.memory import check_memory
from napari_3dmsl.scenes.settings import world_boxes_um

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.shapes.collection import ShapeSource

_BYTES_A_GROUP = 500.0  # in the plan and in the journal
_BYTES_A_VOXEL = 30.0  # photons and counts of all frames, and noise while it is drawn

Pools = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Group:
    """Images that share their fluorophores: of one shape, or one scene, labelled once.

    Attributes
    ----------
    name : str
        Unique, such as ``000012_r0``: the shape's id and the repeat, or ``scene000003``.
    split : str
        ``train``, ``val`` or ``test``.
    shape_ids : tuple of int
        The shape; none for a scene, which draws its own from the pool of its part.
    repeat : int
    """

    name: str
    split: str
    shape_ids: tuple[int, ...]
    repeat: int


@dataclass(frozen=True)
class Plan:
    """All groups of a recipe, in the order in which they are made and listed.

    Attributes
    ----------
    recipe : Recipe
    groups : tuple of Group
    pools : dict of tuple of int
        Shapes of each part.
    """

    recipe: Recipe
    groups: tuple[Group, ...]
    pools: Pools

    @property
    def images_per_group(self) -> int:
        """Images, or stacks or time-lapses, of one group."""
        return self.recipe.seen_from.count * len(self.recipe.microscopes)

    @property
    def images(self) -> int:
        """Images of the whole set."""
        return len(self.groups) * self.images_per_group

    def count(self, split: str) -> int:
        """Images of one part.

        Parameters
        ----------
        split
            ``train``, ``val`` or ``test``.
        """
        return sum(group.split == split for group in self.groups) * self.images_per_group


def make_plan(recipe: Recipe, library: ShapeSource) -> Plan:
    """Choose the shapes, part them into train, val and test, and list the groups.

    Parameters
    ----------
    recipe
        What is asked for.
    library
        What there is.

    Raises
    ------
    ValueError
        When no shape is left, the library does not know what the recipe asks for, or there are more
        groups than memory can list.
    """
    ids = chosen_ids(recipe.source, library, recipe.seed)
    count = recipe.repeats * (len(ids) if recipe.scene is None else 1)
    check_memory(
        f"repeats = {recipe.repeats:,}: {count:,} groups of images; take fewer repeats or shapes",
        _BYTES_A_GROUP * count,
    )
    if recipe.scene is not None and recipe.scene.kind == "region":
        parts = split_space(ids, library, recipe.split)
    elif whole := [name for name in SPLITS if getattr(recipe.split, name) == 1.0]:
        parts = dict.fromkeys(ids, whole[0])  # whatever their classes: tubes need not be drawn
    else:
        parts = split_shapes(ids, _classes_of(ids, library), recipe.split, recipe.seed)
    pools = {name: tuple(i for i in ids if parts[i] == name) for name in SPLITS}
    if recipe.scene is not None:
        return Plan(recipe, _scene_groups(recipe, pools), pools)
    groups = [
        Group(f"{shape_id:06d}_r{repeat}", parts[shape_id], (shape_id,), repeat)
        for shape_id in ids
        for repeat in range(recipe.repeats)
    ]
    return Plan(recipe, tuple(groups), pools)


def check_image_memory(plan: Plan, workers: int) -> None:
    """Refuse images that so many workers cannot hold at once.

    Parameters
    ----------
    plan
        Of the set.
    workers
        Processes that make images at the same time.

    Raises
    ------
    ValueError
        One line that names the microscope, what it would take, and what is allowed.
    """
    recipe, workers = plan.recipe, min(workers, len(plan.groups))
    frames = 1 if recipe.motion is None else recipe.motion.frames
    down, across = recipe.montage or (1, 1)
    truths = sum(isinstance(TRUTHS[name], PixelTruth) for name in recipe.truths)
    for instrument in recipe.microscopes:
        rows, columns = recipe.image_size or instrument.microscope.image_size
        voxels = frames * recipe.focus.planes * down * rows * across * columns
        check_memory(
            f"{instrument.name}: {frames:,} frames of {recipe.focus.planes:,} planes of "
            f"{down * rows:,} x {across * columns:,} pixels in each of {workers} processes; take "
            "fewer frames, planes, pixels or processes (workers)",
            workers * voxels * (_BYTES_A_VOXEL + 4.0 * truths),
        )


def seed_of(seed: int, *words: str | int) -> int:
    """Return a seed of its own for each thing that is drawn, the same in any order of work.

    64 bits of a SHA-256 over the recipe's seed and the names: two of a million images share theirs
    with a chance of 3e-8.

    Parameters
    ----------
    seed
        Of the recipe.
    *words
        What tells this draw from all others.

    Returns
    -------
    int
        0 to 2⁶³ − 1.
    """
    text = "/".join(str(word) for word in (seed, *words))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def chosen_ids(source: Source, library: ShapeSource, seed: int) -> list[int]:
    """Return the ids of the shapes that a source asks for, ascending.

    Parameters
    ----------
    source
        What is asked for.
    library
        What there is.
    seed
        Draws ``most`` of them.

    Raises
    ------
    ValueError
        When no shape is left, or one that is asked for is not there, or a measure is unknown.
    """
    ids = np.array(library.ids)
    keep = np.ones(len(ids), dtype=bool)
    if source.ids is not None:
        if missing := set(source.ids).difference(library.ids):
            raise ValueError(f"source.ids: the library has no shape {min(missing)}")
        keep &= np.isin(ids, source.ids)
    if source.classes is not None:
        wanted = {str(name) for name in source.classes}
        keep &= np.array([str(name) in wanted for name in _column(library, "shape_class")])
    for name in ("length_um", "volume_um3", "area_um2"):
        limits = getattr(source, name)
        if limits is not None:
            sizes = np.array(_column(library, name), dtype=np.float64)
            keep &= (sizes >= limits[0]) & (sizes <= limits[1])
    if source.whole_only:
        keep &= ~np.array(_column(library, "touches_border"), dtype=bool)
    left = ids[keep]
    if not len(left):
        raise ValueError(
            f"source: none of the {len(ids)} shapes is left; widen classes, ids or limits"
        )
    if source.most is not None and source.most < len(left):
        rng = np.random.default_rng(seed_of(seed, "most"))
        left = np.sort(rng.permutation(left)[: source.most])
    return [int(shape_id) for shape_id in left]


def split_shapes(
    ids: Sequence[int], classes: Sequence[str], split: Split, seed: int
) -> dict[int, str]:
    """Part shapes into train, val and test, each class in the same shares as far as it divides.

    Parameters
    ----------
    ids, classes
        Of the shapes.
    split
        The shares.
    seed
        Of the order in which shapes are dealt out.

    Returns
    -------
    dict
        Part by id.
    """
    rng = np.random.default_rng(seed_of(seed, "split"))
    drawn: NDArray[np.float64] = rng.random(len(ids))
    shares = np.array([getattr(split, name) for name in SPLITS])
    given = np.zeros(len(SPLITS))
    parts = {}
    for dealt, place in enumerate(np.lexsort((drawn, np.array(classes)))):
        part = int(np.argmax(shares * (dealt + 1) - given))  # whom most is owed
        given[part] += 1
        parts[ids[place]] = SPLITS[part]
    return parts


def split_space(ids: Sequence[int], library: ShapeSource, split: Split) -> dict[int, str]:
    """Part shapes by where they lie: slabs across the longest side of the volume.

    So a real region is whole, but for a seam, and shows no shape of another part.

    Parameters
    ----------
    ids
        Of the shapes.
    library
        Tells where they lie.
    split
        Shares of the three parts.

    Returns
    -------
    dict
        Part of each shape by its id.
    """
    row = {shape_id: place for place, shape_id in enumerate(library.ids)}
    middles = world_boxes_um(library)[[row[i] for i in ids]].mean(axis=1)
    along = middles[:, int(np.argmax(np.ptp(middles, axis=0)))]
    ends = np.rint(np.cumsum([getattr(split, name) for name in SPLITS]) * len(ids))
    return {
        ids[place]: SPLITS[int(np.searchsorted(ends, rank, side="right"))]
        for rank, place in enumerate(np.argsort(along, kind="stable"))
    }


def _scene_groups(recipe: Recipe, pools: Pools) -> tuple[Group, ...]:
    """Scenes of shapes of one part each, in the shares of the shapes."""
    numbers = range(recipe.repeats)
    parts = split_shapes(numbers, [""] * recipe.repeats, recipe.split, recipe.seed)
    empty = {part for part in parts.values() if not pools[part]}
    if empty:
        raise ValueError(
            f"split.{min(empty)}: too few shapes for a share of their own; take more shapes or set "
            f"split.{min(empty)} = 0"
        )
    return tuple(Group(f"scene{number:06d}", parts[number], (), number) for number in numbers)


def _classes_of(ids: Sequence[int], library: ShapeSource) -> list[str]:
    of_id = dict(zip(library.ids, library.table["shape_class"], strict=True))
    return [str(of_id[shape_id]) for shape_id in ids]


def _column(library: ShapeSource, name: str) -> Sequence[object]:
    found = library.table.get(name)
    if found is None or all(entry is None for entry in found):
        asked = "classes" if name == "shape_class" else name
        hint = "; napari-3dmsl measure finds it out" if name in MEASURED else ""
        raise ValueError(
            f"source.{asked}: the library does not know the {name} of its shapes{hint}"
        )
    return found
