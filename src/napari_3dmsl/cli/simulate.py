"""``napari-3dmsl simulate``: a shape or a list of emitters becomes a microscope image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from napari_3dmsl.cli._by_name import settings_by_name
from napari_3dmsl.cli._field_shapes import numbers_of, phantom_extraction, shapes_of_field
from napari_3dmsl.cli._options import (
    Given,
    Setting,
    SettingsOf,
    flag,
    limit_in_bytes,
    without_effect,
)
from napari_3dmsl.cli._output import AsJson, given, lengths, progress_line, show, warn

if TYPE_CHECKING:
    from napari_3dmsl.microscope.camera import Camera
    from napari_3dmsl.microscope.pose import Pose
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.microscope.simulation import Scene, Simulation
    from napari_3dmsl.shapes.collection import ShapeSource
    from napari_3dmsl.shapes.mesh import Mesh

POINTS = ".csv"
_PHOTONS = "photons_per_fluorophore"
_ITS_OWN = "the microscope's"


def simulate(
    shape: Annotated[
        Path,
        typer.Argument(
            help="A mesh (.off, .ply, .stl, .obj); a library, whose shapes lie as in the EM "
            "volume: a whole cell, or with --centre a region of it; or POINTS.csv with the columns "
            "z_um,y_um,x_um and optionally brightness, which multiplies the photons per "
            "fluorophore. Each row is an emitter where it is: z above the coverslip, (0, 0) the "
            "middle of the image. With --scene cell a library, or tubes, which are drawn; with "
            "--shape-id also phantom, which is drawn and cut into shapes.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(
            help="OME-TIFF (.tif; BigTIFF above 4 GB) or OME-Zarr (.zarr), written plane by plane.",
            show_default=False,
        ),
    ],
    *,
    microscope: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="con1, conf2, epi1, each also with -released, two-photon, light-sheet, one of "
            "yours (see info --presets), or a .json or .toml file.",
        ),
    ],
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Turn in another objective, such as 60x-water (see info --presets), or a file.",
            show_default=_ITS_OWN,
        ),
    ] = None,
    confocal: Annotated[str | None, Setting("microscope", "confocal", default=_ITS_OWN)] = None,
    image_size: Annotated[
        tuple[int, int] | None, Setting("microscope", "image_size", default=_ITS_OWN)
    ] = None,
    shape_id: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Of a library, or the phantom: number of the one shape that is imaged, in the "
            "middle and in focus.",
            show_default="all shapes",
        ),
    ] = None,
    centre: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            metavar="Z Y X",
            help="Of a library: point of the EM volume, in µm, that comes to the middle of the "
            "image and into focus.",
            show_default="the middle of all shapes",
        ),
    ] = None,
    scene: Annotated[
        Literal["cell", "field"] | None,
        typer.Option(
            help="cell: of a library, or tubes: lay shapes into a scene like a cell, flat, in a "
            "region with an edge, with others out of focus above. field: of a library, or the "
            "phantom: what lies in a field of the volume, as the window images it: focus and depth "
            "count from the whole volume, wherever --centre is.",
        ),
    ] = None,
    shape_ids: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="With --scene field: only the shapes of these numbers.",
            show_default="all shapes",
        ),
    ] = None,
    cell: Annotated[
        Given,
        SettingsOf(
            "cell",
            *("coverage", "density_spread", "outline_um", "thickness_um", "tilt_deg"),
            *("layer_um", "haze", "glow_photons", "brightness_spread", "peak_photons", "mask"),
        ),
    ],
    cell_density_per_um2: Annotated[
        float | None,
        Setting("cell", "density_per_um2"),  # not to be taken for that of the fluorophores
    ] = None,
    view: Annotated[
        Literal["0", "x90", "x180", "y90", "y180", "z90"] | None,
        typer.Option(help="One of the six views of 3DMSL.", show_default="0"),
    ] = None,
    rotate: Annotated[tuple[float, float, float] | None, Setting("pose", "rotation_deg")] = None,
    acquisition: Annotated[
        Given,
        SettingsOf(
            "acquisition", "focus_um", "stage_um", "depth_um", "planes", "step_nm", "z_axis"
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option(
            "--labelling",
            metavar="NAME|FILE",
            help="antibody, paper, one of yours, or a file; the options below change it.",
            show_default="the paper's density",
        ),
    ] = None,
    density: Annotated[
        float | None, Setting("labelling", "density_per_um2", "density_per_um3")
    ] = None,
    labelling: Annotated[
        Given,
        SettingsOf(
            "labelling",
            *("target", "continuous", "efficiency"),
            *("photons_per_fluorophore", "photon_distribution"),
        ),
    ],
    recorded: Annotated[Given, SettingsOf("simulation", "snr", "noise", "seed")],
    camera: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="ccd, emccd, ideal, pmt, scmos, one of yours, or a file.",
            show_default="the modality's",
        ),
    ] = None,
    background_photons: Annotated[
        float | None, Setting("camera", "background_photons", default="the camera's")
    ] = None,
    voxel_nm: Annotated[
        float | None,
        typer.Option(help="Length of the mesh's unit.", show_default="24, or its library's"),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SETTING=VALUE",
            help="Any other setting by its name, such as microscope.specimen_index=1.4 or "
            "camera.read_noise_e=2 (schema lists them); may be given again.",
            show_default=False,
        ),
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory for the work, such as 500MB or 2GiB. Larger fields are imaged in tiles; "
            "the image is the same.",
            show_default="half of the machine's",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Image a shape, a cell, or emitters from a list, through a microscope."""
    from napari_3dmsl.as_code.samples import PHANTOM
    from napari_3dmsl.image_io.image_file import check_image_file, write_image_file
    from napari_3dmsl.library.library import is_library
    from napari_3dmsl.microscope.fluorophores import Labelling
    from napari_3dmsl.microscope.image_warnings import image_warnings
    from napari_3dmsl.microscope.settings import Acquisition
    from napari_3dmsl.microscope.simulated_stack import simulated_stack
    from napari_3dmsl.microscope.simulation import Simulation
    from napari_3dmsl.writing import check_apart

    start = perf_counter()
    check_image_file(output)
    check_apart(output, "the image", input=shape)
    by_name = settings_by_name(changes)
    is_phantom = str(shape) == PHANTOM and not shape.exists()
    if recorded.get("noise", "camera") != "camera":
        _refuse(
            "without --noise camera",
            camera=camera,
            background_photons=background_photons,
            snr=recorded.get("snr"),
        )
    if shape.suffix.lower() == POINTS:
        of_points = {"photons_per_fluorophore"}
        _refuse(
            f"to {shape.name}: points are imaged where they are",
            **{"view": view, "rotate": rotate, "depth_um": acquisition.get("depth_um")},
            **{"density": density, "voxel_nm": voxel_nm, "labelling": label},
            **{name: value for name, value in labelling.items() if name not in of_points},
        )
    if scene == "field" and not (is_phantom or is_library(shape)):
        raise ValueError(f"--scene field: takes a library or phantom, not {shape}")
    if scene != "field":
        _refuse("without --scene field", shape_ids=shape_ids)
    if scene == "cell":
        if shape.suffix.lower() == POINTS or not (is_library(shape) or shape.name == "tubes"):
            raise ValueError(f"--scene cell: takes a library or tubes, not {shape}")
    elif is_phantom or is_library(shape):
        _refuse(f"to {shape.name}: its unit is known", voxel_nm=voxel_nm)
        if shape_id is not None:
            _refuse("with --shape-id, whose shape is in the middle", centre=centre)
    else:
        _refuse(f"to {shape.name}: no library", centre=centre, shape_id=shape_id)
    if not is_phantom and by_name["extraction"]:
        raise ValueError(f"--set extraction applies to the phantom alone, not to {shape.name}")
    if "snr" in recorded:
        _refuse(
            "with --snr, which sets them",
            photons_per_fluorophore=labelling.get("photons_per_fluorophore"),
        )
    named = _named_labelling(label, photons="snr" not in recorded)
    if density is not None:
        volume = {**named, **labelling}.get("target") == "volume"
        labelling["density_per_um3" if volume else "density_per_um2"] = density
    optics = _microscope(microscope, objective, confocal)
    optics = optics.replace(**{**given(image_size=image_size), **by_name["microscope"]})
    acquisition |= by_name["acquisition"]
    labelling |= by_name["labelling"]
    simulation = Simulation(
        microscope=optics,
        acquisition=Acquisition(**acquisition),
        pose=_pose(view, rotate, optics).replace(**by_name["pose"]),
        labelling=Labelling(**{**named, **labelling}),
        camera=_camera(camera, background_photons, optics).replace(**by_name["camera"]),
        **recorded,
    )
    if scene == "cell":
        _refuse(
            "to --scene cell",
            **{"view": view, "rotate": rotate, "centre": centre, "voxel_nm": voxel_nm},
            **{"shape_id": shape_id, "set": by_name["pose"] or None},
            **{"stage_um": acquisition.get("stage_um"), "memory_limit": memory_limit},
        )
        if cell_density_per_um2 is not None:
            cell["density_per_um2"] = cell_density_per_um2
        _simulate_cell(shape, output, simulation, cell, start, as_json)
        return
    _refuse("without --scene cell", **cell, cell_density_per_um2=cell_density_per_um2)
    if scene == "field":
        _refuse("to --scene field", shape_id=shape_id, memory_limit=memory_limit)
        source = shapes_of_field(shape, is_phantom, by_name["extraction"])
        _simulate_field(source, shape, output, simulation, centre, shape_ids, start, as_json)
        return
    limit = limit_in_bytes(memory_limit)
    if is_phantom:
        mesh = _phantom_mesh(shape_id, by_name["extraction"])
        specimen = _Specimen(_scene_of(mesh, simulation, limit))
    else:
        specimen = _specimen(shape, voxel_nm, simulation, centre, shape_id, limit)
    with (
        _naming(shape),
        simulated_stack(specimen.scene, simulation, output, progress_line()) as image,
    ):
        warnings = [
            *specimen.doubts,
            *without_effect(simulation.acquisition, acquisition),
            *without_effect(simulation.labelling, labelling),
            *image_warnings(image),
        ]
        write_image_file(output, image)
    result = {
        "output": str(output),
        "shape": list(image.counts.shape)[image.counts.shape[0] == 1 :],  # a plane is (y, x)
        "dtype": str(image.counts.dtype),
        "seconds": round(perf_counter() - start, 3),
        "input": str(shape),
        "voxel_nm": specimen.voxel_nm,
        "warnings": warnings,
        **image.metadata(),
    }
    if not as_json:
        warn(warnings)
    show(result, _lines(result, simulation), as_json)


