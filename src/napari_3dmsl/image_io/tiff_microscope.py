"""What a TIFF tells of the microscope: OME, ImageJ, Micro-Manager, MetaMorph, LSM, plain tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from napari_3dmsl.image_io.microscope_sources import Sources
from napari_3dmsl.image_io.microscope_words import nanometres, number_in, seconds
from napari_3dmsl.image_io.ome_microscope import tell_ome, tell_pairs, tell_sizes
from napari_3dmsl.settings import read_text
from napari_3dmsl.volumes.pixel_size import pixel_size
from napari_3dmsl.volumes.tiff_file import open_tiff

_MICRO_MANAGER = 51123  # tag
_NM_PER_RESOLUTION = {2: ("inch", 25.4e6), 3: ("cm", 1e7)}
_LARGEST_PIXEL_NM = 10_000.0
_LARGEST_COMPANION = 1 << 28


def tell_tiff(sources: Sources, path: Path, channel: int) -> tuple[str, list[str]]:
    """Take what a TIFF tells, the most trusted source first.

    Parameters
    ----------
    sources
        Take it.
    path
        Of the file.
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
        When the file is missing or damaged.
    """
    channels: list[str] = []
    kinds = []
    with open_tiff(path) as tiff:
        if tiff.is_ome:
            kinds.append("OME-TIFF")
            channels = tell_ome(sources, _ome_text(tiff, path), channel)
        if tiff.is_micromanager:
            kinds.append("Micro-Manager TIFF")
            channels = _tell_micro_manager(sources, tiff) or channels
        if tiff.is_lsm:
            kinds.append("LSM")
            tell_lsm(sources, tiff.lsm_metadata)
        if tiff.is_metaseries or tiff.is_stk:
            kinds.append("MetaMorph TIFF")
            _tell_metamorph(sources, tiff)
        if tiff.is_imagej:
            kinds.append("ImageJ TIFF")
            channels = _tell_imagej(sources, tiff, channel) or channels
        else:
            _tell_resolution(sources, tiff.pages.first.tags)
        _tell_type(sources, tiff.pages.first)
    return " and ".join(kinds) or "TIFF", channels


def _ome_text(tiff: Any, path: Path) -> str:
    """Return the description, or that of the companion file that it points to."""
    xml: str = tiff.ome_metadata
    for node in ElementTree.fromstring(xml):
        if node.tag.endswith("BinaryOnly") and node.get("MetadataFile"):
            companion = path.parent / Path(str(node.get("MetadataFile"))).name
            if companion.is_file() and companion.stat().st_size < _LARGEST_COMPANION:
                return read_text(companion)
    return xml


def _tell_micro_manager(sources: Sources, tiff: Any) -> list[str]:
    plane = tiff.pages.first.tags[_MICRO_MANAGER].value
    plane = plane if isinstance(plane, Mapping) else {}
    try:
        summary = (tiff.micromanager_metadata or {}).get("Summary") or {}
    except ValueError:  # saved again by a program that kept the tag only
        summary = {}
    where = "Micro-Manager"
    for told in (plane, summary):
        for key in ("PixelSizeUm", "PixelSize_um"):
            pixel_um = number_in(told.get(key, ""))
            if pixel_um:  # 0: not calibrated
                sources.tell("pixel_nm", nanometres(pixel_um, "µm"), f"{where} {key}")
        sources.tell("bit_depth", _whole(told.get("BitDepth")), f"{where} BitDepth")
    if (number_in(summary.get("Slices", 1)) or 1) > 1:
        step_um = number_in(summary.get("z-step_um", "")) or 0.0
        tell_sizes(sources, {"Z": 1000.0 * step_um}, f"{where} z-step_um, ", many=True)
    exposure = number_in(plane.get("Exposure-ms", ""))
    if exposure is not None:
        sources.tell("exposure_s", seconds(exposure, "ms"), f"{where} Exposure-ms")
    for key, value in plane.items():
        if "objective" in key.lower() and key.endswith("Label"):
            sources.tell_objective(str(value), f"{where} {key}")
    names = summary.get("ChNames")
    return [str(name) for name in names] if isinstance(names, list) else []


def tell_lsm(sources: Sources, told: Mapping[str, Any]) -> None:
    """Take what the header of a Zeiss LSM tells.

    Parameters
    ----------
    sources
        Take it.
    told
        ``lsm_metadata`` of tifffile.
    """
    sizes = {axis: nanometres(told.get(f"VoxelSize{axis}", 0.0), "m") or 0.0 for axis in "XYZ"}
    tell_sizes(sources, sizes, "LSM VoxelSize", many=told.get("DimensionZ", 1) > 1)
    scan = told.get("ScanInformation") or {}
    sources.tell_objective(str(scan.get("Objective", "")), "LSM Objective")


def _tell_metamorph(sources: Sources, tiff: Any) -> None:
    series = tiff.metaseries_metadata or {}
    plane = {**series.get("SetInfo", {}), **series.get("PlaneInfo", {})}
    where = "MetaMorph"
    unit = str(plane.get("spatial-calibration-units", "um"))
    if str(plane.get("spatial-calibration-state", "on")).lower() not in ("false", "off"):
        for axis in "xy":
            key = f"spatial-calibration-{axis}"
            size = number_in(plane.get(key, ""))
            if size:
                sources.tell("pixel_nm", nanometres(size, unit), f"{where} {key}")
    for name, key in (
        ("numerical_aperture", "_MagNA_"),
        ("immersion_index", "_MagRI_"),
        ("emission_nm", "wavelength"),
    ):
        if number := number_in(plane.get(key, "")):
            sources.tell(name, number, f"{where} {key}")
    sources.tell_objective(str(plane.get("_MagSetting_", "")), f"{where} _MagSetting_")
    sources.tell("bit_depth", _whole(plane.get("camera-bit-depth")), f"{where} camera-bit-depth")
    for line in str(series.get("PlaneInfo", {}).get("Description", "")).splitlines():
        key, _, value = line.partition(":")
        number = number_in(value)
        if key.strip().lower() == "exposure" and number is not None:
            unit = value.strip().rpartition(" ")[2]
            sources.tell("exposure_s", seconds(number, unit), f"{where} Exposure")
    _tell_stk(sources, tiff.stk_metadata or {})


def _tell_stk(sources: Sources, told: Mapping[str, Any]) -> None:
    unit = str(told.get("CalibrationUnits", "um"))
    for axis in "XY":
        size = number_in(told.get(f"{axis}Calibration", ""))
        if size and told.get("SpatialCalibration", 1):
            sources.tell("pixel_nm", nanometres(size, unit), f"MetaMorph {axis}Calibration")
    distances = {float(distance) for distance in told.get("ZDistance", ()) if distance}
    if len(distances) == 1 and told.get("NumberPlanes", 1) > 1:
        step = nanometres(abs(distances.pop()), unit)
        sources.tell("step_nm", step, "MetaMorph ZDistance")


def _tell_imagej(sources: Sources, tiff: Any, channel: int) -> list[str]:
    series, told = tiff.series[0], tiff.imagej_metadata or {}
    size = pixel_size(tiff, series)
    for unit in size.unknown:
        sources.doubt(f"ImageJ: the unit '{unit}' is not known")
    tell_sizes(sources, size.nm, "ImageJ pixel size ", many="Z" in series.axes)
    count = series.shape[series.axes.index("C")] if "C" in series.axes else 1
    tell_pairs(sources, _lines(str(told.get("Info", ""))), channel, count, "ImageJ Info")
    labels = told.get("Labels") if count > 1 else None
    return [str(label) for label in labels[:count]] if labels else [""] * count * (count > 1)


def _lines(info: str) -> Iterator[tuple[str, str]]:
    """Yield the lines ``key = value`` that Bio-Formats leaves in an image that ImageJ has saved."""
    for line in info.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            yield key, value


def _tell_resolution(sources: Sources, tags: Any) -> None:
    """Take the resolution of a TIFF where it can be that of a microscope, not that of a printer."""
    if "XResolution" not in tags or "YResolution" not in tags:
        return
    unit = int(tags["ResolutionUnit"].value) if "ResolutionUnit" in tags else 2
    values = {axis: tags[f"{axis}Resolution"].value for axis in "XY"}
    per_unit = {axis: n / d for axis, (n, d) in values.items() if n and d}
    if unit not in _NM_PER_RESOLUTION or len(per_unit) < 2:
        return
    word, length_nm = _NM_PER_RESOLUTION[unit]
    sizes = {axis: float(f"{length_nm / count:.12g}") for axis, count in per_unit.items()}
    if max(sizes.values()) <= _LARGEST_PIXEL_NM:
        for axis in "XY":
            where = f"TIFF {axis}Resolution, {per_unit[axis]:,.6g} per {word}"
            sources.tell("pixel_nm", sizes[axis], where)
    elif "pixel_nm" not in sources.readings:
        sources.doubt(
            f"TIFF XResolution of {per_unit['X']:g} per {word} is one for printing (a pixel of "
            f"{sizes['X'] / 1000:,.0f} µm): left out"
        )


def _tell_type(sources: Sources, page: Any) -> None:
    """Take the bits of the pixels, which may be more than the camera's, where nothing is told."""
    bits, kind = page.bitspersample, page.dtype
    counts = kind is not None and kind.kind == "u" and isinstance(bits, int) and bits <= 16
    if counts and "bit_depth" not in sources.readings:
        sources.tell("bit_depth", bits, "TIFF BitsPerSample; the camera may have fewer")


def _whole(value: Any) -> int | None:
    number = number_in(value) if value is not None else None
    return int(number) if number else None
