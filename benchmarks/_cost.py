"""What it costs to finish an instance as the release holds it, step by step."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _solids import Solid, distance_field, ring, wiggle

from napari_3dmsl.library.instance_files import off_from_mesh
from napari_3dmsl.library.table import table_lines
from napari_3dmsl.shapes.classification import ClassRules, classify
from napari_3dmsl.shapes.crops import Crop
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import mesh_from_field
from napari_3dmsl.shapes.sampling import sample_occupancies, sample_point_cloud
from napari_3dmsl.shapes.shape import Shape, measure_crop, measure_shapes
from napari_3dmsl.shapes.skeleton import skeleton_from_field
from napari_3dmsl.shapes.smoothed_mask import smooth_mask

UNIT_UM = 0.024
COST_SETTINGS = ExtractionSettings(
    voxel_nm=(24, 24, 24), downsample=1, instances=True, min_volume_um3=0
)


def cost_shape(index: int) -> dict[str, float]:
    """Finish a tube or ring of about 30,000 voxels as released; return processor seconds by step.

    "100k samples" is what an instance of the release holds: 100,000 surface points with normals
    and 100,000 occupancies, tested against the mesh itself.
    """
    mask, rng = cost_mask(index), np.random.default_rng(index)
    clock = StepClock()
    (shape,) = measure_shapes(extract_instances(mask, COST_SETTINGS))
    clock.lap("label to shape")
    sample_point_cloud(shape.mesh, rng)
    clock.lap("surface points")
    sample_occupancies(shape.mesh, rng)
    clock.lap("occupancies")
    return clock.spent


def cost_steps(index: int) -> dict[str, float]:
    """Return processor seconds of the steps from label to shape."""
    mask = cost_mask(index)
    clock = StepClock()
    extract_instances(mask, COST_SETTINGS)
    clock.lap("extraction")
    field = smooth_mask(mask, COST_SETTINGS.voxel_nm)
    clock.lap("smoothing")
    mesh_from_field(field)
    clock.lap("triangles")
    skeleton_from_field(field)
    clock.lap("skeleton")
    return clock.spent


class ToFinish(NamedTuple):
    """The voxels of a shape and what it is called."""

    kind: str
    crop: Crop


@dataclass(frozen=True)
class Finish:
    """Makes and writes a shape; returns its processor seconds, whole and by step."""

    folder: str

    def __call__(self, item: ToFinish) -> dict[str, float]:
        finished = StepClock()
        shape = measure_crop(item.crop, ClassRules())
        next(table_lines([shape], 1000 * UNIT_UM))
        (Path(self.folder) / f"{item.kind}.off").write_bytes(off_from_mesh(shape.mesh, UNIT_UM))
        finished.lap("whole")
        return {**finished.spent, **steps(item.crop, shape, Path(self.folder) / "again.off")}


def steps(crop: Crop, shape: Shape, path: Path) -> dict[str, float]:
    """Do the same once more, step by step."""
    clock = StepClock()
    field = smooth_mask(crop.mask, crop.voxel_nm)
    clock.lap("smoothing")
    mesh = mesh_from_field(field)
    clock.lap("triangles")
    skeleton = skeleton_from_field(field)
    clock.lap("skeleton")
    classify(skeleton.length_um, skeleton.branches, skeleton.loops, crop.volume_um3)
    again = replace(shape, mesh=mesh, skeleton=skeleton, area_um2=mesh.area_um2)
    next(table_lines([again], 1000 * UNIT_UM))
    clock.lap("class, measures")
    path.write_bytes(off_from_mesh(mesh, UNIT_UM))
    clock.lap("file")
    return clock.spent


class StepClock:
    """Processor seconds by step."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, step: str) -> None:
        """Write down the time since the last lap."""
        now = time.process_time()
        self.spent[step], self._last = now - self._last, now


@functools.cache
def cost_mask(index: int) -> np.ndarray:
    rng = np.random.default_rng([4, index])
    curve = ring(rng, 0.2, 0.2) if index % 2 else wiggle(rng, 3.2, 0.2)
    radius = np.sqrt(
        30000 * 0.024**3 / np.pi / np.linalg.norm(np.diff(curve, axis=0), axis=1).sum()
    )
    field = distance_field(Solid("", [curve], [radius]), np.full(3, 0.024), rng, 0.05)
    return np.asarray(field <= 0)


def by_step(spent: list[dict[str, float]]) -> str:
    means = {step: 1000 * np.mean([one[step] for one in spent]) for step in spent[0]}
    return ", ".join(f"{step} {mean:.1f}" for step, mean in means.items())
