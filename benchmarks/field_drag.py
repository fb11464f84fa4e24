"""The field of view dragged over a volume: from the mouse to the painted image.

The frame is dragged in steps of some pixels, as the mouse does, over the phantom's 38 shapes and
over 300 tubes packed into a slab; 256 x 256 pixels, `epi1` and `con1`. Milliseconds (in brackets:
of the processor) from a move to the pane painted with the image of the new place, and the seconds
of the first image. Then a steady hand that moves every 16 ms, whatever the window does: how often
image and 3D scene come to the screen, and how old the move is that they show. ``--science`` leaves
the window away: only the images, and their largest difference to images rendered at their place, as
a part of the peak in the middle.

Run under a display or Xvfb: ``scripts/virtual-display python benchmarks/field_drag.py``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.simulation import Simulation, photons_of_scene
from napari_3dmsl.scenes.field import PosedVolume, Window
from napari_3dmsl.scenes.field_imager import FieldImager, FieldSample
from napari_3dmsl.scenes.packing import pack
from napari_3dmsl.scenes.settings import SceneSettings
from napari_3dmsl.scenes.shapes_in_place import ShapesInPlace
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.tubes import TubeShapes

PIXELS = 256
STEP_PX = (7, 11)  # of a move of the mouse
PACKED = 300
SLAB_UM = (4.0, 32.0, 32.0)


class Packed:
    """Tubes packed into a slab, as shapes of a volume."""

    def __init__(self, count: int = PACKED, seed: int = 0) -> None:
        tubes, rng = TubeShapes(count=4 * count, seed=seed), np.random.default_rng(seed)
        settings = SceneSettings(kind="packed", objects=(count, count), height_um=SLAB_UM[0])
        meshes = [tubes.mesh(shape_id) for shape_id in tubes.ids]
        packing = pack(meshes, settings, SLAB_UM[1:], rng)
        self._meshes = {
            number: Mesh(
                meshes[chosen].vertices @ to_field[:3, :3].T + to_field[:3, 3] + [0, 16, 16],
                meshes[chosen].faces,
            )
            for number, (chosen, to_field) in enumerate(
                zip(packing.chosen, packing.to_field, strict=True), start=1
            )
        }
        self.ids = list(self._meshes)
        self.table: dict[str, Any] = {"index": self.ids, "shape_class": ["rod"] * len(self.ids)}

    def mesh(self, shape_id: int) -> Mesh:
        """Surface of a shape."""
        return self._meshes[shape_id]

    def set_classes(self, classes: Any) -> None:
        """Part of the protocol of sources; nobody calls it here."""
        raise NotImplementedError


def phantom() -> Any:
    """Return the shapes of the phantom, measured on voxels of 48 nm: the same 38."""
    from napari_3dmsl.shapes.collection import ShapeCollection
    from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
    from napari_3dmsl.shapes.phantom import make_phantom
    from napari_3dmsl.shapes.shape import measure_shapes

    drawn = make_phantom(voxel_nm=(48.0, 48.0, 48.0))
    settings = ExtractionSettings(voxel_nm=drawn.voxel_nm, downsample=1)
    return ShapeCollection(measure_shapes(extract_instances(drawn.labels > 0, settings)))


def places(middle: FloatArray, pixel_um: float, moves: int) -> Iterator[tuple[float, float, float]]:
    """Yield places on a path that goes to and fro, farther than what is rendered at once."""
    y = x = 0
    step_y, step_x = STEP_PX
    for _ in range(moves):
        if abs(y + step_y) > PIXELS:
            step_y = -step_y
        if abs(x + step_x) > PIXELS:
            step_x = -step_x
        y, x = y + step_y, x + step_x
        place = middle + pixel_um * np.array([0.0, y, x])
        yield float(place[0]), float(place[1]), float(place[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=60)
    parser.add_argument("--steady", type=int, default=300, help="moves of the steady hand")
    parser.add_argument("--science", action="store_true")
    parser.add_argument("--microscopes", nargs="+", default=["epi1", "con1"])
    given = parser.parse_args()
    volumes = {"phantom, 38": phantom(), f"packed, {PACKED}": Packed()}
    print(f"{PIXELS} x {PIXELS} pixels; milliseconds (of the processor) of a move", flush=True)
    print(
        f"{'shapes':<16}{'microscope':<12}{'first s':>8}{'median':>14}{'95 %':>14}{'differs':>10}"
    )
    for title, source in volumes.items():
        for name in given.microscopes:
            microscope = load_microscope(name).replace(image_size=(PIXELS, PIXELS))
            simulation = Simulation(microscope=microscope)
            if given.science:
                science(title, source, simulation, given.moves)
            else:
                window(title, source, name, simulation, given.moves, given.steady)


def science(title: str, source: Any, simulation: Simulation, moves: int) -> None:
    """Time the images alone, with what comes next made ready between them."""
    imager = FieldImager()
    began = time.process_time()
    first = imager.image(FieldSample(source), simulation)
    first_s = time.process_time() - began
    middle, pixel_um = first.scene.centroid_um, simulation.microscope.pixel_um
    wall, cpu = [], []
    for place in places(middle, pixel_um, moves):
        sample = FieldSample(source, place)
        started = time.perf_counter(), time.process_time()
        imager.image(sample, simulation, exact=False)
        wall.append(1000 * (time.perf_counter() - started[0]))
        cpu.append(1000 * (time.process_time() - started[1]))
        imager.prepare(sample, simulation)
    report(
        title, simulation.microscope.name, first_s, wall, cpu, differs(imager, sample, simulation)
    )


def differs(imager: FieldImager, sample: FieldSample, simulation: Simulation) -> float:
    """Largest difference to a cut of what is rendered at its place alone, as a part of its peak.

    Rendered twice as wide: emitters count up to 10 µm beside a field, and around images of thick
    specimens those beyond give 1e-3 of the light at the edge.
    """
    microscope, beside = simulation.microscope, PIXELS // 2
    seen = imager.image(sample, simulation, exact=False).photons.photons
    volume = PosedVolume(ShapesInPlace(sample.source), simulation)
    window = volume.window(sample.centre_um, microscope)
    first = (window.first[0] - beside, window.first[1] - beside)
    wide = microscope.replace(image_size=(2 * PIXELS, 2 * PIXELS))
    around = Window(first, wide.image_size)
    scene = volume.scene(volume.lit(around, wide), around, wide)
    direct = photons_of_scene(scene, simulation.replace(microscope=wide)).photons
    direct = direct[:, beside:-beside, beside:-beside]
    peak = imager.image(FieldSample(sample.source), simulation).photons.photons.max()
    return float(np.abs(seen - direct).max() / peak)  # at the end of the path little is in sight


def window(
    title: str, source: Any, name: str, simulation: Simulation, moves: int, steady: int
) -> None:
    """Drag the frame in a real window and wait for the canvas each time."""
    import napari
    from _window import pump, wait
    from live_latency import Watch
    from napari.layers import Layer

    from napari_3dmsl.layers.classes import class_layers
    from napari_3dmsl.layers.field_frame import FIELD_FRAME
    from napari_3dmsl.widgets.microscope.panel import MicroscopePanel

    viewer = napari.Viewer(title="field")
    viewer.window.resize(1366, 768)
    for data, attributes, kind in class_layers(source):
        viewer.add_layer(Layer.create(data, attributes, kind))
    viewer.dims.ndisplay = 3
    panel = MicroscopePanel(viewer, remember=False)
    viewer.window.add_dock_widget(panel, name="Microscope")
    panel.form.take_preset(name)
    panel.form.take_image_size((PIXELS, PIXELS))
    pump(0.5)
    began = time.perf_counter()
    panel.sample.choose("field")
    wait(lambda: FIELD_FRAME in viewer.layers, "the frame")
    first_s = time.perf_counter() - began
    pump(3.0)  # what lies about the field is made ready
    watch = Watch(viewer)
    bare = float(np.median(watch.bare(5)))
    frame = panel.sample.frame
    start = frame.field
    wall, cpu = [], []
    last = start.middle_um
    for place in places(start.middle_um, start.pixel_um, moves):
        moved = frame.field.moved((np.array(place) - last)[1:])
        last = np.array(place)
        watch.expect()
        started = time.process_time()
        frame._drag_to(moved)  # as the mouse does
        wall.append(watch.wait(("pane",)))
        cpu.append(1000 * (time.process_time() - started))
        pump(0.02)  # the next move of the hand
    report(title, name, first_s, wall, cpu, None, f"bare repaint {bare:.0f}")
    Hand(viewer, panel, watch._pane).move(steady)
    wait(lambda: panel.is_at_rest, "the image at rest")
    viewer.close()
    pump(0.2)  # what is deleted later goes while there is an application


class Hand:
    """Moves the frame at a steady rate and sees how old what is on the screen is."""

    def __init__(self, viewer: Any, panel: Any, pane: Any) -> None:
        from live_latency import _tell_painted

        self._frame = panel.sample.frame
        self._sent: dict[Any, float] = {}
        self._newest = self._shown = 0.0
        self._drawn: dict[str, float] = {}
        self.ages: dict[str, list[float]] = {"image": [], "scene": []}
        panel.imaging.live.finished.connect(self._imaged)
        _tell_painted(pane, lambda: self._draw("image", self._shown))
        canvas = viewer.window._qt_viewer.canvas._scene_canvas  # private: to see frames drawn
        canvas.events.draw.connect(self._scene_drawn, position="last")
        canvas.native.frameSwapped.connect(self._on_screen)

    def move(self, moves: int, every_s: float = 0.016) -> None:
        """Drag on and on."""
        from qtpy.QtWidgets import QApplication

        start = self._frame.field
        path = places(start.middle_um, start.pixel_um, 10**6)
        next(path)
        began = time.perf_counter()
        number, last = 0, start.middle_um
        while number < moves:
            due = int((time.perf_counter() - began) / every_s)
            if due > number:  # moves that came meanwhile are one, as from Qt
                place = last
                for _ in range(min(due, moves) - number):
                    place = np.array(next(path))
                number, moved = min(due, moves), self._frame.field.moved((place - last)[1:])
                last = place
                self._newest = began + number * every_s
                self._sent[tuple(moved.middle_um.tolist())] = self._newest
                self._frame._drag_to(moved)
            QApplication.processEvents()
            time.sleep(0.001)  # let threads have their turn
        took = time.perf_counter() - began
        for what, ages in self.ages.items():
            median, high = np.percentile(ages, [50, 95]) if ages else (np.nan, np.nan)
            rate = len(ages) / took
            print(
                f"{'':<16}steady hand, {what}: {rate:.1f} a second, {median:.0f} ms old, {high:.0f}"
            )

    def _imaged(self, request: Any, image: Any) -> None:
        self._shown = self._sent.get(request.sample.centre_um, 0.0)

    def _scene_drawn(self, event: Any) -> None:
        self._draw("scene", self._newest)

    def _draw(self, what: str, of: float) -> None:
        if of:
            self._drawn[what] = of

    def _on_screen(self) -> None:
        for what, of in self._drawn.items():
            self.ages[what].append(1000 * (time.perf_counter() - of))
        self._drawn.clear()


def report(
    title: str,
    name: str,
    first_s: float,
    wall: list[float],
    cpu: list[float],
    difference: float | None,
    more: str = "",
) -> None:
    times = "".join(
        f"{np.percentile(wall, share):7.0f} ({np.percentile(cpu, share):3.0f}) "
        for share in (50, 95)
    )
    told = f"{'':>10}" if difference is None else f"{difference:10.1e}"
    print(f"{title:<16}{name:<12}{first_s:8.1f} {times}{told}  {more}", flush=True)


if __name__ == "__main__":
    main()
