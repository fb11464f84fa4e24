"""Makes the pictures of docs/tutorial.md: does with the mouse what the tutorial says.

Run under Xvfb: ``make tutorial``. Only the phantom is shown: this package draws it, so the pictures
carry nobody else's licence.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "docs" / "images"
SHAPE = "33"  # a network that lies flat, in front of the others
MOST_STEPS = 12  # of the extraction that are filmed


def main() -> None:
    """Go through the tutorial in a home of its own, so that nobody's settings have a say."""
    home = Path(tempfile.gettempdir()) / "3dmsl-tutorial"
    shutil.rmtree(home, ignore_errors=True)
    (home / "my_library").mkdir(parents=True)
    os.environ.update(HOME=str(home), XDG_CONFIG_HOME=str(home / ".config"))
    os.chdir(home)
    from stage import Stage

    stage = Stage()
    for number, scene in enumerate(SCENES, start=1):
        scene(stage)
        until = sum(seconds for _, seconds in stage.film.frames)
        print(f"{number} {scene.__name__}: until {until:.0f} s", flush=True)
    stage.viewer.close()
    os.chdir(FOLDER)
    shutil.rmtree(home)


def keep(stage: Any, name: str) -> None:
    stage.film.picture(FOLDER / f"tutorial-{name}.png")


def sample(stage: Any) -> None:
    stage.tell("napari-3dmsl: from EM labels of mitochondria to microscope images", 1.8)
    stage.tell("1  Open the sample: a drawn EM volume")
    stage.menu(
        "File",
        "Open Sample",
        "3DMSL",
        "mitochondria phantom",
        before_last=lambda: keep(stage, "open"),
    )
    stage.wait(lambda: len(stage.viewer.layers), "the phantom")
    stage.rest(1.0)
    stage.film.show(0.8)
    for plane in range(60, 100, 4):
        stage.viewer.dims.set_point(0, plane * stage.viewer.dims.range[0].step)
        stage.rest(0.15)
        stage.film.show(0.12)
    keep(stage, "phantom")


def extract(stage: Any) -> None:
    stage.tell("2  Extract shapes: one click, some seconds")
    stage.menu("Plugins", "3DMSL", "Extract shapes", before_last=lambda: keep(stage, "menu"))
    panel = stage.panel("Extract shapes")
    stage.film.show(0.8)
    button, status = stage.find(panel, "extract"), stage.find(panel, "status")
    stage.click(button)
    told, shown = "", 0
    while not button.isEnabled():
        stage.rest(0.05)
        if status.text() != told and shown < MOST_STEPS:
            told, shown = status.text(), shown + 1
            stage.film.show(0.15)
    stage.rest(1.0)
    keep(stage, "extract")
    stage.tell("38 mitochondria, measured and sorted into six classes", 0.8)
    stage.turn((0, 60, 20), 12)
    stage.turn((0, -60, -20), 8)
    stage.tell("The eye of a class hides it")
    for kind in ("mega", "nano-tunnel"):
        stage.hide_layer(kind)
    stage.film.show(0.5)
    keep(stage, "eyes")


def browse(stage: Any) -> None:
    stage.tell("3  Shape browser: find the one you want")
    stage.menu("Plugins", "3DMSL", "Shape browser")
    stage.hide_docks("layer controls", "layer list")
    panel = stage.panel("Shape browser")
    stage.viewer.reset_view()
    stage.rest(1.5)
    stage.film.show(0.8)
    keep(stage, "browse")
    stage.choose(stage.find(panel, "shape_class"), "network")
    stage.film.show(0.6)
    stage.tell("Click a row: the shape turns white, and you read why it is a network")
    table = stage.find(panel, "shapes")
    row = next(i for i in range(table.model().rowCount()) if _id(table, i) == SHAPE)
    stage.pick(table, row)
    stage.rest(0.8)
    stage.film.show(1.6)
    keep(stage, "network")


def microscope(stage: Any) -> None:
    stage.tell("4  Microscope: its confocal image appears at once")
    stage.menu("Plugins", "3DMSL", "Microscope")
    stage.wait(lambda: "simulated image" in stage.viewer.layers, "the image")
    stage.rest(1.0)
    home(stage)
    nudge(stage)
    stage.film.show(1.2)
    keep(stage, "microscope")


