"""Makes the pictures in docs/images/: every panel in use, on the phantom, in both themes.

NAME.png is in napari's dark theme, NAME-light.png in its light one. Run under a
display or Xvfb: ``make screenshots``. Only the phantom is shown: this package draws it, so the
pictures carry nobody else's licence.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QCheckBox, QLineEdit, QScrollArea, QWidget
from window_pictures import FOLDER, write_picture

from napari_3dmsl.layers.attributes import kind_of
from napari_3dmsl.layers.classes import CLASS
from napari_3dmsl.layers.field_frame import FIELD_FRAME
from napari_3dmsl.layers.images import SIMULATED
from napari_3dmsl.layers.show import find
from napari_3dmsl.library.library import write_library
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.shape import Shape
from napari_3dmsl.widgets.browse.panel import BrowsePanel
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.demo import Demo
from napari_3dmsl.widgets.download import DownloadPanel
from napari_3dmsl.widgets.image_pane.opening import image_pane_of
from napari_3dmsl.widgets.image_set.panel import ImageSetPanel
from napari_3dmsl.widgets.microscope.image_layers import IMAGE, MASK, PHOTONS, STACK

LAPTOP = (1366, 768)
PANEL_WIDTH = 440
CANVAS_WIDTH = 400  # of what is left between the docks
SOMEBODYS_CACHE = "/home/me/.cache/napari-3dmsl"  # the Download panel names it
SETTLE_S = 2.0  # for an image to be made and drawn


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as nobodys_settings:
        os.environ["NAPARI_3DMSL_PRESETS"] = nobodys_settings
        os.environ["NAPARI_CONFIG"] = str(Path(nobodys_settings) / "napari.yaml")
        os.environ["NAPARI_3DMSL_CACHE"] = SOMEBODYS_CACHE
        os.chdir(nobodys_settings)  # the Image set panel names its library from here
        take_all()


def take_all() -> None:
    demo = Demo()
    demo.viewer.theme = "dark"
    demo.viewer.window.resize(*LAPTOP)
    window = demo.viewer.window._qt_window  # private: napari has no public way to size its docks
    window.resizeDocks([demo.docks["microscope"]], [PANEL_WIDTH], Qt.Orientation.Horizontal)
    demo.wait_for_shapes()
    demo.viewer.reset_view()
    take(demo, "extract", "extract")

    select_largest(demo, "network")
    while IMAGE not in demo.viewer.layers:
        demo.process_events(0.1)
    shown = demo.viewer.layers[IMAGE]
    shown.visible = False
    assert isinstance(selection_of(demo.viewer).source, ShapeCollection)
    take_browser(selection_of(demo.viewer).source.shapes)

    shown.visible = True
    demo.viewer.reset_view()
    turn_a_knob(demo)
    take(demo, "export", "export")
    add_image_set_panel(demo)
    take(demo, "image_set", "image_set")
    demo.viewer.window.remove_dock_widget(demo.docks.pop("image_set"))

    contrast = demo.microscope.findChild(QCheckBox, "auto_contrast")
    assert contrast is not None
    contrast.setChecked(True)
    demo.process_events(SETTLE_S)
    demo.viewer.reset_view()
    turn_a_knob(demo)
    take(demo, "microscope", "overview", themes=("dark",))
    take_pane(demo)
    take_preset(demo, "epi1")
    demo.viewer.reset_view()
    turn_a_knob(demo)
    take(demo, "microscope", "microscope")

    take_preset(demo, "con1")
    scroll_to(demo, demo.microscope.sample.text)
    demo.microscope.form.set_values({"stack": True})
    demo.process_events(2 * SETTLE_S)
    demo.viewer.reset_view()
    shown.visible = False  # the stack alone
    tilt(demo)
    demo.microscope.switches.focal_plane.setChecked(True)
    turn_a_knob(demo)
    take(demo, "microscope", "stack")
    scroll_to(demo, demo.microscope.switches.truth)

    demo.microscope.switches.focal_plane.setChecked(False)
    demo.microscope.form.set_values({"stack": False})
    come_to_rest(demo)
    demo.viewer.layers.remove(demo.viewer.layers[STACK])
    shown.visible = True
    demo.microscope.switches.photons.setChecked(True)
    demo.microscope.switches.truth.setChecked(True)
    while MASK not in demo.viewer.layers:
        demo.process_events(0.1)
    see_from_above(demo, [IMAGE, PHOTONS, MASK])
    turn_a_knob(demo)
    take(demo, "microscope", "truth")

    demo.microscope.switches.photons.setChecked(False)
    demo.microscope.switches.truth.setChecked(False)
    take_field(demo)
    add_download_panel(demo)
    take(demo, "download", "download")
    demo.viewer.close()


def take_browser(shapes: list[Shape]) -> None:
    """Show a library alone: its table, a gallery of shapes laid out, a lasso in the plot."""
    write_library(shapes, "phantom")
    viewer = napari.Viewer(title="napari")
    viewer.window.resize(*LAPTOP)
    browser = BrowsePanel(viewer, remember=False)
    dock = viewer.window.add_dock_widget(browser, name="Shape browser")
    window = viewer.window._qt_window
    window.resizeDocks([dock], [PANEL_WIDTH], Qt.Orientation.Horizontal)
    viewer.open("phantom", plugin="napari-3dmsl")
    while browser._drawing._job is not None:
        pump(SETTLE_S)
    browser._selection.select(max(shapes, key=lambda shape: shape.skeleton.branches).id)
    for theme, name in (("light", "browse-light"), ("dark", "browse")):
        viewer.theme = theme
        pump(SETTLE_S)
        write(viewer.window.screenshot(canvas_only=False, flash=False), name)
    browser.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    browser.views.show_view("gallery")
    browser.canvas.lay_out_button.setChecked(True)
    pump(4 * SETTLE_S)
    while not browser._pictures._pictures or browser._pictures._work.is_running:
        pump(SETTLE_S)
    write(viewer.window.screenshot(canvas_only=False, flash=False), "browse-gallery")
    browser.canvas.lay_out_button.setChecked(False)
    browser.views.show_view("plot")
    pump(SETTLE_S)
    long = [shape.id for shape in shapes if shape.skeleton.length_um > 4]
    browser.views.chosen.emit(long, long[-1])
    pump(SETTLE_S)
    write(viewer.window.screenshot(canvas_only=False, flash=False), "browse-plot")
    viewer.close()


def pump(seconds: float) -> None:
    """Process events for a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)


