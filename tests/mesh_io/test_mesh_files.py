"""Mesh files as programs write them: each spelling of a box is that box, closed."""

from __future__ import annotations

import codecs
import itertools
import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh
from refusals import refusal

from napari_3dmsl.mesh_io.polygons import triangles_of
from napari_3dmsl.shapes.mesh import Mesh, merge_meshes, read_mesh, write_mesh

SIDES = (2.0, 3.0, 5.0)  # x, y, z
VOLUME = 30.0
CORNERS = np.array(list(itertools.product(*((0.0, side) for side in SIDES))))
QUADS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
TRIANGLES = [t for a, b, c, d in QUADS for t in ((a, b, c), (a, c, d))]


def lines(rows, form="{}"):
    return "".join(" ".join(form.format(value) for value in row) + "\n" for row in rows)


def off(head="OFF\n", vertex_tail="", face_tail="", faces=QUADS):
    vertices = "".join(f"{x:g} {y:g} {z:g}{vertex_tail}\n" for x, y, z in CORNERS)
    body = "".join(f"{len(f)} {' '.join(map(str, f))}{face_tail}\n" for f in faces)
    return f"{head}8 {len(faces)} 12\n{vertices}{body}"


OFF_FILES = {
    "quads": off(),
    "triangles": off(faces=TRIANGLES),
    "counts on the first line": off("OFF "),
    "no word at all": off(""),
    "comments": off("OFF # a box\n# by hand\n\n", "  # a corner"),
    "windows": off().replace("\n", "\r\n"),
    "coloured vertices": off("COFF\n", " 0.1 0.2 0.3 1"),
    "normals": off("NOFF\n", " 0 0 1"),
    "texture": off("STOFF\n", " 0 1"),
    "all of them": off("STCNOFF\n", " 0 0 1 255 0 0 255 0 1"),
    "coloured faces": off(face_tail=" 255 0 0"),
    "coloured triangles": off(face_tail=" 0.5 0.5 0.5", faces=TRIANGLES),
    "no edges told": off().replace("8 6 12", "8 6"),
    "no last end of line": off().rstrip("\n"),
    "byte order mark": "\ufeff" + off(),
    "byte order mark, no word": "\ufeff" + off(""),
    "old Macintosh": off(vertex_tail="  # a corner").replace("\n", "\r"),
    "small letters": off("off\n"),
    "small letters, normals": off("noff\n", " 0 0 1"),
}


def obj(corner="{v}", faces=QUADS, before="", vertex="v"):
    vertices = "".join(f"{vertex} {x:g} {y:g} {z:g}\n" for x, y, z in CORNERS)
    texture = "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    normals = "vn 1 0 0\nvn 0 1 0\nvn 0 0 1\nvn -1 0 0\nvn 0 -1 0\nvn 0 0 -1\n"
    body = ""
    for number, face in enumerate(faces):
        told = (corner.format(v=v + 1, t=k % 4 + 1, n=number % 6 + 1) for k, v in enumerate(face))
        body += f"f {' '.join(told)}\n"
    return before + vertices + texture + normals + body


OBJ_FILES = {
    "quads": obj(),
    "triangles": obj(faces=TRIANGLES),
    "normals": obj("{v}//{n}"),
    "texture": obj("{v}/{t}"),
    "both": obj("{v}/{t}/{n}"),
    "materials and groups": obj(
        "{v}/{t}/{n}", before="mtllib box.mtl\nusemtl red\no box\ng side\ns 1\n"
    ),
    "counted backwards": obj()
    .replace(
        obj().partition("f ")[2], lines([(v - 8 for v in f) for f in QUADS]).replace("\n", "\nf ")
    )
    .removesuffix("f "),
    "colours": "".join(
        f"{line} 0.5 0.5 0.5\n" if line.startswith("v ") else f"{line}\n"
        for line in obj().splitlines()
    ),
    "weights": "".join(
        f"{line} 1.0\n" if line.startswith("v ") else f"{line}\n" for line in obj().splitlines()
    ),
    "tabs": obj().replace(" ", "\t"),
    "indented": "  " + obj().replace("\n", "\n  "),
    "continued lines": obj().replace("f 1 2", "f 1 \\\n2"),
    "windows": obj().replace("\n", "\r\n"),
    "points and lines beside": obj() + "p 1\nl 1 2\n",
    "byte order mark": "\ufeff" + obj(),
    "byte order mark, comment": "\ufeff# by hand\n" + obj(),
    "comments behind": obj().replace("\n", " # 7 of 9\n"),
    "a comment with a backslash": f"# from C:\\meshes\\\n{obj()}",
    "old Macintosh": obj().replace("f 1 2", "f 1 \\\n2").replace("\n", "\r"),
    "a stray vertex": obj(before="").replace("vt 0 0", "v 900 900 900\nvt 0 0", 1),
}

