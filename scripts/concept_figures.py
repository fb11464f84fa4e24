"""Makes the figures of docs/concepts.md: point spread functions, sections, rings, classes.

All of it is computed by the package: ``make concepts``.
"""

from __future__ import annotations

import io
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import trimesh
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import KDTree
from skimage.measure import marching_cubes

from napari_3dmsl.layers.class_colours import class_colour
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.presets import load_microscope, usual_camera
from napari_3dmsl.microscope.resolution import point_image, resolution
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, simulate_surface
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import Mesh, decimate, merge_meshes
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import Shape, measure_shapes

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
MODALITIES = {
    "widefield": {"modality": "widefield"},
    "confocal, 1 Airy unit": {"modality": "confocal", "excitation_nm": 560},
    "two-photon": {"modality": "two_photon", "excitation_nm": 900},
    "light-sheet, 1.5 µm": {"modality": "light_sheet", "sheet_fwhm_um": 1.5},
}
LIGHT = np.array([0.35, -0.45, 0.82])  # from where shapes are lit: x, y, z towards the viewer
FACES = 5000
LEVELS = 128  # a palette keeps the pictures small
BAR_UM = 1.0
OPEN = ("tube", "open ring, gap 0.1 µm")


def main() -> None:
    phantom = make_phantom()
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm)
    shapes = measure_shapes(extract_instances(phantom.labels, settings))
    write(point_spreads(), "concept-psf.png")
    write(two_tubes(), "concept-sections.png")
    write(rings(), "concept-rings.png")
    write(classes(shapes), "concept-classes.png")


def write(figure: Figure, name: str) -> None:
    """Write a figure with a palette."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=130, facecolor="white")
    picture = Image.open(buffer).convert("RGB").quantize(LEVELS, dither=Image.Dither.NONE)
    picture.save(IMAGES / name, optimize=True)
    print(
        f"{name}: {picture.width} x {picture.height}, {(IMAGES / name).stat().st_size // 1000} kB"
    )


def panels(rows: int, columns: int, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(9.2, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for one in axes.flat:
        one.set_xticks([])
        one.set_yticks([])
    return figure, axes


def show(axes: Any, image: NDArray[Any], pixel_um: float, *, power: float = 1.0) -> None:
    """Show an image in grey with a bar of 1 µm; `power` below 1 lifts what is dim."""
    values = (np.clip(image, 0, None) / image.max()) ** power
    side_y, side_x = np.array(image.shape) * pixel_um / 2
    axes.imshow(values, cmap="gray", extent=(-side_x, side_x, side_y, -side_y))
    left, low = -0.92 * side_x, 0.88 * side_y
    axes.plot([left, left + BAR_UM], [low, low], color="white", linewidth=2.5)


def optics(**changes: Any) -> Microscope:
    base = load_microscope("epi1").replace(numerical_aperture=1.4, emission_nm=600)
    return base.replace(**changes)


def point_spreads() -> Figure:
    """Sections along the axis of a point's image, and their widths."""
    figure, axes = panels(1, len(MODALITIES), 2.9)
    for one, (name, changes) in zip(axes[0], MODALITIES.items(), strict=True):
        microscope = optics(**changes)
        point, seen = point_image(microscope, pixels=121), resolution(microscope)
        half = round(1.4 / point.pixel_um)
        middle = point.xz.shape[0] // 2
        part = slice(max(0, middle - half), middle + half + 1)
        show(one, point.xz[part, part], point.pixel_um, power=0.5)
        lateral, axial = 1000 * seen.lateral_fwhm_um, 1000 * seen.axial_fwhm_um
        one.set_title(name, fontsize=10)
        one.set_xlabel(f"{lateral:.0f} nm wide, {axial:.0f} nm high", fontsize=9)
    axes[0][0].set_ylabel("along the optical axis", fontsize=9)
    return figure


def tube(points: NDArray[Any], radius: float, closed: bool = False) -> Mesh:
    """Return a tube around a line of points in µm, (z, y, x): with round ends, or a ring."""
    dense = [
        np.linspace(a, b, max(2, int(np.linalg.norm(b - a) / 0.02)))
        for a, b in zip(points, np.roll(points, -1, axis=0) if closed else points[1:], strict=False)
    ]
    line = np.concatenate(dense)
    step = 0.025
    low = line.min(axis=0) - radius - 4 * step
    size = np.ceil((line.max(axis=0) + radius + 4 * step - low) / step).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in size), indexing="ij"), -1) * step + low
    distance = KDTree(line).query(grid.reshape(-1, 3))[0].reshape(size)
    vertices, faces, _, _ = marching_cubes(distance, radius)
    made = trimesh.Trimesh(vertices * step + low, faces)
    made.fix_normals()
    return Mesh(np.asarray(made.vertices), np.asarray(made.faces))