def take_field(demo: Demo) -> None:
    """Image everything in a field, whose frame was dragged a little aside."""
    demo.viewer.dims.ndisplay = 3
    for layer in demo.viewer.layers:
        layer.visible = kind_of(layer) in {CLASS, SIMULATED}
    take_preset(demo, "con1")
    demo.microscope.form.set_values({"density_per_um2": 300, "image_size": (80, 96)})
    demo.microscope.sample.choose("field")
    while find(demo.viewer, FIELD_FRAME) is None:
        demo.process_events(0.1)
    frame = demo.microscope.sample.frame
    assert frame.field is not None
    frame.dragged.emit(frame.field.moved(np.array([-0.6, 0.5])))
    come_to_rest(demo)
    scroll_to(demo, demo.microscope.sample.text)
    demo.viewer.reset_view()
    tilt(demo)
    take(demo, "microscope", "field")
    demo.microscope.sample.choose("shape")


def see_from_above(demo: Demo, names: list[str]) -> None:
    """Show flat layers alone, in 2D."""
    for layer in demo.viewer.layers:
        layer.visible = layer.name in names
    demo.viewer.dims.ndisplay = 2
    boxes = np.array([demo.viewer.layers[name].extent.world for name in names])
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    demo.process_events(SETTLE_S)
    camera = getattr(demo.viewer, "scene", demo.viewer).camera
    camera.zoom = CANVAS_WIDTH / (high - low)[1]
    camera.center = (0.0, *(0.5 * (low + high)))
    demo.process_events(SETTLE_S)