def _simulate_cell(
    shape: Path,
    output: Path,
    simulation: Simulation,
    cell: dict[str, Any],
    start: float,
    as_json: bool,
) -> None:
    """Image a scene like a cell, write it and tell of it."""
    from napari_3dmsl.cli._cell_image import cell_image, write_cell_image

    image = cell_image(shape, simulation, cell)
    write_cell_image(output, image)
    result = {
        "output": str(output),
        "shape": list(image.image.shape),
        "dtype": str(image.image.dtype),
        "seconds": round(perf_counter() - start, 3),
        "input": str(shape),
        "warnings": [],
        **image.metadata,
    }
    told = result["cell"]
    lines = _lines(result, simulation)
    lines.append(
        f"{told['objects_in_focus']} shapes in focus, {told['objects_in_haze']} in the haze, "
        f"{told['objects_left_out']} found no place"
    )
    show(result, lines, as_json)


def _simulate_field(
    source: ShapeSource,
    shape: Path,
    output: Path,
    simulation: Simulation,
    centre: tuple[float, float, float] | None,
    shape_ids: str | None,
    start: float,
    as_json: bool,
) -> None:
    """Image a field of a volume, write it and tell of it."""
    from napari_3dmsl.image_io.image_file import write_image_file
    from napari_3dmsl.microscope.image_warnings import image_warnings
    from napari_3dmsl.scenes.field_imager import simulate_field

    ids = None if shape_ids is None else numbers_of(shape_ids)
    with _naming(shape):
        image = simulate_field(source, simulation, centre, ids, progress_line())
    write_image_file(output, image)
    warnings = list(image_warnings(image))
    result = {
        "output": str(output),
        "shape": list(image.counts.shape)[image.counts.shape[0] == 1 :],
        "dtype": str(image.counts.dtype),
        "seconds": round(perf_counter() - start, 3),
        "input": str(shape),
        "warnings": warnings,
        **image.metadata(),
    }
    if not as_json:
        warn(warnings)
    show(result, _lines(result, simulation), as_json)


