"""Voxel sizes in the attributes of Zarr, N5 and HDF5: every program has a convention of its own.

Known are OME-Zarr, the ``transform`` of OpenOrganelle (COSEM), the ``resolution`` of CREMI, funlib
and Paintera, the ``pixelResolution`` of the N5 viewers, the ``element_size_um`` of ImageJ's HDF5
plugin and PlantSeg, and the ``axistags`` of ilastik.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from napari_3dmsl.volumes.pixel_size import PixelSize, in_nm, unread_size

_KIND_OF_AXIS = {"time": "T", "channel": "C"}
_NO_SCALE = ("translation", "identity")  # transformations that leave lengths as they are
_SHOWN = 60  # characters of a damaged value that an error shows


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


def size_in(attributes: Mapping[str, Any], axes: str) -> PixelSize:
    """Return the voxel size that the attributes of an array tell.

    Parameters
    ----------
    attributes
        Of the array.
    axes
        A letter for each axis of the array: the order of lists that name no axes.

    Returns
    -------
    PixelSize
        By the first convention that can be read; one with `damage` where there is nothing else.
    """
    order = "".join(axis for axis in axes if axis in "ZYX") or "ZYX"
    unread: list[PixelSize] = []
    for read in (_transform, _pixel_resolution, _element_size, _resolution):
        try:
            found = read(attributes, order)
        except ValueError as error:
            unread.append(unread_size(str(error)))
            continue
        if found is not None:
            return found
    return unread[0] if unread else PixelSize()


def _transform(attributes: Mapping[str, Any], order: str) -> PixelSize | None:
    """Read what OpenOrganelle writes: scales and units with the names of their axes."""
    told = attributes.get("transform")
    if not isinstance(told, Mapping) or told.get("scale") is None:
        return None
    axes = told.get("axes", ())
    if not isinstance(axes, Sequence):
        raise ValueError(f"'axes' of 'transform' is {as_json(axes)}; expected a list of names")
    names = "".join(_letter(axis) for axis in axes)
    return _listed(numbers_in("scale", told["scale"], len(names)), told.get("units", "nm"), names)


def _pixel_resolution(attributes: Mapping[str, Any], order: str) -> PixelSize | None:
    """Read what N5 viewers write: a list in µm, or one with its unit; always (x, y, z)."""
    told = attributes.get("pixelResolution")
    if told is None:
        return None
    unit = "um"
    if isinstance(told, Mapping):
        unit, told = str(told.get("unit", unit)), told.get("dimensions")
    return _listed(_of_level(numbers_in("pixelResolution", told, 3), attributes), unit, "XYZ")


def _element_size(attributes: Mapping[str, Any], order: str) -> PixelSize | None:
    told = attributes.get("element_size_um")
    if told is None:
        return None
    return _listed(numbers_in("element_size_um", told, 3), "um", "ZYX")


def _resolution(attributes: Mapping[str, Any], order: str) -> PixelSize | None:
    """Read a list along the axes of the array, in nm unless ``units`` says otherwise."""
    for name in ("resolution", "voxel_size"):
        if attributes.get(name) is not None:
            values = numbers_in(name, attributes[name])
            units = attributes.get("units", attributes.get("unit", "nm"))
            spatial = order if len(values) == len(order) else "ZYX"
            values = numbers_in(name, values, len(spatial))
            return _listed(_of_level(values, attributes), units, spatial)
    return None


def _of_level(finest: list[float], attributes: Mapping[str, Any]) -> list[float]:
    """Return the resolution of a level of N5.

    Every level has that of the finest one, and factors for itself; a level that tells its own has
    no factors.
    """
    factors = attributes.get("downsamplingFactors")
    if factors is None:
        return finest
    factors = numbers_in("downsamplingFactors", factors, len(finest))
    return [length * factor for length, factor in zip(finest, factors, strict=True)]


def _listed(values: list[float], units: Any, order: str) -> PixelSize:
    """Pair lengths and units with the names of their axes."""
    named = _each(units, len(order))
    if len(named) != len(order):
        raise ValueError(f"'units' is {as_json(units)}; expected {len(order)} of them")
    paired = zip(order, zip(values, named, strict=True), strict=True)
    return in_nm({axis: told for axis, told in paired if axis in "ZYX"})


def numbers_in(name: str, values: Any, count: int | None = None) -> list[float]:
    """Return a list of numbers that a file tells.

    Parameters
    ----------
    name
        What the file calls it.
    values
        What it has there, of any type.
    count
        How many there must be; any number by default.

    Raises
    ------
    ValueError
        When it is something else.
    """
    if isinstance(values, list | tuple) and not any(isinstance(one, bool) for one in values):
        with suppress(TypeError, ValueError, OverflowError):
            numbers = [float(value) for value in values]
            if count is None or len(numbers) == count:
                return numbers
    expected = "a list of numbers" if count is None else f"a list of {count} numbers"
    raise ValueError(f"'{name}' is {as_json(values)}; expected {expected}")


def as_json(value: Any) -> str:
    """Return what a file has somewhere, as JSON and not too long, for an error.

    Parameters
    ----------
    value
        Of any type.
    """
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


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


def multiscale_size(axes: Sequence[Any], letters: str, transforms: Sequence[Any]) -> PixelSize:
    """Return the voxel size that OME-Zarr tells: the product of all scales, in the axes' units.

    Parameters
    ----------
    axes
        OME's descriptions, with ``unit``.
    letters
        A letter for each.
    transforms
        The ``coordinateTransformations`` of the level, and of all levels; None where there are
        none.
    """
    try:
        scales = [scale for steps in transforms for scale in _scales(steps, len(letters))]
    except ValueError as error:
        return unread_size(str(error))
    if not scales:
        return PixelSize()
    sizes = [math.prod(along) for along in zip(*scales, strict=True)]
    units = [str(axis.get("unit", "")) if isinstance(axis, Mapping) else "" for axis in axes]
    paired = zip(letters, zip(sizes, units, strict=True), strict=True)
    return in_nm({axis: size for axis, size in paired if axis in "ZYX"})


def _scales(steps: Any, count: int) -> Iterator[list[float]]:
    """Yield the scales among transformations; one that is left out would give a wrong size."""
    if steps is None:
        return
    if not isinstance(steps, list):
        raise ValueError(f"'coordinateTransformations' is {as_json(steps)}; expected a list")
    for one in steps:
        kind = one.get("type") if isinstance(one, Mapping) else None
        if kind == "scale":
            yield numbers_in("scale", one.get("scale"), count)
        elif kind not in _NO_SCALE:
            raise ValueError(
                f"'coordinateTransformations' has {as_json(one)}; expected scales and translations"
            )
