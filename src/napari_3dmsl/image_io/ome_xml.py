"""The text of an OME-XML description: written from settings, read for scale and settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from numpy.typing import NDArray

from napari_3dmsl.arrays import Planes

OME_TYPES = {"float32": "float", "float64": "double"} | {
    name: name for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")
}
"""Name in OME-XML of each kind of pixel that it knows."""

OME_AXES = "TCZYX"
"""Axes of an image that has all of them: time, channel, z, y, x."""

_SOFTWARE = "napari-3dmsl"
_NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
# The words of the schema, from what our settings call them.
_ACQUISITION_MODES = {
    "widefield": "WideField",
    "confocal": "LaserScanningConfocalMicroscopy",
    "two_photon": "MultiPhotonMicroscopy",
    "light_sheet": "SPIM",
}
_MEDIA = (
    ("Air", 1.0, 1.01),
    ("Water", 1.32, 1.35),
    ("Glycerol", 1.44, 1.48),
    ("Oil", 1.50, 1.53),
)


def ome_xml(
    name: str,
    pixels: NDArray[Any] | Planes,
    axes: str,
    sizes: Mapping[str, float],
    metadata: Mapping[str, Any],
    channels: Sequence[str] = (),
) -> bytes:
    """Describe an image, in ASCII: a TIFF description knows no other letters.

    Parameters
    ----------
    name
        Name of the image.
    pixels
        Of a kind in `OME_TYPES`.
    axes
        A letter of `OME_AXES` for each axis, in that order, such as ``TZYX``.
    sizes
        Length of a pixel in µm for those of Z, Y and X that are known, time between frames in s
        for T.
    metadata
        Goes into the description as JSON; its ``microscope`` also fills objective and channels.
    channels
        Their names, along C.
    """
    root = ElementTree.Element("OME", {"xmlns": _NAMESPACE, "Creator": _SOFTWARE})
    microscope = metadata.get("microscope")
    if microscope:
        _add_objective(root, microscope)
    image = ElementTree.SubElement(root, "Image", ID="Image:0", Name=name)
    if metadata:
        ElementTree.SubElement(image, "Description").text = json.dumps(metadata)
    if microscope:
        ElementTree.SubElement(image, "InstrumentRef", ID="Instrument:0")
        index = {"RefractiveIndex": str(microscope["immersion_index"])}
        ElementTree.SubElement(image, "ObjectiveSettings", {"ID": "Objective:0", **index})
    lengths = dict.fromkeys(OME_AXES, 1) | dict(zip(axes, pixels.shape, strict=True))
    parent = _add_pixels(image, OME_TYPES[pixels.dtype.name], lengths, sizes)
    _add_channels(parent, lengths["C"], channels, microscope)
    planes = lengths["T"] * lengths["C"] * lengths["Z"]
    ElementTree.SubElement(parent, "TiffData", IFD="0", PlaneCount=str(planes))
    xml: bytes = ElementTree.tostring(root, encoding="us-ascii")
    return xml


def ome_settings(xml: str) -> dict[str, Any] | None:
    """Return the metadata that this package put into a description; None when another wrote it.

    Parameters
    ----------
    xml
        The description of a TIFF.
    """
    path = f"{{{_NAMESPACE}}}Image/{{{_NAMESPACE}}}Description"
    try:
        metadata = json.loads(ElementTree.fromstring(xml).findtext(path, default=""))
    except (ValueError, ElementTree.ParseError):
        return None
    ours = isinstance(metadata, dict) and str(metadata.get("software", "")).startswith(_SOFTWARE)
    return metadata if ours else None


def ome_frame_s(xml: str) -> float | None:
    """Return the time between frames in s; None when a description does not tell it in s or ms.

    Parameters
    ----------
    xml
        The description of a TIFF.
    """
    pixels = _pixels_of(xml)
    seconds = {"s": 1.0, "ms": 1e-3}.get(pixels.get("TimeIncrementUnit", "s"))
    if seconds is None or "TimeIncrement" not in pixels:
        return None
    return seconds * float(pixels["TimeIncrement"])


def _pixels_of(xml: str) -> dict[str, str]:
    """Return the attributes of the first image's pixels."""
    nodes = (node for node in ElementTree.fromstring(xml).iter() if node.tag.endswith("}Pixels"))
    pixels = next(nodes, None)
    return {} if pixels is None else pixels.attrib


def _add_objective(root: ElementTree.Element, microscope: Mapping[str, Any]) -> None:
    instrument = ElementTree.SubElement(root, "Instrument", ID="Instrument:0")
    ElementTree.SubElement(
        instrument,
        "Objective",
        ID="Objective:0",
        LensNA=str(microscope["numerical_aperture"]),
        NominalMagnification=str(microscope["magnification"]),
        Immersion=_immersion(microscope),
    )


def _immersion(microscope: Mapping[str, Any]) -> str:
    """Name the medium as OME does, from its refractive index; without coverslip one dips in."""
    index = microscope["immersion_index"]
    for name, low, high in _MEDIA:
        if low <= index <= high:
            dips = name == "Water" and microscope["coverslip_um"] == 0
            return "WaterDipping" if dips else name
    return "Other"


def _add_pixels(
    image: ElementTree.Element, kind: str, lengths: Mapping[str, int], sizes: Mapping[str, float]
) -> ElementTree.Element:
    attributes = {"ID": "Pixels:0", "DimensionOrder": OME_AXES[::-1], "Type": kind}
    attributes |= {f"Size{axis}": str(length) for axis, length in lengths.items()}
    for axis, size in sizes.items():
        name, unit = ("TimeIncrement", "s") if axis == "T" else (f"PhysicalSize{axis}", "µm")
        attributes[name] = f"{size:.9g}"
        attributes[f"{name}Unit"] = unit
    return ElementTree.SubElement(image, "Pixels", attributes)


def _add_channels(
    parent: ElementTree.Element,
    count: int,
    names: Sequence[str],
    microscope: Mapping[str, Any] | None,
) -> None:
    light = _light(microscope)
    for number in range(count):
        named = {"Name": names[number]} if names else {}
        attributes = {"ID": f"Channel:0:{number}", "SamplesPerPixel": "1", **named, **light}
        ElementTree.SubElement(parent, "Channel", attributes)


def _light(microscope: Mapping[str, Any] | None) -> dict[str, str]:
    """Attributes of a channel: wavelengths and how it was recorded."""
    if not microscope:
        return {}
    return {
        "EmissionWavelength": str(microscope["emission_nm"]),
        "EmissionWavelengthUnit": "nm",
        "ExcitationWavelength": str(microscope["excitation_nm"]),
        "ExcitationWavelengthUnit": "nm",
        "AcquisitionMode": _ACQUISITION_MODES[microscope["modality"]],
        "ContrastMethod": "Fluorescence",
    }
