"""Voxel sizes in the attributes of Zarr, N5 and HDF5: every program has a convention of its own.

Known are OME-Zarr, the ``transform`` of OpenOrganelle (COSEM), the ``resolution`` of CREMI, funlib
and Paintera, the ``pixelResolution`` of the N5 viewers, the ``element_size_um`` of ImageJ's HDF5
plugin and PlantSeg, and the ``axistags`` of ilastik.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from napari_3dmsl.volumes.pixel_size import PixelSize, in_nm

_KIND_OF_AXIS = {"time": "T", "channel": "C"}


def letters_of(axes: Any, ndim: int) -> str:
    """Return a capital letter for each axis by the names that a file gives them.

    Parameters
    ----------
    axes
        Names, or OME's descriptions with ``name`` and ``type``; anything else is no names.
    ndim
        How many axes the array has.

    Returns
    -------
    str
        Empty when the names are not of so many axes, or y and x are not among them, once each.
    """
    if not isinstance(axes, Sequence) or isinstance(axes, str) or len(axes) != ndim:
        return ""
    letters = "".join(_letter(axis) for axis in axes)
    plane = all(letters.count(axis) == 1 for axis in "YX")
    return letters if plane and letters.count("Z") <= 1 else ""


def _letter(axis: Any) -> str:
    told = axis if isinstance(axis, Mapping) else {"name": axis}
    name = str(told.get("name", "")).strip("^").upper()
    return name if len(name) == 1 else _KIND_OF_AXIS.get(str(told.get("type")), "Q")


def size_in(attributes: Mapping[str, Any], axes: str, first: str = "") -> PixelSize:
    """Return the voxel size that the attributes of an array tell.

    Parameters
    ----------
    attributes
        Of the array.
    axes
        A letter for each axis of the array: the order of lists that name no axes.
    first
        Another order that lists of the file have, such as ``XYZ`` in N5.
    """
    order = first or "".join(axis for axis in axes if axis in "ZYX") or "ZYX"
    for read in (_transform, _pixel_resolution, _element_size, _resolution):
        found = read(attributes, order)
        if found is not None:
            return found
    return PixelSize()


def _transform(attributes: Mapping[str, Any], order: str) -> PixelSize | None:
    """Read what OpenOrganelle writes: scales and units with the names of their axes."""
    told = attributes.get("transform")
    if not isinstance(told, Mapping):
        return None
    names = "".join(_letter(axis) for axis in told.get("axes", ()))
    units = _each(told.get("units", "nm"), len(names))
    return _listed(told.get("scale"), units, names)


def _pixel_resolution(attributes: Mapping[str, Any], order: str) -> PixelSize | None:
    """Read what N5 viewers write: a list in µm, or one with its unit; always (x, y, z)."""
    told = attributes.get("pixelResolution")
    unit = "um"
    if isinstance(told, Mapping):
        unit, told = str(told.get("unit", unit)), told.get("dimensions")
    return _listed(told, [unit] * 3, "XYZ")


def _element_size(attributes: Mapping[str, Any], order: str) -> PixelSize | None:
    return _listed(attributes.get("element_size_um"), ["um"] * 3, "ZYX")


def _resolution(attributes: Mapping[str, Any], order: str) -> PixelSize | None:
    """Read a list along the axes of the array, in nm unless ``units`` says otherwise."""
    for name in ("resolution", "voxel_size"):
        values = _numbers(attributes.get(name))
        if values is not None:
            units = attributes.get("units", attributes.get("unit", "nm"))
            spatial = order if len(values) == len(order) else "ZYX"
            return _listed(values, _each(units, len(spatial)), spatial)
    return None


def _listed(values: Any, units: Sequence[str], order: str) -> PixelSize | None:
    """Pair numbers and units with the names of their axes; None where there are no such numbers."""
    numbers = _numbers(values)
    if numbers is None or not len(numbers) == len(units) == len(order):
        return None
    paired = zip(order, zip(numbers, units, strict=True), strict=True)
    return in_nm({axis: told for axis, told in paired if axis in "ZYX"})


def _numbers(values: Any) -> list[float] | None:
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        return None


def _each(units: Any, count: int) -> list[str]:
    """Return a unit for each axis: one for all, or a list, as text or as bytes."""
    if isinstance(units, str | bytes):
        units = [units] * count
    try:
        return [one.decode() if isinstance(one, bytes) else str(one) for one in units]
    except (TypeError, UnicodeDecodeError):
        return [str(units)] * count


def axistags(attributes: Mapping[str, Any]) -> list[Any]:
    """Return the axes that ilastik names, as JSON of vigra; empty when there are none.

    Parameters
    ----------
    attributes
        Of the array.
    """
    told = attributes.get("axistags")
    if isinstance(told, bytes):
        told = told.decode("utf-8", "replace")
    try:
        return [{"name": axis["key"]} for axis in json.loads(told)["axes"]]  # type: ignore[arg-type]
    except (TypeError, ValueError, KeyError):
        return []


def multiscale_size(
    axes: Sequence[Any], letters: str, transforms: Sequence[Sequence[Mapping[str, Any]]]
) -> PixelSize:
    """Return the voxel size that OME-Zarr tells: the product of all scales, in the axes' units.

    Parameters
    ----------
    axes
        OME's descriptions, with ``unit``.
    letters
        A letter for each.
    transforms
        The ``coordinateTransformations`` of the level, and of all levels.
    """
    sizes = [1.0] * len(letters)
    told = False
    for one in (step for steps in transforms for step in steps):
        values = _numbers(one.get("scale")) if one.get("type") == "scale" else None
        if values is not None and len(values) == len(sizes):
            sizes, told = [a * b for a, b in zip(sizes, values, strict=True)], True
    if not told:
        return PixelSize()
    units = [str(axis.get("unit", "")) if isinstance(axis, Mapping) else "" for axis in axes]
    paired = zip(letters, zip(sizes, units, strict=True), strict=True)
    return in_nm({axis: size for axis, size in paired if axis in "ZYX"})
