"""What the files of makers of microscopes tell: CZI by czifile, ND2, LIF and others by bioio.

Only readers with permissive licences are in the extra ``microscopes``; bioio uses whatever others a
user has installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from napari_3dmsl.image_io.microscope_sources import Sources
from napari_3dmsl.image_io.microscope_words import modality, nanometres, number_in
from napari_3dmsl.image_io.ome_microscope import tell_ome, tell_sizes
from napari_3dmsl.reading import complaints, reading

VENDORS = {
    ".czi": "Zeiss CZI",
    ".nd2": "Nikon ND2",
    ".lif": "Leica LIF",
    ".oir": "Olympus OIR",
    ".oib": "Olympus OIB",
    ".oif": "Olympus OIF",
    ".vsi": "Olympus VSI",
    ".dv": "DeltaVision",
}
"""What the files are, by the endings of their names."""

_EXTRA = "pip install 'napari-3dmsl[microscopes]'"
_NO_READER = (
    "no reader with a permissive licence knows this format; save it as OME-TIFF with the "
    "microscope's own program or Fiji, or install a reader for bioio"
)
_READERS = {".nd2": "bioio_nd2", ".lif": "bioio_lif"}
Element = ElementTree.Element


def tell_vendor(sources: Sources, path: Path, channel: int) -> tuple[str, list[str]]:
    """Take what a file of a maker of microscopes tells.

    Parameters
    ----------
    sources
        Take it.
    path
        Of the file, whose ending is in `VENDORS`.
    channel
        Whose wavelengths and exposure are meant, from 0.

    Returns
    -------
    kind : str
        What the file is.
    channels : list of str
        Names of its channels.

    Raises
    ------
    ValueError
        In one line, when the file is damaged, or what reads it is not installed.
    """
    kind = VENDORS[path.suffix.lower()]
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    if path.suffix.lower() == ".czi":
        channels = tell_czi(sources, _czi_xml(path), channel)
    else:
        channels = _tell_by_bioio(sources, path, kind, channel)
    return kind, channels


def _czi_xml(path: Path) -> str:
    try:
        import czifile
    except ImportError:
        raise ValueError(f"{path}: reading Zeiss CZI needs czifile: {_EXTRA}") from None
    with reading(path, "cannot read this CZI"), path.open("rb") as opened:
        xml = czifile.CziFile(opened).metadata()
        if not xml:
            raise ValueError("it has no metadata")
        return str(xml)


def tell_czi(sources: Sources, xml: str, channel: int) -> list[str]:
    """Take what the metadata of a CZI tell; return the names of its channels.

    Parameters
    ----------
    sources
        Take it.
    xml
        As in the file.
    channel
        The one that is meant, from 0.
    """
    root = ElementTree.fromstring(xml)
    metadata = root if root.tag == "Metadata" else root.find("Metadata")
    if metadata is None:
        return []
    sizes = {}
    for distance in metadata.iterfind("Scaling/Items/Distance"):
        length = nanometres(number_in(distance.findtext("Value", "")) or 0.0, "m")
        if length:
            sizes[distance.get("Id", "")] = length
    many = (number_in(metadata.findtext("Information/Image/SizeZ", "1")) or 1) > 1
    tell_sizes(sources, sizes, "CZI Scaling Distance ", many=many)
    _tell_czi_objective(sources, metadata)
    channels = metadata.findall("Information/Image/Dimensions/Channels/Channel")
    if channel < len(channels):
        _tell_czi_channel(sources, channels[channel])
    bits = number_in(metadata.findtext("Information/Image/ComponentBitCount", ""))
    sources.tell("bit_depth", int(bits) if bits else None, "CZI Image ComponentBitCount")
    return [one.get("Name") or one.findtext("Fluor") or "" for one in channels]


def _tell_czi_objective(sources: Sources, metadata: Element) -> None:
    every = metadata.findall("Information/Instrument/Objectives/Objective")
    settings = metadata.find("Information/Image/ObjectiveSettings")
    if settings is not None:
        index = number_in(settings.findtext("RefractiveIndex", ""))
        sources.tell("immersion_index", index, "CZI ObjectiveSettings RefractiveIndex")
        reference = settings.find("ObjectiveRef")
        wanted = None if reference is None else reference.get("Id")
        every = [one for one in every if one.get("Id") == wanted] or every
    if len(every) != 1:
        if every:
            sources.doubt(f"CZI: {len(every)} objectives, and none is said to be the image's")
        return
    (objective,) = every
    for name, tag in (
        ("numerical_aperture", "LensNA"),
        ("magnification", "NominalMagnification"),
    ):
        sources.tell(name, number_in(objective.findtext(tag, "")), f"CZI Objective {tag}")
    sources.tell_immersion(objective.findtext("Immersion"), "CZI Objective Immersion")
    sources.tell_objective(objective.get("Name"), "CZI Objective Name")


def _tell_czi_channel(sources: Sources, channel: Element) -> None:
    for name, tag in (
        ("emission_nm", "EmissionWavelength"),
        ("excitation_nm", "ExcitationWavelength"),
        ("pinhole_airy", "PinholeSizeAiry"),
    ):
        sources.tell(name, number_in(channel.findtext(tag, "")), f"CZI Channel {tag}")
    mode = channel.findtext("AcquisitionMode", "")
    sources.tell("modality", modality(mode), f"CZI Channel AcquisitionMode {mode}")
    exposure_ns = number_in(channel.findtext("ExposureTime", ""))
    if exposure_ns:
        sources.tell("exposure_s", float(f"{exposure_ns * 1e-9:.9g}"), "CZI Channel ExposureTime")
    bits = number_in(channel.findtext("ComponentBitCount", ""))
    sources.tell("bit_depth", int(bits) if bits else None, "CZI Channel ComponentBitCount")


def _tell_by_bioio(sources: Sources, path: Path, kind: str, channel: int) -> list[str]:
    reader = _READERS.get(path.suffix.lower())
    missing = [name for name in ("bioio", reader) if name and not _is_there(name)]
    if missing:
        package = missing[0].replace("_", "-")
        raise ValueError(f"{path}: reading {kind} needs {package}: {_EXTRA}")
    import bioio
    import bioio_base

    problem = f"cannot read this {kind}"
    with reading(path, problem), complaints("bioio.bio_image"):
        try:
            image = bioio.BioImage(path)
        except bioio_base.exceptions.UnsupportedFileFormatError:
            why = f"{problem}: damaged" if reader else _NO_READER
            raise ValueError(f"{path}: {why}") from None
        return tell_bioio(sources, image, kind, channel)


def _is_there(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True


def tell_bioio(sources: Sources, image: Any, kind: str, channel: int) -> list[str]:
    """Take what bioio tells of an image; return the names of its channels.

    Parameters
    ----------
    sources
        Take it.
    image
        A ``bioio.BioImage``.
    kind
        What the file is, such as ``Nikon ND2``.
    channel
        The one that is meant, from 0.
    """
    try:
        xml = image.ome_metadata.to_xml()
    except NotImplementedError:
        xml = ""
    if xml:
        return tell_ome(sources, xml, channel)
    size = image.physical_pixel_sizes
    lengths_um = {"X": size.X, "Y": size.Y, "Z": size.Z}
    sizes = {axis: 1000.0 * abs(length) for axis, length in lengths_um.items() if length}
    tell_sizes(sources, sizes, f"{kind} pixel size ", many="Z" in sizes)
    if isinstance(image.metadata, Element):
        tell_leica(sources, image.metadata, channel)
    return [str(name) for name in image.channel_names or ()]


def tell_leica(sources: Sources, root: Element, channel: int) -> None:
    """Take what the settings of a Leica microscope tell, of its first image.

    Parameters
    ----------
    sources
        Take it.
    root
        The metadata of a LIF.
    channel
        The one that is meant, from 0.
    """
    scene = next((e for e in root.iter("Element") if e.find("Data/Image") is not None), root)
    for settings in _settings_of(scene):
        confocal = settings.tag == "ATLConfocalSettingDefinition"
        where = f"LIF {settings.tag}"
        for name, key in (
            ("numerical_aperture", "NumericalAperture"),
            ("magnification", "Magnification"),
            ("immersion_index", "RefractionIndex"),
            ("pinhole_airy", "PinholeAiry"),
            ("emission_nm", "EmissionWavelengthForPinholeAiryCalculation"),
        ):
            number = number_in(settings.get(key, ""))
            if number and (key != "EmissionWavelengthForPinholeAiryCalculation" or confocal):
                sources.tell(name, number, f"{where} {key}")
        sources.tell_immersion(settings.get("Immersion"), f"{where} Immersion")
        sources.tell_objective(settings.get("ObjectiveName"), f"{where} ObjectiveName")
        sources.tell("modality", "confocal" if confocal else "widefield", where)
        details = list(settings.iter("WideFieldChannelInfo"))
        if channel < len(details):
            _tell_leica_channel(sources, details[channel])
        break
    widths = [one.get("Resolution") for one in scene.iter("ChannelDescription")]
    bits = number_in(widths[channel]) if channel < len(widths) else None
    sources.tell("bit_depth", int(bits) if bits else None, "LIF ChannelDescription Resolution")


def _tell_leica_channel(sources: Sources, detail: Element) -> None:
    for name, key in (
        ("emission_nm", "EmissionWavelength"),
        ("excitation_nm", "ExcitationWavelength"),
        ("exposure_s", "ExposureTime"),
    ):
        if number := number_in(detail.get(key, "")):
            sources.tell(name, number, f"LIF WideFieldChannelInfo {key}")


def _settings_of(scene: Element) -> Iterator[Element]:
    for tag in ("ATLConfocalSettingDefinition", "ATLCameraSettingDefinition"):
        yield from scene.iter(tag)
