"""Trees of groups and arrays, as in Zarr and N5: which data sets there are, and their levels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from napari_3dmsl.volumes.attribute_sizes import (
    as_json,
    letters_of,
    multiscale_size,
    numbers_in,
    size_in,
)
from napari_3dmsl.volumes.pixel_size import PixelSize, unread_size
from napari_3dmsl.volumes.series import Series, why_no_labels
from napari_3dmsl.volumes.stored import Contents, Dataset, StoredArray, StoredLevel
from napari_3dmsl.volumes.tree import Tree

_DEEPEST, _MOST = 8, 2000  # folders that are gone into, one in another; nodes that are looked at
_SCALE = re.compile(r"s\d+")  # how N5 and OpenOrganelle call the levels of a pyramid
_SCALES = [f"s{level}" for level in range(16)]  # that a server is asked for, which lists nothing


@dataclass(frozen=True)
class Node:
    """A group or an array.

    Attributes
    ----------
    attributes
        What it tells of itself.
    array
        Whether it is an array.
    children
        Names of what is in a group, where the group tells them.
    """

    attributes: Mapping[str, Any] = field(default_factory=dict)
    array: bool = False
    children: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hierarchy:
    """How a format keeps its groups and arrays.

    Attributes
    ----------
    format
        Its name.
    node
        Returns what lies at a place of a tree, None where there is nothing.
    array
        Returns the array at a place, with names of its axes if the format has any.
    """

    format: str
    node: Callable[[Tree, str], Node | None]
    array: Callable[[Tree, str, Node], StoredArray]


def hierarchy_contents(tree: Tree, how: Hierarchy) -> Contents:
    """Describe all data sets of a tree, or of a part of one.

    Names and voxel sizes lie in the group above an array, so that is looked at, too.

    Parameters
    ----------
    tree
        The whole, or a group or an array in it.
    how
        Its format.

    Raises
    ------
    ValueError
        When it is damaged, or holds no array.
    """
    root, part = tree, ""
    while (above := root.above()) is not None and _is_group(above, how):
        part = f"{root.name}/{part}".rstrip("/")
        root = above
    beside = _Walk(root, how).below(part.rpartition("/")[0])
    found = [one for one in beside if _within(one, part)]
    if part and not found:  # nobody has told of it
        found = list(_Walk(root, how).below(part))
    narrowed = [_only(one, part) for one in found]
    if not narrowed:
        raise ValueError(f"{tree.where}: {how.format} without arrays")
    datasets = tuple(_dataset(index, one) for index, one in enumerate(_labels_first(narrowed)))
    last = PurePosixPath(found[0].name).name if part and len(found) == 1 else ""
    name = f"{root.name.split('.')[0]} {last}".strip()
    return Contents(tree.place, name, how.format, datasets)


def _is_group(tree: Tree, how: Hierarchy) -> bool:
    try:
        return how.node(tree, "") is not None
    except ValueError:  # damaged, or a server that answers to everything with a page
        return False


@dataclass(frozen=True)
class _Found:
    name: str
    levels: tuple[StoredLevel, ...]
    kind: Literal["labels", "image", ""]


def _within(one: _Found, part: str) -> bool:
    inside = not part or f"{one.name}/".startswith(f"{part}/")
    return inside or any(f"{one.name}/{level.name}".strip("/") == part for level in one.levels)


def _only(one: _Found, part: str) -> _Found:
    """Keep the level that was asked for by its place."""
    levels = [lv for lv in one.levels if f"{one.name}/{lv.name}".strip("/") == part]
    return _Found(one.name, tuple(levels), one.kind) if part and levels else one


def _labels_first(found: list[_Found]) -> list[_Found]:
    return sorted(found, key=lambda one: one.kind != "labels")


def _dataset(index: int, one: _Found) -> Dataset:
    array = one.levels[0].array
    refused = why_no_labels(array.shape, array.dtype.kind, array.axes)
    series = Series(index, one.name, array.shape, str(array.dtype), array.axes, refused)
    return Dataset(series, one.levels, one.kind)


class _Walk:
    """One way through a tree: what was looked at, and what groups have told of the rest."""

    def __init__(self, tree: Tree, how: Hierarchy) -> None:
        self._tree, self._how = tree, how
        self._looked = 0
        self._told: set[str] = set()  # names of groups and arrays, where nothing is listed

    def below(self, name: str) -> Iterator[_Found]:
        """Yield the data sets at a place and below it."""
        self._looked += 1
        node = self._how.node(self._tree, name)
        if self._looked > _MOST or name.count("/") >= _DEEPEST:
            return
        if node is not None and node.array:
            array = self._how.array(self._tree, name, node)
            size = size_in(node.attributes, array.axes)
            yield _Found(name, (StoredLevel("", array, size),), _kind(name, node))
            return
        children = self._children(name, node)
        if children is None:
            return  # a server that has nothing there
        taken: set[str] = set()
        for one in _pyramids(self._tree, self._how, name, node or Node(), children):
            taken |= {level.name.split("/")[0] for level in one.levels}
            yield one
        for child in children:
            if child not in taken:
                yield from self.below(_join(name, child))

    def _children(self, name: str, node: Node | None) -> list[str] | None:
        listed = self._tree.folders(name)
        if listed is not None:
            return listed
        if node is not None:
            self._told |= {_join(name, child) for child in node.children}
        before = f"{name}/" if name else ""
        inside = [one.removeprefix(before) for one in self._told if one.startswith(before)]
        if node is None and not inside and self._looked > 1:
            return None
        return [*dict.fromkeys(one.split("/")[0] for one in sorted(inside)), *_SCALES]


def _pyramids(
    tree: Tree, how: Hierarchy, name: str, node: Node, children: list[str]
) -> Iterator[_Found]:
    """Yield the data sets in several resolutions that a group describes, or has by their names."""
    ome = node.attributes.get("ome")
    told = (ome if isinstance(ome, Mapping) else node.attributes).get("multiscales")
    found = False
    for one in told if isinstance(told, list) else ():
        levels = _levels_of(tree, how, name, one) if isinstance(one, Mapping) else []
        if levels:
            found = True
            yield _Found(name, _finest_first(levels), _kind(name, node))
    if not found:
        levels = _named_levels(tree, how, name, node, [c for c in children if _SCALE.fullmatch(c)])
        if levels:
            yield _Found(name, _finest_first(levels), _kind(name, node))


def _levels_of(
    tree: Tree, how: Hierarchy, name: str, multiscale: Mapping[str, Any]
) -> list[StoredLevel]:
    """Read what OME-Zarr, or OpenOrganelle in N5, says of its levels; missing ones are left out."""
    levels = []
    for told in _levels_told(_join(tree.where, name), multiscale):
        path = str(told["path"]).strip("/")
        node = how.node(tree, _join(name, path))
        if node is None or not node.array:
            continue
        array = how.array(tree, _join(name, path), node)
        axes = multiscale.get("axes")
        letters = letters_of(axes, len(array.shape)) or array.axes
        if len(array.shape) == 5 and not axes:  # before version 0.3
            letters = "TCZYX"
        transform = told.get("transform")
        own = {"transform": transform} if transform else {}
        size = _first_known(
            _scaled_size(multiscale, told, letters), size_in({**node.attributes, **own}, letters)
        )
        levels.append(StoredLevel(path, _named(array, letters), size))
    return levels


def _levels_told(where: str, multiscale: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    told = multiscale.get("datasets", [])
    if not isinstance(told, list) or not all(_has_path(one) for one in told):
        raise ValueError(
            f"{where}: damaged: 'datasets' of its 'multiscales' is {as_json(told)}; expected a "
            "list of levels, each with its 'path'"
        )
    return told


def _has_path(level: Any) -> bool:
    return isinstance(level, Mapping) and isinstance(level.get("path"), str | int)


def _scaled_size(
    multiscale: Mapping[str, Any], level: Mapping[str, Any], letters: str
) -> PixelSize:
    """Return the size by the scales of a level and of all levels, which go with the axes."""
    axes = multiscale.get("axes")
    if axes is None:  # before version 0.4
        return PixelSize()
    if not isinstance(axes, list) or len(axes) != len(letters):
        why = f"'axes' is {as_json(axes)}; expected those of the array, y and x among them"
        return unread_size(why)
    steps = [one.get("coordinateTransformations") for one in (level, multiscale)]
    return multiscale_size(axes, letters, steps)


def _first_known(first: PixelSize, second: PixelSize) -> PixelSize:
    """Return the size that is known of two, or what there is to say why none is."""
    if first.voxel_nm is None and (second.voxel_nm is not None or first == PixelSize()):
        return second
    return first


def _named_levels(
    tree: Tree, how: Hierarchy, name: str, group: Node, names: list[str]
) -> list[StoredLevel]:
    """Read ``s0``, ``s1`` and so on; the group may tell the size of ``s0`` for all of them."""
    levels = []
    for child in names:
        node = how.node(tree, _join(name, child))
        if node is None and tree.folders(name) is None:
            break
        if node is None or not node.array:
            continue
        array = how.array(tree, _join(name, child), node)
        by_group = _coarser(size_in(_of_finest(group), array.axes), group, node, child)
        size = _first_known(size_in(node.attributes, array.axes), by_group)
        levels.append(StoredLevel(child, array, size))
    return levels


def _of_finest(group: Node) -> dict[str, Any]:
    """Return what a group tells of its finest level: factors there are those of all levels."""
    return {key: told for key, told in group.attributes.items() if key != "downsamplingFactors"}


def _coarser(finest: PixelSize, group: Node, node: Node, child: str) -> PixelSize:
    """Return the size of a level of N5 by that of the finest one."""
    if finest.voxel_nm is None:
        return finest
    try:
        factors = _factors(group, node, int(child[1:]))
    except ValueError as error:
        return unread_size(str(error))
    if factors is None:
        return PixelSize()
    times = dict(zip("XYZ", factors, strict=True))
    return PixelSize({axis: nm * times[axis] for axis, nm in finest.nm.items()}, finest.unknown)


def _factors(group: Node, node: Node, number: int) -> list[float] | None:
    """Factors (x, y, z) of a level of N5, by the level or by its group."""
    own = node.attributes.get("downsamplingFactors")
    if own is not None:
        return numbers_in("downsamplingFactors", own, 3)
    for name in ("scales", "downsamplingFactors"):
        of_all = group.attributes.get(name)
        if of_all is None:
            continue
        if not isinstance(of_all, list):
            raise ValueError(f"'{name}' is {as_json(of_all)}; expected a list of factors")
        if number < len(of_all):
            return numbers_in(name, of_all[number], 3)
    return [1.0] * 3 if number == 0 else None


def _finest_first(levels: list[StoredLevel]) -> tuple[StoredLevel, ...]:
    return tuple(sorted(levels, key=lambda level: -_voxels(level)))


def _voxels(level: StoredLevel) -> int:
    count = 1
    for length in level.array.shape:
        count *= length
    return count


def _named(array: StoredArray, letters: str) -> StoredArray:
    return StoredArray(array.where, array.shape, array.dtype, array.chunks, letters, array.opener)


def _kind(name: str, node: Node) -> Literal["labels", "image", ""]:
    ome = node.attributes.get("ome")
    told = ome if isinstance(ome, Mapping) else node.attributes
    inside = "labels" in PurePosixPath(name).parts
    return "labels" if "image-label" in told or inside else ""


def _join(name: str, child: str) -> str:
    return f"{name}/{child}" if name else child
