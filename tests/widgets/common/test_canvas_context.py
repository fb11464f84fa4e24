"""Layers that are removed while a single image is left in the canvas must not end napari."""

from __future__ import annotations

import subprocess
import sys

from waiting import PATIENCE_S

REMOVE = """
import faulthandler
import time

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

faulthandler.enable()


def draw(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        QApplication.processEvents()


viewer = napari.Viewer()
viewer.dims.ndisplay = 3
corners = np.random.default_rng(0).random((300, 3)) * 100
faces = np.arange(300).reshape(-1, 3)
surfaces = [viewer.add_surface((corners, faces)) for _ in range(6)]
viewer.window.add_plugin_dock_widget("napari-3dmsl", "Extract shapes")
image = viewer.add_image(np.zeros((32, 32)), translate=(0, 200))
draw(0.5)
for surface in surfaces:
    viewer.layers.remove(surface)
for turn in range(3):
    image.data = np.full((32, 32), turn)
    draw(0.1)
viewer.close()
print("alive")
"""


def test_an_image_that_is_left_alone_is_drawn_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REMOVE],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "alive" in done.stdout
