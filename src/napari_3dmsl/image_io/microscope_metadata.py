"""The microscope that took an image, as far as its file tells: each number with where it stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_3dmsl.image_io.microscope_sources import (
    CAMERA,
    MICROSCOPE,
    STACK,
    Reading,
    Sources,
    setting_of,
)
from napari_3dmsl.image_io.ome_microscope import tell_sizes
from napari_3dmsl.image_io.ome_tiff import IMAGE_SUFFIXES
from napari_3dmsl.image_io.ome_zarr import ZARR_SUFFIX, is_our_zarr, read_ome_zarr
from napari_3dmsl.image_io.tiff_microscope import tell_tiff
from napari_3dmsl.image_io.vendor_microscope import VENDORS, tell_vendor
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.presets import load_microscope, usual_camera
from napari_3dmsl.microscope.settings import IMMERSIONS, Microscope
from napari_3dmsl.reading import reading

_SILENT = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".gif": "GIF"}
_TIFFS = (*IMAGE_SUFFIXES, ".stk", ".lsm", ".btf", ".tf8")
MICROSCOPE_SUFFIXES = (*_TIFFS, *VENDORS, *_SILENT)
"""Endings of image files that can be asked for their microscope, beside folders of OME-Zarr."""

_READABLE = (*MICROSCOPE_SUFFIXES, ZARR_SUFFIX)
_ASKED = (
    "modality",
    "pixel_nm",
    "numerical_aperture",
    "magnification",
    "immersion_index",
    "emission_nm",
    "exposure_s",
    "bit_depth",
)
_SCANNED = {"confocal", "two_photon"}
_PRESETS = {
    "widefield": "epi1",
    "confocal": "con1",
    "two_photon": "two-photon",
    "light_sheet": "light-sheet",
}
_SAME_MEDIUM = 0.03
_LONGEST_NAME = 60


@dataclass(frozen=True)
class ReadMicroscope:
    """What a file tells of the microscope that took it.

    Attributes
    ----------
    path : str
        Of the file.
    kind : str
        What the file is, such as ``OME-TIFF``.
    readings : mapping of Reading
        Value and source of each setting that was read, by its name: of `Microscope`, of `Camera`,
        and ``step_nm``.
    missing : tuple of str
        Names of settings that the file does not tell, to be asked for.
    doubts : tuple of str
        What is told twice and differently, or cannot be; a line each.
    channels : tuple of str
        Names of the channels, as far as they have any.
    channel : int
        The one whose wavelengths and exposure were read, from 0.
    """

    path: str
    kind: str
    readings: Mapping[str, Reading]
    missing: tuple[str, ...]
    doubts: tuple[str, ...]
    channels: tuple[str, ...] = ()
    channel: int = 0

    def values(self, names: tuple[str, ...]) -> dict[str, Any]:
        """Return the values of those settings that were read.

        Parameters
        ----------
        names
            Such as `MICROSCOPE` or `CAMERA`.
        """
        return {name: self.readings[name].value for name in names if name in self.readings}

    def lines(self) -> list[str]:
        """Return what was read, is missing and is doubtful, a line each, for people."""
        found = []
        for name, told in self.readings.items():
            setting = setting_of(name)
            value = told.value if isinstance(told.value, str) else f"{told.value:,.6g}"
            unit = f" {setting.show.unit}" if setting.show.unit else ""
            found.append(f"{setting.show.label}: {value}{unit} ({told.source})")
        if self.missing:
            labels = ", ".join(setting_of(name).show.label for name in self.missing)
            found.append(f"not told: {labels}")
        return found + [f"warning: {doubt}" for doubt in self.doubts]


def read_microscope(path: str | Path, channel: int = 0) -> ReadMicroscope:
    """Read from an image what microscope took it; its pixels are not read.

    Parameters
    ----------
    path
        A TIFF (OME, ImageJ, Micro-Manager, MetaMorph, LSM, plain), an OME-Zarr image, or with the
        extra ``microscopes`` a CZI, ND2 or LIF; PNG and JPEG tell nothing.
    channel
        Whose wavelengths and exposure are meant, from 0.

    Raises
    ------
    ValueError
        One line: the file is missing, damaged or of no such kind, what reads it is not installed,
        or it has no such channel.
    """
    path, sources = Path(path), Sources()
    with reading(path, "cannot read its metadata"):
        kind, channels = _tell(sources, path, channel)
    if channel < 0 or channel >= max(len(channels), 1):
        count = max(len(channels), 1)
        raise ValueError(f"{path}: channel = {channel}: must be 0 to {count - 1}")
    _check_light(sources)
    return ReadMicroscope(
        str(path),
        kind,
        sources.readings,
        tuple(_missing(sources)),
        tuple(sources.doubts),
        tuple(channels),
        channel,
    )


def microscope_from(read: ReadMicroscope, base: Microscope | None = None) -> Microscope:
    """Return a microscope with what was read, and the rest from another one, named after the file.

    The medium that was read is also what the objective is made for. Where no medium was read and
    the aperture is too large for that of ``base``, it is the least dense one that is enough; where
    a medium was read that is too thin for the aperture of ``base``, that becomes nine tenths of it.

    Parameters
    ----------
    read
        From a file.
    base
        By default a preset of the modality that was read, of wide-field where none was.
    """
    told = read.values(MICROSCOPE)
    if base is None:
        base = load_microscope(_PRESETS[told.get("modality", "widefield")])
    if not told:
        return base
    index = told.get("immersion_index")
    aperture = told.get("numerical_aperture", base.numerical_aperture)
    if index is None and aperture >= min(base.immersion_index, base.immersion_index_design):
        index = min((medium for medium in IMMERSIONS if medium > aperture), default=1.0)
        index = index if index > aperture else 1.78  # of objectives for total reflection
    if index is not None:
        if aperture >= index:  # that of the base: both read would have been a doubt
            aperture = told["numerical_aperture"] = round(0.9 * index, 2)
        told |= {"immersion_index": index, "immersion_index_design": _medium(index, aperture)}
    if told.get("modality", base.modality) != base.modality:
        told["pixel_integration"] = told["modality"] not in _SCANNED
    return base.replace(**told, name=_called(read))


def camera_from(read: ReadMicroscope, base: Camera | None = None) -> Camera:
    """Return a camera with what was read, and the rest from another one, named after the file.

    Parameters
    ----------
    read
        From a file.
    base
        By default the one that is usual for the microscope that was read.
    """
    if base is None:
        base = usual_camera(microscope_from(read))
    told = read.values(CAMERA)
    return base.replace(**told, name=_called(read)) if told else base


def _called(read: ReadMicroscope) -> str:
    """Return the name of the file without its endings."""
    return Path(read.path).name.partition(".")[0][:_LONGEST_NAME].strip() or "read"


def _tell(sources: Sources, path: Path, channel: int) -> tuple[str, list[str]]:
    suffix = path.suffix.lower()
    if suffix in VENDORS:
        return tell_vendor(sources, path, channel)
    if suffix in _TIFFS:
        return tell_tiff(sources, path, channel)
    if suffix == ZARR_SUFFIX:
        return _tell_zarr(sources, path)
    if suffix in _SILENT:
        if not path.is_file():
            raise ValueError(f"{path}: no such file")
        return _SILENT[suffix], []
    raise ValueError(f"{path}: expected an image, one of {', '.join(_READABLE)}")


def _tell_zarr(sources: Sources, path: Path) -> tuple[str, list[str]]:
    """Take the settings of an image of ours, and of any the size of its voxels."""
    from napari_3dmsl.volumes.contents import contents_of

    if not path.is_dir():
        raise ValueError(f"{path}: no such folder")
    if is_our_zarr(path):
        sources.tell_own(read_ome_zarr(path).metadata)
    datasets = contents_of(path).datasets
    size = datasets[0].levels[0].size.nm if datasets else {}
    tell_sizes(sources, size, "OME-Zarr scale ", many="Z" in size)
    return "OME-Zarr", []


def _check_light(sources: Sources) -> None:
    """Leave out a medium that light of such an aperture cannot come through."""
    aperture, index = (
        sources.readings.get(name) for name in ("numerical_aperture", "immersion_index")
    )
    if aperture and index and aperture.value >= index.value:
        del sources.readings["immersion_index"]
        sources.doubt(
            f"Immersion: {index.value:g} ({index.source}) is left out: light of an aperture of "
            f"{aperture.value:g} does not come through it"
        )


def _missing(sources: Sources) -> list[str]:
    asked = list(_ASKED)
    mode = sources.readings.get("modality")
    if mode and mode.value in _SCANNED:
        asked += ["excitation_nm"]
    if sources.is_stack:
        asked += STACK
    return [name for name in asked if name not in sources.readings]


def _medium(index: float, aperture: float) -> float:
    """Return the medium of catalogues that is meant by an index; the index itself if none is."""
    nearest = min(IMMERSIONS, key=lambda medium: abs(medium - index))
    meant = abs(nearest - index) <= _SAME_MEDIUM and nearest > aperture
    return nearest if meant else index
