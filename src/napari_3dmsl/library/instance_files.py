"""The files of one 3DMSL instance: their names, and what is in them.

Files are (x, y, z) in mesh units; everything outside of this module is (z, y, x) in µm.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.mesh_io.mesh_files import parse_mesh
from napari_3dmsl.mesh_io.number_text import decimal_rows, integer_rows
from napari_3dmsl.mesh_io.text_numbers import numbers
from napari_3dmsl.reading import reading
from napari_3dmsl.settings import shown
from napari_3dmsl.shapes.mesh import Mesh, check_lengths
from napari_3dmsl.shapes.sampling import Occupancies, PointCloud, UnitCube

if TYPE_CHECKING:
    from numpy.typing import NDArray

MESH_FILE = "raw_mesh.off"
CLOUD_FILE = "pointcloud.ply"
OCCUPANCY_FILE = "occupancies.npz"
TABLE_FILE = "meta_locations.csv"
LIBRARY_FILE = "library.json"
LOCK_FILE = "recipe.lock"
"""Beside the index of an image set, which may be a library, too: what it was made with."""
# Twelve times the largest file of the release. What claims to be larger is refused unread.
LARGEST_FILE = 256 * 2**20

FARTHEST_CUBES = 1e4
"""Sides of their unit cube that points may be away from its middle; noise reaches 10."""

_PLY_ELEMENT = re.compile(r"element\s+vertex\s+(\d{1,12})")
_PLY_PROPERTY = re.compile(r"property\s+\w+\s+(\w+)")
_ARRAYS = {"points", "occupancies", "loc", "scale"}
_IMAGE = re.compile(r"(?P<set>[\w-]+)_imgs/(?:N_)?0_\d+_(?P<view>[a-z]?\d+)\.tiff?", re.IGNORECASE)


def image_file(shape_id: int, image_set: str, view: str, repeat: int = 0) -> str:
    """Return the released name of an image, such as ``Conf1_imgs/N_0_920_x90.tif``.

    Parameters
    ----------
    shape_id
        Id of the instance.
    image_set
        ``Conf1``, ``Conf2``, ``Epi1``, or another name; only those of Conf1 begin with ``N_``.
    view
        ``0``, ``x90``, ``x180``, ``y90``, ``y180`` or ``z90``.
    repeat
        0 in all released names.
    """
    mark = "N_" if image_set == "Conf1" else ""
    return f"{image_set}_imgs/{mark}{repeat}_{shape_id}_{view}.tif"


def image_key(name: str) -> tuple[str, str] | None:
    """Return set and view of an image's name, with or without ``N_``; None for other files.

    Parameters
    ----------
    name
        Of a file, without its folder.
    """
    match = _IMAGE.fullmatch(name)
    return (match["set"], match["view"]) if match else None


def mesh_from_off(data: bytes, unit_um: float, where: str) -> Mesh:
    """Read the surface of an ``.off`` file.

    Parameters
    ----------
    data
        The whole file.
    unit_um
        Length of its unit in µm.
    where
        Its name, for errors.

    Raises
    ------
    ValueError
        When it is damaged or holds no surface.
    """
    with reading(where, "cannot read this mesh"):
        vertices, corners = parse_mesh(data, ".off")
        vertices = np.ascontiguousarray(vertices[:, ::-1]) * unit_um
        check_lengths(vertices, unit_um)
        return Mesh(vertices, np.ascontiguousarray(corners[:, ::-1], dtype=np.int32))


def off_from_mesh(mesh: Mesh, unit_um: float) -> bytes:
    """Return a mesh as ``.off`` file, the winding turned with the axes.

    Parameters
    ----------
    mesh
        In µm, (z, y, x).
    unit_um
        Length of the file's unit.
    """
    head = f"OFF\n{len(mesh.vertices)} {len(mesh.faces)} 0\n".encode()
    vertices = decimal_rows(mesh.vertices[:, ::-1] / unit_um, 9)
    return head + vertices + integer_rows(mesh.faces[:, ::-1], "3 ")


def cloud_from_ply(data: bytes, cube: UnitCube, where: str) -> PointCloud:
    """Read points and normals from an ASCII ``.ply`` file in the frame of a unit cube.

    Parameters
    ----------
    data
        The whole file.
    cube
        Frame of the points.
    where
        What the message calls the file.

    Raises
    ------
    ValueError
        When it is damaged, binary, or has other columns than x, y, z, nx, ny, nz.
    """
    head, mark, body = data.partition(b"end_header")
    text = head.decode("latin-1")
    count = _PLY_ELEMENT.search(text)
    names = _PLY_PROPERTY.findall(text)
    if not mark or not text.lstrip().startswith("ply") or "format ascii" not in text or not count:
        raise ValueError(f"{where}: not an ASCII PLY file of vertices")
    if names != ["x", "y", "z", "nx", "ny", "nz"]:
        raise ValueError(
            f"{where}: expected the columns x y z nx ny nz, found {shown(' '.join(names))}"
        )
    with reading(where, "cannot read this point cloud"):
        values = numbers(body, np.float64, "points")
    if len(values) != 6 * int(count[1]) or not np.isfinite(values).all():
        raise ValueError(f"{where}: expected {count[1]} points of six finite numbers each")
    if np.abs(values).max(initial=0.0) > FARTHEST_CUBES:
        raise ValueError(f"{where}: points or normals that are far out of their unit cube")
    rows = values.reshape(-1, 6).astype(np.float32)
    return PointCloud(rows[:, 2::-1].copy(), rows[:, :2:-1].copy(), cube)


def ply_from_cloud(cloud: PointCloud) -> bytes:
    """Return points and normals as ASCII ``.ply`` file, with the columns of the release.

    Parameters
    ----------
    cloud
        In the frame of its unit cube.
    """
    properties = "".join(f"property float {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz"))
    rows = np.hstack([cloud.points[:, ::-1], cloud.normals[:, ::-1]])
    head = f"ply\nformat ascii 1.0\nelement vertex {len(rows)}\n{properties}end_header\n"
    return head.encode() + decimal_rows(rows, 6)


def occupancies_from_npz(data: bytes, unit_um: float, where: str) -> Occupancies:
    """Read ``occupancies.npz``: points, packed bits (or plain ones), ``loc`` and ``scale``.

    Parameters
    ----------
    data
        The whole file.
    unit_um
        Length of the unit of ``loc`` and ``scale``.
    where
        What the message calls the file.

    Raises
    ------
    ValueError
        When it is damaged, pickled, too large, or an array is missing or of another shape.
    """
    arrays = _read_npz(data, where)
    if missing := _ARRAYS - set(arrays):
        raise ValueError(f"{where}: no array {', '.join(sorted(missing))}")
    points, bits, loc, scale = (arrays[n] for n in ("points", "occupancies", "loc", "scale"))
    shapes = f"points {points.shape}, occupancies {bits.shape}, loc {loc.shape}"
    if points.ndim != 2 or points.shape[1] != 3 or loc.shape != (3,) or scale.size != 1:
        raise ValueError(f"{where}: arrays of a wrong shape: {shapes}, scale {scale.shape}")
    if bits.dtype == np.uint8 and bits.shape == (-(-len(points) // 8),):
        inside = np.unpackbits(bits)[: len(points)].astype(bool)
    elif bits.shape == (len(points),):
        inside = bits.astype(bool)
    else:
        raise ValueError(f"{where}: occupancies that are not one bit a point: {shapes}")
    numbers = np.concatenate([points.ravel(), loc, scale.ravel()]).astype(np.float64)
    if not np.isfinite(numbers).all() or not numbers[-1] > 0:
        raise ValueError(f"{where}: points, loc or scale that are no finite numbers above 0")
    with reading(where, "damaged"):
        check_lengths((numbers[-4:-1] * unit_um)[None], unit_um)
    if np.abs(points).max(initial=0.0) > FARTHEST_CUBES:
        raise ValueError(f"{where}: points that are far out of their unit cube")
    cube = UnitCube(loc.astype(np.float64)[::-1] * unit_um, float(scale) * unit_um)
    return Occupancies(points[:, ::-1].astype(np.float16), inside, cube)


def npz_from_occupancies(occupancies: Occupancies, unit_um: float) -> bytes:
    """Return occupancies as ``.npz`` file with the arrays of the release.

    Parameters
    ----------
    occupancies
        In the frame of their unit cube.
    unit_um
        Length of the unit of ``loc`` and ``scale``.
    """
    buffer = io.BytesIO()
    np.savez(
        buffer,
        points=np.ascontiguousarray(occupancies.points[:, ::-1]),
        occupancies=occupancies.packed,
        loc=occupancies.cube.loc_um[::-1] / unit_um,
        scale=np.float64(occupancies.cube.scale_um / unit_um),
    )
    return buffer.getvalue()


def _read_npz(data: bytes, where: str) -> dict[str, NDArray[Any]]:
    with reading(where, "damaged"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > LARGEST_FILE:
            raise ValueError(f"arrays of more than {LARGEST_FILE >> 20} MiB")
        wanted = [m for m in members if m.filename.removesuffix(".npy") in _ARRAYS]
        return {m.filename.removesuffix(".npy"): _read_npy(archive.read(m)) for m in wanted}


def _read_npy(data: bytes) -> NDArray[Any]:
    """Read an array of numbers; one of objects would be a pickle, which can run code."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version not in {(1, 0), (2, 0)}:
        raise ValueError(f"an array in format {version}")
    first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if dtype.kind not in "biuf":
        raise ValueError(f"an array of {dtype}, not of numbers")
    count = math.prod(shape)
    if count * dtype.itemsize != len(data) - stream.tell():
        raise ValueError(f"an array that is not as long as its shape {shape} says")
    values = np.frombuffer(data, dtype, count, stream.tell())
    return values.reshape(shape, order="F" if fortran else "C")
