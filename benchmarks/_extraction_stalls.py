"""Does the window stay alive while shapes are extracted? The longest gap between two timer ticks.

Extracts the phantom (20 million voxels, 38 shapes) from the panel in a real window and watches a
5 ms timer on the event loop, apart for the work itself and for adding the layers at its end; then
the same with 27 phantoms side by side, 1,026 shapes on voxels of 48 nm.
"""

from __future__ import annotations

import time

import napari
import psutil
from _window import Stalls, pump, wait
from napari.layers import Labels
from scene_speed import stacked

from napari_3dmsl.layers.labels import phantom_layer
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.widgets.browse.panel import BrowsePanel
from napari_3dmsl.widgets.extract.panel import ExtractPanel

WORKING_MS, APPEARING_MS = 100.0, 150.0
MANY_VOXEL_NM = 48.0


def phantom() -> None:
    """Extract the phantom."""
    data, attributes, _ = phantom_layer(make_phantom(), "mitochondria phantom")
    extract(Labels(data, **attributes))


def many() -> None:
    """Extract 27 of them side by side."""
    labels, scale = stacked(3, MANY_VOXEL_NM), (MANY_VOXEL_NM / 1000,) * 3
    extract(Labels(labels, name="phantoms", scale=scale, units="um"), instances=True)


def extract(labels: Labels, instances: bool = False) -> None:
    """Extract labels from the panel and print the stalls."""
    viewer = napari.Viewer(title="stalls")
    viewer.add_layer(labels)
    panel = ExtractPanel(viewer, remember=False)
    viewer.window.add_dock_widget(panel, name="Extract shapes")
    viewer.window.add_dock_widget(BrowsePanel(viewer, remember=False), name="Shape browser")
    if instances:
        panel.protocol.set_values({"instances": True, **{f"downsample_{x}": 1 for x in "zyx"}})
    pump(1.0)
    stalls, added, most = Stalls(), [], [_memory_mb()]
    before = most[0]
    viewer.layers.events.inserting.connect(lambda: added.append(time.perf_counter()))
    panel._job.progressed.connect(lambda *_: most.append(_memory_mb()))
    started = time.perf_counter()
    panel.extract_button.click()
    wait(panel.extract_button.isEnabled, "shapes")
    most.append(_memory_mb())
    shown = time.perf_counter()
    pump(2.0)
    title = panel.status.text().split(":")[0]
    stalls.tell(f"extraction, {title}: working", WORKING_MS, started, added[0])
    stalls.tell(f"extraction, {title}: layers appear", APPEARING_MS, added[0])
    print(
        f"  {added[0] - started:.1f} s of work, layers appear in {shown - added[0]:.1f} s; the "
        f"window's memory: {before:.0f} MB before, {max(most):.0f} MB at most, "
        f"{_memory_mb():.0f} MB in the end",
        flush=True,
    )
    viewer.close()


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