PLY_HEADER = (
    "ply\nformat {form} 1.0\ncomment by hand\nobj_info x\nelement vertex 8\n"
    "property {real} x\nproperty {real} y\nproperty {real} z\n{more}"
    "element face {count}\nproperty list uchar {whole} {name}\n{beside}end_header\n"
)


def ply(form="ascii", faces=QUADS, real="float", whole="int", name="vertex_indices", extra=False):
    head = PLY_HEADER.format(
        form=form,
        real=real,
        whole=whole,
        name=name,
        count=len(faces),
        more="property uchar red\nproperty double quality\n" if extra else "",
        beside="property uchar flags\n" if extra else "",
    ).encode()
    rows = [[*corner, *([200, 0.5] if extra else [])] for corner in CORNERS]
    tails = [[len(face), *face, *([7] if extra else [])] for face in faces]
    if form == "ascii":
        return head + (lines(rows) + lines(tails)).encode()
    order = "<" if "little" in form else ">"
    reals = "fd"[real == "double"] * 3 + ("Bd" if extra else "")
    wholes = {"int": "i", "uint": "I", "ushort": "H", "uchar": "B"}[whole]
    body = b"".join(struct.pack(order + reals, *row) for row in rows)
    for face, tail in zip(faces, tails, strict=True):
        form_of = order + "B" + wholes * len(face) + ("B" if extra else "")
        body += struct.pack(form_of, *tail)
    return head + body


MIXED = [*QUADS[:3], *TRIANGLES[6:]]
PLY_FILES = {
    f"{form} {title}": ply(form, **options)
    for form in ("ascii", "binary_little_endian", "binary_big_endian")
    for title, options in {
        "quads": {},
        "triangles": {"faces": TRIANGLES},
        "quads and triangles": {"faces": MIXED},
        "double, uint": {"real": "double", "whole": "uint"},
        "other columns": {"extra": True},
        "other columns and lengths": {"extra": True, "faces": MIXED},
        "vertex_index": {"name": "vertex_index", "whole": "uchar"},
    }.items()
} | {
    "ascii windows": ply().replace(b"\n", b"\r\n"),
    "ascii old Macintosh": ply().replace(b"\n", b"\r"),
    "byte order mark": codecs.BOM_UTF8 + ply(),
}
for ends in (b"\r", b"\r\n"):  # the first byte of the first number is an end of line, too
    head, end, body = ply("binary_little_endian").partition(b"end_header\n")
    head = (head + end).replace(b"\n", ends)
    PLY_FILES[f"binary, header with {ends!r}"] = head + b"\x0a" + body[1:]


def stl_text(word="facet"):
    told = "solid box\n"
    for triangle in TRIANGLES:
        corners = "".join(f"vertex {lines([CORNERS[v]])}" for v in triangle)
        told += f"{word} normal 0 0 0\nouter loop\n{corners}endloop\nend{word}\n"
    return told + "endsolid box\n"


def stl_binary(title=b"", tail=b""):
    records = b"".join(
        struct.pack("<12fH", 0, 0, 0, *CORNERS[list(triangle)].ravel(), 0) for triangle in TRIANGLES
    )
    return title.ljust(80) + struct.pack("<I", len(TRIANGLES)) + records + tail


STL_FILES = {
    "text": stl_text(),
    "capitals": stl_text().upper(),
    "binary": stl_binary(),
    "binary that begins with solid": stl_binary(b"solid by some program"),
    "binary with a tail": stl_binary(tail=b"\0\0\0"),
    "byte order mark": "\ufeff" + stl_text(),
    "old Macintosh": stl_text().replace("\n", "\r"),
    "a name of all words": stl_text().replace("solid box", "solid facet vertex 1 2 3"),
    "minus zero": stl_text().replace("vertex 0.0 0.0", "vertex -0.0 0.0"),
}

FILES = [
    pytest.param(f"box{suffix}", content, id=f"{suffix[1:]}: {title}")
    for suffix, files in (
        (".off", OFF_FILES),
        (".obj", OBJ_FILES),
        (".ply", PLY_FILES),
        (".stl", STL_FILES),
    )
    for title, content in files.items()
]


