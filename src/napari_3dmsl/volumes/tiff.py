"""Label volumes in TIFF, with the voxel sizes that OME and ImageJ write."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from numpy.typing import NDArray

from napari_3dmsl.volumes.labels import COPIES, VoxelNm, check_voxel_nm
from napari_3dmsl.volumes.tiff_file import check_pixels, open_tiff

NM_PER_UNIT = {
    "nm": 1.0,
    "nanometer": 1.0,
    "um": 1e3,
    "µm": 1e3,
    "μm": 1e3,
    "\\u00b5m": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "micrometer": 1e3,
    "mm": 1e6,
}


def read_tiff(path: Path) -> tuple[NDArray[Any], VoxelNm | None]:
    """Read the pixels of a TIFF and their size."""
    with open_tiff(path, "cannot read this TIFF (damaged or truncated?)") as tiff:
        check_pixels(path, tiff.series[0], COPIES)
        colour = tiff.series[0].axes.endswith("S")  # samples: red, green, blue
        array = tiff.asarray()
        voxel_nm = _tiff_voxel_nm(tiff)
    if colour:
        raise ValueError(f"{path}: a colour image, not labels; save the labels as one channel")
    return array, voxel_nm


def may_hold_labels(path: str | Path) -> bool:
    """Whether a TIFF looks like a label volume by its header: three axes, whole numbers.

    Raises
    ------
    ValueError
        When the file is no TIFF or damaged.
    """
    with open_tiff(path) as tiff:
        series = tiff.series[0]
        axes = [length for length in series.shape if length > 1]
        colour = series.axes.endswith("S")
        return len(axes) == 3 and not colour and series.dtype.kind in "bui"


def _tiff_voxel_nm(tiff: Any) -> VoxelNm | None:
    if tiff.is_ome:
        return _ome_voxel_nm(tiff.ome_metadata)
    if tiff.is_imagej:
        return _imagej_voxel_nm(tiff)
    return None


def _ome_voxel_nm(xml: str) -> VoxelNm | None:
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return None
    pixels = next((node for node in root.iter() if node.tag.endswith("}Pixels")), None)
    if pixels is None:
        return None
    sizes = []
    for axis in "ZYX":
        size = pixels.get(f"PhysicalSize{axis}")
        unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
        factor = NM_PER_UNIT.get(unit.lower())
        if size is None or factor is None:
            return None
        sizes.append(float(size) * factor)
    return _if_valid(sizes)


def _imagej_voxel_nm(tiff: Any) -> VoxelNm | None:
    metadata, tags = tiff.imagej_metadata or {}, tiff.pages[0].tags
    factor = NM_PER_UNIT.get(str(metadata.get("unit", "")).lower())
    if factor is None or "spacing" not in metadata:
        return None
    sizes = [float(metadata["spacing"]) * factor]
    for axis in "YX":
        if f"{axis}Resolution" not in tags:
            return None
        pixels, length = tags[f"{axis}Resolution"].value
        if pixels == 0:
            return None
        sizes.append(length / pixels * factor)
    return _if_valid(sizes)


def _if_valid(sizes: list[float]) -> VoxelNm | None:
    try:
        return check_voxel_nm(sizes)
    except ValueError:
        return None
