"""Scripts and command lines make the very bytes of the image that they are copied from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from napari_3dmsl import cli
from napari_3dmsl.as_code.samples import (
    CellOfShapes,
    FieldOfShapes,
    LibraryShape,
    PhantomShape,
    Sample,
    SurfaceFile,
)
from napari_3dmsl.as_code.script import as_command, as_script, command_words, output_name
from napari_3dmsl.datasets.render.cell_imager import CellImager, CellSample
from napari_3dmsl.image_io.ome_tiff import read_image
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.objectives import with_objective
from napari_3dmsl.microscope.pose import Pose
from napari_3dmsl.microscope.presets import (
    load_camera,
    load_microscope,
    load_objective,
    save_microscope,
    usual_camera,
)
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, pose_of_view, simulate_surface
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.scenes.field_imager import simulate_field
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.extraction import ExtractionSettings
from napari_3dmsl.shapes.mesh import read_mesh
from napari_3dmsl.shapes.shape import iter_shapes, measure_shapes

SMALL = (32, 40)


def state(microscope: str | Microscope, **changes: Any) -> Simulation:
    """A simulation of a small image."""
    found = load_microscope(microscope) if isinstance(microscope, str) else microscope
    found = found.replace(image_size=SMALL)
    settings = {"microscope": found, "camera": usual_camera(found), "seed": 3}
    return Simulation(**(settings | changes))


def changed(name: str, **values: Any) -> Microscope:
    """A preset as the panel names one in which a knob was turned."""
    return load_microscope(name).replace(**values, name=f"{name}, changed")


STACK = Acquisition(planes=3, step_nm=200)
STATES = {
    "con1": state("con1"),
    "conf2, dense": state("conf2", labelling=Labelling(density_per_um2=300.5)),
    "epi1 as released": state("epi1-released", noise="physeg"),
    "a released view": state(
        "epi1-released", pose=pose_of_view(load_microscope("epi1-released"), "y90")
    ),
    "con1 as released, not turned": state("con1-released", pose=Pose(), noise="none"),
    "two photons": state("two-photon", seed=2**40),
    "light sheet, stack": state("light-sheet", acquisition=STACK),
    "a stack at the stage": state("epi1", acquisition=STACK.replace(z_axis="stage", depth_um=1.25)),
    "a stage": state("con1", acquisition=Acquisition(stage_um=-0.3)),
    "focus and turn": state(
        "conf2", acquisition=Acquisition(focus_um=-0.35), pose=Pose(rotation_deg=(10.5, -20, 91.25))
    ),
    "knobs": state(changed("con1", numerical_aperture=1.27, pinhole_airy=0.7, emission_nm=525.0)),
    "vectorial": state(changed("epi1", psf_model="vectorial", specimen_index=1.4)),
    "objective": state(with_objective(load_microscope("epi1"), load_objective("60x-water"))),
    "objective and knob": state(
        with_objective(load_microscope("epi1"), load_objective("20x-air")).replace(
            pixel_nm=211.0, name="epi1 with 20x-air, changed"
        )
    ),
    "a microscope of nobody": state(
        Microscope(
            name="12", modality="light_sheet", numerical_aperture=0.8, immersion_index=1.33,
            immersion_index_design=1.33, emission_nm=510, excitation_nm=488, pixel_nm=162.5,
            coverslip_um=0.0, coverslip_um_design=0.0, specimen_index=1.36, magnification=40,
        )
    ),
    "emccd": state("epi1", camera=load_camera("emccd").replace(em_gain=50.0)),
    "a camera of nobody": state(
        "epi1",
        camera=Camera(
            name="my camera's \"own\"", quantum_efficiency=0.7, exposure_s=0.02, dark_e_per_s=1,
            full_well_e=8000, read_noise_e=3.5, e_per_adu=1.1, offset_adu=12, bit_depth=12,
            background_photons=17, row_noise_e=0.5, hot_share=0.01, vignetting=0.2,
        ),
    ),
    "ratio": state("con1", snr=12.5, labelling=Labelling(photons_per_fluorophore=77.7)),
    "inside, exponential": state(
        "conf2",
        labelling=Labelling(
            target="volume", density_per_um3=50.0, photon_distribution="exponential",
            efficiency=0.5, photons_per_fluorophore=1000,
        ),
    ),
    "no speckle, no noise": state("epi1", labelling=Labelling(continuous=True), noise="none"),
    "blinking": state(
        "epi1",
        labelling=Labelling(off_time_s=0.3, on_time_s=0.05),
        noise="none",
        camera=load_camera("ccd"),
        acquisition=STACK,
    ),
    "other density kept": state("con1", labelling=Labelling(density_per_um3=33.0)),
}  # fmt: skip


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> SurfaceFile:
    """A bean in a file."""
    bean = trimesh.creation.icosphere(subdivisions=2, radius=20)
    bean.apply_scale([2.0, 1.0, 1.0])
    path = tmp_path_factory.mktemp("it's here") / "a bean.off"
    bean.export(path)
    return SurfaceFile(path, 24.0)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(script: str) -> None:
    """Run a script in this process."""
    exec(compile(script, "script", "exec"), {"__name__": "__main__"})


def written(simulation: Simulation) -> tuple[np.ndarray, Simulation]:
    """What was written, and with which settings."""
    pixels, metadata = read_image(output_name(simulation))
    return pixels, Simulation(**{name: metadata[name] for name in Simulation.model_fields})


@pytest.mark.parametrize("name", STATES)
def test_the_script_and_the_command_make_the_same_bytes(name: str, shape: SurfaceFile) -> None:
    simulation = STATES[name]
    mesh = read_mesh(shape.path, 0.024)
    expected = np.squeeze(simulate_surface(mesh.vertices, mesh.faces, simulation).counts)
    made = []
    for work in (
        lambda: run(as_script(simulation, shape)),
        lambda: cli.main(shlex.split(as_command(simulation, shape))[1:]),
    ):
        work()
        pixels, settings = written(simulation)
        assert pixels.tobytes() == expected.tobytes()
        assert pixels.dtype == expected.dtype
        assert settings == simulation
        made.append(Path(output_name(simulation)).read_bytes())
        Path(output_name(simulation)).unlink()
    assert made[0] == made[1]


def test_there_are_states_enough_and_they_differ() -> None:
    assert len(STATES) >= 20
    assert len({state.model_dump_json() for state in STATES.values()}) == len(STATES)


def test_a_preset_is_named_and_only_what_differs_is_told(shape: SurfaceFile) -> None:
    simulation = state("con1", labelling=Labelling(density_per_um2=300.0))
    script, words = as_script(simulation, shape), command_words(simulation, shape)
    assert 'microscope = msl.load_microscope("con1")\n' in script
    assert 'camera = msl.load_camera("pmt")\n' in script
    assert "labelling=msl.Labelling(density_per_um2=300.0)" in script
    assert words[4:] == [
        *("--voxel-nm", "24", "--microscope", "con1", "--set", "microscope.image_size=[32, 40]"),
        *("--density", "300", "--seed", "3"),
    ]


def test_presets_of_a_person_are_written_out(shape: SurfaceFile) -> None:
    mine = load_microscope("con1").replace(emission_nm=530.0)
    save_microscope(mine, "mine")
    simulation = state("mine")
    assert 'load_microscope("con1")' in as_script(simulation, shape)
    assert "--microscope con1" in as_command(simulation, shape)


@pytest.fixture
def library(small_shapes: Any, tmp_path: Path) -> ShapeLibrary:
    from napari_3dmsl.library.write import write_library

    write_library(small_shapes[:3], tmp_path / "library")
    return ShapeLibrary.open(tmp_path / "library")


def both(simulation: Simulation, sample: Sample) -> list[np.ndarray]:
    """What script and command make."""
    run(as_script(simulation, sample))
    of_script = written(simulation)[0]
    assert cli.main(command_words(simulation, sample)[1:]) == 0
    return [of_script, written(simulation)[0]]


def test_a_shape_of_a_library_is_found_again(library: ShapeLibrary) -> None:
    mesh = library.mesh(2)
    expected = simulate_surface(mesh.vertices, mesh.faces, STATES["con1"]).counts[0]
    for found in both(STATES["con1"], LibraryShape(library.folder, 2)):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("centre_um", "ids"), [((1.7, 3.9, 5.1), None), (None, (1, 3))])
def test_a_field_of_a_library_is_found_again(
    library: ShapeLibrary, centre_um: Any, ids: Any
) -> None:
    simulation = STATES["con1"]
    expected = simulate_field(library, simulation, centre_um, ids).counts[0]
    sample = FieldOfShapes(library.folder, centre_um, ids)
    for found in both(simulation, sample):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("of_library", [False, True])
def test_a_cell_is_found_again(library: ShapeLibrary, of_library: bool) -> None:
    cell = CellScene(coverage=0.9, density_per_um2=0.5, tilt_deg=3.5, glow_photons=2.0)
    turned = state("epi1").replace(pose=Pose(rotation_deg=(10, 0, 0)))  # which does nothing
    source = library if of_library else None
    expected = CellImager().image(CellSample(cell, source), turned).counts[0]
    sample = CellOfShapes(cell, library.folder if of_library else None)
    for found in both(turned, sample):
        np.testing.assert_array_equal(found, expected)


def test_shapes_of_the_phantom_come_into_a_cell_by_a_script_alone() -> None:
    sample = CellOfShapes(CellScene(), ExtractionSettings(voxel_nm=(24, 24, 24)))
    assert "msl.simulate_cell(cell, simulation, shapes)" in as_script(STATES["con1"], sample)
    with pytest.raises(ValueError, match="copy the Python script"):
        as_command(STATES["con1"], sample)


def test_a_shape_of_the_phantom_is_found_again(
    phantom: Any, extraction: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in ("napari_3dmsl.make_phantom", "napari_3dmsl.shapes.phantom.make_phantom"):
        monkeypatch.setattr(owner, lambda: phantom)  # drawing it again takes seconds
    first = next(iter_shapes(extraction))
    expected = simulate_surface(first.mesh.vertices, first.mesh.faces, STATES["con1"]).counts[0]
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm)
    assert "cell = ShapeCollection(" in as_script(STATES["con1"], FieldOfShapes(settings))
    field = FieldOfShapes(settings, (1.0, 2.0, 2.0), (1, 2))
    in_field = simulate_field(
        ShapeCollection(measure_shapes(extraction)), STATES["con1"], (1.0, 2.0, 2.0), (1, 2)
    )
    for found in both(STATES["con1"], field):
        np.testing.assert_array_equal(found, in_field.counts[0])
    sample = PhantomShape(first.id, settings)
    for found in both(STATES["con1"], sample):
        np.testing.assert_array_equal(found, expected)
