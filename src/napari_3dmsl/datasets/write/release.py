"""What makes an image set in 3DMSL folders a 3DMSL library: the shapes beside their images."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_3dmsl.datasets.file_layout import pack_released
from napari_3dmsl.library.instance_files import CLOUD_FILE, MESH_FILE, OCCUPANCY_FILE
from napari_3dmsl.library.library import LIBRARY_FILE, TABLE_FILE
from napari_3dmsl.progress import Progress
from napari_3dmsl.writing import whole_file

if TYPE_CHECKING:
    from napari_3dmsl.library.library import ShapeLibrary

ZIPS = "zips"


def add_shapes(
    library: ShapeLibrary, ids: Iterable[int], folder: Path, progress: Progress | None = None
) -> None:
    """Put the files of shapes, and the table of their classes, beside the images.

    Parameters
    ----------
    library
        Where the shapes are from.
    ids
        Shapes that have images.
    folder
        Of the image set, whose images lie in ``<id>/…_imgs``.
    progress
        Called with (shapes done, shapes, what); an exception that it raises stops the work.

    Raises
    ------
    OSError
        When a file cannot be written.
    """
    wanted = list(ids)
    for done, shape_id in enumerate(wanted, start=1):
        for name in (MESH_FILE, CLOUD_FILE, OCCUPANCY_FILE):
            _put(folder / str(shape_id) / name, library.file(shape_id, name))
        if progress is not None:
            progress(done, len(wanted), "shapes added")
    for name in (TABLE_FILE, LIBRARY_FILE):
        _put(folder / name, library.file_about(name))


def pack_into_zips(folder: Path, progress: Progress | None = None) -> Path:
    """Pack the folders of shapes into the zips of the release, in a folder ``zips``.

    Parameters
    ----------
    folder
        Of the set.
    progress
        Called with (shapes packed, shapes, what); raise in it to cancel.
    """
    target = folder / ZIPS
    pack_released(folder, target, progress=progress, replace=True)
    return target


def _put(path: Path, content: bytes | None) -> None:
    """Write a file unless it is there as it should be, or there is nothing to write."""
    if content is None or (path.is_file() and path.read_bytes() == content):
        return
    with whole_file(path) as temporary:
        temporary.write_bytes(content)