def take_pane(demo: Demo) -> None:
    """Compare three microscopes in the pane, with a line profile and a difference."""
    pane = image_pane_of(demo.viewer)
    demo.microscope.comparison.take_names({"compare_1": "epi1", "compare_2": "light-sheet"})
    while len(pane.pictures) < 3:
        demo.process_events(0.1)
    come_to_rest(demo)
    pane.profile_switch.trigger()
    pane.grid.show_difference((pane.pictures[0].key, pane.pictures[1].key))
    demo.process_events(SETTLE_S)
    take(demo, "microscope", "pane")
    pane.grid.show_difference(None)
    pane.profile_switch.trigger()
    demo.microscope.comparison.take_names({})
    come_to_rest(demo)


def add_image_set_panel(demo: Demo) -> None:
    """Preview a set of two microscopes; the library lies where nothing of this machine is told."""
    selection = selection_of(demo.viewer)
    assert isinstance(selection.source, ShapeCollection)
    panel = ImageSetPanel(demo.viewer, remember=False)
    dock = demo.viewer.window.add_dock_widget(panel, name="Image set", area="right", tabify=True)
    demo.docks["image_set"] = dock
    write_library(selection.source.shapes, "my_library")
    panel.library.set_path("my_library")
    panel.findChild(QCheckBox, "microscopes_epi1").setChecked(True)
    panel.findChild(QLineEdit, "density_per_um2").setText("300")
    dock.raise_()
    demo.process_events(SETTLE_S)
    panel.preview_button.click()
    while panel.cancel_button.isEnabled():
        demo.process_events(0.1)


def add_download_panel(demo: Demo) -> None:
    panel = DownloadPanel(demo.viewer)
    window = demo.viewer.window
    dock = window.add_dock_widget(panel, name="Download shapes", area="right", tabify=True)
    demo.docks["download"] = dock


def select_largest(demo: Demo, shape_class: str) -> None:
    """Select the largest shape of a class; of networks it lies in front of others."""
    selection = selection_of(demo.viewer)
    source = selection.source
    assert source is not None
    table = source.table
    alike = [i for i, kind in enumerate(table["shape_class"]) if kind == shape_class]
    selection.select(source.ids[max(alike, key=lambda i: table["area_um2"][i])])
    demo.process_events(SETTLE_S)


def take_preset(demo: Demo, name: str) -> None:
    demo.microscope.form.take_preset(name)
    come_to_rest(demo)


def turn_a_knob(demo: Demo) -> None:
    """Ask for the image once more: the first one also fills caches, so its time misleads."""
    demo.microscope.form.set_values({"focus_um": 0.1})
    demo.process_events(SETTLE_S)
    demo.microscope.form.set_values({"focus_um": 0.0})
    come_to_rest(demo)


def come_to_rest(demo: Demo) -> None:
    """Wait for the image that stays."""
    demo.process_events(SETTLE_S)
    while not demo.microscope.is_at_rest:
        demo.process_events(0.1)
    demo.process_events(0.5)


def tilt(demo: Demo) -> None:
    camera = getattr(demo.viewer, "scene", demo.viewer).camera  # napari 0.9 moved it
    z, y, x = camera.angles
    camera.angles = (z + 4, y + 28, x + 14)


def scroll_to(demo: Demo, widget: QWidget) -> None:
    demo.docks["microscope"].raise_()
    pages = demo.microscope.pages
    pages.show_page(max(0, pages.page_of(widget)))
    demo.process_events(0.2)
    area = demo.microscope.findChild(QScrollArea)
    assert area is not None
    area.ensureWidgetVisible(widget)


def take(demo: Demo, panel: str, name: str, themes: tuple[str, ...] = ("light", "dark")) -> None:
    """Write the window with one panel on top, in both themes where a page shows both."""
    demo.docks[panel].raise_()
    for theme in themes:
        demo.viewer.theme = theme
        demo.process_events(SETTLE_S)
        file = name if theme == "dark" else f"{name}-{theme}"
        write(demo.viewer.window.screenshot(canvas_only=False, flash=False), file)


def write(picture: Any, name: str) -> None:
    write_picture(picture, FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
