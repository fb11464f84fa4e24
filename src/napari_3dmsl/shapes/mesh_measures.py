"""Skeleton, class and measures of a closed surface that came without its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.shapes.classification import ClassRules, classify
from napari_3dmsl.shapes.shape import Shape
from napari_3dmsl.shapes.skeleton import skeleton_from_field
from napari_3dmsl.shapes.voxelize import voxelise

if TYPE_CHECKING:
    from napari_3dmsl.shapes.mesh import Mesh


def measure_mesh(mesh: Mesh, rules: ClassRules | None = None, shape_id: int = 1) -> Shape:
    """Measure a surface as `measure_shapes` measures an instance of a label volume.

    Volume, area and box are those of the surface itself. For its skeleton it is drawn into voxels
    of 24 nm, finer ones when it is thin and larger ones when its box is huge, see `voxelise`.

    Parameters
    ----------
    mesh
        A closed surface, µm (z, y, x).
    rules
        Thresholds of the classes; ``None`` takes the paper's.
    shape_id
        The number that the shape gets.

    Raises
    ------
    ValueError
        When the surface has a hole that a line through the voxels meets, or encloses nothing.
    """
    rules = rules or ClassRules()
    solid = voxelise(mesh.vertices, mesh.faces)
    if not solid.mask.any():
        raise ValueError(f"shape {shape_id}: its surface encloses nothing that could be measured")
    skeleton = skeleton_from_field(solid.smoothed(), rules.length_to)
    volume_um3 = abs(mesh.volume_um3)  # a surface that is wound inward encloses as much
    return Shape(
        id=shape_id,
        mesh=mesh,
        skeleton=skeleton,
        classification=classify(
            skeleton.length_um, skeleton.branches, skeleton.loops, volume_um3, rules
        ),
        voxel_count=int(np.count_nonzero(solid.mask)),
        volume_um3=volume_um3,
        area_um2=mesh.area_um2,
        bounds_um=mesh.bounds_um,
        centroid_um=solid.centres_um().mean(axis=0),
        touches_border=False,
    )