def density(stage: Any) -> None:
    panel = stage.panel("Microscope")
    labelling = stage.find(panel, "labelling")
    stage.choose(labelling, "3DMSL paper")
    stage.rest(1.0)
    stage.click(stage.find(stage.panel("Image"), "fit_contrast"))
    stage.rest(0.5)
    keep(stage, "density")
    stage.choose(labelling, "TOM22")
    stage.rest(1.0)
    stage.click(stage.find(stage.panel("Image"), "fit_contrast"))


def focus(stage: Any) -> None:
    panel = stage.panel("Microscope")
    stage.tell("Focus through it: out of focus is dim, as it should be")
    stage.slide(stage.find(panel, "focus_um_slider"), [570, 420, 500], 8)
    plane = stage.find(panel, "focal_plane")
    stage.tell("The orange plane is what is sharp")
    stage.click(plane)
    stage.turn((0, 25, 15), 8)
    stage.film.show(0.6)
    keep(stage, "focus")
    plane.setChecked(False)
    home(stage)


def compare(stage: Any) -> None:
    panel = stage.panel("Microscope")
    stage.tell("Compare microscopes on the same fluorophores")
    stage.choose(stage.find(panel, "compare_1"), "Widefield 1.42")
    stage.rest(1.5)
    home(stage)
    stage.film.show(1.6)
    keep(stage, "compare")
    stage.choose(stage.find(panel, "compare_1"), "nothing")
    home(stage)


def pose(stage: Any) -> None:
    stage.tell("Turn it in 3D, press “Use this view”: imaged from there")
    stage.turn((0, 25, 0))
    button = stage.find(stage.panel("Microscope"), "use_view")
    stage.click(button)
    stage.rest(0.8)
    stage.film.show(1.2)
    keep(stage, "pose")
    home(stage)


def stack(stage: Any) -> None:
    panel = stage.panel("Microscope")
    stage.tell("A z-stack: 31 planes, one click")
    stage.click(stage.find(panel, "stack"))
    stage.wait(lambda: "simulated stack" in stage.viewer.layers, "the stack")
    stage.rest(1.0)
    home(stage)
    stage.film.show(0.6)
    stage.turn((0, -55, 20), 12)
    stage.film.show(0.8)
    keep(stage, "stack")
    home(stage)
    stage.tell("Save it: OME-TIFF with pixel size and every setting inside")
    stage.answer(stage.find(panel, "save"), "network.ome.tif")
    stage.film.show(1.2)
    keep(stage, "saved")


def image_set(stage: Any) -> None:
    stage.tell("5  Image set: thousands of images with ground truth from one recipe")
    stage.menu("Plugins", "3DMSL", "Export images")
    stage.film.show(0.6)
    stage.click(stage.find(stage.panel("Export images"), "make_set"))
    panel = stage.panel("Image set")
    stage.rest(1.0)
    stage.film.show(0.6)
    stage.answer(stage.find(panel, "save_shapes"), "my_library")
    stage.wait(lambda: stage.find(panel, "preview").isEnabled(), "the library")
    stage.film.show(0.8)
    keep(stage, "image-set")
    stage.click(stage.find(panel, "microscopes_epi1"))
    stage.rest(0.6)
    stage.film.show(0.4)
    stage.click(stage.find(panel, "preview"))
    sheet, shown = stage.find(panel, "contact_sheet"), 0
    while not stage.find(panel, "preview").isEnabled():
        stage.rest(0.1)
        if sheet.count() > shown:
            shown = sheet.count()
            stage.film.show(0.15)
    stage.reveal(sheet)
    stage.rest(0.5)
    keep(stage, "contact-sheet")
    stage.tell("From EM labels to training data, in one window", 3.0)


def home(stage: Any) -> None:
    """Press the house: look straight at everything."""
    stage.viewer.reset_view()
    stage.rest(0.5)


def nudge(stage: Any) -> None:
    """Ask for the image once more: the first one also fills caches, so its time misleads."""
    focus = stage.find(stage.panel("Microscope"), "focus_um")
    for height in (0.1, 0.0):
        focus.setValue(height)
        stage.rest(1.0)


def _id(table: Any, row: int) -> str:
    return str(table.model().index(row, 0).data())


SCENES: list[Callable[[Any], None]] = [
    sample,
    extract,
    browse,
    microscope,
    density,
    focus,
    compare,
    pose,
    stack,
    image_set,
]

if __name__ == "__main__":
    main()