def _refuse(reason: str, **options: Any) -> None:
    """Refuse options that would do nothing: silence would be taken for an effect."""
    useless = [flag(name) for name in given(**options)]
    if useless:
        verb = "does" if len(useless) == 1 else "do"
        raise ValueError(f"{', '.join(useless)} {verb} not apply {reason}")


def _microscope(name: str, objective: str | None, confocal: str | None) -> Microscope:
    from napari_3dmsl.microscope.objectives import with_objective
    from napari_3dmsl.microscope.presets import load_microscope, load_objective
    from napari_3dmsl.reading import reading

    microscope = load_microscope(name)
    if objective is not None:
        turned_in = load_objective(objective)
        with reading(objective, "cannot be turned in"):
            microscope = with_objective(microscope, turned_in)
    if confocal is None:
        return microscope
    if microscope.modality != "confocal":
        _refuse(f"to {name}: it is a {microscope.modality} microscope", confocal=confocal)
    return microscope.replace(confocal=confocal)


def _named_labelling(name: str | None, *, photons: bool) -> dict[str, Any]:
    """Return what a preset of labelling sets; its photons only where no ratio sets them."""
    from napari_3dmsl.microscope.presets import load_labelling

    found = {} if name is None else load_labelling(name).given
    return {key: value for key, value in found.items() if photons or key != _PHOTONS}


