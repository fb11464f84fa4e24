"""Knob to painted frame in the real window: how long until the image has followed.

Moves the knobs of the Microscope panel one step at a time, at 128 x 128 pixels and about 3,000
fluorophores, and waits for the canvas to be drawn with the new image. Prints a row for each knob,
in milliseconds and as multiples of a bare repaint: the canvas and the pane *Image* in the same
layout, drawn again without any change, in turn with the moves. Both are told: when the layer is
drawn in the canvas, and when the pane is. Beside what has a bar stands the bar. Then the same for a
stack in the 3D view, for 200 moves within two seconds, for the first image of other shapes, and
with ``--updates`` how much memory many updates take.

Run under a display or Xvfb: ``make bench``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import psutil
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtWidgets import QApplication, QDoubleSpinBox
from random_actions import empty_home

from napari_3dmsl.layers.attributes import LayerData, about
from napari_3dmsl.layers.surfaces import mesh_layer
from napari_3dmsl.shapes.mesh import mesh_from_mask
from napari_3dmsl.widgets.image_pane.opening import open_image_pane
from napari_3dmsl.widgets.microscope.image_layers import IMAGE, STACK
from napari_3dmsl.widgets.microscope.panel import MicroscopePanel

EMITTERS = 3000
KNOBS = {
    "focus_um": 0.05,
    "numerical_aperture": 0.01,
    "emission_nm": 1.0,
    "specimen_index": 0.001,
    "pinhole_airy": 0.1,
    "background_photons": 1.0,
    "rotation_deg_y": 2.0,
    "density_per_um2": 5.0,
}
FROM = {"numerical_aperture": 1.0}  # beyond the specimen's index it changes nothing
OF_BARE = (1.8, 3.0)  # median and 95 % of knob to painted, in bare repaints
MEASURED_BY_BARE = ("focus_um", "numerical_aperture", "pinhole_airy")
FIRST_MS = 250
BLOCKS = 5
PLACES = ("layer", "pane")
STACK_MS = {"epi1": 200, "con1": 300}


def bent_tube_um(radius_um: float = 0.2) -> LayerData:
    """Return a tube on an arc of 3 µm, the size of a common mitochondrion."""
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in (60, 170, 170)), indexing="ij"), -1)
    points = grid * 0.024
    angle = np.linspace(0, np.pi, 200)
    arc = np.column_stack([np.full(200, 0.7), 2.0 + 1.4 * np.cos(angle), 0.6 + 1.4 * np.sin(angle)])
    from scipy.spatial import cKDTree

    mask = (
        cKDTree(arc).query(points.reshape(-1, 3), workers=2)[0].reshape(grid.shape[:3]) < radius_um
    )
    return mesh_layer(mesh_from_mask(mask, (24, 24, 24)), f"bent tube {radius_um:g} µm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=30)
    parser.add_argument("--microscopes", nargs="+", default=["epi1", "con1"])
    parser.add_argument("--updates", type=int, default=0, help="live updates for the memory test")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="home-") as home:  # the window of a new user
        os.environ.update(empty_home(home))
        measure(arguments)


def measure(arguments: argparse.Namespace) -> None:
    """Open the window, turn its knobs and print what that takes."""
    import napari
    from napari.layers import Surface

    viewer = napari.Viewer(title="latency")
    viewer.window.resize(1800, 950)  # else the panels may leave no room for the canvas
    data, attributes, _ = bent_tube_um()
    viewer.add_layer(Surface(data, **attributes))
    panel = MicroscopePanel(viewer, remember=False)
    viewer.window.add_dock_widget(panel, name="Microscope")
    area = panel.sample.sample().area_um2
    watch = Watch(viewer)
    print(f"{EMITTERS} emitters, 128 x 128 pixels; milliseconds from knob to painted frame")
    print(f"{'':<40}{'median':>8}{'95 %':>8}{'longest':>9}   of a bare repaint: median, 95 %")
    for name in arguments.microscopes:
        watch.expect()
        panel.form.take_preset(name)
        panel.form.set_values({"density_per_um2": EMITTERS / area})
        watch.wait()
        together: list[float] = []
        for knob, step in KNOBS.items():
            box = knob_of(panel, knob)
            if box is None:
                continue
            own = box.value()
            box.setValue(FROM.get(knob, own))
            times, bare = [], []
            for _ in range(BLOCKS):  # in turn, so that both have the same machine
                count = -(-arguments.moves // BLOCKS)
                bare += watch.bare(count)
                times += [move(box, step, watch) for _ in range(count)]
            box.setValue(own)
            together += bare
            of_bare = OF_BARE if knob in MEASURED_BY_BARE else None
            for place in PLACES:
                report(name, f"{knob}, {place}", [one[place] for one in times], bare, of_bare)
        report(name, "bare repaint", together)
        sweep(name, panel)
        stack(name, viewer, panel, arguments.moves)
    first_images(viewer, panel, watch)
    if arguments.updates:
        many_updates(panel, watch, arguments.updates)
    viewer.close()


def knob_of(panel: MicroscopePanel, name: str) -> QDoubleSpinBox | None:
    """Return the knob of that name that has an effect; a scene has a density of its own."""
    boxes = [box for box in panel.findChildren(QDoubleSpinBox, name) if box.isEnabled()]
    if name == "density_per_um2":
        wanted = panel.simulation().labelling.density_per_um2
        boxes.sort(key=lambda box: abs(box.value() - wanted))
    return boxes[0] if boxes else None


def sweep(name: str, panel: MicroscopePanel) -> None:
    """200 moves of the focus within two seconds: when the last one is seen, and what was drawn."""
    box = panel.findChild(QDoubleSpinBox, "focus_um")
    own = box.value()
    layer = panel.viewer.layers[IMAGE]
    shown: list[None] = []
    count = layer.events.set_data.connect(lambda: shown.append(None))

    def focus_seen() -> float:
        return float(about(layer)["settings"]["acquisition"]["focus_um"])

    began = time.perf_counter()
    for step in range(1, 201):
        while time.perf_counter() < began + 0.01 * step:
            QApplication.processEvents()
        box.setValue(round(-1.0 + 0.01 * step, 2))
    last = time.perf_counter()
    while focus_seen() != box.value():
        QApplication.processEvents()
    late = (time.perf_counter() - last) * 1000
    layer.events.set_data.disconnect(count)
    box.setValue(own)  # far out of focus a confocal image is dark, whatever else is turned
    print(
        f"{name:<12}200 moves in {last - began:.1f} s: {len(shown)} images, the last one is the "
        f"newest, {late:.0f} ms after the last move",
        flush=True,
    )


def stack(name: str, viewer: Any, panel: MicroscopePanel, moves: int) -> None:
    """31 planes in the 3D view, from the knob to the painted volume."""
    viewer.dims.ndisplay = 3
    watch = Watch(viewer, STACK)
    panel.form.set_values({"stack": True, "planes": 31})
    watch.wait()
    box = panel.findChild(QDoubleSpinBox, "focus_um")
    own = box.value()
    times = [move(box, 0.05, watch)["layer"] for _ in range(moves)]
    box.setValue(own)
    report(name, "31 planes, 3D view", times, most_ms=STACK_MS.get(name))
    panel.form.set_values({"stack": False})
    viewer.layers.remove(viewer.layers[STACK])
    viewer.dims.ndisplay = 2


def first_images(viewer: Any, panel: MicroscopePanel, watch: Watch) -> None:
    """From choosing a shape that has not been imaged yet to its image in the canvas."""
    from napari.layers import Surface

    for radius_um in (0.16, 0.18, 0.22, 0.24, 0.26, 0.28):
        data, attributes, _ = bent_tube_um(radius_um)
        viewer.add_layer(Surface(data, **attributes))
    choice = panel.sample.choice.native
    times = []
    for place in range(choice.count()):
        if place == choice.currentIndex():
            continue
        watch.settle()
        watch.expect()
        choice.setCurrentIndex(place)
        choice.activated.emit(place)
        times.append(watch.wait(PLACES))
    report("", "first image of a shape", times, most_ms=FIRST_MS)


def many_updates(panel: MicroscopePanel, watch: Watch, count: int) -> None:
    """Memory of the process before and after many images."""
    box = panel.findChild(QDoubleSpinBox, "focus_um")
    process = psutil.Process()
    for _ in range(200):  # caches fill
        move(box, 0.01, watch)
    before = process.memory_info().rss
    for index in range(count):
        watch.expect()
        box.setValue(0.01 * (index % 400))
        watch.wait()
    grown = (process.memory_info().rss - before) / 1e6
    print(f"{count:,} updates: memory grew by {grown:.0f} MB", flush=True)


class Watch:
    """Knows when frames came to the screen, and which was the first with a new image.

    Canvas and pane are parts of one window: it is put together and shown after either is painted.
    """

    def __init__(self, viewer: Any, name: str = IMAGE) -> None:
        self._name = name
        self._viewer = viewer
        self._layer: Any = None
        self._pane: Any = None
        self._began = 0.0
        self._news = dict.fromkeys(PLACES, False)  # there is a new image that is not painted yet
        self._painted = dict.fromkeys(PLACES, False)  # but not on the screen yet
        self.seen: dict[str, float] = {}
        self._canvas = viewer.window._qt_viewer.canvas._scene_canvas  # private: to see frames drawn
        self._canvas.events.draw.connect(lambda event: self._paint("layer"), position="last")
        self._canvas.native.frameSwapped.connect(self._on_screen)
        self._heart = QTimer()  # else waiting for an event could last for ever
        self._heart.start(100)

    def expect(self) -> None:
        """Something is about to change: images that were shown before do not count."""
        self._watch()
        self._news = dict.fromkeys(PLACES, False)
        self._painted = dict.fromkeys(PLACES, False)
        self.seen.clear()
        self._began = time.perf_counter()

    def wait(self, places: Sequence[str] = ("layer",)) -> float:
        """Live until a new image is on the screen; milliseconds since `expect`."""
        until = time.perf_counter() + 20
        while not all(place in self.seen for place in places):
            # As napari's event loop does, which sleeps between events.
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            self._watch()
            if time.perf_counter() > until:
                raise RuntimeError(f"no new image was drawn: {self.seen}")
        return max(self.seen[place] for place in places)

    def bare(self, count: int) -> list[float]:
        """Draw canvas and pane again without any change; milliseconds until they are seen."""
        self.settle()
        times = []
        for _ in range(count):
            self.expect()
            self._news = dict.fromkeys(PLACES, True)
            self._canvas.update()
            self._pane.viewport().update()
            times.append(self.wait(PLACES))
        return times

    @staticmethod
    def settle() -> None:
        """Let what hangs on the last image be done, as between two moves of a hand."""
        until = time.perf_counter() + 0.3
        while time.perf_counter() < until:
            QApplication.processEvents()
            time.sleep(0.005)

    def _new(self, place: str) -> None:
        self._news[place] = True

    def _paint(self, place: str) -> None:
        self._painted[place] = self._painted[place] or self._news[place]

    def _on_screen(self) -> None:
        for place in PLACES:
            if self._painted[place]:
                self.seen.setdefault(place, 1000 * (time.perf_counter() - self._began))

    def _watch(self) -> None:
        if self._layer is None and self._name in self._viewer.layers:
            self._layer = self._viewer.layers[self._name]
            self._layer.events.set_data.connect(lambda: self._new("layer"))
            self._new("layer")
            self._paint("layer")
        pane = open_image_pane(self._viewer)
        if pane is None or not pane.grid.views:
            return
        if self._pane is None:
            pane.grid.shown.connect(lambda: self._new("pane"))
        if self._pane is not pane.grid.views[0].graphics:
            self._pane = pane.grid.views[0].graphics
            _tell_painted(self._pane, lambda: self._paint("pane"))


def _tell_painted(widget: Any, tell: Callable[[], None]) -> None:
    paint = widget.paintEvent

    def painted(event: Any) -> None:
        paint(event)
        tell()

    widget.paintEvent = painted


def move(box: QDoubleSpinBox, step: float, watch: Watch) -> dict[str, float]:
    """Move a knob by a step; milliseconds until the new image is on the screen, by place."""
    step = step if box.value() + 40 * step < box.maximum() else -step
    watch.expect()
    box.setValue(box.value() + step)
    watch.wait(PLACES)
    return dict(watch.seen)


def report(
    microscope: str,
    what: str,
    times: list[float],
    bare: list[float] | None = None,
    of_bare: tuple[float, float] | None = None,
    *,
    most_ms: float | None = None,
) -> None:
    """Print a row, with the bar beside what has one."""
    middle, high = np.percentile(times, [50, 95])
    row = f"{microscope:<12}{what:<28}{middle:8.1f}{high:8.1f}{max(times):9.0f}"
    if most_ms is not None:
        row += f"   median: bar {most_ms:.0f}, {verdict(middle <= most_ms)}"
    if bare is not None:
        ratios = np.array([middle, high]) / np.median(bare)
        row += f"   {ratios[0]:.2f}, {ratios[1]:.2f}"
        if of_bare is not None:
            kept = bool((ratios <= of_bare).all())
            row += f" (bars {of_bare[0]:.1f}, {of_bare[1]:.1f}: {verdict(kept)})"
    print(row, flush=True)


def verdict(kept: bool) -> str:
    return "kept" if kept else "MISSED"


if __name__ == "__main__":
    main()
