"""What an OME-XML description tells of the microscope, ours and that of Bio-Formats and others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from napari_3dmsl.image_io.microscope_sources import Sources
from napari_3dmsl.image_io.microscope_words import (
    known_keys,
    modality,
    nanometres,
    number_in,
    seconds,
)
from napari_3dmsl.image_io.ome_xml import ome_settings

Element = ElementTree.Element


def tell_ome(sources: Sources, xml: str, channel: int) -> list[str]:
    """Take what the first image of an OME-XML description tells.

    Parameters
    ----------
    sources
        Take it.
    xml
        The description.
    channel
        Whose wavelengths and exposure are meant, from 0.

    Returns
    -------
    list of str
        Names of the channels, empty for those without.
    """
    sources.tell_own(ome_settings(xml))
    root = ElementTree.fromstring(xml)
    pairs = ((one, _child(one, "Pixels")) for one in _children(root, "Image"))
    image, pixels = next((pair for pair in pairs if pair[1] is not None), (None, None))
    if image is None or pixels is None:
        return []
    channels = list(_children(pixels, "Channel"))
    _tell_pixels(sources, pixels)
    _tell_objective(sources, root, image)
    if channel < len(channels):
        _tell_channel(sources, channels[channel])
    _tell_exposure(sources, pixels, channel)
    tell_pairs(sources, _annotated(root), channel, len(channels), "OME annotation")
    return [one.get("Name") or one.get("Fluor") or "" for one in channels]


def tell_pairs(
    sources: Sources, pairs: Iterator[tuple[str, str]], channel: int, channels: int, where: str
) -> None:
    """Take what a program listed as keys and values, where they leave no doubt.

    A key that comes several times with different values is that of the channels if there are as
    many; else nobody knows whose it is.

    Parameters
    ----------
    sources
        Take it.
    pairs
        Keys and values.
    channel, channels
        The one that is meant, and how many there are.
    where
        What the list is called.
    """
    for name, entries in known_keys(pairs).items():
        values = list(dict.fromkeys(value for _, value in entries))
        if len(values) > 1 and (name not in _OF_CHANNELS or len(entries) != channels):
            if name not in sources.readings:
                listed = ", ".join(values[:4])
                sources.doubt(f"{where} {entries[0][0]}: several values ({listed}), so none")
            continue
        key, value = entries[channel if len(values) > 1 else 0]
        if name == "immersion":
            sources.tell_immersion(value, f"{where} {key}")
        elif name == "objective":
            sources.tell_objective(value, f"{where} {key}")
        else:
            sources.tell(name, number_in(value), f"{where} {key}")


_OF_CHANNELS = {"emission_nm", "excitation_nm"}


def _tell_pixels(sources: Sources, pixels: Element) -> None:
    sizes = {}
    for axis in "XYZ":
        tag = f"PhysicalSize{axis}"
        size = number_in(pixels.get(tag, ""))
        if size is None:
            continue
        unit = pixels.get(f"{tag}Unit", "µm")
        nm = nanometres(size, unit)
        if nm is None:
            sources.doubt(f"OME Pixels {tag}: the unit '{unit}' is not known")
        else:
            sizes[axis] = nm
    tell_sizes(sources, sizes, "OME Pixels PhysicalSize", many=int(pixels.get("SizeZ", 1)) > 1)
    sources.tell("bit_depth", _whole(pixels.get("SignificantBits")), "OME Pixels SignificantBits")


def tell_sizes(sources: Sources, sizes: Mapping[str, float], where: str, *, many: bool) -> None:
    """Take lengths of a pixel in nm; pixels that are not square are told.

    Parameters
    ----------
    sources
        Take them.
    sizes
        By axis, of those of X, Y and Z that are known.
    where
        The tag, without the axis.
    many
        Whether there are several planes, so that their distance means something.
    """
    for axis in "XY":
        sources.tell("pixel_nm", sizes.get(axis), f"{where}{axis}")
    if many:
        sources.is_stack = True
        sources.tell("step_nm", abs(sizes["Z"]) if sizes.get("Z") else None, f"{where}Z")


def _tell_objective(sources: Sources, root: Element, image: Element) -> None:
    settings = _child(image, "ObjectiveSettings")
    if settings is None:
        settings = _child(image, "ObjectiveRef")  # until 2012
    if settings is not None:
        index = number_in(settings.get("RefractiveIndex", ""))
        sources.tell("immersion_index", index, "OME ObjectiveSettings RefractiveIndex")
        if settings.get("Medium"):
            sources.tell_immersion(settings.get("Medium"), "OME ObjectiveSettings Medium")
    objective = _objective(sources, root, settings)
    if objective is None:
        return
    for name, tag in (
        ("numerical_aperture", "LensNA"),
        ("magnification", "NominalMagnification"),
        ("magnification", "CalibratedMagnification"),
    ):
        if tag != "CalibratedMagnification" or name not in sources.readings:
            sources.tell(name, number_in(_told(objective, tag)), f"OME Objective {tag}")
    sources.tell_immersion(_told(objective, "Immersion"), "OME Objective Immersion")
    sources.tell_objective(objective.get("Model"), "OME Objective Model")


def _objective(sources: Sources, root: Element, settings: Element | None) -> Element | None:
    """Return the objective that an image was taken with, if that is known."""
    every = [one for kit in _children(root, "Instrument") for one in _children(kit, "Objective")]
    wanted = None if settings is None else settings.get("ID")
    found = [one for one in every if one.get("ID") == wanted]
    if found or len(every) == 1:
        return (found or every)[0]
    if every:
        sources.doubt(f"OME: {len(every)} objectives, and none is said to be the image's")
    return None


def _tell_channel(sources: Sources, channel: Element) -> None:
    for name, tag in (
        ("emission_nm", "EmissionWavelength"),
        ("excitation_nm", "ExcitationWavelength"),
    ):
        number, unit = number_in(channel.get(tag, "")), channel.get(f"{tag}Unit", "nm")
        if number is None:
            continue
        nm = nanometres(number, unit)
        if nm is None:
            sources.doubt(f"OME Channel {tag}: the unit '{unit}' is not known")
        sources.tell(name, nm, f"OME Channel {tag}")
    mode = channel.get("AcquisitionMode", "")
    sources.tell("modality", modality(mode), f"OME Channel AcquisitionMode {mode}")


def _tell_exposure(sources: Sources, pixels: Element, channel: int) -> None:
    for plane in _children(pixels, "Plane"):
        number = number_in(plane.get("ExposureTime", ""))
        if number is not None and plane.get("TheC") == str(channel):
            unit = plane.get("ExposureTimeUnit", "s")
            sources.tell("exposure_s", seconds(number, unit), "OME Plane ExposureTime")
            return


def _annotated(root: Element) -> Iterator[tuple[str, str]]:
    """Yield keys and values of ``OriginalMetadata``: what Bio-Formats found no place for in OME."""
    for node in root.iter():
        if _name(node) == "OriginalMetadata":
            key, value = _child(node, "Key"), _child(node, "Value")
            if key is not None and value is not None:
                yield key.text or "", value.text or ""


def _told(node: Element, tag: str) -> str:
    """Return an attribute, or what was an element until 2011."""
    child = _child(node, tag)
    return node.get(tag) or (child.text if child is not None and child.text else "")


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _name(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _children(node: Element, name: str) -> Iterator[Element]:
    return (child for child in node if _name(child) == name)


def _child(node: Element, name: str) -> Element | None:
    return next(_children(node, name), None)
