"""Results as napari layers, and back: the only file that knows both.

Layers are given as ``(data, attributes, type)``, so nothing here needs a window. All are in µm.
What a layer stands for is kept in ``metadata["napari_3dmsl"]``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.placement import (
    attributes_of,
    placement_of,
    placement_of_layer,
    unmirrored,
)
from napari_3dmsl.library.level_of_detail import DRAWN_SHAPES, drawn_faces, thinned_meshes
from napari_3dmsl.shapes.classification import ClassRules, ShapeClass
from napari_3dmsl.shapes.collection import ShapeCollection, ShapeSource
from napari_3dmsl.shapes.correction import UNKNOWN
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.merged_mesh import MergedMesh
from napari_3dmsl.shapes.mesh import Mesh, decimate
from napari_3dmsl.shapes.shape import measure_shapes
from napari_3dmsl.units import layer_unit_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_3dmsl.library.library import ShapeLibrary
    from napari_3dmsl.microscope.simulation import SimulatedImage
    from napari_3dmsl.shapes.extraction import Extraction
    from napari_3dmsl.shapes.phantom import Phantom
    from napari_3dmsl.volumes.open import LabelVolume

LayerData = tuple[Any, dict[str, Any], str]

KEY = "napari_3dmsl"
AXES = ("z", "y", "x")
INSTANCES = "instances"
SELECTED = "selected shape"

CLASS_COLOURS: dict[str, str] = {
    ShapeClass.DOT: "#56B4E9",
    ShapeClass.ROD: "#009E73",
    ShapeClass.NETWORK: "#E69F00",
    ShapeClass.DONUT: "#CC79A7",
    ShapeClass.MEGA: "#D55E00",
    ShapeClass.NANOTUNNEL: "#F0E442",
}
"""Okabe and Ito's palette, told apart also by colour-blind eyes."""

UNKNOWN_COLOUR = "#BBBBBB"
READING_S = 0.3
"""Seconds that opening a library spends on surfaces, while the window waits."""

IN_A_PLANE: dict[str, Any] = {
    "depiction": "plane",
    "plane": {"position": (0, 0, 0), "normal": (1, 0, 0)},
    "blending": "opaque",
}
"""Draws a single plane in 3D as thin as it is; napari's own way is a slab that smears it.

Opaque: napari leaves the darkest pixels of a translucent image out in 3D, and a white canvas shows.
"""

_HIGHLIGHT_UM = 0.03


def class_colour(shape_class: str | None) -> str:
    """Colour of a shape class, ``#rrggbb``; grey for shapes without one."""
    return CLASS_COLOURS.get(str(shape_class), UNKNOWN_COLOUR)


def about(layer: Any) -> dict[str, Any]:
    """Return what this package has written about a layer; nothing for layers of others."""
    found = layer.metadata.get(KEY, {})
    return found if isinstance(found, dict) else {}


def shapes_of(layer: Any) -> ShapeSource | None:
    """Return the shapes that a layer shows, if it is one of ours."""
    source: ShapeSource | None = about(layer).get("shapes")
    return source


def voxel_nm_of(layer: Any) -> tuple[float, float, float] | None:
    """Voxel size (z, y, x) of a layer in nm, or None when its units are no lengths.

    Raises
    ------
    ValueError
        When the layer is rotated or sheared, so that its voxels lie askew.
    """
    scale = np.abs(placement_of_layer(layer).scale[-3:])
    lengths = [layer_unit_in(unit, "nm") for unit in layer.units[-3:]]
    sizes = [float(size) * length for size, length in zip(scale, lengths, strict=True) if length]
    return (sizes[0], sizes[1], sizes[2]) if len(sizes) == 3 else None


def set_voxel_um(layer: Any, voxel_um: Sequence[float] | FloatArray) -> None:
    """Give a layer another voxel size (z, y, x); its other axes and its units of length stay."""
    lengths = [layer_unit_in(unit, "um") for unit in layer.units[-3:]]
    known = np.array([length or 1.0 for length in lengths])
    wrong = np.abs(placement_of_layer(layer).scale[-3:]) * known  # with what an affine adds
    scale = layer.scale[-3:] * np.asarray(voxel_um) / wrong
    if None in lengths:  # a layer that lay in pixels
        layer.scale = [*np.ones(layer.ndim - 3), *scale]
        layer.units = "µm"
        layer.translate = [0.0] * layer.ndim
        return
    layer.scale = [*layer.scale[:-3], *scale]


