"""What is in mesh files: OFF, OBJ, PLY and STL as programs really write them.

A surface here is its vertices and triangles, nothing else: colours, normals, texture coordinates,
materials and groups are passed over, and a vertex stays one vertex whatever hangs on it. Polygons
of more corners are cut into triangles. Nothing is allocated that the file is not long enough for.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.mesh_io.ply import ply_elements
from napari_3dmsl.mesh_io.polygons import check_corners, cut_polygons, triangles_of
from napari_3dmsl.mesh_io.repair import merge_equal_vertices
from napari_3dmsl.mesh_io.text_numbers import numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MESH_SUFFIXES = (".off", ".ply", ".stl", ".obj")
LARGEST_MESH_FILE = 2**30
"""In bytes: some 20 million triangles, which take a few GB of memory."""

Surface = tuple["NDArray[np.float64]", "NDArray[np.int64]"]
"""Vertices (N, 3) as in the file, (x, y, z), and triangles (m, 3)."""

_OFF_HEADER = re.compile(rb"\s*((?:ST|C|N|4)*OFF)\b(\s+BINARY)?\s+|\s*(?=\d)", re.IGNORECASE)
_OFF_COUNTS = re.compile(rb"(\d{1,12})\s+(\d{1,12})(?:[ \t]+\d+)?[ \t]*\n")
_COMMENT = re.compile(rb"#[^\n]*")
_STL_NAME = re.compile(rb"^\s*(?:end)?solid\b[^\n]*?(?=\n|\bfacet\s+normal\b|\Z)", re.MULTILINE)
_STL_VERTEX = re.compile(rb"\bvertex\s+(\S+)\s+(\S+)\s+(\S+)")
_STL_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_OBJ_COLUMNS = {3, 4, 6, 7}  # x y z, each with or without a weight and a colour


def parse_mesh(data: bytes, suffix: str) -> Surface:
    """Return the surface in the content of a mesh file.

    Parameters
    ----------
    data
        The whole file.
    suffix
        One of `MESH_SUFFIXES`.

    Raises
    ------
    ValueError
        When it is damaged, truncated, binary where only text is read, or has no faces; other
        errors where a parser meets what nobody thought of: see `napari_3dmsl.reading`.
    """
    vertices, faces = _PARSERS[suffix](data.removeprefix(codecs.BOM_UTF8))
    if len(faces) == 0 or len(vertices) == 0:
        raise ValueError("no faces; a surface is needed, not points")
    if not np.isfinite(vertices).all():
        raise ValueError("vertices that are not finite numbers")
    check_corners(faces, len(vertices))
    return vertices, faces


def parse_off(data: bytes) -> Surface:
    """Return the surface of an OFF file: OFF, COFF, NOFF, STOFF, also without the word.

    Parameters
    ----------
    data
        The whole file.

    Raises
    ------
    ValueError
        When it is damaged or binary, or of four dimensions.
    """
    data = _plain_lines(data)
    header = _OFF_HEADER.match(data)
    if header is None:
        raise ValueError("not an OFF file: it should begin with OFF and the counts")
    word = header[1] or b""
    if header[2] or b"4" in word or word.endswith(b"nOFF"):  # NOFF and noff have normals
        raise ValueError("a binary OFF file, or one of four dimensions: save it as plain OFF text")
    counts = _OFF_COUNTS.match(data, header.end())
    if counts is None:
        raise ValueError("not an OFF file: it should begin with OFF and the counts")
    vertex_count, face_count = int(counts[1]), int(counts[2])
    if vertex_count == 0 or face_count == 0:
        raise ValueError("no faces; empty, or points; a surface is needed")
    body = data[counts.end() :]
    if len(body) < 6 * vertex_count + 4 * face_count - 2:
        raise ValueError(
            f"truncated or empty: {vertex_count} vertices and {face_count} faces in "
            f"{len(data)} bytes"
        )
    split = _end_of_line(body, vertex_count)
    points = _points(body[:split], vertex_count)
    return points, _off_faces(body[split:], face_count, points)


def _plain_lines(data: bytes) -> bytes:
    """Return text without comments, its lines apart by what Unix has between them."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _COMMENT.sub(b"", data) if b"#" in data else data


def _points(text: bytes, count: int) -> NDArray[np.float64]:
    """Return x, y and z of vertices, each on a line with whatever else hangs on it."""
    values = numbers(text, np.float64, "vertices")
    if len(values) != 3 * count:
        columns = {len(line.split()) for line in text.splitlines() if line.strip()}
        if len(columns) != 1 or min(columns) < 3 or len(values) != min(columns) * count:
            raise ValueError(f"expected {count} vertices of three finite numbers each")
    if not np.isfinite(values).all():
        raise ValueError(f"expected {count} vertices of three finite numbers each")
    points: NDArray[np.float64] = values.reshape(count, -1)[:, :3]
    return points


def _off_faces(text: bytes, count: int, points: NDArray[np.float64]) -> NDArray[np.int64]:
    if not text.translate(None, b"0123456789 \n\t"):  # whole numbers only: no colours
        values = numbers(text, np.int64, "faces")
        if len(values) == 4 * count and (values[::4] == 3).all():
            triangles: NDArray[np.int64] = values.reshape(count, 4)[:, 1:]
            return triangles
    lines = [line for line in text.splitlines() if line and not line.isspace()]
    problem = f"expected {count} faces, triangles or polygons: the number of corners, then those"
    if len(lines) < count:
        raise ValueError(problem)
    if len(lines) > count:
        raise ValueError(f"more lines than the {count} faces that it tells of: export it again")
    polygons = []
    for line in lines:  # colours may follow
        cells = line.split()
        corners = _whole(cells[0])
        if len(cells) <= corners:
            raise ValueError(problem)
        polygons.append([_whole(cell) for cell in cells[1 : corners + 1]])
    return triangles_of(polygons, points)


