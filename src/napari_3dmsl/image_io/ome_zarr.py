"""Images and their masks as OME-Zarr 0.5: folders of Zarr version 3 that open without a copy.

One image is one folder ``NAME.zarr``: the pixels at full size in ``0``, masks in ``labels/NAME``.
Everything that this package tells about an image is in the attribute ``napari_3dmsl``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.arrays import Planes
from napari_3dmsl.image_io.ome_tiff import axes_of
from napari_3dmsl.memory import check_memory
from napari_3dmsl.reading import check_still_there, reading
from napari_3dmsl.settings import shown
from napari_3dmsl.writing import whole_folder

VERSION = "0.5"
ZARR_SUFFIX = ".zarr"
KEY = "napari_3dmsl"

_PIXELS = "0"
_KINDS = {"T": "time", "C": "channel", "Z": "space", "Y": "space", "X": "space"}
_UNITS = {"T": "second", "Z": "micrometer", "Y": "micrometer", "X": "micrometer"}
_COLOURS = ("00FF00", "FF00FF", "00FFFF", "FFFF00", "FF0000", "0000FF")
_LARGEST_EMPTY = 256 * 2**20  # bytes; chunks of zeros are not written
_MOST_PACKED = 2**15  # bytes that one byte of Zstandard stands for at most
_LARGEST_CHUNK = 512  # pixels along z, y and x
_SLAB_BYTES = 2**26  # planes that a chunk reaches through: so much is held while planes come


@dataclass(frozen=True, eq=False)
class ZarrImage:
    """What an OME-Zarr folder of ours holds.

    Attributes
    ----------
    pixels : ZarrPixels
        Read when it is indexed; ``numpy.asarray`` reads the whole.
    axes : str
        One letter for each axis, such as ``CZYX``.
    scale : tuple of float
        Of each axis: µm for Z, Y and X, seconds for T, 1 for C.
    channels : tuple of str
        Their names; empty when they have none.
    metadata : dict
        As given to `write_ome_zarr`.
    labels : dict of ZarrPixels
        Masks by name, with the axes of the image but C, or but C and Z.
    """

    pixels: ZarrPixels
    axes: str
    scale: tuple[float, ...]
    channels: tuple[str, ...]
    metadata: dict[str, Any]
    labels: dict[str, ZarrPixels]


class ZarrPixels:
    """An array on disk, read when it is indexed; damage raises one line.

    Parameters
    ----------
    path
        What messages call it.
    array
        As zarr has opened it.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy.dtype
    ndim : int
    """

    def __init__(self, path: Path, array: Any) -> None:
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.dtype: np.dtype[Any] = np.dtype(array.dtype)
        self.ndim = len(self.shape)
        self._path, self._array = path / array.path, array

    def __getitem__(self, where: Any) -> NDArray[Any]:
        with reading(self._path, "damaged"):
            found = np.asarray(self._array[where])
            check_still_there(self._path)
            return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        self._check_size()
        return self[...].astype(dtype or self.dtype, copy=False)

    def _check_size(self) -> None:
        """Refuse more than the files can hold, where it is so much that it matters, or memory."""
        needed = math.prod(self.shape) * self.dtype.itemsize
        if needed > _LARGEST_EMPTY:
            held = sum(f.stat().st_size for f in self._path.rglob("*") if f.is_file())
            if needed > _MOST_PACKED * held:
                raise ValueError(
                    f"{self._path}: damaged: {'×'.join(map(str, self.shape))} pixels do not fit "
                    f"into {held:,} bytes"
                )
        check_memory(str(self._path), needed)


def write_ome_zarr(
    path: str | Path,
    array: Any,
    size_um: Sequence[float],
    metadata: Mapping[str, Any],
    *,
    axes: str | None = None,
    frame_s: float | None = None,
    channels: Sequence[str] = (),
    labels: Mapping[str, Any] | None = None,
) -> Path:
    """Write an image with its masks as OME-Zarr, whole or not at all; the same, the same bytes.

    Parameters
    ----------
    path
        Ends in ``.zarr``; an older image of ours is replaced.
    array
        (y, x) or (z, y, x), or with the axes that ``axes`` names. `Planes` are
        written as they come.
    size_um
        Length of a pixel in µm, in the order of those axes that are lengths (z, y, x).
    metadata
        Kept in the attribute ``napari_3dmsl``; anything that JSON knows.
    axes
        A letter for each axis, in the order ``TCZYX``, such as ``TYX`` or ``CZYX``.
    frame_s
        Time from frame to frame in s, when one of the axes is T.
    channels
        Names of the channels, when one of the axes is C.
    labels
        Masks of whole numbers by name, with the axes of the image but C, or but C and Z.

    Raises
    ------
    ValueError
        When something does not fit, or the name is taken by something else.
    OSError
        When the folder cannot be written.
    """
    import zarr

    path = check_zarr_path(Path(path))
    pixels = array if isinstance(array, Planes) else _plain(array)
    axes = axes_of(pixels, axes, channels, str(path))
    sizes = dict(zip([axis for axis in axes if axis in "ZYX"], size_um, strict=True))
    sizes |= {"T": 1.0 if frame_s is None else frame_s, "C": 1.0}
    masks = _checked_labels(labels or {}, axes, pixels.shape, path)
    with whole_folder(path) as temporary:
        root = zarr.open_group(temporary, mode="w", zarr_format=3)
        ome = _multiscales(path.stem, axes, sizes)
        root.update_attributes({"ome": ome | _omero(channels, pixels, axes), KEY: dict(metadata)})
        _add_pixels(root, pixels, axes)
        if masks:
            group = root.create_group("labels", attributes=_ome({"labels": list(masks)}))
            for name, (mask, flat) in masks.items():
                about = _multiscales(name, flat, sizes)
                about["image-label"] = {"source": {"image": "../../"}, "colors": _colours(mask)}
                _add_pixels(group.create_group(name, attributes={"ome": about}), mask, flat)
    return path


def read_ome_zarr(path: str | Path) -> ZarrImage:
    """Open an OME-Zarr image that this package wrote.

    Parameters
    ----------
    path
        The folder ``NAME.zarr``.

    Raises
    ------
    ValueError
        When it is missing, damaged or another program's.
    """
    group = _opened(Path(path))
    with reading(path, "not an OME-Zarr image of napari-3dmsl"):
        about = group.attrs[KEY]
        ome = group.attrs["ome"]
        [image] = ome["multiscales"]
        axes = "".join(axis["name"] for axis in image["axes"]).upper()
        scale = image["datasets"][0]["coordinateTransformations"][0]["scale"]
        names = group["labels"].attrs["ome"]["labels"] if "labels" in group else []
        masks = {name: group["labels"][name][_PIXELS] for name in names}
        labels = {name: ZarrPixels(Path(path), mask) for name, mask in masks.items()}
        pixels = ZarrPixels(Path(path), group[_PIXELS])
        if 0 in pixels.shape or not pixels.ndim == len(axes) == len(scale):
            raise ValueError(f"axes {shown(axes)} and {len(scale)} sizes for shape {pixels.shape}")
        return ZarrImage(
            pixels,
            axes,
            tuple(float(size) for size in scale),
            tuple(channel["label"] for channel in ome.get("omero", {}).get("channels", ())),
            dict(about),
            labels,
        )


def is_our_zarr(path: str | Path) -> bool:
    """Whether a folder is an OME-Zarr image that this package wrote.

    Parameters
    ----------
    path
        Of a folder, which need not be there.
    """
    path = Path(path)
    if path.suffix.lower() != ZARR_SUFFIX or not (path / "zarr.json").is_file():
        return False
    try:
        return KEY in _opened(path).attrs
    except ValueError:
        return False


def read_zarr_array(path: str | Path) -> NDArray[Any]:
    """Read all pixels of an image ``NAME.zarr``, or of a mask ``NAME.zarr/labels/MASK``.

    Parameters
    ----------
    path
        Of the folder.

    Raises
    ------
    ValueError
        When it is missing or damaged.
    """
    group = _opened(Path(path))
    with reading(path, "damaged"):
        return np.asarray(ZarrPixels(Path(path), group[_PIXELS]))


def _opened(path: Path) -> Any:
    import zarr

    if not (path / "zarr.json").is_file():
        raise ValueError(f"{path}: no OME-Zarr image here")
    with reading(path, "damaged"):
        return zarr.open_group(path, mode="r", zarr_format=3)


def check_zarr_path(path: Path) -> Path:
    """Return the path if an image can be written there.

    Parameters
    ----------
    path
        Of a folder that need not be there.

    Raises
    ------
    ValueError
        When the name ends otherwise or is taken by something else, or its folder is missing.
    """
    if path.suffix.lower() != ZARR_SUFFIX:
        raise ValueError(f"{path}: an OME-Zarr image is written as {ZARR_SUFFIX}")
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent}: no such folder")
    if path.exists() and not is_our_zarr(path):
        raise ValueError(f"{path}: there already, and no image of ours; choose another name")
    return path


def _checked_labels(
    labels: Mapping[str, Any], axes: str, shape: tuple[int, ...], path: Path
) -> dict[str, tuple[NDArray[Any], str]]:
    """Return each mask with its axes."""
    expected = {}
    for dropped in ("C", "CZ"):
        kept = [at for at, axis in enumerate(axes) if axis not in dropped]
        expected[tuple(shape[at] for at in kept)] = "".join(axes[at] for at in kept)
    masks = {name: _plain(mask) for name, mask in labels.items()}
    for name, mask in masks.items():
        if mask.shape not in expected or mask.dtype.kind not in "iu":
            raise ValueError(
                f"{path}: labels {name!r} of shape {mask.shape} and type {mask.dtype}: expected "
                f"whole numbers of shape {' or '.join(map(str, expected))}"
            )
    return {name: (mask, expected[mask.shape]) for name, mask in masks.items()}


def _plain(array: Any) -> NDArray[Any]:
    pixels = np.asarray(array)
    return pixels.astype(np.uint8) if pixels.dtype == bool else pixels


def _ome(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"ome": {"version": VERSION, **content}}


def _multiscales(name: str, axes: str, sizes: Mapping[str, float]) -> dict[str, Any]:
    described = [
        {"name": axis.lower(), "type": _KINDS[axis]}
        | ({"unit": _UNITS[axis]} if axis in _UNITS else {})
        for axis in axes
    ]
    scale = [float(sizes[axis]) for axis in axes]
    level = {
        "path": _PIXELS,
        "coordinateTransformations": [{"type": "scale", "scale": scale}],
    }
    image = {"name": name, "axes": described, "datasets": [level]}
    return {"version": VERSION, "multiscales": [image]}


def _omero(channels: Sequence[str], pixels: NDArray[Any] | Planes, axes: str) -> dict[str, Any]:
    """Names of the channels for viewers, with the colour and the range that OME-Zarr asks for."""
    if isinstance(pixels, Planes):  # of one channel, without a name
        return {}
    described = []
    for number, name in enumerate(channels):
        values = np.take(pixels, number, axis=axes.index("C"))
        low, high = float(values.min()), float(values.max())
        window = {"min": low, "max": high, "start": low, "end": high}
        colour = _COLOURS[number % len(_COLOURS)]
        described.append({"label": name, "color": colour, "active": True, "window": window})
    return {"omero": {"channels": described}} if described else {}


def _colours(mask: NDArray[Any]) -> list[dict[str, Any]]:
    """Colours of the values of a mask, for viewers; neighbours in number differ."""
    values = [int(value) for value in np.unique(mask) if value]
    palette = [[int(colour[at : at + 2], 16) for at in (0, 2, 4)] for colour in _COLOURS]
    return [
        {"label-value": value, "rgba": [*palette[value % len(palette)], 255]} for value in values
    ]


def _add_pixels(group: Any, pixels: NDArray[Any] | Planes, axes: str) -> None:
    """Add the array: a chunk is one volume or image of one channel at one time, or a part of it."""
    sides = dict(zip(axes, pixels.shape, strict=True))
    plane = sides["Y"] * sides["X"] * pixels.dtype.itemsize
    longest = {"Z": max(1, min(_LARGEST_CHUNK, _SLAB_BYTES // plane))}
    longest |= dict.fromkeys("YX", _LARGEST_CHUNK)
    chunks = tuple(max(1, min(side, longest.get(axis, 1))) for axis, side in sides.items())
    array = group.create_array(
        _PIXELS,
        shape=pixels.shape,
        dtype=pixels.dtype,
        chunks=chunks,
        dimension_names=[axis.lower() for axis in axes],
    )
    if not isinstance(pixels, Planes):
        array[...] = pixels
        return
    planes = iter(pixels)
    for first in range(0, pixels.shape[0], chunks[0]):
        slab = np.stack(list(islice(planes, chunks[0])))
        array[first : first + len(slab)] = slab
