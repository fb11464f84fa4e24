"""Makes docs/images/score.png: the *Score* panel beside a prediction with its errors in colours.

A simulated field of drawn tubes with its truth, and its image above a threshold as prediction; no
file of anybody else. Run: ``scripts/virtual-display python scripts/score_picture.py``.
"""

from __future__ import annotations

import time
from typing import Any

import napari
import numpy as np
from cell_pictures import RECIPE
from qtpy.QtWidgets import QApplication
from scipy.ndimage import gaussian_filter
from skimage.filters import threshold_otsu
from skimage.measure import label
from window_pictures import FOLDER, write_picture

from napari_3dmsl.datasets.read.rendered_set import RenderedSet
from napari_3dmsl.datasets.recipe.recipe import Recipe

PIXEL_UM = 0.08
FIELD = 6
WINDOW = (1280, 800)
PATIENCE_S = 60.0


def main() -> None:
    sample = RenderedSet(Recipe(**RECIPE))[FIELD]
    image, truth = np.asarray(sample.image), np.asarray(sample.truths["instances"])
    smooth = gaussian_filter(image.astype(float), 1)
    found = label(smooth > threshold_otsu(smooth))
    for theme, name in (("dark", "score"), ("light", "score-light")):
        write_picture(picture(image, truth, found, theme), FOLDER / f"{name}.png")


def picture(image: Any, truth: Any, found: Any, theme: str) -> Any:
    """Return the window with the scores of the prediction."""
    viewer = napari.Viewer(show=True)
    viewer.theme = theme
    viewer.window.resize(*WINDOW)
    scale = (PIXEL_UM, PIXEL_UM)
    viewer.add_image(image, name="image", scale=scale, units=("um", "um"))
    viewer.add_labels(truth, name="truth", scale=scale, units=("um", "um"), visible=False)
    viewer.add_labels(found, name="prediction", scale=scale, units=("um", "um"), visible=False)
    _, panel = viewer.window.add_plugin_dock_widget("napari-3dmsl", "Score")
    viewer.reset_view()
    pump(0.5)
    panel.score_button.click()
    until = time.monotonic() + PATIENCE_S
    while not panel.copy_button.isVisible() and time.monotonic() < until:
        pump(0.1)
    panel.view.rows.setCurrentCell(0, 0)
    pump(0.5)
    bar = panel._scroll.verticalScrollBar()
    bar.setValue(bar.maximum())
    pump(0.5)
    shot = viewer.window.screenshot(canvas_only=False, flash=False)
    viewer.close()
    return shot


def pump(seconds: float) -> None:
    """Process events for a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
