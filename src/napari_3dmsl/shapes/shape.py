"""One shape: surface, skeleton, class and measures, at its place in the volume."""

from __future__ import annotations

from contextlib import closing
from dataclasses import astuple, dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.compute import chosen_place
from napari_3dmsl.shapes.classification import Classification, ClassRules, classify
from napari_3dmsl.shapes.crops import Crop, iter_crops
from napari_3dmsl.shapes.cut_ends import cut_faces
from napari_3dmsl.shapes.measures import FORM_COLUMNS, Form, form_of
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_field
from napari_3dmsl.shapes.neighbours import neighbour_distances
from napari_3dmsl.shapes.skeleton import Skeleton, skeleton_from_field
from napari_3dmsl.shapes.smoothed_mask import smooth_mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.compute import Place
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.shapes.extraction import Extraction

WORTH_WORKERS = 50  # shapes; for fewer, starting processes takes as long as they save
COLUMNS = (
    "index",
    "shape_class",
    "length_um",
    "volume_um3",
    "area_um2",
    "branches",
    "loops",
    "mean_radius_um",
    "touches_border",
    "parent",
    "reason",
    "measured_class",
    *FORM_COLUMNS,
    "neighbour_um",
)


@dataclass(frozen=True, eq=False)
class Shape:
    """One instance and what was measured on it.

    Attributes
    ----------
    id
        Its label in the extraction.
    mesh, skeleton, classification
        Surface, centrelines and class, world µm (z, y, x).
    voxel_count
        Voxels of the instance on the downsampled grid.
    volume_um3
        Volume of these voxels in µm³.
    area_um2
        Area of the mesh in µm².
    bounds_um
        (2, 3): lowest and highest corner (z, y, x) of the box of its voxels in µm.
    centroid_um
        (3,): mean of its voxel centres (z, y, x) in µm.
    touches_border
        Whether the volume's border cuts it, so that its measures are too small.
    parent
        The component of the mask that it was part of, see `Extraction`.
    neighbour_um
        Distance from its surface to that of the nearest other shape in µm; None when it is alone,
        or nobody has looked.
    """

    id: int
    mesh: Mesh
    skeleton: Skeleton
    classification: Classification
    voxel_count: int
    volume_um3: float
    area_um2: float
    bounds_um: NDArray[np.float64]
    centroid_um: NDArray[np.float64]
    touches_border: bool
    parent: int = 0
    neighbour_um: float | None = None

    @cached_property
    def form(self) -> Form:
        """Its form in numbers."""
        return form_of(self.mesh, self.skeleton, self.volume_um3)


def iter_shapes(extraction: Extraction, rules: ClassRules | None = None) -> Iterator[Shape]:
    """Measure one instance after the other, in the order of their labels.

    Nobody knows the distance to a neighbour before all are measured, see `with_neighbours`.

    Parameters
    ----------
    extraction
        The instances.
    rules
        Thresholds of the classes; ``None`` takes the paper's.
    """
    rules = rules or ClassRules()
    for crop in iter_crops(extraction):
        yield measure_crop(crop, rules)


def measure_shapes(
    extraction: Extraction,
    rules: ClassRules | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
    place: Place | None = None,
) -> list[Shape]:
    """Measure all instances, many of them in several processes.

    Where shapes sprawl so that some are measured in blocks of voxels (see `measuring_blocks`), the
    distances between neighbours are left out.

    Parameters
    ----------
    extraction
        The instances.
    rules
        Thresholds of the classes; ``None`` takes the paper's.
    progress
        Called with (done, total, what) after each shape; an exception that it raises stops the
        work.
    workers
        Number of processes. By default one for each processor, or this one for a few shapes. The
        result is the same.
    place
        Where they are measured instead, such as a `Cluster`.
    """
    total = extraction.report.kept
    measure = partial(measure_crop, rules=rules or ClassRules())
    if place is None and workers is None and total < WORTH_WORKERS:
        workers = 1
    found = chosen_place(place, workers).run(measure, iter_crops(extraction), ordered=False)
    shapes, in_blocks = [], False
    with closing(found):
        for crop, shape in found:
            shapes.append(shape)
            in_blocks |= crop.voxel_nm != extraction.voxel_nm
            if progress is not None:
                progress(len(shapes), total, shape.classification.reason)
    shapes.sort(key=lambda shape: shape.id)
    # Surfaces on coarse voxels are no measure of gaps, and pairs of boxes are far too many.
    return shapes if in_blocks else with_neighbours(shapes)


def with_neighbours(shapes: Sequence[Shape]) -> list[Shape]:
    """Return shapes of one volume with the distance of each to the nearest other one.

    Parameters
    ----------
    shapes
        Of one volume, in any order.
    """
    boxes = np.array([shape.mesh.bounds_um for shape in shapes]).reshape(-1, 2, 3)
    distances = neighbour_distances(boxes, lambda place: shapes[place].mesh)
    return [
        replace(shape, neighbour_um=distance)
        for shape, distance in zip(shapes, distances, strict=True)
    ]


def feature_table(shapes: Iterable[Shape]) -> dict[str, list[Any]]:
    """Return the measures as columns; ``index`` is the label, so that napari can join them.

    Parameters
    ----------
    shapes
        In the order of the rows.

    Returns
    -------
    dict
        Columns of equal length by name, see `COLUMNS`.
    """
    rows = [
        (
            shape.id,
            str(shape.classification.shape_class),
            shape.skeleton.length_um,
            shape.volume_um3,
            shape.area_um2,
            shape.skeleton.branches,
            shape.skeleton.loops,
            shape.skeleton.mean_radius_um,
            shape.touches_border,
            shape.parent,
            shape.classification.reason,
            shape.classification.measured_class,
            *astuple(shape.form),
            shape.neighbour_um,
        )
        for shape in shapes
    ]
    return {name: [row[column] for row in rows] for column, name in enumerate(COLUMNS)}


def measure_crop(crop: Crop, rules: ClassRules) -> Shape:
    """Measure one instance, in whatever process.

    Parameters
    ----------
    crop
        The instance.
    rules
        Thresholds of the classes.
    """
    origin_voxel = crop.origin_um * 1000 / np.array(crop.voxel_nm)
    field = smooth_mask(crop.mask, crop.voxel_nm, origin_voxel.tolist())
    cuts = cut_faces(crop.mask, crop.at_border, np.array(crop.voxel_nm) / 1000, crop.origin_um)
    mesh, skeleton = mesh_from_field(field), skeleton_from_field(field, rules.length_to, cuts)
    return Shape(
        id=crop.label,
        mesh=mesh,
        skeleton=skeleton,
        classification=classify(
            skeleton.length_um, skeleton.branches, skeleton.loops, crop.volume_um3, rules
        ),
        voxel_count=crop.voxel_count,
        volume_um3=crop.volume_um3,
        area_um2=mesh.area_um2,
        bounds_um=crop.bounds_um,
        centroid_um=crop.centroid_um,
        touches_border=crop.touches_border,
        parent=crop.parent,
    )