@pytest.mark.parametrize(("name", "content"), FILES)
def test_every_spelling_of_a_box_is_that_box(tmp_path: Path, name: str, content: str | bytes):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    mesh = read_mesh(path)
    assert len(mesh.vertices) == 8
    assert len(mesh.faces) == 12
    assert mesh.is_watertight
    assert mesh.volume_um3 == pytest.approx(VOLUME)
    np.testing.assert_allclose(mesh.bounds_um, [(0, 0, 0), SIDES[::-1]])


def box(low, high, turned=False) -> Mesh:
    corners = np.array(list(itertools.product(*zip(low, high, strict=True))), float)
    faces = np.array(TRIANGLES, np.int32)
    return Mesh(corners, faces[:, ::-1] if turned else faces)


OUTER, CAVITY, BESIDE = ((0, 0, 0), (6, 6, 6)), ((2, 2, 2), (4, 4, 4)), ((10, 0, 0), (12, 2, 2))


@pytest.mark.parametrize("suffix", [".off", ".obj", ".ply", ".stl"])
@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize("beside", [False, True])
def test_closed_bodies_look_outward_and_cavities_inward(
    tmp_path: Path, suffix: str, outer: bool, beside: bool
) -> None:
    parts = [box(*OUTER, outer), box(*CAVITY, not outer), box(*BESIDE, beside)]
    path = tmp_path / f"bodies{suffix}"
    write_mesh(merge_meshes(parts), path)
    mesh = read_mesh(path)
    assert mesh.is_watertight
    assert mesh.volume_um3 == pytest.approx(6**3 - 2**3 + 2**3, rel=1e-6)


def test_faces_wound_at_random_are_turned_alike(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(3)
    turned = np.random.default_rng(5).random(len(ball.faces)) < 0.5
    faces = np.where(turned[:, None], ball.faces[:, ::-1], ball.faces)
    path = tmp_path / "mixed.ply"
    trimesh.Trimesh(ball.vertices, faces, process=False).export(path)
    mesh = read_mesh(path)
    assert mesh.is_watertight
    assert mesh.volume_um3 == pytest.approx(ball.volume, rel=1e-6)


def test_split_vertices_are_merged_where_that_closes_the_surface(tmp_path: Path) -> None:
    soup = CORNERS[np.array(TRIANGLES).ravel()]
    path = tmp_path / "soup.off"
    rows = np.arange(36).reshape(12, 3)
    noise = np.random.default_rng(2).uniform(-1e-7, 1e-7, soup.shape)
    for split in (soup, soup + noise):
        path.write_text(f"OFF\n36 12 0\n{lines(split)}{lines([(3, *row) for row in rows])}")
        mesh = read_mesh(path)
        assert mesh.is_watertight
        assert mesh.volume_um3 == pytest.approx(VOLUME, rel=1e-5)


def test_an_open_surface_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "open.off"
    path.write_text(off(faces=[face[::-1] for face in QUADS[1:]]))
    mesh = read_mesh(path)
    assert not mesh.is_watertight
    assert len(mesh.faces) == 10
    twice = np.concatenate([CORNERS, CORNERS])
    path.write_text(f"OFF\n16 1 0\n{lines(twice)}3 0 9 3\n")
    assert len(read_mesh(path).vertices) == 3


def test_faces_that_name_a_vertex_twice_are_no_hole(tmp_path: Path) -> None:
    path = tmp_path / "slivers.off"
    path.write_text(off(faces=[*TRIANGLES, (0, 0, 1), (3, 3, 3)]))
    mesh = read_mesh(path)
    assert len(mesh.faces) == 12
    assert mesh.is_watertight


def test_a_one_sided_surface_is_read_as_it_is(tmp_path: Path) -> None:
    # The projective plane with six vertices: closed, and nobody can tell its outside.
    faces = ["012", "023", "034", "045", "051", "124", "235", "341", "452", "513"]
    corners = np.random.default_rng(0).random((6, 3))
    path = tmp_path / "plane.off"
    path.write_text(f"OFF\n6 10 0\n{lines(corners)}{lines([('3', *face) for face in faces])}")
    mesh = read_mesh(path)
    assert len(mesh.faces) == 10
    assert not mesh.is_watertight


STAIRS = [(0, 0), (3, 0), (3, 1), (2, 1), (2, 2), (1, 2), (1, 3), (0, 3)]
U_SHAPE = [(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)]
HOLE = [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0), (1, 1), (1, 3), (3, 3), (3, 1), (1, 1)]
CONCAVE = {  # outline, its area and its length, worked by hand
    "chevron": ([(0, 0), (2, 4), (0, 3), (-2, 4)], 6.0, 2 * 20**0.5 + 2 * 5**0.5),
    "L": ([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)], 3.0, 8.0),
    "L with straight corners": (
        [(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2), (0, 1)],
        3.0,
        8.0,
    ),
    "stairs": (STAIRS, 6.0, 12.0),
    "U": (U_SHAPE, 7.0, 16.0),
}


