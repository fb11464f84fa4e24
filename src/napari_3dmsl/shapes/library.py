"""A shape library on disk in the layout of the released 3DMSL data."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import napari_3dmsl
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.mesh import Mesh, read_mesh, write_mesh
from napari_3dmsl.shapes.shape import COLUMNS, feature_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_3dmsl.shapes.extraction import Progress
    from napari_3dmsl.shapes.shape import Shape

MESH_FILE = "raw_mesh.off"
TABLE_FILE = "meta_locations.csv"
INDEX_FILE = "library.json"
FORMAT = "napari-3dmsl shape library"
RELEASED_UNIT_NM = 24.0
LOCATION_COLUMNS = ("cx", "cy", "cz", "voxel_counts", "bbx", "bby", "bbz")
# How each column of the table is read; the others are text.
NUMBERS = {"index": int, "voxel_counts": int, "branches": int, "loops": int} | dict.fromkeys(
    ("cx", "cy", "cz", "length_um", "volume_um3", "area_um2", "mean_radius_um"), float
)


def write_library(
    shapes: Sequence[Shape],
    folder: str | Path,
    unit_nm: float = RELEASED_UNIT_NM,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write shapes as a library, whole or not at all.

    ``<id>/raw_mesh.off`` holds each surface, (x, y, z) in units of ``unit_nm`` in the frame of the
    volume. ``meta_locations.csv`` has one row per shape: ``index``, the released columns
    (centroid ``cx cy cz`` and box ``bbx bby bbz`` as text ``slice(a, b, None)``, in the units and
    the frame of the meshes; ``voxel_counts`` on the grid of the extraction) and the measures of
    `feature_table`; the release's row for the background is left out. ``library.json`` keeps
    unit, version and settings.

    Parameters
    ----------
    shapes
        At least one.
    folder
        A new or empty folder, or a library to replace.
    unit_nm
        Length of a mesh unit in nm; 24 as released.
    settings
        What to keep in ``library.json`` about how the shapes were made, such as
        ``ExtractionSettings.model_dump()``.
    progress
        Called with (done, total, what) after each shape.

    Raises
    ------
    ValueError
        When there are no shapes, the unit is wrong, or the folder holds something else.
    OSError
        When the folder cannot be written.
    """
    folder = Path(folder)
    if not shapes:
        raise ValueError("a library needs at least one shape; there is none to write")
    if not 0 < unit_nm < np.inf:
        raise ValueError(f"unit_nm = {unit_nm}: expected a length above 0 in nm")
    _check_target(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for done, shape in enumerate(shapes, start=1):
            place = temporary / str(shape.id)
            place.mkdir()
            write_mesh(shape.mesh, place / MESH_FILE, unit_nm / 1000)
            if progress is not None:
                progress(done, len(shapes), f"Shape {shape.id} written")
        _write_table(shapes, temporary / TABLE_FILE, unit_nm)
        index = {
            "format": FORMAT,
            "version": napari_3dmsl.__version__,
            "unit_nm": unit_nm,
            "shapes": len(shapes),
            "settings": dict(settings or {}),
        }
        text = json.dumps(index, indent=2, default=str) + "\n"
        (temporary / INDEX_FILE).write_text(text, encoding="utf-8")
        temporary.chmod(0o755)  # mkdtemp makes folders that only their owner may read
        _replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


class ShapeLibrary:
    """A library on disk: ids and table at once, meshes when asked for.

    Attributes
    ----------
    folder
        Where it is.
    unit_nm
        Length of a mesh unit in nm.
    ids
        Ids of the shapes, ascending.
    table
        Columns in the order of ``ids``. For a released folder without a table only ``index`` and
        ``shape_class`` (``None``: unknown).
    settings
        How the shapes were made, empty when unknown.
    """

    def __init__(
        self,
        folder: Path,
        unit_nm: float,
        table: dict[str, list[Any]],
        settings: dict[str, Any],
    ) -> None:
        self.folder = folder
        self.unit_nm = unit_nm
        self.table = table
        self.settings = settings
        self.ids: list[int] = table["index"]

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open a library, or a folder in the released 3DMSL layout (``<id>/raw_mesh.off``).

        Raises
        ------
        ValueError
            When the folder is missing or holds no shapes, or its index or table is damaged.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise ValueError(f"{folder}: no such folder")
        names = [path.parent.name for path in folder.glob(f"*/{MESH_FILE}")]
        ids = sorted(int(name) for name in names if name.isdecimal())
        if not ids:
            raise ValueError(f"{folder}: no shape library; expected folders <id>/{MESH_FILE}")
        index = _read_index(folder / INDEX_FILE)
        table = _read_table(folder / TABLE_FILE) if index else None
        if table is None:
            table = {"index": ids, "shape_class": [None] * len(ids)}
        if table["index"] != ids:
            raise ValueError(
                f"{folder / TABLE_FILE}: lists other shapes than the folders beside it"
            )
        return cls(folder, index.get("unit_nm", RELEASED_UNIT_NM), table, index.get("settings", {}))

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

        Raises
        ------
        ValueError
            When the library has no such shape or its file is damaged.
        """
        if shape_id not in self.ids:
            raise ValueError(
                f"{self.folder}: no shape {shape_id}; it has {len(self)}, "
                f"from {self.ids[0]} to {self.ids[-1]}"
            )
        return read_mesh(self.folder / str(shape_id) / MESH_FILE, self.unit_nm / 1000)


def _check_target(folder: Path) -> None:
    if folder.is_file():
        raise ValueError(f"{folder}: a file; expected a folder")
    if folder.is_dir() and any(folder.iterdir()) and not _read_index(folder / INDEX_FILE):
        raise ValueError(f"{folder}: not empty and not a shape library; choose another folder")


def _replace(new: Path, folder: Path) -> None:
    """Put the finished folder in place; an old library goes only when the new one is there."""
    if not folder.exists():
        new.replace(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.replace(old / folder.name)
    try:
        new.replace(folder)
    except OSError:
        (old / folder.name).replace(folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _write_table(shapes: Sequence[Shape], path: Path, unit_nm: float) -> None:
    measures = feature_table(shapes)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["index", *LOCATION_COLUMNS, *COLUMNS[1:]])
        for row, shape in enumerate(shapes):
            centre = (shape.centroid_um * 1000 / unit_nm)[::-1].tolist()  # (x, y, z), like the mesh
            # Voxel i reaches from i - 0.5 to i + 0.5.
            box = np.round(shape.bounds_um * 1000 / unit_nm + 0.5).astype(int).T[::-1].tolist()
            slices = [str(slice(low, high)) for low, high in box]
            values = [measures[name][row] for name in COLUMNS[1:]]
            writer.writerow([shape.id, *centre, shape.voxel_count, *slices, *values])


def _read_index(path: Path) -> dict[str, Any]:
    """Return the content of ``library.json``, empty when there is none."""
    if not path.is_file():
        return {}
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: damaged: {error}") from None
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise ValueError(f"{path}: not the index of a shape library")
    unit_nm = index.get("unit_nm")
    if not isinstance(unit_nm, int | float) or not unit_nm > 0:
        raise ValueError(f"{path}: unit_nm = {unit_nm!r}: expected a length above 0 in nm")
    return index


def _read_table(path: Path) -> dict[str, list[Any]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: int(row["index"]))
        table: dict[str, list[Any]] = {
            name: [NUMBERS.get(name, str)(row[name]) for row in rows]
            for name in ("index", *LOCATION_COLUMNS, *COLUMNS[1:])
        }
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{path}: cannot read the table: {error!r}") from None
    table["touches_border"] = [value == "True" for value in table["touches_border"]]
    return table
