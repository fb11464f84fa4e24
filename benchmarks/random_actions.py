"""Does napari live through whatever a person does? Random actions on the real canvas, with checks.

Each run is a program of its own, with an empty home folder as a new user has it, so that a crash
ends only that run, and with a seed, so that it can be had again. After every action that has come
to rest the layers are compared with what was asked for. A run of another kind extracts again and
again beside a selected shape and its image, as tuning an extraction does.

Run under a display or Xvfb: ``make bench``, or ``python benchmarks/random_actions.py --help``.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

PANELS = ("Extract shapes", "Shape browser", "Microscope", "Export images", "Image set")
PATIENCE_S = 600.0
# These end the shown session, start work of minutes, or ask the internet.
LEFT_ALONE = {"make", "download", "list", "save", "preset_folder", "measure"}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--actions", type=int, default=2000, help="in all runs together")
    asked.add_argument("--runs", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1, help="of the first run")
    asked.add_argument("--again", type=int, default=50, help="extractions beside an image")
    asked.add_argument("--child", nargs=3, help=argparse.SUPPRESS)  # kind, seed, count
    told = asked.parse_args()
    if told.child:
        kind, seed, count = told.child
        run = {"random": do_at_random, "again": extract_again, "sample": extract_sample_again}
        run[kind](int(seed), int(count))
        return
    each = -(-told.actions // max(1, told.runs))
    runs = [("random", told.seed + number, each) for number in range(told.runs)]
    if told.again:
        runs.append(("sample", told.seed, told.again))
    ended = [run_apart(*run) for run in runs]
    print(f"{len(runs)} runs, {len(ended) - sum(ended)} of them failed or crashed")
    sys.exit(0 if all(ended) else 1)


def run_apart(kind: str, seed: int, count: int) -> bool:
    """Do a run in a program of its own with an empty home; say how it ended."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        ran = subprocess.run(
            [sys.executable, __file__, "--child", kind, str(seed), str(count)],
            env=empty_home(home),
            capture_output=True,
            text=True,
            timeout=3600,
            check=False,
        )
    took = time.perf_counter() - began
    last = (ran.stdout.strip().splitlines() or ["nothing"])[-1]
    print(f"{kind:<7} seed {seed}: {count} actions, {took:.0f} s, exit {ran.returncode}: {last}")
    if ran.returncode:
        print("\n".join([*ran.stdout.splitlines()[-12:], *ran.stderr.splitlines()[-30:]]))
    sys.stdout.flush()
    return ran.returncode == 0


def empty_home(home: str) -> dict[str, str]:
    """Environment of a new user: napari and we find nothing remembered."""
    names = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "NAPARI_3DMSL_PRESETS")
    found = {**os.environ, **dict.fromkeys(names, home)}
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        found[f"XDG_{name}_HOME"] = str(Path(home) / name.lower())
    return found


