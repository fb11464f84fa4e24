"""``napari-3dmsl simulate``: what lies under the microscope, from a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_3dmsl.cli._field_shapes import phantom_extraction
from napari_3dmsl.cli._output import progress_line

if TYPE_CHECKING:
    from napari_3dmsl.cli._image_request import Sample
    from napari_3dmsl.cli._options import Given
    from napari_3dmsl.microscope.simulation import Scene, Simulation
    from napari_3dmsl.shapes.mesh import Mesh


@dataclass(frozen=True)
class Specimen:
    """What a file holds, ready to be imaged; the length of a mesh's unit, and doubts in it."""

    scene: Scene
    voxel_nm: float | None = None
    doubts: Sequence[str] = ()


def specimen_of(
    sample: Sample, simulation: Simulation, extraction: Given, limit: int | None
) -> Specimen:
    """Return what a file holds.

    Parameters
    ----------
    sample
        The file, and what of it.
    simulation
        All settings.
    extraction
        Settings of the phantom's extraction that were given.
    limit
        Bytes for the work; None for half of the machine's.

    Raises
    ------
    ValueError
        When it cannot be read or imaged, and why.
    """
    if sample.is_phantom:
        mesh = _phantom_mesh(sample.shape_id, extraction)
        return Specimen(_scene_of(mesh, simulation, limit))
    if sample.is_library:
        return _of_library(sample, simulation, limit)
    if sample.is_points:
        return _of_points(sample.file, simulation, limit)
    return _of_mesh(sample.file, sample.voxel_nm, simulation, limit)


def _of_library(sample: Sample, simulation: Simulation, limit: int | None) -> Specimen:
    """Return one shape of a library, or all that lie around the centre."""
    from napari_3dmsl.library.library import ShapeLibrary
    from napari_3dmsl.scenes.whole_cell import scene_of_shapes

    library = ShapeLibrary.open(sample.file)
    if sample.shape_id is not None:
        mesh = library.mesh(sample.shape_id)
        with naming(sample.file):
            return Specimen(_scene_of(mesh, simulation, limit), library.unit_nm)
    scene = scene_of_shapes(library, simulation, sample.centre, limit, progress_line())
    return Specimen(scene, library.unit_nm)


def _of_points(file: Path, simulation: Simulation, limit: int | None) -> Specimen:
    from napari_3dmsl.image_io.point_csv import read_points
    from napari_3dmsl.microscope.simulation import scene_from_points

    positions_um, brightness = read_points(file)
    photons = brightness * simulation.labelling.photons_per_fluorophore
    with naming(file):
        return Specimen(scene_from_points(positions_um, photons, limit))


def _of_mesh(
    file: Path, voxel_nm: float | None, simulation: Simulation, limit: int | None
) -> Specimen:
    from napari_3dmsl.library.mesh_units import LARGEST_MESH_UNIT_NM, mesh_unit_nm
    from napari_3dmsl.shapes.mesh import doubtful_size, read_mesh

    unit_nm = mesh_unit_nm(file) if voxel_nm is None else voxel_nm
    if not 0 < unit_nm <= LARGEST_MESH_UNIT_NM:
        raise ValueError(
            f"voxel_nm = {unit_nm:g}: expected a length in nm, above 0 and up to "
            f"{LARGEST_MESH_UNIT_NM:g}, a metre"
        )
    mesh = read_mesh(file, unit_nm / 1000)
    with naming(file):
        scene = _scene_of(mesh, simulation, limit)
    doubts = [f"{text} --voxel-nm tells another" for text in doubtful_size(mesh, unit_nm)]
    return Specimen(scene, unit_nm, doubts)


def _scene_of(mesh: Mesh, simulation: Simulation, limit: int | None) -> Scene:
    from napari_3dmsl.microscope.fluorophores import Surface
    from napari_3dmsl.microscope.simulation import scene_from_surface

    return scene_from_surface(
        Surface(mesh.vertices, mesh.faces),
        simulation.labelling,
        simulation.pose,
        simulation.acquisition.depth_um,
        simulation.seed,
        simulation.microscope.as_released,
        limit,
    )


def _phantom_mesh(shape_id: int | None, extraction: Given) -> Mesh:
    """Draw the phantom, cut it into shapes, and return one of them."""
    from napari_3dmsl.shapes.shape import iter_shapes

    if shape_id is None:
        raise ValueError(
            "phantom: --shape-id tells which of its shapes is imaged, or --scene field images all"
        )
    found = phantom_extraction(extraction)
    for shape in iter_shapes(found):
        if shape.id == shape_id:
            return shape.mesh
    raise ValueError(f"phantom: no shape {shape_id}; it has {found.report.kept}, from 1")


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Name the file whose content cannot be imaged.

    Parameters
    ----------
    file
        Of which what is done in between is about.

    Raises
    ------
    ValueError
        The same, behind the name of the file.
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
