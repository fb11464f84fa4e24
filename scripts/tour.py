"""Makes the film of the README: one story in a quarter of a minute, with letters to be read.

Run under Xvfb: ``make tour``. Only the phantom is shown: this package draws it, so the film carries
nobody else's licence.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE = (1020, 640)  # small, so that its letters stay large in the film
WIDTH = 800
PANEL_WIDTH = 430
SHAPE = 33  # a network that lies flat, in front of the others
FIELD_PX = 72  # smaller than the volume, so that there is somewhere to go
REDS = [f"#{red:02x}0000" for red in (70, 120, 170, 220, 255)]  # of a widefield image at 688 nm
LONGEST_S = 15.0
LARGEST_BYTES = 3_000_000


def main() -> None:
    """Film it in a home of its own, so that nobody's settings have a say."""
    home = Path(tempfile.mkdtemp())
    os.environ.update(HOME=str(home), XDG_CONFIG_HOME=str(home / ".config"))
    os.environ["NAPARI_3DMSL_PRESETS"] = str(home)
    from stage import Stage

    from napari_3dmsl.layers.class_colours import CLASS_COLOURS

    stage = Stage(SIZE, WIDTH)
    for scene in (labels, shapes, microscope, focus, field, compare):
        scene(stage)
    path = FOLDER / "tour.gif"
    stage.film.save(path, keep=[*CLASS_COLOURS.values(), *REDS])
    stage.viewer.close()
    shutil.rmtree(home)
    length = sum(seconds for _, seconds in stage.film.frames)
    if length > LONGEST_S or path.stat().st_size > LARGEST_BYTES:
        raise SystemExit(f"{path}: {length:.1f} s, {path.stat().st_size} bytes: too much")


def labels(stage: Any) -> None:
    from napari.layers import Labels

    from napari_3dmsl.layers.labels import phantom_layer
    from napari_3dmsl.shapes.phantom import make_phantom
    from napari_3dmsl.widgets.common.tabs import open_panel
    from napari_3dmsl.widgets.extract.panel import ExtractPanel

    data, attributes, _ = phantom_layer(make_phantom(), "mitochondria phantom")
    stage.viewer.add_layer(Labels(data, **attributes))
    open_panel(stage.viewer, ExtractPanel, "Extract shapes")
    stage.hide_docks_at_once("layer controls", "layer list")
    stage.viewer.reset_view()
    stage.rest(1.0)
    stage.film.frames.clear()
    stage.tell("Mitochondria in electron microscopy")
    for plane in range(50, 110, 10):
        stage.viewer.dims.set_point(0, plane * stage.viewer.dims.range[0].step)
        stage.rest(0.3)
        stage.film.show(0.17)


def shapes(stage: Any) -> None:
    stage.tell("One click: their 3D shapes, sorted into classes")
    button = stage.find(stage.panel("Extract shapes"), "extract")
    stage.click(button)
    stage.wait(button.isEnabled, "the shapes")
    stage.rest(1.5)
    stage.viewer.reset_view()
    stage.rest(0.5)
    stage.film.show(0.4)


def microscope(stage: Any) -> None:
    from qtpy.QtCore import Qt

    from napari_3dmsl.widgets.common.shape_selection import selection_of
    from napari_3dmsl.widgets.common.tabs import dock_of
    from napari_3dmsl.widgets.microscope.panel import panel_of

    panel = panel_of(stage.viewer)
    stage.window.resizeDocks([dock_of(panel)], [PANEL_WIDTH], Qt.Orientation.Horizontal)
    stage.rest(1.0)
    stage.viewer.reset_view()
    stage.rest(0.5)
    stage.tell("Click a shape …")
    selection = selection_of(stage.viewer)
    middle = selection.source.mesh(SHAPE).vertices.mean(axis=0)
    stage.glide(on_screen(stage, middle), 4)
    stage.film.pressed = True
    stage.film.show(0.2)
    selection.select(SHAPE)
    settle(stage)
    stage.film.pressed = False
    stage.viewer.reset_view()
    stage.rest(1.0)
    stage.tell("… and see what your microscope would see", 1.3)


def focus(stage: Any) -> None:
    stage.tell("Drag the focus: the image follows")
    slider = stage.find(panel_of_stage(stage), "focus_um_slider")
    stage.slide(slider, [slider.value() + 90, slider.value()], 5)


def field(stage: Any) -> None:
    panel = panel_of_stage(stage)
    panel.form.set_values({"image_size": (FIELD_PX, FIELD_PX)})
    stage.tell("Everything in the field: drag its frame over the volume")
    panel.sample.choose("field")
    settle(stage)
    stage.viewer.reset_view()
    settle(stage)
    frame = panel.sample.frame
    edge = frame.field.middle_um - np.array([0.0, frame.field.half_um[0], 0.0])
    stage.glide(on_screen(stage, edge), 3)
    stage.film.pressed = True
    for y, x, steps in ((-1.7, -1.7, 4), (0.0, 3.4, 6), (3.4, 0.0, 6)):
        for _ in range(steps):
            by = np.array([y, x]) / steps
            frame._drag_to(frame.field.moved(by))
            edge = edge + np.array([0.0, *by])
            settle(stage, 0.1)
            stage.film.pointer = on_screen(stage, edge)
            stage.film.show(0.14)
    stage.film.pressed = False


def compare(stage: Any) -> None:
    panel = panel_of_stage(stage)
    stage.tell("Compare: confocal and widefield, the same fluorophores")
    panel.form.set_values({"image_size": (128, 128)})
    panel.sample.choose("shape")
    settle(stage)
    panel.pages.show_page(panel.pages.titles().index("Beside it"))
    stage.rest(0.3)
    stage.choose(stage.find(panel, "compare_1"), "Widefield 1.42")
    settle(stage, 2.0)
    stage.film.show(2.0)


def panel_of_stage(stage: Any) -> Any:
    from napari_3dmsl.widgets.microscope.panel import panel_of

    return panel_of(stage.viewer)


def settle(stage: Any, seconds: float = 1.0) -> None:
    """Wait for the image that stays."""
    stage.rest(seconds)
    panel = panel_of_stage(stage)
    stage.wait(lambda: panel.is_at_rest, "the image")
    stage.rest(0.15)


def on_screen(stage: Any, place_um: Any) -> tuple[int, int]:
    """Return where a place of the world is seen, looked at straight on."""
    camera = getattr(stage.viewer, "scene", stage.viewer).camera
    canvas = stage.viewer.window._qt_viewer.canvas.native
    middle = canvas.mapToGlobal(canvas.rect().center())
    down, right = (np.asarray(place_um)[1:] - np.array(camera.center)[1:]) * camera.zoom
    return round(middle.x() + right), round(middle.y() + down)


if __name__ == "__main__":
    main()
