"""Watertight surfaces in world µm, from masks and from mesh files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.geometry.triangles import triangle_areas, triangle_normals
from napari_3dmsl.mesh_io.mesh_files import LARGEST_MESH_FILE, MESH_SUFFIXES, parse_mesh
from napari_3dmsl.mesh_io.repair import repair
from napari_3dmsl.reading import reading
from napari_3dmsl.shapes.distance import distance_to_mesh
from napari_3dmsl.shapes.smoothed_mask import SmoothedMask, level_triangles, smooth_mask
from napari_3dmsl.writing import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["MESH_SUFFIXES", "Mesh", "decimate", "doubtful_size", "merge_meshes", "mesh_from_field"]
__all__ += ["mesh_from_mask", "read_mesh", "surface_distance", "write_mesh"]

LARGEST_EXTENT_UM = 1000.0
"""Of a surface along an axis: ten times the cells that electron microscopes image whole."""

USUAL_LENGTH_UM = (0.1, 30.0)
"""Of a mitochondrion; longer ones are called nano-tunnels. Others get a warning, no refusal."""

FARTHEST_UM = 1e5
"""Of a vertex from the origin: ten centimetres, a whole brain."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh.

    Attributes
    ----------
    vertices
        (N, 3) float64, world µm (z, y, x).
    faces
        (F, 3) int32. Wound so that a closed mesh has a positive signed volume when the columns
        are taken in the order (z, y, x).
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int32]

    @cached_property
    def area_um2(self) -> float:
        """Surface area in µm²."""
        return float(triangle_areas(self.vertices.take(self.faces, axis=0)).sum())

    @cached_property
    def volume_um3(self) -> float:
        """Signed volume in µm³ (divergence theorem); positive when the normals point outward."""
        # Relative to the mean: far from the origin the volume would lose digits.
        corners = (self.vertices - self.vertices.mean(axis=0)).take(self.faces, axis=0)
        return float(np.einsum("ij,ij->", corners[:, 0], triangle_normals(corners)) / 6)

    @cached_property
    def is_watertight(self) -> bool:
        """Whether every edge belongs to exactly two faces that run along it in both directions."""
        start = self.faces.ravel().astype(np.int64)
        end = np.roll(self.faces, -1, axis=1).ravel().astype(np.int64)
        forward, backward = start << 32 | end, end << 32 | start
        forward.sort()
        backward.sort()
        unique = bool((np.diff(forward) > 0).all())
        return len(self.faces) > 0 and unique and bool((forward == backward).all())

    @cached_property
    def bounds_um(self) -> NDArray[np.float64]:
        """(2, 3): lowest and highest corner (z, y, x) in µm."""
        return np.array([self.vertices.min(axis=0), self.vertices.max(axis=0)])


def mesh_from_mask(
    mask: NDArray[np.bool_],
    voxel_nm: Sequence[float],
    origin_voxel: Sequence[float] = (0.0, 0.0, 0.0),
) -> Mesh:
    """Return the closed surface of a mask.

    Parameters
    ----------
    mask
        (Z, Y, X) bool; padded here, so it may touch its own sides.
    voxel_nm
        Voxel size (z, y, x) in nm.
    origin_voxel
        Index (z, y, x) of the mask's first voxel in the volume. The centre of voxel i lies at
        i times the voxel size, as in a napari layer with that scale.

    Raises
    ------
    ValueError
        When the mask is not 3D or empty.
    """
    return mesh_from_field(smooth_mask(mask, voxel_nm, origin_voxel))


def mesh_from_field(field: SmoothedMask) -> Mesh:
    """Return the surface ``values = level`` of a smoothed mask by marching cubes.

    Parameters
    ----------
    field
        As from `smooth_mask`.
    """
    vertices, faces = level_triangles(field.values, field.level)
    # Voxels are lengths in double precision, as in scikit-image.
    return Mesh(vertices * np.array(field.voxel_um) + field.origin_um, faces.astype(np.int32))


def read_mesh(path: str | Path, unit_um: float = 1.0) -> Mesh:
    """Read a triangle mesh from an ``.off``, ``.ply``, ``.stl`` or ``.obj`` file.

    Polygons become triangles. Vertices that the format or the program split are merged where that
    closes the surface, and a closed surface looks outward, see `napari_3dmsl.mesh_io.repair`.

    Parameters
    ----------
    path
        The file; its coordinates are (x, y, z).
    unit_um
        Length of the file's unit in µm; 0.024 for the released 3DMSL meshes.

    Raises
    ------
    ValueError
        One line, when the file is missing, no mesh, has no faces, or is larger than any specimen.
    """
    path = Path(path)
    _check_suffix(path)
    _check_unit(unit_um)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    if (length := path.stat().st_size) > LARGEST_MESH_FILE:
        raise ValueError(
            f"{path}: {length >> 20} MiB; mesh files of up to {LARGEST_MESH_FILE >> 20} MiB are "
            "read: make it lighter, or cut it into its bodies"
        )
    with reading(path, "cannot read this mesh file"):
        vertices, faces = parse_mesh(path.read_bytes(), path.suffix.lower())
        # (z, y, x), and wound the other way round, so that it still looks outward.
        vertices, faces = repair(vertices[:, ::-1] * unit_um, faces[:, ::-1])
        check_lengths(vertices, unit_um)
    return Mesh(np.ascontiguousarray(vertices), np.ascontiguousarray(faces, dtype=np.int32))


