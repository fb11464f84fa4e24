"""Does the window stay alive while shapes are extracted? The longest gap between two timer ticks.

Extracts the phantom (20 million voxels, 38 shapes) from the panel in a real window and watches a
5 ms timer on the event loop, apart for the work itself and for adding the layers at its end.

Run under a display or Xvfb: ``make bench``.
"""

from __future__ import annotations

import time

import napari
from _window import Stalls, pump, wait
from napari.layers import Labels

from napari_3dmsl.layers.labels import phantom_layer
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.widgets.browse.panel import BrowsePanel
from napari_3dmsl.widgets.extract.panel import ExtractPanel


def main() -> None:
    viewer = napari.Viewer(title="stalls")
    data, attributes, _ = phantom_layer(make_phantom(), "mitochondria phantom")
    viewer.add_layer(Labels(data, **attributes))
    panel = ExtractPanel(viewer, remember=False)
    viewer.window.add_dock_widget(panel, name="Extract shapes")
    viewer.window.add_dock_widget(BrowsePanel(viewer, remember=False), name="Shape browser")
    pump(1.0)
    stalls, added = Stalls(), []
    viewer.layers.events.inserting.connect(lambda: added.append(time.perf_counter()))
    started = time.perf_counter()
    panel.extract_button.click()
    wait(panel.extract_button.isEnabled, "shapes")
    pump(2.0)
    print(f"extraction of {data.size / 1e6:.0f} million voxels: {added[0] - started:.1f} s")
    print(f"longest stall while working:        {stalls.longest(end=added[0]):6.0f} ms")
    print(f"longest stall when layers appear:   {stalls.longest(begin=added[0]):6.0f} ms")
    viewer.close()


if __name__ == "__main__":
    main()
