"""Makes docs/images/hero.png: labels of electron microscopy, their shapes, and three microscopes.

The phantom from its labels to the images of a widefield, a confocal and a light-sheet microscope,
at the same place and scale. Run under a display or Xvfb: ``make hero``.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import napari
import numpy as np
from matplotlib import colors
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from qtpy.QtWidgets import QApplication
from skimage.segmentation import find_boundaries

from napari_3dmsl.layers.attributes import LayerData
from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.layers.extraction import extraction_layers
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.presets import load_microscope, usual_camera
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, simulate_surface
from napari_3dmsl.shapes.extraction import ExtractionSettings
from napari_3dmsl.shapes.phantom import make_phantom

FILE = Path(__file__).resolve().parent.parent / "docs" / "images" / "hero.png"
VIEWED_UM = 8.0  # rows and columns, in the middle of the volume
PIXEL_NM = 50
BAR_UM = 2
LABELLING = Labelling(density_per_um2=1000, photons_per_fluorophore=60)
MICROSCOPES = {
    "widefield": "epi1",
    "confocal": "con1",
    "light sheet": "light-sheet",
}
TILT = (0.45, 0.0)  # of the line of sight, in y and x, so that one sees that they have depth
COLOURS = 256  # a palette keeps the picture small
DPI = 110
PANEL_INCHES = 3.0
PAPER, INK, GROUND, LIGHT = "#16181d", "#e8e8e8", "#000000", "#ff9d1e"


def main() -> None:
    phantom = make_phantom()
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm, downsample=1)
    instances, *surfaces = extraction_layers(phantom.labels, settings, "phantom")
    vertices, faces = merged(surfaces)
    images = {name: imaged(vertices, faces, preset) for name, preset in MICROSCOPES.items()}
    middle_um = next(iter(images.values())).scene.centroid_um
    panels = {
        "labels of electron microscopy": section(instances, middle_um),
        "3D shapes, a colour a class": rendered(surfaces, middle_um),
        **{name: coloured(image) for name, image in images.items()},
    }
    draw(panels)
    print(f"{FILE.name}: {FILE.stat().st_size // 1000} kB")


def merged(surfaces: list[LayerData]) -> tuple[np.ndarray, np.ndarray]:
    """Return the surfaces of all layers as one: vertices in µm and faces."""
    vertices, faces, count = [], [], 0
    for (points, triangles, *_), _, _ in surfaces:
        vertices.append(points)
        faces.append(triangles + count)
        count += len(points)
    return np.concatenate(vertices), np.concatenate(faces)


def imaged(vertices: np.ndarray, faces: np.ndarray, preset: str) -> SimulatedImage:
    """Image all shapes at their places through a microscope."""
    pixels = round(1000 * VIEWED_UM / PIXEL_NM)
    microscope = load_microscope(preset).replace(pixel_nm=PIXEL_NM, image_size=(pixels, pixels))
    camera = usual_camera(microscope)
    simulation = Simulation(microscope=microscope, camera=camera, labelling=LABELLING)
    return simulate_surface(vertices, faces, simulation)


def coloured(image: SimulatedImage) -> np.ndarray:
    """Return counts in the colour of the emitted light, (R, C, 3)."""
    counts = image.counts[0].astype(float)
    low, high = np.percentile(counts, (1, 99.8))
    scale = colors.LinearSegmentedColormap.from_list("", ["black", LIGHT, "white"])
    return scale(np.clip((counts - low) / (high - low), 0, 1))[..., :3]


def section(instances: LayerData, middle_um: np.ndarray) -> np.ndarray:
    """Return the section of the labels through the middle, each object in its class' colour."""
    labels, attributes, _ = instances
    classes = dict(
        zip(attributes["features"]["index"], attributes["features"]["shape_class"], strict=True)
    )
    size_um = np.asarray(attributes["scale"])
    at = np.round((middle_um - attributes["translate"]) / size_um).astype(int)
    half = round(0.5 * VIEWED_UM / size_um[1])
    shown = labels[at[0], at[1] - half : at[1] + half, at[2] - half : at[2] + half]
    found = np.full((*shown.shape, 3), colors.to_rgb(GROUND))
    for number in np.unique(shown[shown > 0]):
        found[shown == number] = colors.to_rgb(class_colour(classes[number]))
    found[find_boundaries(shown, mode="inner")] *= 0.6
    return found


def rendered(surfaces: list[LayerData], middle_um: np.ndarray) -> np.ndarray:
    """Return the shapes as napari draws them, seen from the side of the objective."""
    viewer = napari.Viewer(ndisplay=3, show=True)
    for data, attributes, _ in surfaces:
        viewer.add_surface(data, **attributes)
    side = round(PANEL_INCHES * DPI * 2)
    viewer.window.resize(side + 400, side + 200)
    camera = getattr(viewer, "scene", viewer).camera  # napari 0.9 moved it
    camera.center = tuple(middle_um)
    camera.set_view_direction((1.0, *TILT), (0.0, -1.0, 0.0))
    camera.zoom = side / VIEWED_UM
    for _ in range(50):
        QApplication.processEvents()
    shot = viewer.screenshot(size=(side, side), canvas_only=True, flash=False)
    viewer.close()
    return shot[..., :3]


def draw(panels: dict[str, np.ndarray]) -> None:
    """Draw the panels beside each other, of one scale, with their names and bars."""
    count = len(panels)
    figure = Figure(figsize=(count * PANEL_INCHES, PANEL_INCHES + 0.45), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, count, gridspec_kw={"wspace": 0.03})
    figure.subplots_adjust(left=0.005, right=0.995, bottom=0.01, top=0.88)
    for axis, (name, pixels) in zip(axes, panels.items(), strict=True):
        axis.imshow(pixels, extent=(0, VIEWED_UM, VIEWED_UM, 0), interpolation="bilinear")
        axis.set_title(name, color=INK, fontsize=13, pad=7)
        axis.set_axis_off()
        start = VIEWED_UM - 0.5 - BAR_UM
        axis.plot([start, start + BAR_UM], [VIEWED_UM - 0.5] * 2, color="white", lw=4)
        axis.text(
            start + BAR_UM / 2,
            VIEWED_UM - 0.7,
            f"{BAR_UM} µm",
            color="white",
            ha="center",
            va="bottom",
            fontsize=11,
        )
    buffer = BytesIO()
    figure.savefig(buffer, facecolor=PAPER)
    Image.open(buffer).convert("RGB").quantize(COLOURS).save(FILE, optimize=True)


if __name__ == "__main__":
    main()
