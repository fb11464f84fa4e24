"""``napari-3dmsl simulate``: a shape or a list of emitters becomes a microscope image."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from napari_3dmsl.cli import _simulate_options as option
from napari_3dmsl.cli._by_name import settings_by_name
from napari_3dmsl.cli._field_shapes import numbers_of, shapes_of_field
from napari_3dmsl.cli._image_report import Written, tell_of
from napari_3dmsl.cli._image_request import (
    Instrument,
    Label,
    Request,
    Sample,
    check_options,
    check_options_of_scene,
)
from napari_3dmsl.cli._image_settings import labelling_given, simulation_of
from napari_3dmsl.cli._options import limit_in_bytes, without_effect
from napari_3dmsl.cli._output import AsJson, given, progress_line
from napari_3dmsl.cli._specimen import naming, specimen_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari_3dmsl.microscope.simulation import Simulation


def simulate(
    shape: option.SampleFile,
    output: option.ImageFile,
    *,
    microscope: option.MicroscopeName,
    objective: option.ObjectiveName = None,
    confocal: option.ConfocalKind = None,
    image_size: option.ImageSize = None,
    shape_id: option.ShapeNumber = None,
    centre: option.Centre = None,
    scene: option.SceneKind = None,
    shape_ids: option.ShapeNumbers = None,
    cell: option.CellSettings,
    cell_density_per_um2: option.CellDensity = None,
    view: option.View = None,
    rotate: option.Rotation = None,
    acquisition: option.AcquisitionSettings,
    label: option.LabellingName = None,
    density: option.Density = None,
    labelling: option.LabellingSettings,
    recorded: option.RecordedSettings,
    camera: option.CameraName = None,
    background_photons: option.Background = None,
    voxel_nm: option.MeshUnit = None,
    changes: option.Changes = None,
    memory_limit: option.MemoryLimit = None,
    as_json: AsJson = False,
) -> None:
    """Image a shape, a cell, or emitters from a list, through a microscope."""
    from napari_3dmsl.image_io.image_file import check_image_file
    from napari_3dmsl.writing import check_apart

    begun_s = perf_counter()
    check_image_file(output)
    check_apart(output, "the image", input=shape)
    asked = Request(
        Sample(shape, scene, shape_id, shape_ids, centre, voxel_nm),
        Instrument(microscope, objective, confocal, image_size, camera, background_photons),
        Label(label, density, labelling),
        view=view,
        rotate=rotate,
        acquisition=acquisition,
        recorded=recorded,
        cell={**cell, **given(density_per_um2=cell_density_per_um2)},
        by_name=settings_by_name(changes),
        memory_limit=memory_limit,
    )
    check_options(asked)
    simulation = simulation_of(asked)
    check_options_of_scene(asked)
    write = {"cell": _write_cell, "field": _write_field, None: _write_specimen}[scene]
    image = write(asked, simulation, output)
    tell_of(image, shape, output, simulation, begun_s, as_json)


def _write_cell(asked: Request, simulation: Simulation, output: Path) -> Written:
    """Image a scene like a cell."""
    from napari_3dmsl.cli._cell_image import cell_image, write_cell_image

    image = cell_image(asked.sample.file, simulation, asked.cell)
    write_cell_image(output, image)
    cell = image.metadata["cell"]
    placed = (
        f"{cell['objects_in_focus']} shapes in focus, {cell['objects_in_haze']} in the haze, "
        f"{cell['objects_left_out']} found no place"
    )
    return Written(image.image.shape, str(image.image.dtype), image.metadata, more=[placed])


def _write_field(asked: Request, simulation: Simulation, output: Path) -> Written:
    """Image what lies in a field of a volume."""
    from napari_3dmsl.image_io.image_file import write_image_file
    from napari_3dmsl.microscope.image_warnings import image_warnings
    from napari_3dmsl.scenes.field_imager import simulate_field

    sample = asked.sample
    shapes = shapes_of_field(sample.file, sample.is_phantom, asked.by_name["extraction"])
    ids = None if sample.shape_ids is None else numbers_of(sample.shape_ids)
    with naming(sample.file):
        image = simulate_field(shapes, simulation, sample.centre, ids, progress_line())
    write_image_file(output, image)
    return Written.of(image, list(image_warnings(image)))


def _write_specimen(asked: Request, simulation: Simulation, output: Path) -> Written:
    """Image a shape, emitters, or all shapes of a library; a stack plane by plane."""
    from napari_3dmsl.image_io.image_file import write_image_file
    from napari_3dmsl.microscope.image_warnings import image_warnings
    from napari_3dmsl.microscope.simulated_stack import simulated_stack

    sample, limit = asked.sample, limit_in_bytes(asked.memory_limit)
    specimen = specimen_of(sample, simulation, asked.by_name["extraction"], limit)
    with (
        naming(sample.file),
        simulated_stack(specimen.scene, simulation, output, progress_line()) as image,
    ):
        warnings = [
            *specimen.doubts,
            *without_effect(simulation.acquisition, asked.all_acquisition),
            *without_effect(simulation.labelling, labelling_given(asked)),
            *image_warnings(image),
        ]
        write_image_file(output, image)
    return Written.of(image, warnings, {"voxel_nm": specimen.voxel_nm})