class Session:
    """A napari window, its panels, and what went wrong in them."""

    def __init__(self) -> None:
        faulthandler.enable()
        warnings.simplefilter("ignore")
        self.wrong: list[str] = []
        sys.excepthook = self._raised
        threading.excepthook = lambda told: self._raised(
            told.exc_type, told.exc_value, told.exc_traceback
        )
        import napari
        from qtpy.QtWidgets import QFileDialog

        for name in ("getOpenFileName", "getSaveFileName"):
            setattr(QFileDialog, name, staticmethod(lambda *_, **__: ("", "")))
        QFileDialog.getExistingDirectory = staticmethod(lambda *_, **__: "")
        self.viewer = napari.Viewer(title="random actions")
        self.viewer.window.resize(900, 700)
        self.panels: dict[str, Any] = {}
        self.docks: dict[str, Any] = {}
        # Whether layers were taken away or hidden by hand since extracting, and before that.
        self.by_hand = self.before = False

    def _raised(self, kind: Any, error: Any, where: Any) -> None:
        told = "".join(traceback.format_exception(kind, error, where))
        self.wrong.append(f"raised: {told}")
        print(told, file=sys.stderr, flush=True)  # an action that fails itself ends the program

    def panel(self, name: str) -> Any:
        """Return a panel, opened from the menu."""
        if name not in self.panels:
            dock, panel = self.viewer.window.add_plugin_dock_widget("napari-3dmsl", name)
            self.docks[name], self.panels[name] = dock, panel
            if name == "Extract shapes":
                panel._job.failed.connect(self._as_before)
                panel._job.cancelled.connect(self._as_before)
        return self.panels[name]

    def _as_before(self, why: str = "") -> None:
        """Nothing came of an extraction: what was done by hand before stays."""
        self.by_hand = self.by_hand or self.before

    def close_panel(self, name: str) -> None:
        """Close a panel by its dock; an extraction that is going on ends."""
        if any(what.startswith("extraction") for what in self.busy()):
            self.by_hand = True
        self.viewer.window.remove_dock_widget(self.docks.pop(name))
        del self.panels[name]

    def pump(self, seconds: float) -> None:
        """Let the window live for a while.

        In an event loop, as napari does: Qt deletes what is to be deleted later, such as the
        controls of a removed layer, in a loop only. They would pile up here and nowhere else.
        """
        from qtpy.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(max(1, round(1000 * seconds)), loop.quit)
        loop.exec()

    def rest(self) -> None:
        """Wait until nothing works in the background any more."""
        until = time.perf_counter() + PATIENCE_S
        quiet = 0
        while quiet < 3:  # an answer may ask for more
            if time.perf_counter() > until:
                raise RuntimeError(f"waited {PATIENCE_S:.0f} s in vain for: {self.busy()}")
            self.pump(0.05)
            quiet = 0 if self.busy() else quiet + 1

    def busy(self) -> list[str]:
        """Say what is being worked on."""
        found = []
        for name, panel in self.panels.items():
            for child in vars(panel).values():
                if getattr(child, "is_running", False) or (
                    hasattr(child, "isActive") and child.isActive()
                ):
                    found.append(f"{name}: {type(child).__name__}")
        extract = self.panels.get("Extract shapes")
        if extract is not None and not extract.extract_button.isEnabled():
            found.append("extraction")
        return found

    def check(self) -> None:
        """Compare the layers with what was asked for."""
        self.wrong += list(faults(self))
        from napari.utils.notifications import notification_manager

        for record in notification_manager.records:
            if str(record.severity) in ("error", "NotificationSeverity.ERROR"):
                self.wrong.append(f"napari tells an error: {record.message}")
        if self.wrong:
            raise SystemExit("\n".join(["WRONG", *self.wrong]))


def faults(session: Session) -> Iterator[str]:
    """Yield what is not as asked for in the layers of a window at rest."""
    from qtpy.QtWidgets import QLabel

    from napari_3dmsl.layers.attributes import KEY, about
    from napari_3dmsl.layers.classes import shapes_of
    from napari_3dmsl.layers.extraction import INSTANCES
    from napari_3dmsl.widgets.common.shape_selection import selection_of
    from napari_3dmsl.widgets.microscope.image_layers import IMAGE, find_image

    viewer = session.viewer
    selection = selection_of(viewer)
    of_kind: dict[str, list[Any]] = {}
    for layer in viewer.layers:
        of_kind.setdefault(about(layer).get("kind", "of others"), []).append(layer)
        if any(str(unit) != "micrometer" for unit in layer.units):
            yield f"{layer.name} is in {layer.units}"
    instances, classes = of_kind.get(INSTANCES, []), of_kind.get("class", [])
    if len(instances) > 1:
        yield f"{len(instances)} layers of instances"
    if len(of_kind.get("selected", [])) > 1:
        yield "two highlights"
    if not session.by_hand and instances:
        source = shapes_of(instances[0])
        kinds = list(source.table["shape_class"])
        expected = {f"{kind} ({kinds.count(kind)})" for kind in set(kinds)}
        if {layer.name for layer in classes} != expected:
            yield f"classes {sorted(x.name for x in classes)}, expected {sorted(expected)}"
        if any(shapes_of(layer) is not source for layer in classes):
            yield "surfaces of an earlier extraction"
        if selection.source is not source:
            yield "the shapes of another extraction are selected from"
    yield from highlight_faults(session, selection)
    image = find_image(viewer, IMAGE)
    if "Microscope" in session.panels and selection.mesh is not None and not session.by_hand:
        microscope = session.panels["Microscope"]
        if image is None and not microscope._complains:  # else it says which setting is wrong
            said = microscope.findChild(QLabel, "status").text()
            yield f"no image of the selected shape; the Microscope says: {said}"
        elif image is not None:
            pixel = image.metadata[KEY]["settings"]["microscope"]["pixel_nm"] / 1000
            if not np.allclose(image.scale, pixel):
                yield f"the image has pixels of {image.scale}, expected {pixel}"


