"""Makes the pictures in docs/images/: the window and every panel in use, on the phantom.

Run under a display or Xvfb: ``make screenshots``. Only the phantom is shown: this package draws it,
so the pictures carry nobody else's licence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea, QWidget

from napari_3dmsl.widgets._image_layers import IMAGE
from napari_3dmsl.widgets._selection import selection_of
from napari_3dmsl.widgets.demo import Demo

FOLDER = Path(__file__).parent.parent / "docs" / "images"
LAPTOP = (1366, 768)
PANEL_WIDTH = 440
COLOURS = 192  # a palette keeps each picture far below the limit
LARGEST_BYTES = 300_000
SETTLE_S = 2.0  # for an image to be made and drawn


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    demo = Demo()
    demo.viewer.theme = "dark"
    demo.viewer.window.resize(*LAPTOP)
    window = demo.viewer.window._qt_window  # private: napari has no public way to size its docks
    window.resizeDocks([demo.docks["microscope"]], [PANEL_WIDTH], Qt.Orientation.Horizontal)
    demo.wait_for_shapes()
    demo.viewer.reset_view()
    take(demo, "extract", "extract")

    select_largest(demo, "mega")
    shown = demo.viewer.layers[IMAGE]
    shown.visible = False
    take(demo, "browse", "browse")

    shown.visible = True
    demo.viewer.reset_view()
    turn_a_knob(demo)
    take(demo, "microscope", "overview")
    take(demo, "export", "export")

    demo.microscope.form.labelling.set_values({"density_per_um2": 300})
    demo.process_events(SETTLE_S)
    take_preset(demo, "epi1")
    demo.viewer.reset_view()
    turn_a_knob(demo)
    scroll_to(demo, demo.microscope.read_out)
    take(demo, "microscope", "microscope")

    take_preset(demo, "con1")
    demo.microscope.form.stack.set_values({"stack": True})
    demo.process_events(2 * SETTLE_S)
    demo.viewer.reset_view()
    shown.visible = False  # seen from the side, napari draws a flat image as a thick block
    tilt(demo)
    scroll_to(demo, demo.microscope.auto_contrast)
    take(demo, "microscope", "stack")
    demo.viewer.close()


def select_largest(demo: Demo, shape_class: str) -> None:
    """Select the largest shape of a class; in the phantom it lies in front of the others."""
    selection = selection_of(demo.viewer)
    source = selection.source
    assert source is not None
    table = source.table
    alike = [i for i, kind in enumerate(table["shape_class"]) if kind == shape_class]
    selection.select(source.ids[max(alike, key=lambda i: table["area_um2"][i])])
    demo.process_events(SETTLE_S)


def take_preset(demo: Demo, name: str) -> None:
    demo.microscope.form.preset.setCurrentText(name)
    demo.microscope.form.preset.textActivated.emit(name)
    demo.process_events(SETTLE_S)


def turn_a_knob(demo: Demo) -> None:
    """Ask for the image once more: the first one also fills caches, so its time misleads."""
    demo.microscope.form.focus.set_values({"focus_um": 0.1})
    demo.process_events(SETTLE_S)
    demo.microscope.form.focus.set_values({"focus_um": 0.0})
    demo.process_events(SETTLE_S)


def tilt(demo: Demo) -> None:
    camera = getattr(demo.viewer, "scene", demo.viewer).camera  # napari 0.9 moved it
    z, y, x = camera.angles
    camera.angles = (z + 4, y + 28, x + 14)


def scroll_to(demo: Demo, widget: QWidget) -> None:
    demo.docks["microscope"].raise_()
    demo.process_events(0.2)
    area = demo.microscope.findChild(QScrollArea)
    assert area is not None
    area.ensureWidgetVisible(widget)


def take(demo: Demo, panel: str, name: str) -> None:
    """Write the window with one panel on top."""
    demo.docks[panel].raise_()
    demo.process_events(SETTLE_S)
    write(demo.viewer.window.screenshot(canvas_only=False, flash=False), name)


def write(picture: Any, name: str) -> None:
    """Write a PNG with a palette; one that is too large for git is an error."""
    path = FOLDER / f"{name}.png"
    pixels = Image.fromarray(np.asarray(picture)[..., :3])
    pixels.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {pixels.width} x {pixels.height}, {size // 1000} kB")
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path}: {size} bytes, more than {LARGEST_BYTES}")


if __name__ == "__main__":
    main()
