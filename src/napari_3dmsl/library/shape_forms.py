"""Shapes as files for other programs: meshes, skeletons, voxels; one file for each shape."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl import __version__
from napari_3dmsl.compute import chosen_place
from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.mesh_units import UNIT_MARK
from napari_3dmsl.library.swc import swc_from_skeleton
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.correction import UNKNOWN
from napari_3dmsl.shapes.distance import distance_to_mesh
from napari_3dmsl.shapes.mesh_measures import measure_mesh
from napari_3dmsl.shapes.voxelize import VOXEL_UM, voxels_on_grid
from napari_3dmsl.writing import check_apart, telling_where, whole_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.compute import Place
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.collection import ShapeSource
    from napari_3dmsl.shapes.mesh import Mesh
    from napari_3dmsl.shapes.skeleton import Skeleton

FORMS: Mapping[str, str] = {
    "stl": ".stl",
    "obj": ".obj",
    "ply": ".ply",
    "off": ".off",
    "glb": ".glb",
    "swc": ".swc",
    "voxels": ".ome.tif",
}
"""Ending of the files of each form."""

_UNIT_NM = 1000.0  # of meshes: other programs count in anything, people in µm
_METRES_PER_UM = 1e-6
# glTF: y is up. Our z becomes up, x stays, and nothing is mirrored.
_Y_UP = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


def export_shapes(
    source: ShapeSource,
    ids: Iterable[int],
    folder: str | Path,
    form: str,
    progress: Progress | None = None,
    *,
    replace: bool = False,
    workers: int | None = None,
    place: Place | None = None,
) -> list[Path]:
    """Write some shapes in a form that other programs read, ``<folder>/<id>.stl`` and so on.

    Parameters
    ----------
    source
        Extracted shapes, or a library.
    ids
        Which of them, at least one.
    folder
        A folder outside of the library; it may be new.
    form
        ``stl``, ``obj``, ``ply``, ``off``: the surface in µm, (x, y, z), normals outward. ``glb``:
        the surface in metres, y up, as glTF has it. ``swc``: the skeleton in µm, a loop cut open.
        ``voxels``: an OME-TIFF of 24 nm, 255 inside, the voxels of the 3DMSL paper.
    progress
        Called with (done, total, what); an exception that it raises stops the work: the files that
        are written are whole and stay.
    replace
        Write files anew that are there already.
    workers
        Processes for a library; ``None`` takes one a processor.
    place
        Where the shapes of a library are written instead, such as a `Cluster`.

    Returns
    -------
    list of Path
        The files, in the order of the ids.

    Raises
    ------
    ValueError
        When there is no such form or shape, a file is there already, or a surface is broken.
    OSError
        When something cannot be written.
    """
    if form not in FORMS:
        raise ValueError(f"form {form!r}: expected one of {', '.join(FORMS)}")
    folder, wanted = Path(folder), sorted(set(ids))
    if not wanted:
        raise ValueError("no shapes to export: none is chosen")
    if missing := set(wanted).difference(source.ids):
        raise ValueError(f"no shape {min(missing)} to export; there are {len(source.ids)}")
    files = files_of(wanted, folder, form)
    there = [file for file in files if file.exists()]
    if there and not replace:
        raise ValueError(
            f"{there[0]}: {len(there)} of the files are there already; choose another folder, or "
            "say that they shall be replaced (--replace, in Python replace=True)"
        )
    if isinstance(source, ShapeLibrary):
        check_apart(folder, "the export", library=source.folder)
    if place is None and workers is None and len(wanted) == 1:
        workers = 1
    place = chosen_place(place, workers)
    with (
        _new_folder(folder),
        closing(_written(source, wanted, folder.absolute(), form, place)) as written,
    ):
        for done, _ in enumerate(written, start=1):
            if progress is not None:
                progress(done, len(wanted), "shapes exported")
    return files


@contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """Make a folder, and take it away again where nothing came to lie in it."""
    was_there = folder.exists()
    with telling_where(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if not was_there:
            with suppress(OSError):  # a shape lies in it
                folder.rmdir()
        raise


def files_of(ids: Sequence[int], folder: Path, form: str) -> list[Path]:
    """Return the files that `export_shapes` writes.

    Parameters
    ----------
    ids
        Of the shapes.
    folder
        Where they go.
    form
        One of `FORMS`.
    """
    return [folder / f"{shape_id}{FORMS[form]}" for shape_id in ids]


def chosen(source: ShapeSource, ids: Iterable[int] | None, classes: Iterable[str]) -> list[int]:
    """Return the ids of some shapes, of those classes if any are given.

    Parameters
    ----------
    source
        A library, or shapes just extracted.
    ids
        None for all.
    classes
        Names of classes; none for all.

    Raises
    ------
    ValueError
        When there is no such class, or the classes of these shapes are unknown.
    """
    wanted, kinds = set(source.ids if ids is None else ids), set(classes)
    if wrong := kinds.difference(ShapeClass):
        raise ValueError(f"class {min(wrong)!r}: expected one of {', '.join(ShapeClass)}")
    known = source.table["shape_class"]
    if kinds and not any(known):
        raise ValueError(
            "the classes of these shapes are unknown; napari-3dmsl measure finds them out"
        )
    of_id = dict(zip(source.ids, known, strict=True))
    return [i for i in sorted(wanted) if not kinds or (of_id.get(i) or UNKNOWN) in kinds]


def _written(
    source: ShapeSource, ids: Sequence[int], folder: Path, form: str, place: Place
) -> Generator[Any, None, None]:
    """Write one shape after the other."""
    if isinstance(source, ShapeLibrary):
        work = _FromLibrary(str(source.folder.absolute()), str(folder), form)
        return place.run(work, ids, ordered=False, paths=[source.folder, folder])
    skeletons = {}
    if isinstance(source, ShapeCollection):
        skeletons = {shape.id: shape.skeleton for shape in source.shapes}
    return (_write(source.mesh(i), skeletons.get(i), i, folder, form) for i in ids)


@dataclass(frozen=True)
class _FromLibrary:
    """Writes a shape of a library; for a process of its own."""

    library: str
    folder: str
    form: str

    def __call__(self, shape_id: int) -> Path:
        mesh = self._opened.mesh(shape_id)
        try:
            return _write(mesh, None, shape_id, Path(self.folder), self.form)
        except ValueError as error:  # of the surface, which does not know whose it is
            raise ValueError(f"{self.library}: shape {shape_id}: {error}") from None

    @cached_property
    def _opened(self) -> ShapeLibrary:
        return ShapeLibrary.open(self.library)


def _write(mesh: Mesh, skeleton: Skeleton | None, shape_id: int, folder: Path, form: str) -> Path:
    [path] = files_of([shape_id], folder, form)
    if form == "voxels":
        return _write_voxels(mesh, shape_id, path)
    if form == "swc":
        content = _swc(mesh, skeleton or measure_mesh(mesh).skeleton, shape_id).encode()
    elif form == "glb":
        content = _glb(mesh, shape_id)
    else:
        content = _mesh_file(mesh, form)
    with whole_file(path) as temporary:
        temporary.write_bytes(content)
    return path


def _mesh_file(mesh: Mesh, form: str) -> bytes:
    """Return a mesh in µm; a comment says so, in STL its header."""
    content = _turned(mesh).export(file_type=form)
    content = content if isinstance(content, bytes) else content.encode()
    mark = f"{UNIT_MARK}{_UNIT_NM:g}".encode()
    if form == "stl":
        return mark.ljust(80, b" ") + content[80:]
    if form == "obj":
        return b"# " + mark + b"\n" + content
    first, rest = content.split(b"\n", 1)  # OFF or ply
    if form == "off":
        return first + b"\n# " + mark + b"\n" + rest
    second, rest = rest.split(b"\n", 1)  # format
    return b"\n".join([first, second, b"comment " + mark, rest])


def _glb(mesh: Mesh, shape_id: int) -> bytes:
    """Return a mesh as binary glTF: µm in the mesh, metres and y up by the node that holds it.

    So no program that rounds to a millionth loses the mesh.
    """
    import trimesh

    scene = trimesh.Scene()
    place = np.diag([_METRES_PER_UM] * 3 + [1.0]) @ _Y_UP
    name = f"shape {shape_id}"
    scene.add_geometry(_turned(mesh), node_name=name, geom_name=name, transform=place)
    content: bytes = scene.export(file_type="glb")
    return content


def _turned(mesh: Mesh) -> Any:
    """Return a mesh in (x, y, z), its winding turned with the axes."""
    import trimesh

    return trimesh.Trimesh(
        mesh.vertices[:, ::-1], mesh.faces[:, ::-1], process=False, validate=False
    )


def _swc(mesh: Mesh, skeleton: Skeleton, shape_id: int) -> str:
    def radii(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return distance_to_mesh(points, mesh.vertices, mesh.faces)

    return swc_from_skeleton(skeleton, radii, f"shape {shape_id}, napari-3dmsl {__version__}")


def _write_voxels(mesh: Mesh, shape_id: int, path: Path) -> Path:
    voxels = voxels_on_grid(mesh.vertices, mesh.faces, VOXEL_UM)
    return write_ome_tiff(
        path,
        voxels.mask.astype(np.uint8) * np.uint8(255),
        [voxels.voxel_um] * 3,
        {
            "software": f"napari-3dmsl {__version__}",
            "shape": shape_id,
            "origin_um": voxels.origin_um.tolist(),
        },
        compress=True,
    )