def highlight_faults(session: Session, selection: Any) -> Iterator[str]:
    """Yield how the highlight differs from the selected shapes."""
    shown = selection.highlight
    visible = shown is not None and shown.visible
    if not selection.shape_ids:
        if visible and not session.by_hand:
            yield "a highlight, and nothing is selected"
        return
    if session.by_hand:
        return
    if not visible:
        yield "no highlight of what is selected"
        return
    meshes = [selection.source.mesh(shape_id) for shape_id in selection.shape_ids]
    low = np.min([mesh.vertices.min(axis=0) for mesh in meshes], axis=0)
    high = np.max([mesh.vertices.max(axis=0) for mesh in meshes], axis=0)
    found = np.asarray(shown.extent.world)
    if len(shown.data[0]) != sum(len(mesh.vertices) for mesh in meshes):
        yield "the highlight is of other shapes"
    elif np.abs(found - [low, high]).max() > 0.05:  # it lies a hair outside
        yield f"the highlight lies at {found.tolist()}, the shapes at {[low, high]}"


def small_labels(number: int) -> np.ndarray:
    """Return balls, a rod and a ring: 40 × 96 × 96 voxels; another number differs a little."""
    z, y, x = np.ogrid[:40, :96, :96]
    along = np.clip(x, 36, 80 + number)
    around = np.hypot(y - 62, x - 30) - 18
    found = (z - 20) ** 2 + (y - 16) ** 2 + (x - 16) ** 2 <= (8 - number) ** 2
    found |= (z - 20) ** 2 + (y - 16) ** 2 + (x - along) ** 2 <= 5**2
    found |= (z - 20) ** 2 + around**2 <= 5**2
    if number == 0:
        found |= (z - 20) ** 2 + (y - 70) ** 2 + (x - 75) ** 2 <= 9**2
    return found.astype(np.uint8)


