"""Times a preview of an extraction, from the click until its layers are there.

In a real window, on the phantom and, where it is beside the repository, on a UroCell volume. The
second preview follows a change of the erosion radius; it waits 0.2 s for the setting to rest.

Run under a display or Xvfb: ``make bench``.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import napari
import numpy as np
from napari.layers import Labels
from qtpy.QtWidgets import QApplication

from napari_3dmsl.layers.labels import phantom_layer
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.widgets.extract.panel import ExtractPanel

BESIDE = Path(__file__).resolve().parents[1].parent / "shared" / "data"
UROCELL = Path(os.environ.get("NAPARI_3DMSL_DATA", BESIDE)) / "urocell"


def main() -> None:
    data, attributes, _ = phantom_layer(make_phantom(), "phantom")
    measure(data, attributes)
    for path in sorted(UROCELL.glob("*_binary.nii.gz")):
        import nibabel

        volume = np.asarray(nibabel.load(path).dataobj).T.astype(np.uint8)
        place = {"scale": (0.015, 0.016, 0.016), "units": "µm"}
        measure(np.ascontiguousarray(volume), {"name": path.name.split("_")[0], **place})


def measure(data: Any, attributes: dict[str, Any]) -> None:
    viewer = napari.Viewer(title="preview")
    viewer.add_layer(Labels(data, **attributes))
    panel = ExtractPanel(viewer, remember=False)
    viewer.window.add_dock_widget(panel, name="Extract shapes")
    process_events(1.0)
    began = time.perf_counter()
    panel.preview_button.click()
    first = wait_for_preview(panel) - began
    began = time.perf_counter()
    panel.protocol.field("erosion_nm").setValue(60)
    while "Preview of" in panel.status.text():
        process_events(0.005)
    again = wait_for_preview(panel) - began
    print(f"{attributes['name']:12} first {first:4.1f} s, after a change {again:4.1f} s")
    viewer.close()


def wait_for_preview(panel: ExtractPanel) -> float:
    while "Preview of" not in panel.status.text():
        process_events(0.005)
    return time.perf_counter()


def process_events(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        QApplication.processEvents()
        time.sleep(0.001)


if __name__ == "__main__":
    main()
