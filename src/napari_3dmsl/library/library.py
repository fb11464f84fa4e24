"""A shape library on disk in the layout of the released 3DMSL data, unpacked or in its zips."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from napari_3dmsl.library.checksums import Report, checksum_of
from napari_3dmsl.library.instance_files import (
    CLOUD_FILE,
    LIBRARY_FILE,
    MESH_FILE,
    OCCUPANCY_FILE,
    TABLE_FILE,
    cloud_from_ply,
    image_key,
    mesh_from_off,
    occupancies_from_npz,
)
from napari_3dmsl.library.measure_table import MEASURED, columns_of, known_measures, seen
from napari_3dmsl.library.ownership import FORMAT, check_target, holds_library
from napari_3dmsl.library.saved_classes import SavedClasses, classes_of, save_classes
from napari_3dmsl.library.stores import Store, archives_in, open_store
from napari_3dmsl.library.table import read_table
from napari_3dmsl.library.write import (
    LARGEST_UNIT_NM,
    RELEASED_UNIT_NM,
    write_library,
)
from napari_3dmsl.reading import reading
from napari_3dmsl.settings import shown
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.correction import correct_classes
from napari_3dmsl.shapes.sampling import Occupancies, PointCloud, UnitCube
from napari_3dmsl.volumes.tiff_file import pixels_from_tiff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.shapes.mesh import Mesh

__all__ = [
    "LIBRARY_FILE",
    "MESH_FILE",
    "RELEASED_UNIT_NM",
    "TABLE_FILE",
    "ShapeLibrary",
    "check_target",
    "holds_library",
    "is_library",
    "write_library",
]


class ShapeLibrary:
    """A library on disk: ids and table at once, the files of a shape when asked for.

    Parameters
    ----------
    store
        Where its files lie.
    unit_nm
        Length of a mesh unit.
    table
        Columns of equal length; ``index`` holds the ids.
    settings
        How the shapes were made.
    own
        Whether this package wrote it, so that classes can be saved in its table.

    Attributes
    ----------
    folder
        Where it is; the zip, when it was opened as one.
    unit_nm
        Length of a mesh unit in nm.
    ids
        Ids of the shapes, ascending.
    table
        Columns in the order of ``ids``. For a released library ``shape_class`` is ``None``
        (unknown), and without a table there is only ``index`` beside it.
    settings
        How the shapes were made, empty when unknown.
    measured
        Number of shapes whose measures come from `measure_library`.
    """

    def __init__(
        self,
        store: Store,
        unit_nm: float,
        table: dict[str, list[Any]],
        settings: dict[str, Any],
        own: bool = False,
    ) -> None:
        self.folder = store.path
        self.unit_nm = unit_nm
        self.table = table
        self.settings = settings
        self.ids: list[int] = table["index"]
        self._store = store
        self._own = own
        self._known = frozenset(self.ids)
        unknown = {"shape_class"} if not any(table["shape_class"]) else set()
        self._own_columns = set(table) - unknown
        self._classes_before = classes_of(table)
        self._looked = self._looks()
        self.measured = 0
        self.take_measures()
        self._expected: dict[int, str | None] = {}

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open a library.

        Parameters
        ----------
        folder
            A folder of instances (``<id>/raw_mesh.off``), a folder of zips as released
            (``1_1_2729.zip``), or one zip; nothing is unpacked.

        Raises
        ------
        ValueError
            When it is missing or holds no shapes, or its index, table or a zip is damaged.
        """
        folder = Path(folder)
        store = open_store(folder)
        content = store.read_about(LIBRARY_FILE)
        index = {} if content is None else _parse_index(content, f"{folder / LIBRARY_FILE}")
        # One zip of several has a part of the shapes in the table beside it.
        own = bool(index) and folder.is_dir()
        content = store.read_about(TABLE_FILE)
        if content is not None:
            table = read_table(content, store.ids, f"{folder / TABLE_FILE}", own)
        elif own:
            raise ValueError(f"{folder / TABLE_FILE}: missing, though there is a {LIBRARY_FILE}")
        else:
            table = {"index": store.ids, "shape_class": [None] * len(store.ids)}
        unit_nm = index.get("unit_nm", RELEASED_UNIT_NM)
        return cls(store, unit_nm, table, index.get("settings", {}), own)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def class_counts(self) -> dict[str, int]:
        """Number of shapes of each class present, in the order of `ShapeClass`."""
        counts = Counter(name or "unknown" for name in self.table["shape_class"])
        order = [*map(str, ShapeClass), "unknown"]
        return {name: counts[name] for name in order if counts[name]}

    def mesh(self, shape_id: int) -> Mesh:
        """Read the mesh of one shape, in µm (z, y, x).

        Parameters
        ----------
        shape_id
            One of `ids`.

        Raises
        ------
        ValueError
            When the library has no such shape, or its file is damaged or not the one that is
            expected, see `expect_meshes`.
        """
        content, where = self._read(shape_id, MESH_FILE)
        expected = self._expected.get(shape_id)
        if expected is not None and checksum_of(content) != expected:
            raise ValueError(f"{where}: has changed since the work on this library began")
        return mesh_from_off(content, self.unit_nm / 1000, where)

    def mesh_checksums(
        self, ids: Sequence[int], report: Report | None = None
    ) -> dict[int, str | None]:
        """Return a checksum of the mesh file of each shape, None for one that cannot be read.

        Parameters
        ----------
        ids
            Of the shapes.
        report
            Called with how many are done.
        """
        return self._store.checksums(ids, MESH_FILE, report)

    def expect_meshes(self, checksums: Mapping[int, str | None]) -> None:
        """Let `mesh` refuse files that are no longer what they were; None expects nothing.

        Parameters
        ----------
        checksums
            As from `mesh_checksums`, by id.
        """
        self._expected = dict(checksums)

    @property
    def keeps_classes(self) -> bool:
        """Whether `save_classes` can keep corrected classes: only in a folder of ours."""
        return self._own

    def set_classes(self, classes: Mapping[int, str | None]) -> None:
        """Set the classes of some shapes by hand; on disk nothing changes, see `save_classes`.

        Parameters
        ----------
        classes
            New class by id.

        Raises
        ------
        ValueError
            When there is no such class; nothing is changed then.
        """
        rows = {shape_id: row for row, shape_id in enumerate(self.ids)}
        correct_classes(self.table, {rows[i]: kind for i, kind in classes.items()})

    def save_classes(self) -> SavedClasses:
        """Write the classes into the table of the library, whole or not at all.

        Only those that were set here: what another window has saved since the library was opened
        stays, and comes into `table`.

        Returns
        -------
        SavedClasses
            What others had saved.

        Raises
        ------
        ValueError
            When it is no folder that this package wrote: released files are never changed. Or when
            it was written again with other shapes.
        OSError
            When the table cannot be written.
        """
        path = self.folder / TABLE_FILE
        if not self._own:
            raise ValueError(f"{self.folder}: not a library folder of this package; not changed")
        return save_classes(path, self.table, self._classes_before)

    @property
    def measures_itself(self) -> bool:
        """Whether the table of the library has all that a surface could tell."""
        return self._own_columns.issuperset(MEASURED)

    def take_measures(self) -> None:
        """Take over what `measure_library` has found out meanwhile; the table changes in place.

        What the library's own table says and what was set by hand comes first. Measures of files
        that look otherwise now are left out: measuring compares their contents and shows them
        again.
        """
        if self.measures_itself:
            return
        rows = known_measures(self._store)
        looks = {i: seen(self._store, i, self.unit_nm) for i in self.ids if i in rows}
        fresh = [rows[i] if i in rows and rows[i].seen == looks[i] else None for i in self.ids]
        self.measured = len(fresh) - fresh.count(None)
        if not self.measured:
            return
        marks = self.table.get("measured_class", [])
        by_hand = {row: self.table["shape_class"][row] for row, mark in enumerate(marks) if mark}
        columns = columns_of(fresh)
        self.table.update(
            (name, columns[name]) for name in MEASURED if name not in self._own_columns
        )
        if by_hand:
            self.table["measured_class"] = [""] * len(self.ids)
            correct_classes(self.table, by_hand)

    def occupancies(self, shape_id: int) -> Occupancies:
        """Read the occupancies of one shape.

        Parameters
        ----------
        shape_id
            One of `ids`.

        Raises
        ------
        ValueError
            When the library has no such shape or file, or the file is damaged.
        """
        content, where = self._read(shape_id, OCCUPANCY_FILE)
        return occupancies_from_npz(content, self.unit_nm / 1000, where)

    def point_cloud(self, shape_id: int) -> PointCloud:
        """Read the point cloud of one shape; its file is silent about the frame, the mesh tells.

        Parameters
        ----------
        shape_id
            One of `ids`.

        Raises
        ------
        ValueError
            When the library has no such shape or file, or the file is damaged.
        """
        content, where = self._read(shape_id, CLOUD_FILE)
        return cloud_from_ply(content, UnitCube.of(self.mesh(shape_id)), where)

    def file(self, shape_id: int, name: str) -> bytes | None:
        """Return a file of a shape as it is on disk, None when it has none of that name.

        Parameters
        ----------
        shape_id
            One of `ids`.
        name
            As in the release, such as ``raw_mesh.off``.

        Raises
        ------
        ValueError
            When the library has no such shape.
        """
        self._check(shape_id)
        return self._store.read(shape_id, name)

    def file_about(self, name: str) -> bytes | None:
        """Return a file about the whole library, such as its table; None when there is none.

        Parameters
        ----------
        name
            Such as ``library.json``.
        """
        return self._store.read_about(name)

    def images(self, shape_id: int) -> dict[tuple[str, str], str]:
        """Return names of a shape's images by set and view, such as ``("Conf1", "x90")``.

        Parameters
        ----------
        shape_id
            One of `ids`.
        """
        self._check(shape_id)
        names = self._store.names(shape_id)
        return {key: name for name in names if (key := image_key(name)) is not None}

    def image(self, shape_id: int, image_set: str, view: str) -> NDArray[Any]:
        """Read one image of a shape.

        Parameters
        ----------
        shape_id
            Id of the shape.
        image_set
            ``Conf1``, ``Conf2`` or ``Epi1`` in the release.
        view
            ``0``, ``x90``, ``x180``, ``y90``, ``y180`` or ``z90``.

        Raises
        ------
        ValueError
            When the library has no such image or it is damaged.
        """
        images = self.images(shape_id)
        if (image_set, view) not in images:
            raise ValueError(
                f"{self.folder}: shape {shape_id} has no image {image_set} {view}; it has "
                f"{', '.join(' '.join(key) for key in images) or 'none'}"
            )
        content, where = self._read(shape_id, images[image_set, view])
        return pixels_from_tiff(content, where)

    def _check(self, shape_id: int) -> None:
        if shape_id not in self._known:
            raise ValueError(
                f"{self.folder}: no shape {shape_id}; it has {len(self)}, "
                f"from {self.ids[0]} to {self.ids[-1]}"
            )

    def _looks(self) -> tuple[int, int] | None:
        """Return what tells a library of ours from one that took its place."""
        if not self._own:
            return None
        with suppress(OSError):
            status = (self.folder / LIBRARY_FILE).stat()
            return status.st_mtime_ns, status.st_ino
        return None

    def _read(self, shape_id: int, name: str) -> tuple[bytes, str]:
        """Return the content of a file, and what errors call it."""
        self._check(shape_id)
        if self._looks() != self._looked:
            raise ValueError(
                f"{self.folder}: has gone, or was written again, since it was opened; open it again"
            )
        content, where = self._store.read(shape_id, name), f"{self.folder / str(shape_id) / name}"
        if content is None:
            raise ValueError(f"{where}: no such file")
        return content, where


def is_library(path: str | Path) -> bool:
    """Whether a folder or zip looks like a library; damaged zips named as released do too.

    Parameters
    ----------
    path
        Of a folder or file, which need not be there.
    """
    path = Path(path)
    if path.is_dir():
        return any(path.glob(f"*/{MESH_FILE}")) or any(map(is_library, archives_in(path)[:1]))
    if path.suffix.lower() != ".zip" or not path.is_file():
        return False
    try:
        return len(open_store(path).ids) > 0
    except ValueError as error:
        return "no shape library" not in str(error)


def _parse_index(content: bytes, where: str) -> dict[str, Any]:
    """Return what ``library.json`` says."""
    with reading(where, "damaged"):
        index = json.loads(content.decode("utf-8-sig"))
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise ValueError(f"{where}: not the index of a shape library")
    unit_nm = index.get("unit_nm")
    if (
        not isinstance(unit_nm, int | float)
        or unit_nm is True
        or not 0 < unit_nm <= LARGEST_UNIT_NM
    ):
        raise ValueError(
            f"{where}: unit_nm = {shown(unit_nm)}: expected a length in nm, above 0 and up to "
            f"{LARGEST_UNIT_NM:,g}"
        )
    return index