def doubtful_size(mesh: Mesh, unit_nm: float) -> list[str]:
    """Return a warning where a mesh has the size of no mitochondrion: its unit may be wrong.

    Parameters
    ----------
    mesh
        As read.
    unit_nm
        Length of the file's unit that it was read with.
    """
    longest = float(np.ptp(mesh.bounds_um, axis=0).max())
    low, high = USUAL_LENGTH_UM
    if low <= longest <= high:
        return []
    size = f"{longest:.4g} µm" if longest >= 0.01 else f"{longest * 1000:.4g} nm"
    return [
        f"{size} long, when mitochondria are {low:g} to {high:g} µm: is the file's unit really "
        f"{unit_nm:g} nm?"
    ]


def write_mesh(mesh: Mesh, path: str | Path, unit_um: float = 1.0) -> None:
    """Write a mesh as ``.off``, ``.ply``, ``.stl`` or ``.obj``, in (x, y, z), whole or not at all.

    Parameters
    ----------
    mesh
        World µm (z, y, x); the winding is turned with the axes, so that other programs see
        outward normals.
    path
        The file; an existing one is replaced.
    unit_um
        Length of the file's unit in µm.

    Raises
    ------
    ValueError
        When the ending is of another kind or the unit is not a positive number.
    OSError
        When the file cannot be written.
    """
    import trimesh

    path = Path(path)
    _check_suffix(path)
    _check_unit(unit_um)
    turned = trimesh.Trimesh(
        mesh.vertices[:, ::-1] / unit_um, mesh.faces[:, ::-1], process=False, validate=False
    )
    content: Any = turned.export(file_type=path.suffix[1:].lower())
    with whole_file(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode())


def decimate(mesh: Mesh, target_faces: int, max_distance_um: float | None = None) -> Mesh:
    """Return a lighter mesh of about ``target_faces`` triangles for display.

    At a tenth of the faces the area changes by 0.1 % and the volume by 0.3 %. A mesh that is
    light enough is returned as it is.

    Parameters
    ----------
    mesh
        The mesh.
    target_faces
        Number of triangles, at least 4.
    max_distance_um
        Bound on the distance between the two surfaces, measured both ways from the vertices.
        Where it would be broken more triangles are kept, in the end all of them.

    Raises
    ------
    ValueError
        When fewer than 4 faces are asked for (nothing closed has less), or a bound below 0.
    """
    if target_faces < 4:
        raise ValueError(f"target_faces = {target_faces}: at least 4, a tetrahedron")
    if max_distance_um is not None and not max_distance_um >= 0:
        raise ValueError(f"max_distance_um = {max_distance_um}: expected 0 or more, in µm")
    while target_faces < len(mesh.faces):
        lighter = _simplified(mesh, target_faces)
        if max_distance_um is None or surface_distance(mesh, lighter) <= max_distance_um:
            return lighter
        target_faces *= 2
    return mesh


def _simplified(mesh: Mesh, target_faces: int) -> Mesh:
    import fast_simplification

    origin = mesh.vertices.mean(axis=0)  # single precision inside
    vertices, faces = fast_simplification.simplify(
        mesh.vertices - origin, mesh.faces, target_count=target_faces
    )
    return Mesh(np.asarray(vertices, dtype=np.float64) + origin, np.asarray(faces, dtype=np.int32))


def surface_distance(first: Mesh, second: Mesh) -> float:
    """Return the largest distance in µm from a vertex of either mesh to the other's surface.

    Parameters
    ----------
    first, second
        In the same frame.
    """
    return max(
        float(distance_to_mesh(first.vertices, second.vertices, second.faces).max()),
        float(distance_to_mesh(second.vertices, first.vertices, first.faces).max()),
    )


def merge_meshes(meshes: Sequence[Mesh]) -> Mesh:
    """Return one mesh with the vertices and faces of all, in their order.

    Parameters
    ----------
    meshes
        At least one.

    Raises
    ------
    ValueError
        When there is no mesh to merge.
    """
    if not meshes:
        raise ValueError("no meshes to merge")
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    faces = [mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=True)]
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate(faces).astype(np.int32),
    )


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise ValueError(f"{path}: not a mesh file; expected {', '.join(MESH_SUFFIXES)}")


def check_lengths(vertices: NDArray[np.float64], unit_um: float) -> None:
    """Refuse vertices in µm that no specimen has; see `LARGEST_EXTENT_UM` and `FARTHEST_UM`.

    Parameters
    ----------
    vertices
        (N, 3) in µm.
    unit_um
        Length of the file's unit, which the message names.

    Raises
    ------
    ValueError
        When they lie too far apart or from the origin.
    """
    if len(vertices) == 0:
        raise ValueError("no faces; a surface is needed, not points")
    extent = float(np.ptp(vertices, axis=0).max())
    farthest = float(np.abs(vertices).max())
    unit = f"with its unit taken as {unit_um * 1000:g} nm"
    if not extent <= LARGEST_EXTENT_UM:
        raise ValueError(
            f"{extent:.4g} µm long {unit}; at most {LARGEST_EXTENT_UM:g} µm: is the unit another "
            "one, or a number damaged?"
        )
    if not farthest <= FARTHEST_UM:
        raise ValueError(
            f"{farthest:.4g} µm from the origin {unit}; at most {FARTHEST_UM:g} µm: is the unit "
            "another one, or a number damaged?"
        )


def _check_unit(unit_um: float) -> None:
    if not 0 < unit_um < np.inf:
        raise ValueError(f"unit_um = {unit_um}: expected a length above 0 in µm")
