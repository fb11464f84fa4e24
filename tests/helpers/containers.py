"""One label volume in every container that is read, written by other libraries, or byte by byte.

Whoever reads must not be who wrote: Zarr that zarr reads comes from tensorstore, and the other way
round; N5, precomputed, and the headers of MRC and NRRD are put together here, by their
specifications.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[Any]
Size = tuple[float, float, float]
CHUNK = 16


@dataclass(frozen=True)
class Container:
    """A format, and the library that writes it here."""

    name: str
    writer: str
    write: Callable[[Path, Labels, Size], Path]
    tells_size: bool = True


def npy(folder: Path, labels: Labels, size: Size) -> Path:
    np.save(folder / "a.npy", labels)
    return folder / "a.npy"


def npz(folder: Path, labels: Labels, size: Size) -> Path:
    np.savez_compressed(folder / "a.npz", labels=labels)
    return folder / "a.npz"


def ome_tiff(folder: Path, labels: Labels, size: Size) -> Path:
    import tifffile

    told: dict[str, Any] = {"axes": "ZYX"}
    for axis, nm in zip("ZYX", size, strict=True):
        told |= {f"PhysicalSize{axis}": nm / 1000, f"PhysicalSize{axis}Unit": "µm"}
    tifffile.imwrite(folder / "a.ome.tif", labels, metadata=told)
    return folder / "a.ome.tif"


def big_tiff(folder: Path, labels: Labels, size: Size) -> Path:
    import tifffile

    told: dict[str, Any] = {"axes": "ZYX"}
    for axis, nm in zip("ZYX", size, strict=True):
        told |= {f"PhysicalSize{axis}": nm, f"PhysicalSize{axis}Unit": "nm"}
    tifffile.imwrite(
        folder / "a.ome.tif",
        labels,
        bigtiff=True,
        ome=True,
        tile=(32, 32),
        compression="zlib",
        metadata=told,
    )
    return folder / "a.ome.tif"


def pillow_tiff(folder: Path, labels: Labels, size: Size) -> Path:
    from PIL import Image

    first, *others = [Image.fromarray(plane.astype(np.uint16)) for plane in labels]
    first.save(folder / "a.tif", save_all=True, append_images=others, compression="tiff_lzw")
    return folder / "a.tif"


def png_sections(folder: Path, labels: Labels, size: Size) -> Path:
    from PIL import Image

    (folder / "sections").mkdir()
    for number, plane in enumerate(labels):
        Image.fromarray(plane.astype(np.uint16)).save(folder / "sections" / f"s_{number}.png")
    return folder / "sections"


def nifti(folder: Path, labels: Labels, size: Size) -> Path:
    import nibabel

    image = nibabel.Nifti1Image(labels.T.astype(np.int32), np.eye(4))
    nibabel.save(image, folder / "a.nii.gz")
    return folder / "a.nii.gz"


def _levels(labels: Labels, size: Size) -> list[tuple[str, Labels, list[float]]]:
    steps = (1, 2)
    return [
        (str(number), labels[::step, ::step, ::step], [nm * step for nm in size])
        for number, step in enumerate(steps)
    ]


def _multiscales(labels: Labels, size: Size) -> list[dict[str, Any]]:
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    datasets = [
        {"path": name, "coordinateTransformations": [{"type": "scale", "scale": scale}]}
        for name, _, scale in _levels(labels, size)
    ]
    return [{"version": "0.4", "axes": axes, "datasets": datasets}]


def ome_zarr_04(folder: Path, labels: Labels, size: Size) -> Path:
    """OME-Zarr 0.4, its arrays by tensorstore."""
    for name, level, _ in _levels(labels, size):
        _tensor(folder / "a.zarr" / name, "zarr", level)
    (folder / "a.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    told = {"multiscales": _multiscales(labels, size)}
    (folder / "a.zarr" / ".zattrs").write_text(json.dumps(told))
    return folder / "a.zarr"


def ome_zarr_05(folder: Path, labels: Labels, size: Size) -> Path:
    """OME-Zarr 0.5, its arrays by tensorstore."""
    for name, level, _ in _levels(labels, size):
        _tensor(folder / "a.zarr" / name, "zarr3", level)
    ome = {"version": "0.5", "multiscales": _multiscales(labels, size)}
    told = {"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}}
    (folder / "a.zarr" / "zarr.json").write_text(json.dumps(told))
    return folder / "a.zarr"


def _tensor(path: Path, driver: str, labels: Labels) -> None:
    import tensorstore as ts

    spec = {"driver": driver, "kvstore": {"driver": "file", "path": f"{path.as_posix()}/"}}
    layout = ts.ChunkLayout(chunk_shape=[CHUNK] * 3)
    store = ts.open(
        spec, create=True, dtype=ts.dtype(labels.dtype), shape=labels.shape, chunk_layout=layout
    ).result()
    store[...] = labels


def plain_zarr(folder: Path, labels: Labels, size: Size) -> Path:
    """A plain Zarr with the attributes of funlib, by zarr."""
    import zarr

    array = zarr.create_group(folder / "a.zarr", zarr_format=2).create_array(
        "volumes/labels", data=labels, chunks=(CHUNK,) * 3
    )
    array.attrs["resolution"] = list(size)
    return folder / "a.zarr"


def n5(folder: Path, labels: Labels, size: Size) -> Path:
    """N5 by its specification: blocks of big-endian values behind a header, x runs fastest."""
    root = folder / "a.n5"
    array = root / "mito"
    array.mkdir(parents=True)
    (root / "attributes.json").write_text('{"n5": "2.0.0"}')
    told = {
        "dimensions": list(reversed(labels.shape)),
        "blockSize": [CHUNK] * 3,
        "dataType": str(labels.dtype),
        "compression": {"type": "gzip", "level": 5},
        "pixelResolution": {"unit": "nm", "dimensions": list(reversed(size))},
    }
    (array / "attributes.json").write_text(json.dumps(told))
    for z, y, x in product(*(range(-(-length // CHUNK)) for length in labels.shape)):
        block = _block(labels, z, y, x)
        file = array / str(x) / str(y) / str(z)
        file.parent.mkdir(parents=True, exist_ok=True)
        head = struct.pack(">HHIII", 0, 3, *reversed(block.shape))
        values = np.ascontiguousarray(block).astype(block.dtype.newbyteorder(">")).tobytes()
        file.write_bytes(head + gzip.compress(values))
    return root


def _block(labels: Labels, *place: int) -> Labels:
    return labels[tuple(slice(CHUNK * at, CHUNK * at + CHUNK) for at in place)]


def precomputed(folder: Path, labels: Labels, size: Size) -> Path:
    """Neuroglancer precomputed by its specification: raw chunks, x runs fastest, an offset."""
    root, offset = folder / "seg", (100, 20, 3)
    (root / "full").mkdir(parents=True)
    scale = {
        "key": "full",
        "size": list(reversed(labels.shape)),
        "resolution": list(reversed(size)),
        "voxel_offset": list(offset),
        "chunk_sizes": [[CHUNK] * 3],
        "encoding": "raw",
    }
    told = {
        "@type": "neuroglancer_multiscale_volume",
        "type": "segmentation",
        "data_type": str(labels.dtype),
        "num_channels": 1,
        "scales": [scale],
    }
    (root / "info").write_text(json.dumps(told))
    for z, y, x in product(*(range(-(-length // CHUNK)) for length in labels.shape)):
        block = _block(labels, z, y, x)
        begin = [CHUNK * at + first for at, first in zip((x, y, z), offset, strict=True)]
        ends = [at + n for at, n in zip(begin, reversed(block.shape), strict=True)]
        name = "_".join(f"{a}-{b}" for a, b in zip(begin, ends, strict=True))
        values = np.ascontiguousarray(block).astype(block.dtype.newbyteorder("<"))
        (root / "full" / name).write_bytes(values.tobytes())
    return root


def _chunks(array: Labels) -> tuple[int, ...]:
    return tuple(min(CHUNK, length) for length in array.shape)


def cremi(folder: Path, labels: Labels, size: Size) -> Path:
    """The layout of CREMI: a raw image beside the labels."""
    import h5py

    with h5py.File(folder / "a.hdf", "w") as file:
        file.attrs["file_format"] = "0.2"
        grey = np.random.default_rng(0).integers(1, 255, labels.shape).astype(np.uint8)
        for name, data in (("volumes/raw", grey), ("volumes/labels/mito_ids", labels)):
            array = file.create_dataset(name, data=data, chunks=_chunks(labels), compression="gzip")
            array.attrs["resolution"] = size
            array.attrs["offset"] = (0.0, 0.0, 0.0)
    return folder / "a.hdf"


def ilastik(folder: Path, labels: Labels, size: Size) -> Path:
    """What ilastik exports: an order of axes of its own, with a channel."""
    import h5py

    with h5py.File(folder / "a.h5", "w") as file:
        data = labels.transpose(2, 1, 0)[..., None]  # x, y, z, c
        array = file.create_dataset("exported_data", data=data, chunks=_chunks(data))
        axes = [{"key": key, "typeFlags": 2, "resolution": 0, "description": ""} for key in "xyzc"]
        array.attrs["axistags"] = json.dumps({"axes": axes})
    return folder / "a.h5"


def mito_em(folder: Path, labels: Labels, size: Size) -> Path:
    import h5py

    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("main", data=labels, compression="gzip")
    return folder / "a.h5"


def imaris(folder: Path, labels: Labels, size: Size) -> Path:
    """The layout of Imaris: arrays filled up to whole chunks, attributes letter by letter."""
    import h5py

    def letters(text: object) -> NDArray[Any]:
        return np.array(list(str(text)), "S1")

    with h5py.File(folder / "a.ims", "w") as file:
        file.attrs["ImarisVersion"] = letters("5.5.0")
        image = file.create_group("DataSetInfo/Image")
        image.attrs["Unit"] = letters("um")
        for number, (length, nm) in enumerate(
            zip(reversed(labels.shape), reversed(size), strict=True)
        ):
            image.attrs[f"ExtMin{number}"] = letters(10.0)
            image.attrs[f"ExtMax{number}"] = letters(repr(10.0 + length * nm / 1000))
        for level, data, _ in _levels(labels, size):
            name = f"DataSet/ResolutionLevel {level}/TimePoint 0/Channel 0"
            group = file.create_group(name)
            padding = [(0, -length % CHUNK) for length in data.shape]
            group.create_dataset("Data", data=np.pad(data, padding), chunks=(CHUNK,) * 3)
            for axis, length in zip("ZYX", data.shape, strict=True):
                group.attrs[f"ImageSize{axis}"] = letters(length)
    return folder / "a.ims"


def mrc(folder: Path, labels: Labels, size: Size) -> Path:
    """An MRC file by its specification: sizes in ångström, a longer header."""
    nz, ny, nx = labels.shape
    head = bytearray(1024)
    struct.pack_into("<10i", head, 0, nx, ny, nz, 6, 0, 0, 0, nx, ny, nz)  # mode 6: uint16
    cell = [10 * nm * length for nm, length in zip(reversed(size), (nx, ny, nz), strict=True)]
    struct.pack_into("<6f", head, 40, *cell, 90.0, 90.0, 90.0)
    struct.pack_into("<3i", head, 64, 1, 2, 3)
    struct.pack_into("<2i", head, 88, 1, 160)  # a volume; bytes of the longer header
    head[208:216] = b"MAP " + bytes([0x44, 0x44, 0, 0])
    content = bytes(head) + bytes(160) + labels.astype("<u2").tobytes()
    (folder / "a.mrc").write_bytes(content)
    return folder / "a.mrc"


def nrrd(folder: Path, labels: Labels, size: Size) -> Path:
    """An NRRD file by its specification: gzip, with a space and its units."""
    steps = [nm / 1000 for nm in reversed(size)]
    vectors = [[step * (row == axis) for row in range(3)] for axis, step in enumerate(steps)]
    lines = [
        "NRRD0005",
        f"type: {labels.dtype}",
        "dimension: 3",
        "space dimension: 3",
        "sizes: " + " ".join(map(str, reversed(labels.shape))),
        "space directions: " + " ".join(f"({a!r},{b!r},{c!r})" for a, b, c in vectors),
        'space units: "um" "um" "um"',
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
    ]
    content = "\n".join(lines).encode() + b"\n\n" + gzip.compress(labels.tobytes())
    (folder / "a.nrrd").write_bytes(content)
    return folder / "a.nrrd"


CONTAINERS = (
    Container("NPY", "numpy", npy, tells_size=False),
    Container("NPZ", "numpy", npz, tells_size=False),
    Container("OME-TIFF", "tifffile", ome_tiff),
    Container("BigTIFF, tiled, zlib", "tifffile", big_tiff),
    Container("TIFF, LZW", "Pillow", pillow_tiff, tells_size=False),
    Container("sections, PNG", "Pillow", png_sections, tells_size=False),
    Container("NIfTI, gzip", "nibabel", nifti, tells_size=False),
    Container("OME-Zarr 0.4", "tensorstore", ome_zarr_04),
    Container("OME-Zarr 0.5", "tensorstore", ome_zarr_05),
    Container("Zarr 2, funlib", "zarr", plain_zarr),
    Container("N5", "by hand", n5),
    Container("precomputed", "by hand", precomputed),
    Container("HDF5, CREMI", "h5py", cremi),
    Container("HDF5, ilastik", "h5py", ilastik, tells_size=False),
    Container("HDF5, MitoEM", "h5py", mito_em, tells_size=False),
    Container("Imaris", "h5py", imaris),
    Container("MRC", "by hand", mrc),
    Container("NRRD, gzip", "by hand", nrrd),
)
