"""How large pixels are, by what a file tells; of TIFFs by what OME and ImageJ write into them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree import ElementTree

from napari_3dmsl.units import nm_per, says_no_length
from napari_3dmsl.volumes.labels import VoxelNm, check_voxel_nm

_CENTIMETRE = 3  # of TIFF's ResolutionUnit
_DEPTH = {"Z", "I", "Q"}  # tifffile's letters for the planes of a stack: z, or it is not said


@dataclass(frozen=True)
class PixelSize:
    """Length of a pixel along each axis, as far as a file tells it.

    Attributes
    ----------
    nm
        Lengths in nm of those of Z, Y and X that are known.
    unknown
        Units that the file names and nobody knows.
    damage
        Why what the file says of it cannot be read, as a sentence; empty where it can.
    """

    nm: Mapping[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    damage: str = ""

    @property
    def voxel_nm(self) -> VoxelNm | None:
        """Voxel size (z, y, x) in nm; None when the file does not tell all three, or nonsense."""
        try:
            return check_voxel_nm([self.nm[axis] for axis in "ZYX"])
        except (KeyError, ValueError):
            return None

    @property
    def problem(self) -> str:
        """Why there is no voxel size; empty when there is one."""
        if self.voxel_nm is not None:
            return ""
        if self.damage:
            return self.damage
        if self.unknown:
            units = " and ".join(f"'{unit}'" for unit in self.unknown)
            return f"the file gives its voxel size in {units}, which is not known"
        if len(self.nm) == 3:
            sizes = " × ".join(f"{self.nm[axis]:.4g}" for axis in "ZYX")
            return f"the file says a voxel size of {sizes} nm, which cannot be"
        return "the file says no voxel size"


def pixel_size(tiff: Any, series: Any) -> PixelSize:
    """Return the size of the pixels of one series of a TIFF.

    The resolution of a TIFF that neither OME nor ImageJ describes is one for printing, such as 72
    dots per inch, and is not taken for a size.

    Parameters
    ----------
    tiff
        An open ``tifffile.TiffFile``.
    series
        One of its series.
    """
    if series.kind == "ome":
        pixels = ome_pixels(tiff, series)
        return PixelSize() if pixels is None else _ome_size(pixels.attrib)
    if tiff.is_imagej:
        return _imagej_size(tiff, series)
    return PixelSize()


def ome_pixels(tiff: Any, series: Any) -> ElementTree.Element | None:
    """Return the description of the pixels of one series of an OME-TIFF.

    tifffile leaves out the images of a description that have no pixels in the file, so a series is
    found by its name and lengths, in the order of the file.

    Parameters
    ----------
    tiff
        An open ``tifffile.TiffFile``.
    series
        One of its series.

    Returns
    -------
    Element or None
        None when the file has no description of it.
    """
    images = [
        (image.get("Name"), pixels)
        for image in ElementTree.fromstring(tiff.ome_metadata)
        if image.tag.endswith("Image")
        for pixels in image
        if pixels.tag.endswith("Pixels")
    ]
    wanted = list(tiff.series).index(series)
    at = -1
    for one in tiff.series[: wanted + 1]:
        height, width = one.keyframe.imagelength, one.keyframe.imagewidth
        for number in range(at + 1, len(images)):
            name, pixels = images[number]
            lengths = (pixels.get("SizeY"), pixels.get("SizeX"))
            if (name or "") == (one.name or "") and lengths == (str(height), str(width)):
                at = number
                break
        else:
            return None
    return images[at][1]


def _ome_size(attributes: Mapping[str, str]) -> PixelSize:
    return _told_in_nm(
        {
            axis: (
                attributes[f"PhysicalSize{axis}"],
                attributes.get(f"PhysicalSize{axis}Unit", "µm"),
            )
            for axis in "ZYX"
            if f"PhysicalSize{axis}" in attributes
        }
    )


def _imagej_size(tiff: Any, series: Any) -> PixelSize:
    """Read the calibration as ImageJ does.

    Its ``unit`` is that of all axes but those with a ``yunit`` or ``zunit`` of their own. It leaves
    out ``spacing`` where that is exactly 1, writes it negative for stacks from the bottom up, and
    gives pixels per its own unit whatever TIFF's ``ResolutionUnit`` says; only where that is
    the centimetre and its own the micrometre, they are pixels per centimetre.
    """
    metadata = tiff.imagej_metadata or {}
    unit = str(metadata.get("unit", ""))
    units = {"X": unit, **{axis: str(metadata.get(f"{axis.lower()}unit", unit)) for axis in "YZ"}}
    tags = tiff.pages[0].tags
    per_cm = "ResolutionUnit" in tags and tags["ResolutionUnit"].value == _CENTIMETRE
    found: dict[str, tuple[Any, str]] = {}
    if "spacing" in metadata or set(series.axes) & _DEPTH:
        found["Z"] = (metadata.get("spacing", 1.0), units["Z"])
    for axis in "YX":
        if f"{axis}Resolution" in tags:
            counted_in = "cm" if per_cm and nm_per(units[axis]) == 1e3 else units[axis]
            found[axis] = (_length_of_pixel(tags[f"{axis}Resolution"].value), counted_in)
    sizes = _told_in_nm(found)
    return replace(sizes, nm={axis: abs(length) for axis, length in sizes.nm.items()})


def _length_of_pixel(resolution: Any) -> float | str:
    """Return a length for pixels per length, which TIFF has as a fraction; else what is there."""
    try:
        pixels, length = (*resolution, 1)[:2]
        return float(length / pixels) if pixels else 0.0
    except TypeError:
        return repr(resolution)


def _told_in_nm(told: Mapping[str, tuple[Any, str]]) -> PixelSize:
    """Turn lengths into nm; texts that are no number are told."""
    found, wrong = {}, []
    for axis, (length, unit) in told.items():
        try:
            found[axis] = (float(length), unit)
        except (TypeError, ValueError):
            wrong.append(f"'{length}'")
    if not wrong:
        return in_nm(found)
    texts = " and ".join(dict.fromkeys(wrong))
    damage = f"the file gives its voxel size as {texts}, which is no number"
    return replace(in_nm(found), damage=damage)


def unread_size(why: str) -> PixelSize:
    """Return a voxel size that a file tells in a way that cannot be read.

    Parameters
    ----------
    why
        What is wrong with it.
    """
    return PixelSize(damage=f"the file's voxel size cannot be read: {why}")


def in_nm(found: Mapping[str, tuple[float, str]]) -> PixelSize:
    """Turn lengths with their units into nm.

    Parameters
    ----------
    found
        Length and unit by axis.
    """
    factors = {axis: nm_per(unit) for axis, (_, unit) in found.items()}
    unknown = [
        unit
        for axis, (_, unit) in found.items()
        if factors[axis] is None and not says_no_length(unit)
    ]
    sizes = {axis: found[axis][0] * factor for axis, factor in factors.items() if factor}
    return PixelSize(sizes, tuple(dict.fromkeys(unknown)))