class Actions:
    """What a person may do next."""

    def __init__(self, session: Session, rng: random.Random) -> None:
        self.session, self.rng, self.viewer = session, rng, session.viewer
        self.added = 0

    def all(self) -> list[tuple[int, Callable[[], str]]]:
        """Return all actions, each with how often it is done compared with the others."""
        return [
            (3, self.add_labels),
            (3, self._open_or_close_a_panel),
            (8, self._extract),
            (2, self._extract_and_cancel),
            (3, self._preview),
            (3, self._undo),
            (12, self._select),
            (3, self._select_several),
            (3, self._set_class),
            (10, self._turn_a_knob),
            (4, self._tick_of_the_microscope),
            (4, self._two_or_three_dimensions),
            (3, self._move_a_slider),
            (2, self._click_in_the_canvas),
            (2, self._hide_or_show),
            (2, self._remove_a_layer),
            (1, self._select_all_and_delete),
            (2, self._turn_the_camera),
        ]

    def add_labels(self) -> str:
        """Add a label volume."""
        number = self.added % 3
        self.added += 1
        self.viewer.add_labels(
            small_labels(number), name=f"labels {number}", scale=(0.024,) * 3, units="um"
        )
        return f"labels {number}"

    def _open_or_close_a_panel(self) -> str:
        name = self.rng.choice(PANELS)
        if name in self.session.panels and self.rng.random() < 0.7:
            self.session.close_panel(name)
            return f"close {name}"
        self.session.panel(name)
        return f"open {name}"

    def _extract(self) -> str:
        panel = self.session.panel("Extract shapes")
        choice = panel.choice
        if len(choice.choices) > 1:
            choice.choose(self.rng.choice(choice.choices))
        self._begin(panel)
        return "extract"

    def _begin(self, panel: Any) -> bool:
        """Press Extract; new layers make up for what was done to the old ones by hand."""
        if not panel.extract_button.isEnabled():
            return False
        panel.extract_button.click()
        if not panel._job.is_running:  # refused: no labels, or a wrong setting
            return False
        self.session.before, self.session.by_hand = self.session.by_hand, False
        return True

    def _extract_and_cancel(self) -> str:
        panel = self.session.panel("Extract shapes")
        if self._begin(panel):
            self.session.pump(self.rng.uniform(0, 1))
            if panel.cancel_button.isEnabled():
                panel.cancel_button.click()
        return "extract and cancel"

    def _preview(self) -> str:
        panel = self.session.panel("Extract shapes")
        if panel.preview_button.isEnabled():
            panel.preview_button.click()
        return "preview"

    def _undo(self) -> str:
        panel = self.session.panel("Extract shapes")
        if panel.undo_button.isEnabled() and panel.extract_button.isEnabled():
            panel.undo_button.click()
            self.session.by_hand |= self.session.before  # the earlier layers come back as they were
        return "undo"

    def _rows(self) -> tuple[Any, int]:
        table = self.session.panel("Shape browser").table
        return table, table.model().rowCount()

    def _select(self) -> str:
        table, count = self._rows()
        if count:
            table.selectRow(self.rng.randrange(count))
        return "select a row"

    def _select_several(self) -> str:
        table, count = self._rows()
        if count:
            self.rng.choice([table.selectAll, table.clearSelection])()
        return "select all or none"

    def _set_class(self) -> str:
        from qtpy.QtWidgets import QComboBox

        editor = self.session.panel("Shape browser").editor
        boxes = [box for box in editor.findChildren(QComboBox) if box.isEnabled()]
        if boxes:
            box = self.rng.choice(boxes)
            box.setCurrentIndex(self.rng.randrange(max(1, box.count())))
            box.activated.emit(box.currentIndex())
        return "set the class"

    def _turn_a_knob(self) -> str:
        from qtpy.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox

        name = self.rng.choice(["Microscope", "Microscope", "Extract shapes"])
        panel = self.session.panel(name)
        kinds = (QAbstractSpinBox, QCheckBox, QComboBox)
        knobs = [
            knob
            for kind in kinds
            for knob in panel.findChildren(kind)
            if knob.isEnabled() and knob.isVisibleTo(panel) and knob.objectName() not in LEFT_ALONE
        ]
        knob = self.rng.choice(sorted(knobs, key=lambda knob: knob.objectName()))
        if isinstance(knob, QCheckBox):
            knob.click()
        elif isinstance(knob, QComboBox):
            if knob.count() and knob is not getattr(getattr(panel, "choice", None), "native", None):
                knob.setCurrentIndex(self.rng.randrange(knob.count()))
                knob.activated.emit(knob.currentIndex())
        else:
            knob.stepBy(self.rng.choice([-2, -1, 1, 2]))
        return f"{name}: {knob.objectName() or type(knob).__name__}"

    def _tick_of_the_microscope(self) -> str:
        panel = self.session.panel("Microscope")
        box = self.rng.choice(panel.switches.all[1:])
        box.click()
        return f"Microscope: {box.objectName()}"

    def _two_or_three_dimensions(self) -> str:
        self.viewer.dims.ndisplay = 5 - self.viewer.dims.ndisplay
        return f"{self.viewer.dims.ndisplay}D"

    def _move_a_slider(self) -> str:
        for axis in range(self.viewer.dims.ndim):
            count = self.viewer.dims.nsteps[axis]
            self.viewer.dims.set_current_step(axis, self.rng.randrange(max(1, int(count))))
        return "slider"

    def _click_in_the_canvas(self) -> str:
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        canvas = self.viewer.window._qt_viewer.canvas.native  # private: to click in it
        if not (canvas.width() and canvas.height()):  # squeezed out by the panels
            return "nothing to click in"
        place = QPoint(self.rng.randrange(canvas.width()), self.rng.randrange(canvas.height()))
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
        return "click"

    def _hide_or_show(self) -> str:
        if not self.viewer.layers:
            return "nothing to hide"
        layer = self.rng.choice(list(self.viewer.layers))
        layer.visible = not layer.visible
        self.session.by_hand = True
        return f"{'show' if layer.visible else 'hide'} {layer.name}"

    def _remove_a_layer(self) -> str:
        if not self.viewer.layers:
            return "nothing to remove"
        layer = self.rng.choice(list(self.viewer.layers))
        self.viewer.layers.remove(layer)
        self.session.by_hand = True
        return f"remove {layer.name}"

    def _select_all_and_delete(self) -> str:
        self.viewer.layers.select_all()
        self.viewer.layers.remove_selected()
        self.session.by_hand = True
        return "remove all"

    def _turn_the_camera(self) -> str:
        camera = getattr(self.viewer, "scene", self.viewer).camera  # napari 0.9 moved it
        camera.angles = tuple(self.rng.uniform(-90, 90) for _ in range(3))
        return "turn the camera"