def two_tubes() -> Figure:
    """Two crossing tubes, one 1.2 µm above the other, at two focal planes."""
    along = np.linspace(-1.6, 1.6, 40)
    low = tube(np.stack([0 * along - 0.6, along, 0.5 * along], 1), 0.22)
    high = tube(np.stack([0 * along + 0.6, -0.4 * along, along], 1), 0.22)
    both = merge_meshes([low, high])
    figure, axes = panels(2, 4, 5.0)
    for row, (focus, said) in zip(axes, ((-0.6, "lower"), (0.6, "upper")), strict=True):
        draw(row[0], both, "#7a8899", 2.1, split_um=focus)
        row[0].set_ylabel(f"focus in the {said} tube", fontsize=9)
        for one, (name, changes) in zip(row[1:], list(MODALITIES.items())[:3], strict=True):
            counts, pixel = image(both, optics(pixel_nm=50, image_size=(84, 84), **changes), focus)
            show(one, counts, pixel)
            one.set_title(name if focus < 0 else "", fontsize=10)
    axes[0][0].set_title("shape (in focus: dark)", fontsize=10)
    return figure


def image(mesh: Mesh, microscope: Microscope, focus_um: float = 0.0) -> tuple[NDArray[Any], float]:
    """Return the image of a mesh, less its darkest tenth, and the size of its pixels in µm."""
    simulation = Simulation(
        microscope=microscope,
        camera=usual_camera(microscope),
        acquisition=Acquisition(focus_um=focus_um),
        labelling=Labelling(density_per_um2=1500, photons_per_fluorophore=60),
        seed=1,
    )
    counts = simulate_surface(mesh.vertices, mesh.faces, simulation).counts[0].astype(float)
    return counts - np.quantile(counts, 0.1), microscope.pixel_nm / 1000


def rings() -> Figure:
    """Rings and tubes as shapes and as images that look alike."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    flat = np.stack([0 * turn, np.sin(turn), np.cos(turn)], 1)
    upright = flat[:, [1, 0, 2]]
    line = np.linspace(-1, 1, 40)
    hook = np.linspace(0.35, 2 * np.pi - 0.35, 60)
    open_ring = np.stack([0 * hook, np.sin(hook), np.cos(hook)], 1)
    cases = {
        "ring, hole 0.8 µm": tube(0.65 * flat, 0.25, closed=True),
        "ring, hole 0.14 µm": tube(0.27 * flat, 0.2, closed=True),
        "ring on edge": tube(0.65 * upright, 0.25, closed=True),
        "tube": tube(np.stack([0 * line, 0 * line, 0.65 * line], 1), 0.25),
        "open ring, gap 0.1 µm": tube(0.6 * open_ring, 0.16),
    }
    figure, axes = panels(3, len(cases), 5.6)
    for column, (name, mesh) in zip(axes.T, cases.items(), strict=True):
        draw(column[0], mesh, class_colour("rod" if name in OPEN else "donut"), 1.2)
        column[0].set_title(name, fontsize=9)
        for one, preset in zip(column[1:], ("epi1", "con1"), strict=True):
            microscope = load_microscope(preset).replace(pixel_nm=50, image_size=(48, 48))
            show(one, *image(mesh, microscope))
    for one, text in zip(axes[:, 0], ("shape", "widefield", "confocal"), strict=True):
        one.set_ylabel(text, fontsize=10)
    return figure


def classes(shapes: list[Shape]) -> Figure:
    """One shape of each class, in its colour, with the reason."""
    figure, axes = panels(2, 3, 6.2)
    for one, name in zip(
        axes.flat, [each for each in ShapeClass if each != "unknown"], strict=True
    ):
        of_class = [shape for shape in shapes if shape.classification.shape_class == name]
        shape = max(of_class, key=lambda each: extent(each.mesh))
        vertices, faces = shape.mesh.vertices, shape.mesh.faces
        middle = vertices.mean(axis=0)
        _, axes_of_it = np.linalg.eigh(np.cov((vertices - middle).T))
        turned = Mesh((vertices - middle) @ axes_of_it * (1, 1, np.linalg.det(axes_of_it)), faces)
        draw(one, turned, class_colour(name), 0.56 * extent(turned))
        one.set_title(name, fontsize=11)
        reason = shape.classification.reason.partition(": ")[2]
        one.set_xlabel("\n".join(wrap(reason, 42)), fontsize=9)
    return figure


def extent(mesh: Mesh) -> float:
    return float(np.ptp(mesh.vertices, axis=0).max())


def draw(axes: Any, mesh: Mesh, colour: str, half_um: float, split_um: float | None = None) -> None:
    """Draw a lit surface seen along z; with `split_um` what lies on the other side of 0 is pale."""
    light = decimate(mesh, FACES)
    middle = (light.vertices.max(axis=0) + light.vertices.min(axis=0)) / 2
    corners = (light.vertices - middle)[light.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, ::-1]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    normal *= np.where(normal[:, 2:] < 0, -1, 1)
    shade = 0.35 + 0.65 * np.clip(normal @ LIGHT, 0, 1)
    colours = shade[:, None] * np.array(to_rgb(colour))
    height = corners[:, :, 0].mean(axis=1)
    if split_um is not None:
        away = height * np.sign(split_um) < 0
        colours[away] = 0.75 + 0.25 * colours[away]
    order = np.argsort(height)
    axes.add_collection(
        PolyCollection(
            corners[order][:, :, [2, 1]],
            facecolors=colours[order],
            edgecolors="face",
            linewidths=0.2,
        )
    )
    axes.set_xlim(-half_um, half_um)
    axes.set_ylim(half_um, -half_um)
    axes.set_aspect("equal")
    axes.plot([-0.92 * half_um, -0.92 * half_um + BAR_UM], [0.88 * half_um] * 2, "k", linewidth=2.5)


if __name__ == "__main__":
    main()