def prism(outline, suffix: str) -> bytes:
    """Write a prism of height 1 over an outline."""
    count = len(outline)
    corners = [(x, y, z) for z in (0, 1) for x, y in outline]
    walls = [(i, (i + 1) % count, (i + 1) % count + count, i + count) for i in range(count)]
    faces = [tuple(range(count))[::-1], tuple(range(count, 2 * count)), *walls]
    if suffix == ".obj":
        rows = [("v", *corner) for corner in corners]
        return (lines(rows) + lines([("f", *(i + 1 for i in face)) for face in faces])).encode()
    rows = lines(corners) + lines([(len(face), *face) for face in faces])
    if suffix == ".off":
        return f"OFF\n{len(corners)} {len(faces)} 0\n{rows}".encode()
    head = PLY_HEADER.replace("vertex 8", f"vertex {len(corners)}").format(
        form="ascii", real="float", whole="int", name="vertex_index", more="", beside="",
        count=len(faces),
    )  # fmt: skip
    return (head + rows).encode()


@pytest.mark.parametrize("suffix", [".off", ".obj", ".ply"])
@pytest.mark.parametrize(("outline", "area", "length"), CONCAVE.values(), ids=CONCAVE)
def test_polygons_that_bend_inward_are_cut_inside_of_them(
    tmp_path: Path, outline: list[tuple[float, float]], area: float, length: float, suffix: str
) -> None:
    path = tmp_path / f"prism{suffix}"
    for first in range(len(outline)):  # wherever a program begins
        path.write_bytes(prism(outline[first:] + outline[:first], suffix))
        mesh = read_mesh(path)
        assert mesh.is_watertight
        assert mesh.volume_um3 == pytest.approx(area)
        assert mesh.area_um2 == pytest.approx(2 * area + length)


def test_polygons_lie_in_space_as_they_like_and_may_have_a_hole() -> None:
    rng = np.random.default_rng(8)
    for outline, area in [(c[0], c[1]) for c in CONCAVE.values()] + [(HOLE, 12.0)]:
        turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
        flat_points = np.column_stack([outline, np.zeros(len(outline))])
        points = 40 * flat_points @ turn + 1000
        triangles = triangles_of([range(len(points)), range(len(points))[::-1]], points)
        sheet = trimesh.Trimesh(points, triangles, process=False)
        assert sheet.area == pytest.approx(2 * 1600 * area)
        normals = np.cross(*(points[triangles[:, i]] - points[triangles[:, 0]] for i in (1, 2)))
        # Both ways round cancel: each triangle is wound as its polygon is.
        np.testing.assert_allclose(normals.sum(axis=0), 0, atol=1e-6)


def test_an_outline_drawn_at_random_is_covered_once() -> None:
    rng = np.random.default_rng(4)
    for count in (5, 8, 30, 200):
        angles = 2 * np.pi * (np.arange(count) + rng.uniform(0, 0.5, count)) / count
        radii = rng.uniform(0.2, 1, count)
        points = np.column_stack([radii * np.cos(angles), radii * np.sin(angles), 0 * radii])
        following = np.roll(points, -1, axis=0)
        area = 0.5 * np.cross(points, following)[:, 2].sum()  # the shoelace formula
        triangles = triangles_of([range(count)], points)
        assert len(triangles) == count - 2
        assert trimesh.Trimesh(points, triangles, process=False).area == pytest.approx(area)


def test_convex_polygons_are_fans_as_ever() -> None:
    angles = np.linspace(0, 2 * np.pi, 7, endpoint=False)
    points = np.column_stack([np.cos(angles), np.sin(angles), 0 * angles])
    assert triangles_of([range(7)], points).tolist() == [[0, i, i + 1] for i in range(1, 6)]
    square = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], float)
    assert triangles_of([(0, 1, 2, 2)], square).tolist() == [[0, 1, 2], [0, 2, 2]]


def flat(count: int, head: str = "OFF\n4 4 0\n") -> str:
    return f"{head}0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 {count}\n"