def do_at_random(seed: int, count: int) -> None:
    """Do actions at random."""
    rng = random.Random(seed)
    session = Session()
    actions = Actions(session, rng)
    actions.add_labels()
    began = time.perf_counter()
    weights, choices = zip(*actions.all(), strict=True)
    for number in range(count):
        [action] = rng.choices(choices, weights)
        name = action()
        print(f"{number + 1} {name}, {time.perf_counter() - began:.1f} s", flush=True)
        if rng.random() < 0.4:  # a person in a hurry
            session.pump(rng.uniform(0, 0.2))
            continue
        session.rest()
        session.check()
    session.rest()
    session.check()
    session.viewer.close()
    print(f"all is as asked after {count} actions")


@contextmanager
def beside_an_image(session: Session) -> Iterator[Callable[[], None]]:
    """Extract, select a shape and image it; gives what does all this again."""
    extract = session.panel("Extract shapes")
    browser = session.panel("Shape browser")

    def again() -> None:
        extract.extract_button.click()
        session.rest()
        session.pump(0.3)
        browser.table.selectRow(1)
        session.panel("Microscope")
        session.rest()
        session.pump(0.3)
        session.check()

    again()
    yield again
    session.viewer.close()


def extract_again(seed: int, count: int) -> None:
    """Extract small labels again and again beside a selected shape and its image."""
    session = Session()
    Actions(session, random.Random(seed)).add_labels()
    with beside_an_image(session) as again:
        for _ in range(count):
            again()
    print(f"extracted {count} times again")


def extract_sample_again(seed: int, count: int) -> None:
    """Extract the sample again and again beside a selected shape and its image."""
    session = Session()
    session.viewer.open_sample("napari-3dmsl", "phantom")
    with beside_an_image(session) as again:
        for number in range(count):
            print(f"extraction {number + 1}", flush=True)
            again()
    print(f"extracted {count} times again")


if __name__ == "__main__":
    main()