def _camera(name: str | None, background_photons: float | None, microscope: Microscope) -> Camera:
    from napari_3dmsl.microscope.presets import load_camera, usual_camera

    camera = usual_camera(microscope) if name is None else load_camera(name)
    return camera.replace(**given(background_photons=background_photons))


def _pose(view: Any, rotate: tuple[float, float, float] | None, microscope: Microscope) -> Pose:
    from napari_3dmsl.microscope.pose import Pose
    from napari_3dmsl.microscope.simulation import pose_of_view

    if view is not None and rotate is not None:
        raise ValueError("give either --view or --rotate, not both")
    if rotate is not None:
        return Pose(rotation_deg=rotate)
    return pose_of_view(microscope, view or "0")


@dataclass(frozen=True)
class _Specimen:
    """What a file holds, ready to be imaged; the length of a mesh's unit, and doubts in it."""

    scene: Scene
    voxel_nm: float | None = None
    doubts: Sequence[str] = ()


def _specimen(
    shape: Path,
    voxel_nm: float | None,
    simulation: Simulation,
    centre: tuple[float, float, float] | None,
    shape_id: int | None,
    limit: int | None,
) -> _Specimen:
    from napari_3dmsl.image_io.point_csv import read_points
    from napari_3dmsl.library.library import ShapeLibrary, is_library
    from napari_3dmsl.library.mesh_units import mesh_unit_nm
    from napari_3dmsl.microscope.simulation import scene_from_points
    from napari_3dmsl.scenes.whole_cell import scene_of_shapes
    from napari_3dmsl.shapes.mesh import doubtful_size, read_mesh

    if is_library(shape):
        library = ShapeLibrary.open(shape)
        if shape_id is not None:
            mesh = library.mesh(shape_id)
            with _naming(shape):
                return _Specimen(_scene_of(mesh, simulation, limit), library.unit_nm)
        scene = scene_of_shapes(library, simulation, centre, limit, progress_line())
        return _Specimen(scene, library.unit_nm)
    if shape.suffix.lower() == POINTS:
        positions_um, brightness = read_points(shape)
        photons = brightness * simulation.labelling.photons_per_fluorophore
        with _naming(shape):
            return _Specimen(scene_from_points(positions_um, photons, limit))
    unit_nm = mesh_unit_nm(shape) if voxel_nm is None else voxel_nm
    if not 0 < unit_nm < 1e6:
        raise ValueError(f"voxel_nm = {unit_nm:g}: expected a length in nm, above 0 and below 1e6")
    mesh = read_mesh(shape, unit_nm / 1000)
    with _naming(shape):
        scene = _scene_of(mesh, simulation, limit)
    doubts = [f"{text} --voxel-nm tells another" for text in doubtful_size(mesh, unit_nm)]
    return _Specimen(scene, unit_nm, doubts)


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


def _phantom_mesh(shape_id: int | None, extraction: dict[str, Any]) -> Mesh:
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
def _naming(file: Path) -> Iterator[None]:
    """Name the file whose content cannot be imaged."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def _lines(result: dict[str, Any], simulation: Simulation) -> list[str]:
    microscope, acquisition = simulation.microscope, simulation.acquisition
    pixel = [microscope.pixel_nm / 1000] * 2
    size = lengths([acquisition.step_nm / 1000, *pixel] if acquisition.planes > 1 else pixel)
    extent = " × ".join(map(str, result["shape"]))
    return [
        f"{result['output']}: {extent} {result['dtype']}, pixels of {size}",
        f"{_labelled(result, simulation)} through {microscope.name} ({microscope.modality}), "
        f"noise {simulation.noise}, seed {simulation.seed}, in {result['seconds']:.1f} s",
    ]


def _labelled(result: dict[str, Any], simulation: Simulation) -> str:
    labelling = simulation.labelling
    if labelling.continuous:
        fluorophores = f"{result['fluorophores']:.0f} fluorophores, spread evenly,"
    else:
        fluorophores = "1 emitter" if result["emitters"] == 1 else f"{result['emitters']} emitters"
    if simulation.snr is None:
        return fluorophores
    return f"{fluorophores} of {result['photons_per_fluorophore']:.4g} photons"
