"""The distances of neighbours when there are too many surfaces to hold: read as they are needed.

The surfaces lie beside the library while it is made, to the last bit: files of a library round
them.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.compute import Place
from napari_3dmsl.progress import Progress
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.neighbours import neighbour_distances, spatial_order

HELD_BYTES = 64 * 2**20
"""Surfaces that a process holds while it looks for neighbours, unless a single pair is more."""

_AT_ONCE = 48  # shapes that a process looks after before it tells
_ABOUT = "about.npz"


def surface_file(shape_id: int) -> str:
    """Return the name of the file of a surface.

    Parameters
    ----------
    shape_id
        Number of the shape.
    """
    return f"{shape_id}.npy"


def surface_bytes(mesh: Mesh) -> bytes:
    """Return a surface to the last bit.

    Parameters
    ----------
    mesh
        In µm.
    """
    content = io.BytesIO()
    np.save(content, mesh.vertices)
    np.save(content, mesh.faces)
    return content.getvalue()


def read_surface(path: Path) -> Mesh:
    """Read what `surface_bytes` has given.

    Parameters
    ----------
    path
        Of the file.
    """
    with path.open("rb") as file:
        return Mesh(np.load(file), np.load(file))


class HeldSurfaces:
    """Reads surfaces and holds those that were used last.

    Parameters
    ----------
    folder
        In which they lie.
    ids
        Number of each, see `surface_file`.
    most_bytes
        Held at most, but always two.

    Attributes
    ----------
    bytes : int
        That are held.
    """

    def __init__(self, folder: Path, ids: Sequence[int], most_bytes: int = HELD_BYTES) -> None:
        self._folder, self._ids, self._most = folder, ids, most_bytes
        self._held: OrderedDict[int, Mesh] = OrderedDict()
        self.bytes = 0

    @property
    def count(self) -> int:
        """How many are held."""
        return len(self._held)

    def __call__(self, place: int) -> Mesh:
        """Return one of them."""
        if place in self._held:
            self._held.move_to_end(place)
            return self._held[place]
        mesh = self._held[place] = read_surface(self._folder / surface_file(self._ids[place]))
        self.bytes += _size(mesh)
        while self.bytes > self._most and len(self._held) > 2:
            self.bytes -= _size(self._held.popitem(last=False)[1])
        return mesh


def distances_on_disk(
    folder: Path,
    ids: Sequence[int],
    boxes_um: NDArray[np.float64],
    place: Place,
    progress: Progress | None = None,
) -> list[float | None]:
    """Return the distance in µm of each shape to the nearest other one, see `neighbour_distances`.

    Parameters
    ----------
    folder
        In which the surfaces lie, and something may be written.
    ids
        Their numbers, see `surface_file`.
    boxes_um
        (N, 2, 3): lowest and highest corner of each.
    place
        Where the work runs.
    progress
        Called with (done, total, what).
    """
    np.savez(folder / _ABOUT, ids=np.array(ids), boxes_um=boxes_um)
    order = spatial_order(boxes_um).tolist()
    parts = [order[start : start + _AT_ONCE] for start in range(0, len(order), _AT_ONCE)]
    found: list[float | None] = [None] * len(order)
    done = 0
    work = _Distances(str(folder.resolve()))
    with closing(place.run(work, parts, ordered=False, paths=[folder])) as results:
        for part, distances in results:
            for number, distance in zip(part, distances, strict=True):
                found[number] = distance
            done += len(part)
            if progress is not None:
                progress(done, len(order), "Distances to neighbours")
    return found


@dataclass(frozen=True)
class _Distances:
    """Looks for the neighbours of some shapes; for a process of its own."""

    folder: str

    def __call__(self, some: Sequence[int]) -> list[float | None]:
        folder = Path(self.folder)
        with np.load(folder / _ABOUT) as about:
            ids, boxes_um = about["ids"].tolist(), about["boxes_um"]
        return neighbour_distances(boxes_um, HeldSurfaces(folder, ids), some)


def _size(mesh: Mesh) -> int:
    return mesh.vertices.nbytes + mesh.faces.nbytes
