"""A thousand shapes in the window: how many layers, frames a second, and how fast a click picks.

Stacks 27 phantoms to a volume of 1,026 shapes of all classes, extracts it from the panel in a real
window, turns the scene with each frame painted before the next turn, and clicks shapes. The bars:
at most 8 Surface layers, 10 frames a second, 50 ms to pick. ``--picture`` writes what is seen.

Run under a display or Xvfb: ``make bench``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import napari
import numpy as np
from _window import Frames, Stalls, pump, wait
from napari.layers import Labels, Surface
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.library.level_of_detail import DRAWN_FACES
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.widgets.browse.panel import BrowsePanel
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.extract.panel import ExtractPanel

SIZE = (1400, 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantoms", type=int, default=3, help="along each axis")
    parser.add_argument("--voxel-nm", type=float, default=48.0)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    labels = stacked(arguments.phantoms, arguments.voxel_nm)
    viewer = napari.Viewer(title="scene")
    viewer.window.resize(*SIZE)
    scale = (arguments.voxel_nm / 1000,) * 3
    viewer.add_layer(Labels(labels, name="phantoms", scale=scale, units="um"))
    panel = ExtractPanel(viewer)
    docks = [
        viewer.window.add_dock_widget(panel, name="Extract shapes"),
        viewer.window.add_dock_widget(BrowsePanel(viewer), name="Shape browser", tabify=True),
    ]
    panel.protocol.set_values({"instances": True, **{f"downsample_{axis}": 1 for axis in "zyx"}})
    pump(1.0)
    extract(viewer, panel)
    surfaces = [layer for layer in viewer.layers if isinstance(layer, Surface)]
    faces = sum(len(layer.data[1]) for layer in surfaces)
    print(f"Surface layers: {len(surfaces)}, {faces:,} faces of at most {DRAWN_FACES:,}")
    turn(viewer, "all shapes")
    pick(viewer)
    turn(viewer, "with a shape selected")
    for dock in docks:
        dock.hide()
    pump(0.5)
    turn(viewer, "panels hidden")
    if arguments.picture:
        viewer.window.screenshot(str(arguments.picture), canvas_only=False, flash=False)
    viewer.close()


def stacked(count: int, voxel_nm: float) -> np.ndarray:
    """Labels of phantoms side by side, ``count`` along each axis."""
    rows, number = [], 0
    for _ in range(count):
        planes = []
        for _ in range(count):
            line = []
            for _ in range(count):
                phantom = make_phantom(number, (voxel_nm,) * 3)
                first = number * len(phantom.truth)
                line.append(np.where(phantom.labels > 0, phantom.labels + first, 0))
                number += 1
            planes.append(np.concatenate(line, axis=2))
        rows.append(np.concatenate(planes, axis=1))
    return np.concatenate(rows, axis=0).astype(np.uint16)


def extract(viewer: Any, panel: ExtractPanel) -> None:
    """Press Extract and wait for the layers."""
    stalls, added = Stalls(), []
    viewer.layers.events.inserting.connect(lambda: added.append(time.perf_counter()))
    started = time.perf_counter()
    panel.extract_button.click()
    wait(panel.extract_button.isEnabled, "shapes")
    done = time.perf_counter()
    pump(1.0)
    print(panel.status.text().splitlines()[0])
    print(f"extraction {added[0] - started:.1f} s, layers appear in {done - added[0]:.1f} s")
    print(f"longest stall while working {stalls.longest(end=added[0]):.0f} ms")
    print(f"longest stall when layers appear {stalls.longest(begin=added[0]):.0f} ms", flush=True)


def turn(viewer: Any, what: str, frames: int = 60) -> None:
    """Turn the camera, each frame painted before the next turn."""
    seen, camera = Frames(viewer), viewer.scene.camera
    times = []
    for step in range(frames):
        angles = (20.0, 30.0 + 3 * step, 40.0)
        times.append(seen.after(lambda angles=angles: setattr(camera, "angles", angles)))
    middle, high = np.percentile(times, [50, 95])
    size = viewer.window._qt_viewer.canvas._scene_canvas.size
    print(
        f"turning, {what}: {1000 / middle:.1f} frames/s at {size[0]} x {size[1]} pixels, "
        f"median {middle:.0f} ms, 95 % {high:.0f} ms",
        flush=True,
    )


def pick(viewer: Any, count: int = 30) -> None:
    """Click shapes: the search alone, the click until table and highlight follow, and its frame."""
    selection = selection_of(viewer)
    instances = viewer.layers[INSTANCES]
    canvas = viewer.window._qt_viewer.canvas  # private: to click where a shape is drawn
    searched: list[float] = []
    search = selection._under

    def timed_search(event: Any) -> Any:
        started = time.perf_counter()
        found = search(event)
        searched.append((time.perf_counter() - started) * 1000)
        return found

    selection._under = timed_search  # type: ignore[method-assign]
    seen = Frames(viewer)
    followed, painted = [], []
    node = canvas.layer_to_visual[instances].node
    rng = np.random.default_rng(0)
    for shape_id in rng.choice(selection.source.ids, count, replace=False).tolist():
        middle = selection.source.mesh(shape_id).vertices.mean(axis=0)
        drawn = node.get_transform("visual", "canvas").map(instances.world_to_data(middle)[::-1])
        place = QPoint(*(round(v) for v in drawn[:2] / drawn[3]))
        before, started = seen.count, time.perf_counter()
        QTest.mousePress(canvas.native, Qt.MouseButton.LeftButton, pos=place)
        QTest.mouseRelease(canvas.native, Qt.MouseButton.LeftButton, pos=place)
        followed.append((time.perf_counter() - started) * 1000)
        wait(lambda before=before: seen.count > before, "a frame")
        painted.append((time.perf_counter() - started) * 1000)
        pump(0.1)
    rows = {
        "search along the line of sight": searched,
        "click to table and highlight": followed,
        "click to painted frame": painted,
    }
    for what, times in rows.items():
        low, high = np.percentile(times, [50, 95])
        print(f"picking, {what}: median {low:.0f} ms, 95 % {high:.0f} ms, first {times[0]:.0f} ms")


if __name__ == "__main__":
    main()