def voxels_of(layer: Any, array: Any) -> tuple[Any, FloatArray]:
    """Return a layer's voxels along the axes of the world, and where the first one lies in µm.

    Parameters
    ----------
    layer
    array
        Its voxels; those of the finest level when it has several.

    Raises
    ------
    ValueError
        When the layer is rotated or sheared.
    """
    voxels, _, translate = unmirrored(array, placement_of_layer(layer))
    lengths = np.array([layer_unit_in(unit, "um") or 0.0 for unit in layer.units[-3:]])
    return voxels, lengths * translate[-3:]


def box_um_of(layer: Any) -> FloatArray:
    """Lowest and highest corner of a layer in the viewer, µm; pixels count as µm."""
    lengths = np.array([layer_unit_in(unit, "um") or 1.0 for unit in layer.units])
    return lengths * np.asarray(layer.extent.world, dtype=np.float64)


def mesh_layer(mesh: Mesh, name: str, *, colour: str = UNKNOWN_COLOUR) -> LayerData:
    """Return one surface in a single colour."""
    return _surface(mesh, name, colour, {"kind": "mesh"})


def mesh_of(data: Sequence[Any], attributes: Mapping[str, Any]) -> Mesh:
    """Surface of a Surface layer's data, in world µm; pixels count as µm.

    Raises
    ------
    ValueError
        When the layer is not three-dimensional.
    """
    vertices = np.asarray(data[0], dtype=np.float64)
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise ValueError(
            f"layer '{attributes.get('name', '')}': expected a surface in 3D, "
            f"found vertices of shape {vertices.shape}"
        )
    placement = placement_of(attributes, 3)
    faces = np.asarray(data[1], dtype=np.int32)
    in_um = np.array([layer_unit_in(unit, "um") or 1.0 for unit in units_of(attributes, 3)])
    outward = faces[:, ::-1] if placement.mirrors else faces
    return Mesh(placement.points(vertices) * in_um, np.ascontiguousarray(outward))


def units_of(attributes: Mapping[str, Any], axes: int) -> Sequence[Any]:
    """Units of a layer's axes by its attributes, pint's or their names; pixels when it has none."""
    units = attributes.get("units") or "pixel"
    return [units] * axes if isinstance(units, str) else list(units)


def mesh_of_layer(layer: Any) -> Mesh:
    """Surface of a napari layer, in world µm; pixels count as µm.

    Raises
    ------
    ValueError
        When the layer is not three-dimensional.
    """
    return mesh_of(layer.data, attributes_of(layer))


def extraction_layers(
    labels: Any,
    settings: ExtractionSettings,
    name: str,
    progress: Callable[[int, int, str], None] | None = None,
    rules: ClassRules | None = None,
) -> list[LayerData]:
    """Cut labels into shapes and return them as layers: the whole work of the Extract panel.

    Parameters
    ----------
    labels : (Z, Y, X) array
    settings : ExtractionSettings
    name : str
        Name of the layer that the labels are from.
    progress : callable, optional
        Called with (done, total, what); raise in it to cancel.
    rules : ClassRules, optional
        Thresholds of the classes and where a length ends; the paper's by default.

    Returns
    -------
    list of LayerData
        The instances as Labels, then one Surface for each class present.
    """
    extraction = extract_instances(labels, settings, progress)
    shapes = ShapeCollection(measure_shapes(extraction, rules, progress))
    if progress is not None:
        progress(0, 0, "drawing")
    return [instances_layer(extraction, shapes, name), *class_layers(shapes)]