REFUSED = {
    "more vertices than the file": ("a.off", off("").replace("8 6", "80000000 6"), "truncated"),
    "more faces than the file": ("a.off", off("").replace("8 6", "8 999999999"), "truncated"),
    "a few faces more": ("a.off", off().replace("8 6", "8 7"), "expected 7 faces"),
    "counts of 400 digits": ("a.off", off().replace("8 6", "8" * 400 + " 6"), "counts"),
    "more corners than the line": ("a.off", off().replace("4 0 1", "999999999 0 1"), "corners"),
    "a huge index": ("a.off", flat(99999999999), "does not have"),
    "an index of 400 digits": ("a.obj", obj() + f"f 1 2 {'9' * 400}\n", "no number of a vertex"),
    "binary OFF": ("a.off", "OFF BINARY\n\0\0\0\x08", "binary OFF"),
    "OFF of four dimensions": ("a.off", off("4OFF\n", " 1"), "four dimensions"),
    "vertices of two numbers": ("a.obj", "v 0 0\nv 1 0\nv 0 1\nf 1 2 3\n", "vertex 1 has 2 numb"),
    "two numbers, OFF": ("a.off", "OFF\n3 1 0\n0 0\n1 0\n0 1\n3 0 1 2\n   \n", "three finite"),
    "vertex 0": ("a.obj", obj() + "f 0 1 2\n", "counted from 1"),
    "further back than the first": ("a.obj", obj() + "f -9 1 2\n", "does not have"),
    "an exponent too many": ("a.obj", obj().replace("v 2 3 5", "v 2e36 3 5"), "µm long"),
    "no number": ("a.obj", obj().replace("v 2 3 5", "v 2 3 nan"), "no number"),
    "endless": ("a.obj", obj().replace("v 2 3 5", "v 2 3 1e999"), "finite"),
    "PLY of many vertices": ("a.ply", ply().replace(b"vertex 8", b"vertex 99999999"), "truncated"),
    "binary of many": (
        "a.ply",
        ply("binary_little_endian").replace(b"vertex 8", b"vertex 99999999"),
        "truncated",
    ),
    "binary faces of many": (
        "a.ply",
        ply("binary_little_endian").replace(b"face 6", b"face 9999999"),
        "truncated",
    ),
    "no x": ("a.ply", ply().replace(b"float x", b"float u"), "without x"),
    "PLY without faces": ("a.ply", ply().replace(b"vertex_indices", b"strips"), "no faces"),
    "unknown format": ("a.ply", ply().replace(b"format ascii", b"format morse"), "none of PLY"),
    "cut binary STL": ("a.stl", stl_binary()[:-3], "12 triangles"),
    "STL of many triangles": ("a.stl", b"\0" * 80 + b"\xff\xff\xff\x7f", "2147483647 triangles"),
    "a quad in text STL": (
        "a.stl",
        stl_text().replace("endloop", "vertex 0 1 0\nendloop", 2).replace("vertex 0 1 0\n", "", 1),
        "facet 2 has 4 vertices",
    ),
    "a triangle more, STL": ("a.stl", stl_binary(tail=b"\0" * 50), "tells of 12 triangles and ho"),
    "a face more, OFF": ("a.off", off() + "3 0 1 2\n", "more lines than the 6 faces"),
    "a face more, PLY": ("a.ply", ply() + b"3 0 1 2\n", "more rows than"),
    "a corner more, PLY": ("a.ply", ply().replace(b"4 0 1 3 2", b"4 0 1 3 2 4"), "has more than"),
    "a corner less, PLY": ("a.ply", ply().replace(b"4 0 1 3 2", b"4 0 1 3"), "breaks off"),
    "a face of nothing, PLY": (
        "a.ply",
        ply(extra=True).replace(b"4 0 1 3 2 7", b"0"),
        "breaks off",
    ),
    "a corner with a point": ("a.obj", obj().replace("f 1 2", "f 1.0 2"), "no number of a vertex"),
    "small letters, four dimensions": ("a.off", off("4off\n", " 1"), "four dimensions"),
    "n dimensions": ("a.off", off("nOFF\n3\n"), "four dimensions"),
    "cut text STL": ("a.stl", stl_text()[:-60], "not whole"),
    "far away": (
        "a.stl",
        stl_text().replace("vertex 0.0", "vertex 1e15").replace("vertex 2.0", "vertex 1e15"),
        "µm",
    ),
}


@pytest.mark.parametrize(("name", "content", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_mesh_of_a_specimen_is_refused_in_one_line(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
    told = refusal(read_mesh, path, 0.024)
    assert told.startswith(f"{path}: ")
    assert says in told
