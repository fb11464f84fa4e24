"""Hands to work the panels as a person does, and small shapes to work on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
from waiting import PATIENCE_S

from napari_3dmsl.compute.worker import spares
from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.layers.extraction import INSTANCES

VOXEL_NM = (24.0, 24.0, 24.0)
PATIENCE_MS = int(1000 * PATIENCE_S)


def small_labels() -> np.ndarray:
    """Two balls, a rod and a ring, well apart: 40 × 96 × 96 voxels."""
    z, y, x = np.ogrid[:40, :96, :96]
    labels = np.zeros((40, 96, 96), np.uint8)
    labels[(z - 20) ** 2 + (y - 16) ** 2 + (x - 16) ** 2 <= 8**2] = 1
    along = np.clip(x, 36, 86)
    labels[(z - 20) ** 2 + (y - 16) ** 2 + (x - along) ** 2 <= 5**2] = 1
    around = np.hypot(y - 62, x - 30) - 18
    labels[(z - 20) ** 2 + around**2 <= 5**2] = 1
    labels[(z - 20) ** 2 + (y - 70) ** 2 + (x - 75) ** 2 <= 9**2] = 1
    return labels


def running() -> list[str]:
    """Threads and processes of our panels."""
    threads = [x.name for x in threading.enumerate() if x.name.startswith("napari-3dmsl")]
    return threads + [f"process {child.pid}" for child in workers()]


def workers() -> list[psutil.Process]:
    """Processes that work for a panel: not those that wait for the next who needs one."""
    found = []
    spare = {worker.pid for worker in spares()}
    for child in psutil.Process().children(recursive=True):
        try:
            if child.pid not in spare and "compute.serving" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:  # it has just ended
            continue
    return found


def load(viewer: Any, extracted: list[LayerData]) -> Any:
    """Add the layers of an extraction."""
    from napari.layers import Layer

    for data, attributes, kind in extracted:
        viewer.add_layer(Layer.create(data, dict(attributes), kind))
    viewer.layers.selection.active = viewer.layers[INSTANCES]
    return viewer


def show(viewer: Any, width: int, height: int, qtbot: Any) -> None:
    """Show a viewer's window in a size, and wait until it is on the screen."""
    with qtbot.waitExposed(viewer.window._qt_window, timeout=PATIENCE_MS):
        viewer.window.show()
    viewer.window.resize(width, height)


class Hands:
    """Finds the fields of a panel by name, and types, clicks and reads."""

    def __init__(self, qtbot: Any, panel: Any, dock: Any) -> None:
        self.qtbot = qtbot
        self.panel = panel
        self.dock = dock

    def find(self, name: str) -> Any:
        from qtpy.QtWidgets import QWidget

        found = self.panel.findChildren(QWidget, name)
        assert len(found) == 1, f"{len(found)} fields are named {name}"
        return found[0]

    @property
    def status(self) -> str:
        return self.find("status").text()

    @property
    def complains(self) -> bool:
        """Whether the status line is in the colour of complaints."""
        return "color" in self.find("status").styleSheet()

    def texts(self) -> list[str]:
        """Return a list that gets whatever the status line says from now on."""
        label, said = self.find("status"), list[str]()
        show = label.setText
        label.setText = lambda text: (said.append(text), show(text))[1]
        return said

    def close(self) -> None:
        """Close the panel's dock, as its cross does, and wait until it is gone."""
        with self.qtbot.waitSignal(self.panel.destroyed, timeout=PATIENCE_MS):
            self.dock.destroyOnClose()

    def click(self, name: str) -> None:
        """Press a button or a tick box, if it can be pressed."""
        from qtpy.QtCore import Qt

        field = self.find(name)
        assert field.isEnabled(), f"{name} is greyed out"
        self.qtbot.keyClick(field, Qt.Key.Key_Space)

    def type(self, name: str, value: Any) -> None:
        """Type a number or text into a field, and press Enter."""
        from qtpy.QtCore import Qt

        field = self.find(name)
        assert field.isEnabled(), f"{name} is greyed out"
        field.selectAll()
        self.qtbot.keyClicks(field, str(value))
        self.qtbot.keyClick(field, Qt.Key.Key_Return)

    def empty(self, name: str) -> None:
        """Delete what is in a field."""
        self.find(name).selectAll()
        self.press(name, "Delete")

    def press(self, name: str, key: str, times: int = 1) -> None:
        """Press a key, such as an arrow on a slider."""
        from qtpy.QtCore import Qt

        for _ in range(times):
            self.qtbot.keyClick(self.find(name), getattr(Qt.Key, f"Key_{key}"))

    def choose(self, name: str, text: str) -> None:
        """Go through a drop-down with the arrow keys, to what reads so or is called so in files."""
        from qtpy.QtCore import Qt

        box = self.find(name)
        words = [box.itemText(i) for i in range(box.count())]
        if text not in words:
            words = [box.itemData(i) for i in range(box.count())]
        way = words.index(text) - box.currentIndex()
        for _ in range(abs(way)):
            self.qtbot.keyClick(box, Qt.Key.Key_Down if way > 0 else Qt.Key.Key_Up)
        assert text in (box.currentText(), box.currentData())

    def wait(self, until: Callable[[], Any]) -> None:
        """Wait for something that a panel is going to do."""
        with self.qtbot.captureExceptions() as raised:
            self.qtbot.waitUntil(lambda: bool(raised or until()), timeout=PATIENCE_MS)
        if raised:
            raise raised[0][1]