def instances_layer(extraction: Extraction, shapes: ShapeCollection, name: str) -> LayerData:
    """Return the instances as Labels with their measures; label i is row i of the features."""
    voxel_um = np.array(extraction.voxel_nm) / 1000.0
    classes = shapes.table["shape_class"]
    colours: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    colours.update({i: class_colour(kind) for i, kind in zip(shapes.ids, classes, strict=True)})
    attributes = {
        "name": INSTANCES,
        "scale": voxel_um,
        "translate": np.array(extraction.origin_um),
        "units": "µm",
        "axis_labels": AXES,
        "colormap": colours,
        "features": _label_features(shapes),
        "visible": False,
        "metadata": {
            KEY: {
                "kind": INSTANCES,
                "shapes": shapes,
                "source": name,
                "summary": extraction.report.summary(),
                "report": extraction.report,
            }
        },
    }
    # napari compiles code for seconds to colour wide integers, and looks narrow ones up.
    narrow = np.min_scalar_type(max(shapes.ids, default=0))
    return extraction.labels.astype(narrow), attributes, "labels"


def _label_features(shapes: ShapeCollection) -> dict[str, Any]:
    """One row for each label value, the background first: napari's table selects by row."""
    nothing: dict[str, Any] = {"index": 0, "shape_class": "", "reason": "background"}
    return {
        column: [nothing.get(column, np.nan), *values]
        for column, values in shapes.table.items()
        if column != "measured_class"  # the reason tells it, where it is not empty
    }


def class_layers(shapes: ShapeSource) -> list[LayerData]:
    """Return one Surface for each class present, in the order of `ShapeClass`."""
    faces = drawn_faces(shapes, shapes.ids)
    return drawn_layers({i: decimate(shapes.mesh(i), faces[i]) for i in shapes.ids}, shapes)


def drawn_layers(drawn: Mapping[int, Mesh], shapes: ShapeSource) -> list[LayerData]:
    """Return surfaces of some shapes as one Surface for each class present."""
    groups = by_class(drawn, shapes)
    order = [*CLASS_COLOURS, *sorted(set(groups) - set(CLASS_COLOURS))]
    kinds = [kind for kind in order if kind in groups]
    return [class_layer(kind, MergedMesh.of(groups[kind]), shapes) for kind in kinds]


def by_class(drawn: Mapping[int, Mesh], shapes: ShapeSource) -> dict[str, dict[int, Mesh]]:
    """Group surfaces of some shapes by the class that these have now."""
    kinds = dict(zip(shapes.ids, shapes.table["shape_class"], strict=True))
    groups: dict[str, dict[int, Mesh]] = {}
    for shape_id, mesh in drawn.items():
        groups.setdefault(kinds[shape_id] or UNKNOWN, {})[shape_id] = mesh
    return groups


def class_layer(kind: str, merged: MergedMesh, shapes: ShapeSource) -> LayerData:
    """Return the shapes of one class as one Surface."""
    told = {"kind": "class", "shape_class": kind, "shapes": shapes, "merged": merged}
    return _surface(merged.mesh, class_title(kind, merged), class_colour(kind), told)


def class_title(kind: str, merged: MergedMesh) -> str:
    """Name of the layer of a class."""
    return f"{kind} ({len(merged.sizes)})"


def selected_layer(mesh: Mesh) -> LayerData:
    """Return the highlight of the selected shape: its surface in white, a hair outside."""
    normals = _vertex_normals(mesh)
    # Our winding is outward in (z, y, x) columns, so the cross product points outward there too.
    shell = Mesh(mesh.vertices + _HIGHLIGHT_UM * normals, mesh.faces)
    data, attributes, kind = _surface(shell, SELECTED, "#FFFFFF", {"kind": "selected"})
    attributes["shading"] = "smooth"
    return data, attributes, kind


def _vertex_normals(mesh: Mesh) -> FloatArray:
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    facing = np.cross(b - a, c - a)
    normals = np.zeros_like(mesh.vertices)
    for corner in range(3):
        np.add.at(normals, mesh.faces[:, corner], facing)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return normals


