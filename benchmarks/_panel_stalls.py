"""Do the panels that make images stay alive beside a library of 1,026 shapes? The longest stalls.

Opens the library of `_browser_stalls.py` and does what a person does with so many shapes in the
*Microscope*, *Image set* and *Match* panels: choose a shape, the next, several, everything that
lies in the field, drag it; preview a set of them; take an image to match.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from _browser_stalls import BAR_MS
from _window import Stalls, pump, wait

from napari_3dmsl.layers.field_frame import FIELD_FRAME
from napari_3dmsl.widgets.browse.panel import BrowsePanel
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.image_set.panel import ImageSetPanel
from napari_3dmsl.widgets.matching.panel import MatchPanel
from napari_3dmsl.widgets.microscope.panel import MicroscopePanel

FIELD_PIXELS = 512  # as many as hold some hundred shapes


def beside(folder: Path) -> None:
    """Open the library beside the panels and print the stalls of each action."""
    viewer = napari.Viewer(title="stalls")
    viewer.window.resize(1400, 900)
    browser = BrowsePanel(viewer, remember=False)
    viewer.window.add_dock_widget(browser, name="Shape browser")
    viewer.open(folder, plugin="napari-3dmsl")
    pump(0.5)
    wait(lambda: browser._drawing._job is None, "all shapes")
    pump(3.0)
    stalls = Stalls()

    def after(what: str, action: Callable[[], Any], rest_s: float = 1.0) -> None:
        stalls.after(what, action, BAR_MS, rest_s)

    microscope(viewer, after)
    image_set(viewer, after)
    matching(viewer, after)
    viewer.close()


def microscope(viewer: Any, after: Callable[..., None]) -> None:
    """Choose shapes to be imaged, and a field of view."""
    panels: list[Any] = []
    selection = selection_of(viewer)

    def opened() -> None:
        panels.append(MicroscopePanel(viewer, remember=False))
        viewer.window.add_dock_widget(panels[0], name="Microscope", tabify=True)

    def in_field() -> None:
        panel = panels[0]
        panel.form.take_image_size((FIELD_PIXELS, FIELD_PIXELS))
        panel.sample.choose("field")
        wait(lambda: FIELD_FRAME in viewer.layers, "the frame")

    def drag() -> None:
        frame = panels[0].sample.frame
        frame._drag_to(frame.field.moved(np.array([0.5, 0.5])))

    ids = list(selection.source.ids)
    after("Microscope: open", opened, 3.0)
    after("Microscope: choose a shape", lambda: selection.select(ids[500]), 2.0)
    after("Microscope: the next", lambda: selection.select(ids[501]), 2.0)
    after("Microscope: mark 50", lambda: selection.select_many(ids[480:530], ids[500]), 2.0)
    after("Microscope: image them all", lambda: panels[0].sample.choose("shapes"), 5.0)
    after("Microscope: everything in the field", in_field, 20.0)
    after("Microscope: drag the field", drag, 3.0)
    panels[0].parent().close()


def image_set(viewer: Any, after: Callable[..., None]) -> None:
    """Open the panel, which takes the open library, and ask for samples."""
    panels: list[Any] = []

    def opened() -> None:
        panels.append(ImageSetPanel(viewer, remember=False))
        viewer.window.add_dock_widget(panels[0], name="Image set", tabify=True)

    def preview() -> None:
        wait(panels[0].preview_button.isEnabled, "the plan")
        panels[0].preview_button.click()

    after("Image set: open", opened, 3.0)
    after("Image set: preview", preview, 10.0)
    panels[0].cancel_button.click()
    pump(1.0)
    panels[0].parent().close()


def matching(viewer: Any, after: Callable[..., None]) -> None:
    """Open the panel and take an image from the viewer."""
    panels: list[Any] = []

    def opened() -> None:
        panels.append(MatchPanel(viewer, remember=False))
        viewer.window.add_dock_widget(panels[0], name="Match", tabify=True)

    def take() -> None:
        noise = np.random.default_rng(0).poisson(100, (512, 512)).astype(np.uint16)
        viewer.add_image(noise, name="real", scale=(0.08, 0.08), units="um")
        panels[0].take_layer.click()

    after("Match: open", opened, 3.0)
    after("Match: take an image", take, 3.0)
