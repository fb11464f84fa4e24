"""Measure how long a library as large as 3DMSL takes to open, and any shape of it to load.

Makes 27,272 shapes in a temporary folder, once as folders and once as ten zips with all the files
of the release (24 entries a shape), and prints the times. Every thousandth mesh, and every tenth of
the first 500, is as large as released instance 920 (48,000 vertices); the others have 36 vertices.
Each lies in a place of its own. Takes some two minutes and 0.9 GB of disk. The bars: 2 s to open,
0.1 s for any shape. Then each is opened in the real window with the Shape browser: seconds until
the table is painted, until the first 500 shapes are drawn, and the longest stall meanwhile and
while the table is scrolled.

Run under a display or Xvfb: ``make bench``.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from _window import Stalls, pump, wait

from napari_3dmsl.library.instance_files import image_file, off_from_mesh
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.ownership import FORMAT
from napari_3dmsl.library.sinks import RELEASED_PER_ZIP
from napari_3dmsl.library.table import LOCATION_COLUMNS
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.shape import COLUMNS
from napari_3dmsl.widgets.browse.panel import BrowsePanel

SHAPES = 27_272
VIEWS = ("0", "x90", "x180", "y90", "y180", "z90")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        os.environ["NAPARI_3DMSL_CACHE"] = f"{name}/cache"
        folders, zips = Path(name) / "folders", Path(name) / "zips"
        write_folders(folders)
        write_zips(zips, folders)
        report("folders", folders)
        report("ten zips, first time", zips)
        report("ten zips, index kept", zips)
        shutil.rmtree(f"{name}/cache")
        in_window("folders", folders)
        in_window("ten zips, first time", zips)
        in_window("ten zips, index kept", zips)
        (Path(name) / "1").mkdir()
        huge = off_from_mesh(ball(550), 0.024)
        (Path(name) / "1" / "raw_mesh.off").write_bytes(huge)
        library = ShapeLibrary.open(name)
        spent = timed(lambda: library.mesh(1))
        print(f"a mesh of {len(huge) / 1e6:.0f} MB, like the largest released: {spent:.0f} ms")


def report(what: str, path: Path) -> None:
    opened = timed(lambda: ShapeLibrary.open(path))
    library = ShapeLibrary.open(path)
    assert len(library) == SHAPES
    some = np.random.default_rng(0).choice(library.ids, 1000, replace=False).tolist()
    small = [timed(lambda i=i: library.mesh(i)) for i in some if not is_large(i)]
    large = [timed(lambda i=i: library.mesh(i)) for i in range(1000, SHAPES, 1000)]
    print(
        f"{what:<22} open {opened / 1000:5.2f} s   a small shape {np.median(small):5.1f} ms, "
        f"longest {max(small):5.1f}   a large one {np.median(large):5.1f} ms, longest "
        f"{max(large):5.1f}"
    )


def in_window(what: str, path: Path) -> None:
    """Open a library in a window, as dropping it does, and scroll through its table."""
    import napari

    viewer = napari.Viewer(title="library")
    panel = BrowsePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Shape browser")
    pump(1.0)
    stalls, began = Stalls(), time.perf_counter()
    viewer.open(path, plugin="napari-3dmsl")
    panel.table.viewport().repaint()
    assert panel.table.model().rowCount() == SHAPES
    usable = time.perf_counter()
    wait(panel.progress.isHidden, "shapes drawn")
    drawn = time.perf_counter()
    pump(1.0)
    scrolled = time.perf_counter()
    bar = panel.table.verticalScrollBar()
    for place in np.linspace(bar.minimum(), bar.maximum(), 200).astype(int).tolist():
        bar.setValue(place)
        pump(0.02)
    names = ", ".join(layer.name for layer in viewer.layers)
    print(
        f"{what:<22} table after {usable - began:.2f} s, drawn after {drawn - began:.1f} s "
        f"({names}); longest stall while drawing {stalls.longest(usable + 0.01, drawn):.0f} ms, "
        f"while scrolling {stalls.longest(scrolled):.0f} ms",
        flush=True,
    )
    viewer.close()


def timed(call: Callable[[], object]) -> float:
    """Return milliseconds."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def ball(rings: int) -> Mesh:
    """Return a grid of squares rolled into a tube; for speed it need not be closed."""
    turn, along = np.meshgrid(np.linspace(0, 6, rings), np.linspace(0, 9, rings), indexing="ij")
    vertices = np.stack([np.sin(turn), np.cos(turn), along], axis=-1).reshape(-1, 3)
    corner = np.arange(rings * rings).reshape(rings, rings)
    a, b, c, d = (part.ravel() for part in _quads(corner))
    return Mesh(vertices, np.concatenate([np.stack([a, b, c], 1), np.stack([c, b, d], 1)]))


def _quads(corner: np.ndarray) -> tuple[np.ndarray, ...]:
    return corner[:-1, :-1], corner[1:, :-1], corner[:-1, 1:], corner[1:, 1:]


def is_large(number: int) -> bool:
    return number % 1000 == 0 or (number <= 500 and number % 10 == 0)


def write_folders(folder: Path) -> None:
    """Write the meshes, side by side in a grid of 31 x 31 x 31."""
    small, large = ball(6), ball(220)
    for number in range(1, SHAPES + 1):
        mesh = large if is_large(number) else small
        corner = 10.0 * np.array(np.unravel_index(number, (31, 31, 31)))
        place = folder / str(number)
        place.mkdir(parents=True)
        moved = Mesh(mesh.vertices + corner, mesh.faces)
        (place / "raw_mesh.off").write_bytes(off_from_mesh(moved, 0.024))
    write_about(folder)


def write_zips(folder: Path, folders: Path) -> None:
    folder.mkdir()
    archive = None
    for number in range(1, SHAPES + 1):
        content = (folders / str(number) / "raw_mesh.off").read_bytes()
        if (number - 1) % RELEASED_PER_ZIP == 0:
            if archive is not None:
                archive.close()
            last = min(number + RELEASED_PER_ZIP, SHAPES + 1)
            serial = (number - 1) // RELEASED_PER_ZIP + 1
            archive = zipfile.ZipFile(folder / f"{serial}_{number}_{last}.zip", "w")
        assert archive is not None
        archive.writestr(f"{number}/raw_mesh.off", content, zipfile.ZIP_DEFLATED, 1)
        for name in other_files(number):
            archive.writestr(f"{number}/{name}", b"")
    assert archive is not None
    archive.close()
    write_about(folder)


def other_files(number: int) -> Iterator[str]:
    yield from ("pointcloud.ply", "occupancies.npz")
    for image_set in ("Conf1", "Conf2", "Epi1"):
        yield f"{image_set}_imgs/"
        yield from (image_file(number, image_set, view) for view in VIEWS)


def write_about(folder: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["index", *LOCATION_COLUMNS, *COLUMNS[1:]])
    place = [1.5, 2.5, 3.5, 4000, *["slice(10, 60, None)"] * 3]
    measures = ["rod", 3.2, 0.1, 1.6, 0, 0, 0.15, False, 1]
    measures += ["rod: 3.2 µm long, no branch, no loop", ""]
    measures += [16.0, 0.65, 2.6, 7.0, 1.1, 2, 3.2, 3.2, 0.2]
    writer.writerows([number, *place, *measures] for number in range(1, SHAPES + 1))
    (folder / "meta_locations.csv").write_text(text.getvalue(), encoding="utf-8")
    index = {"format": FORMAT, "unit_nm": 24.0, "settings": {}}
    (folder / "library.json").write_text(json.dumps(index), encoding="utf-8")


if __name__ == "__main__":
    main()