def _surface(mesh: Mesh, name: str, colour: str, told: dict[str, Any]) -> LayerData:
    attributes = {
        "name": name,
        "scale": (1.0, 1.0, 1.0),
        "translate": (0.0, 0.0, 0.0),
        "units": "µm",
        "axis_labels": AXES,
        "colormap": {"colors": [colour, colour], "name": colour},
        "contrast_limits": (0.0, 1.0),
        "shading": "smooth",
        "metadata": {KEY: told},
    }
    values = np.ones(len(mesh.vertices), dtype=np.float32)
    vertices = mesh.vertices.astype(np.float32)
    return (vertices, mesh.faces, values), attributes, "surface"


def library_layers(library: ShapeLibrary, seconds: float = READING_S) -> list[LayerData]:
    """Return a shape library as one Surface for each class.

    Parameters
    ----------
    library
        The library; its first shapes are drawn, see `thinned_meshes`.
    seconds
        Time to read meshes: so long the window stands still. The Shape browser draws the rest.
    """
    faces = drawn_faces(library, library.ids[:DRAWN_SHAPES])
    drawn: dict[int, Mesh] = {}
    until = time.perf_counter() + seconds
    for shape_id, mesh in thinned_meshes(library, faces):
        drawn[shape_id] = mesh
        if time.perf_counter() > until:
            break
    if not drawn:
        library.mesh(library.ids[0])  # says what is wrong with it
    return drawn_layers(drawn, library)


def phantom_layer(phantom: Phantom, name: str) -> LayerData:
    """Return a phantom's labels."""
    attributes = _volume_attributes(name, phantom.voxel_nm)
    return phantom.labels, attributes, "labels"


def volume_layer(volume: LabelVolume) -> LayerData:
    """Return a label volume; without a voxel size it stays in pixels and the panel asks."""
    labels = np.asarray(volume.labels)
    if labels.dtype == bool:
        labels = labels.astype(np.uint8)
    return labels, _volume_attributes(volume.name, volume.voxel_nm), "labels"


def _volume_attributes(name: str, voxel_nm: Sequence[float] | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "name": name,
        "axis_labels": AXES,
        "metadata": {KEY: {"kind": "volume", "voxel_nm": voxel_nm}},
    }
    if voxel_nm is not None:
        attributes["scale"] = np.array(voxel_nm) / 1000.0
        attributes["units"] = "µm"
    return attributes


def image_layer(
    image: SimulatedImage, name: str, middle_um: Sequence[float] = (0.0, 0.0, 0.0)
) -> LayerData:
    """Return a simulated image: (y, x) for one plane, (z, y, x) for a stack.

    Parameters
    ----------
    image : SimulatedImage
    name : str
    middle_um : (3,) floats
        Where the middle of the image comes to lie in the viewer, (z, y, x).
    """
    return image_layer_from_file(image.counts, image.metadata(), name, middle_um)


def image_layer_from_file(
    array: Any,
    metadata: Mapping[str, Any],
    name: str,
    middle_um: Sequence[float] = (0.0, 0.0, 0.0),
) -> LayerData:
    """Return a simulated image from its pixels and settings, see `image_layer`."""
    planes = np.asarray(array)
    planes = planes[0] if planes.ndim == 3 and len(planes) == 1 else planes
    pixel_um = float(metadata["microscope"]["pixel_nm"]) / 1000.0
    step_um = float(metadata["acquisition"]["step_nm"]) / 1000.0
    scale = np.array([step_um, pixel_um, pixel_um])[-planes.ndim :]
    middle = np.array(middle_um, dtype=np.float64)[-planes.ndim :]
    attributes = {
        "name": name,
        "scale": scale,
        "translate": middle - 0.5 * scale * (np.array(planes.shape) - 1),
        "units": "µm",
        "axis_labels": AXES[-planes.ndim :],
        "colormap": "gray",
        "contrast_limits": contrast_of(planes),
        "metadata": {KEY: {"kind": "image", "settings": dict(metadata)}},
        **(IN_A_PLANE if planes.ndim == 2 else {}),
    }
    return planes, attributes, "image"


def contrast_of(pixels: Any) -> tuple[float, float]:
    """Display range of an image: its darkest to its brightest pixels, a few outliers aside."""
    low, high = (float(v) for v in np.percentile(np.asarray(pixels), (0.5, 99.95)))
    return low, high if high > low else low + 1.0
