"""What a person may do in all panels, in the pane of images and with the window itself.

More than `random_actions.py` does, where after each action the layers are compared with what was
asked for: here nobody compares, so that anything may be pressed.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from random_actions import LEFT_ALONE, Actions, Session

PANELS = (
    *("Extract shapes", "Shape browser", "Microscope", "Export images", "Image set"),
    *("Match my microscope", "Download shapes"),
)
# They work for minutes, ask the internet, or end in a browser or the clipboard.
_NEVER = LEFT_ALONE | {"fit", "compare", "go_download", "start_test", "docs_button", "copy_as"}
_SAMPLES = ("shape", "shapes", "field", "cell")
_VIEWS = ("table", "gallery", "plot")
_MOST_PIXELS = 128  # of images: their size is no question of memory that is kept


class AllActions(Actions):
    """Actions of `Actions`, and everything else that the window has."""

    def __init__(self, session: Session, rng: random.Random, folder: Path) -> None:
        super().__init__(session, rng)
        self.folder = folder
        """In which libraries may be written."""
        self.saved = 0

    def all(self) -> list[tuple[int, Callable[[], str]]]:
        """Return all actions, each with how often it is done compared with the others."""
        return [
            *super().all(),
            (12, self.press_anything),
            (3, self.image_something_else),
            (2, self.choose_a_microscope),
            (2, self.compare_microscopes),
            (2, self.record_a_stack),
            (3, self.drag_the_field),
            (3, self.undo_or_redo),
            (3, self.switch_the_view),
            (2, self.draw_a_lasso),
            (2, self.isolate_or_lay_out),
            (3, self.filter),
            (1, self.take_a_layer_to_match),
            (1, self.save_a_library),
            (1, self.open_a_film),
            (1, self.open_a_library),
            (1, self.change_the_theme),
            (1, self.resize),
            (1, self.close_windows),
        ]

    def press_anything(self) -> str:
        """Press a button, choose in a drop-down or turn a knob, in any panel or in the pane."""
        from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QSlider, QTabBar

        name, panel = self.rng.choice(sorted(self._panels().items()))
        kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QSlider, QTabBar)
        parts = [part for kind in kinds for part in panel.findChildren(kind) if _may(part, panel)]
        if not parts:
            return f"{name}: nothing to press"
        part = self.rng.choice(parts)
        if isinstance(part, QAbstractButton):
            part.click()
        elif isinstance(part, QAbstractSpinBox):
            part.stepBy(self.rng.choice([-2, -1, 1, 2]))
        elif isinstance(part, QSlider):
            part.setValue(self.rng.randint(part.minimum(), part.maximum()))
        elif part.count():
            part.setCurrentIndex(self.rng.randrange(part.count()))
            if isinstance(part, QComboBox):
                part.activated.emit(part.currentIndex())
        return f"{name}: {part.objectName() or type(part).__name__}"

    def _panels(self) -> dict[str, Any]:
        from qtpy.QtWidgets import QWidget

        found = dict(self.session.panels)
        pane = self._window().findChild(QWidget, "image_pane")
        if pane is not None and pane.isVisible():
            found["pane"] = pane
        return found or {"Microscope": self.session.panel("Microscope")}

    def _window(self) -> Any:
        return self.viewer.window._qt_window  # private: nobody else knows it

    def image_something_else(self) -> str:
        """Image one shape, all that are selected, a field of the volume, or a cell."""
        panel, kind = self.session.panel("Microscope"), self.rng.choice(_SAMPLES)
        panel.sample.choose(kind)
        return f"image {kind}"

    def choose_a_microscope(self) -> str:
        """Choose a preset, at a size that is soon made."""
        panel = self.session.panel("Microscope")
        box = self._box(panel, "microscope")
        if box is not None and box.count():
            box.setCurrentIndex(self.rng.randrange(box.count()))
            box.activated.emit(box.currentIndex())
        panel.form.take_image_size((_MOST_PIXELS, _MOST_PIXELS))
        return "choose a microscope"

    def compare_microscopes(self) -> str:
        """Image through another microscope too, or no more."""
        box = self._box(self.session.panel("Microscope"), f"compare_{self.rng.choice([1, 2])}")
        if box is not None:
            box.setCurrentIndex(self.rng.choice([0, self.rng.randrange(box.count())]))
        return "compare"

    def record_a_stack(self) -> str:
        """Make a z-stack of some planes, or no more."""
        panel = self.session.panel("Microscope")
        wants = not panel.form.wants_stack
        panel.form.fields.stack.set_values({"stack": wants})
        return f"stack: {wants}"

    def drag_the_field(self) -> str:
        """Drag the frame of the field some way."""
        sample = self.session.panel("Microscope").sample
        if sample.kind != "field":
            return "no field"
        for step in range(self.rng.randrange(2, 6)):
            place = {name: self.rng.uniform(0.3, 1.2) + 0.05 * step for name in sample.place.names}
            sample.place.set_values(place)
            self.session.pump(0.03)
        return "drag the field"

    def undo_or_redo(self) -> str:
        """Take a knob back, or turn it again."""
        history = self.session.panel("Microscope").history
        self.rng.choice([history.undo, history.undo, history.redo])()
        return "undo or redo"

    def switch_the_view(self) -> str:
        """Show table, gallery or plot."""
        name = self.rng.choice(_VIEWS)
        self.session.panel("Shape browser").views.show_view(name)
        return f"view {name}"

    def draw_a_lasso(self) -> str:
        """Select what lies in a triangle of the plot."""
        views = self.session.panel("Shape browser").views
        views.show_view("plot")
        corners = [[self.rng.uniform(-2, 2) for _ in range(2)] for _ in range(3)]
        views.plot._take(np.array(corners), adds=self.rng.random() < 0.3)  # as the mouse does
        return "lasso"

    def isolate_or_lay_out(self) -> str:
        """Press a button over the canvas: isolate, gallery, all."""
        from qtpy.QtWidgets import QPushButton

        canvas = self.session.panel("Shape browser").canvas
        buttons = [one for one in canvas.findChildren(QPushButton) if _may(one, canvas)]
        if buttons:
            self.rng.choice(buttons).click()
        return "isolate or lay out"

    def filter(self) -> str:
        """Show the shapes within some bounds, or all."""
        from qtpy.QtWidgets import QLineEdit

        bar = self.session.panel("Shape browser").filter
        fields = bar.findChildren(QLineEdit)
        field = self.rng.choice(fields)
        field.setText(self.rng.choice(["", "", "0.01", "1"]))
        field.textEdited.emit(field.text())
        if self.rng.random() < 0.3:
            bar.clear()
        return "filter"

    def take_a_layer_to_match(self) -> str:
        """Take an image as a real one, and sometimes calibrate the camera with it."""
        panel = self.session.panel("Match my microscope")
        for part in (panel.take_layer, panel.calibrate_button):
            self.session.pump(0.1)
            if part.isEnabled() and self.rng.random() < 0.7:
                part.click()
        return "match"

    def save_a_library(self) -> str:
        """Write the library of the shapes that are there, as a folder."""
        from qtpy.QtWidgets import QFileDialog

        panel = self.session.panel("Export images")
        if not panel.library_button.isEnabled():
            return "no library to save"
        for earlier in sorted(self.folder.iterdir())[:-1]:
            shutil.rmtree(earlier)
        self.saved += 1
        folder = str(self.folder / f"{self.saved:06}")
        asked = QFileDialog.getExistingDirectory
        panel.library.set_values({"layout": "folder", "samples": False})
        QFileDialog.getExistingDirectory = staticmethod(lambda *_, **__: folder)
        try:
            panel.library_button.click()
        finally:
            QFileDialog.getExistingDirectory = asked
        return "save a library"

    def open_a_film(self) -> str:
        """Open a small film and play it for a while."""
        frames = np.random.default_rng(1).integers(0, 99, (6, 48, 48), np.uint16)
        film = self.viewer.add_image(
            frames,
            name="film",
            scale=(1.0, 0.08, 0.08),
            units=("um",) * 3,
            axis_labels=("t", "y", "x"),
        )
        player = self.session.panel("Image set")._player
        player.play(film, 0)
        self.session.pump(0.5)
        player.stop()
        self.viewer.layers.remove(film)
        return "film"

    def open_a_library(self) -> str:
        """Open the library that was saved last."""
        self.session.rest()
        folders = sorted(self.folder.iterdir())
        if not folders or not any(folders[-1].iterdir()):
            return "no library to open"
        self.viewer.open(str(folders[-1]), plugin="napari-3dmsl")
        self.session.by_hand = True
        return "open a library"

    def change_the_theme(self) -> str:
        """From dark to light and back."""
        self.viewer.theme = "light" if self.viewer.theme == "dark" else "dark"
        return self.viewer.theme

    def resize(self) -> str:
        """Give the window another size."""
        self.viewer.window.resize(self.rng.randrange(700, 1300), self.rng.randrange(600, 900))
        return "resize"

    def close_windows(self) -> str:
        """Close what has opened beside the window: figures, docs, comparisons."""
        from qtpy.QtWidgets import QApplication, QDockWidget

        for other in QApplication.topLevelWidgets():
            if (
                other.isVisible()
                and other is not self._window()
                and not isinstance(other, QDockWidget)
            ):
                other.close()
        return "close windows"

    def _box(self, panel: Any, name: str) -> Any:
        from qtpy.QtWidgets import QComboBox

        return panel.findChild(QComboBox, name)


def _may(part: Any, panel: Any) -> bool:
    """Whether a part can be pressed, and answers without asking back or leaving the window."""
    if not part.isEnabled() or not part.isVisibleTo(panel) or part.objectName() in _NEVER:
        return False
    menu = getattr(part, "menu", None)
    text = getattr(part, "text", None)
    asks_back = callable(text) and str(text()).endswith("…")
    return not asks_back and not (callable(menu) and menu() is not None)