def parse_obj(data: bytes) -> Surface:
    """Return the surface of a Wavefront OBJ file: its lines ``v`` and ``f``.

    Parameters
    ----------
    data
        The whole file.

    Raises
    ------
    ValueError
        When a vertex has not three numbers, or a face no whole ones.
    """
    rows: list[list[bytes]] = []
    polygons: list[list[int]] = []
    # Comments go first: one that ends with a backslash does not go on.
    for line in _plain_lines(data).replace(b"\\\n", b" ").splitlines():
        word, *cells = line.split() or [b""]
        if word == b"v":
            if len(cells) not in _OBJ_COLUMNS:
                raise ValueError(
                    f"vertex {len(rows) + 1} has {len(cells)} numbers; three are needed: x, y, z"
                )
            rows.append(cells[:3])
        elif word in (b"f", b"fo"):
            corners = [_whole(cell.partition(b"/")[0]) for cell in cells]
            if 0 in corners:
                raise ValueError("a face that names vertex 0; they are counted from 1")
            # Below 0 it is counted backwards from the vertices so far.
            polygons.append([i - 1 if i > 0 else len(rows) + i for i in corners])
    if not rows:
        raise ValueError("no vertices, so no faces")
    text = b"\n".join(b" ".join(row) for row in rows)
    points = _points(text, len(rows))
    return points, triangles_of(polygons, points)


def parse_stl(data: bytes) -> Surface:
    """Return the surface of an STL file, binary or text, with shared corners found again.

    Parameters
    ----------
    data
        The whole file.

    Raises
    ------
    ValueError
        When it is truncated or no STL file.
    """
    count = int.from_bytes(data[80:84], "little") if len(data) >= 84 else 0
    behind = len(data) - (84 + _STL_RECORD.itemsize * count)
    text = data[:80].lstrip().lower().startswith(b"solid") and b"vertex" in data.lower()
    if behind == 0 or (not text and count and behind > 0):
        if behind and behind % _STL_RECORD.itemsize == 0:  # some programs leave a note, not this
            more = behind // _STL_RECORD.itemsize
            raise ValueError(
                f"it tells of {count} triangles and holds {count + more}: export it again"
            )
        records = np.frombuffer(data, _STL_RECORD, count, 84)
        corners = records["corners"].astype(np.float64).reshape(-1, 3)
    elif text:
        corners = _stl_text(data)
    else:
        claimed = f", it tells of {count} triangles" if len(data) >= 84 else ""
        raise ValueError(f"truncated, or no STL file: {len(data)} bytes{claimed}")
    if not np.isfinite(corners).all():
        raise ValueError("vertices that are not finite numbers")
    return merge_equal_vertices(corners, np.arange(len(corners)).reshape(-1, 3))


def _stl_text(data: bytes) -> NDArray[np.float64]:
    """Return the corners (3 m, 3) of the facets of a text."""
    text = _STL_NAME.sub(b"", _plain_lines(data).lower())  # a name may hold any word
    *facets, rest = text.split(b"endloop")
    for number, facet in enumerate(facets, 1):
        if (count := facet.count(b"vertex")) != 3:
            raise ValueError(
                f"facet {number} has {count} vertices; three are needed: save it as triangles"
            )
    if b"vertex" in rest or b"endsolid" not in data[-4096:].lower():
        raise ValueError("truncated: the last triangle is not whole")
    found = _STL_VERTEX.findall(text)
    joined = b"\n".join(b" ".join(corner) for corner in found)
    return _points(joined, 3 * len(facets)) if facets else np.zeros((0, 3))


def parse_ply(data: bytes) -> Surface:
    """Return the surface of a PLY file: text, or binary of either byte order.

    Parameters
    ----------
    data
        The whole file.

    Raises
    ------
    ValueError
        When it is truncated or has no vertices or faces.
    """
    elements = ply_elements(data, {"vertex", "face"})
    vertex, face = elements.get("vertex", {}), elements.get("face", {})
    if missing := [axis for axis in "xyz" if axis not in vertex]:
        raise ValueError(f"vertices without {', '.join(missing)}")
    corners = face.get("vertex_indices", face.get("vertex_index"))
    if corners is None:
        raise ValueError("no faces; a surface is needed, not points or strips")
    points = np.stack([np.asarray(vertex[axis], dtype=np.float64) for axis in "xyz"], axis=1)
    if isinstance(corners, list):
        return points, triangles_of(corners, points)
    return points, cut_polygons(corners.astype(np.int64), points)


def _whole(cell: bytes) -> int:
    try:
        if len(cell) <= 12:
            return int(cell)
    except ValueError:
        pass
    raise ValueError(f"{cell[:20].decode('latin-1')!r}: no number of a vertex")


def _end_of_line(text: bytes, number: int) -> int:
    """Return where line ``number`` (from 1) of those that hold something ends."""
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
    if len(ends) >= number and not text[: int(ends[number - 1])].isspace():
        end = int(ends[number - 1])
        if b"\n\n" not in text[:end] and text[:1] != b"\n":
            return end
    lines = re.finditer(rb"[^\n]*\S[^\n]*(?:\n|$)", text)  # empty lines between: count the slow way
    return next((line.end() for i, line in enumerate(lines, 1) if i == number), len(text))


_PARSERS: dict[str, Callable[[bytes], Surface]] = {
    ".off": parse_off,
    ".obj": parse_obj,
    ".stl": parse_stl,
    ".ply": parse_ply,
}
