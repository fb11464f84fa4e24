"""The text of an OME-XML description: written from settings, read for scale and settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from numpy.typing import NDArray

OME_TYPES = {"float32": "float", "float64": "double"} | {
    name: name for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")
}
"""Name in OME-XML of each kind of pixel that it knows."""

_SOFTWARE = "napari-3dmsl"
_NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def ome_xml(
    name: str, pixels: NDArray[Any], sizes: dict[str, float], metadata: Mapping[str, Any]
) -> bytes:
    """Describe an image of one channel, in ASCII: a TIFF description knows no other letters.

    Parameters
    ----------
    name
        Name of the image.
    pixels
        (y, x) or (z, y, x), of a kind in `OME_TYPES`.
    sizes
        Length of a pixel in µm for those of Z, Y and X that are known.
    metadata
        Goes into the description as JSON; its ``microscope`` also fills objective and channel.
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
    _add_pixels(image, pixels, sizes, microscope)
    xml: bytes = ElementTree.tostring(root, encoding="us-ascii")
    return xml


def ome_settings(xml: str) -> dict[str, Any] | None:
    """Return the metadata that this package put into a description; None when another wrote it."""
    path = f"{{{_NAMESPACE}}}Image/{{{_NAMESPACE}}}Description"
    try:
        metadata = json.loads(ElementTree.fromstring(xml).findtext(path, default=""))
    except (ValueError, ElementTree.ParseError):
        return None
    ours = isinstance(metadata, dict) and str(metadata.get("software", "")).startswith(_SOFTWARE)
    return metadata if ours else None


def ome_sizes(xml: str) -> dict[str, tuple[float, str]]:
    """Return length and unit of a pixel for those of Z, Y and X that a description names."""
    nodes = (node for node in ElementTree.fromstring(xml).iter() if node.tag.endswith("}Pixels"))
    pixels = next(nodes, None)
    if pixels is None:
        return {}
    return {
        axis: (
            float(pixels.attrib[f"PhysicalSize{axis}"]),
            pixels.get(f"PhysicalSize{axis}Unit", "µm"),
        )
        for axis in "ZYX"
        if f"PhysicalSize{axis}" in pixels.attrib
    }


def _add_objective(root: ElementTree.Element, microscope: Mapping[str, Any]) -> None:
    instrument = ElementTree.SubElement(root, "Instrument", ID="Instrument:0")
    ElementTree.SubElement(
        instrument,
        "Objective",
        ID="Objective:0",
        LensNA=str(microscope["numerical_aperture"]),
        NominalMagnification=str(microscope["magnification"]),
        Immersion=_immersion(microscope["immersion_index"]),
    )


def _immersion(index: float) -> str:
    """Name the medium as OME does, from its refractive index."""
    for name, low, high in (("Air", 1.0, 1.01), ("Water", 1.32, 1.35), ("Oil", 1.50, 1.53)):
        if low <= index <= high:
            return name
    return "Other"


def _add_pixels(
    image: ElementTree.Element,
    pixels: NDArray[Any],
    sizes: dict[str, float],
    microscope: Mapping[str, Any] | None,
) -> None:
    rows, columns = pixels.shape[-2:]
    planes = len(pixels) if pixels.ndim == 3 else 1
    attributes = {
        "ID": "Pixels:0",
        "DimensionOrder": "XYZCT",
        "Type": OME_TYPES[pixels.dtype.name],
        **{"SizeX": str(columns), "SizeY": str(rows), "SizeZ": str(planes)},
        **{"SizeC": "1", "SizeT": "1"},
    }
    for axis, size in sizes.items():
        attributes[f"PhysicalSize{axis}"] = f"{size:.9g}"
        attributes[f"PhysicalSize{axis}Unit"] = "µm"
    parent = ElementTree.SubElement(image, "Pixels", attributes)
    channel = {"ID": "Channel:0:0", "SamplesPerPixel": "1"}
    ElementTree.SubElement(parent, "Channel", channel | _light(microscope))
    ElementTree.SubElement(parent, "TiffData", IFD="0", PlaneCount=str(planes))


def _light(microscope: Mapping[str, Any] | None) -> dict[str, str]:
    """Attributes of a channel: wavelengths and how it was recorded."""
    if not microscope:
        return {}
    confocal = microscope["modality"] == "confocal"
    return {
        "EmissionWavelength": str(microscope["emission_nm"]),
        "EmissionWavelengthUnit": "nm",
        "ExcitationWavelength": str(microscope["excitation_nm"]),
        "ExcitationWavelengthUnit": "nm",
        "AcquisitionMode": "LaserScanningConfocalMicroscopy" if confocal else "WideField",
    }
