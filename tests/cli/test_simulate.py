"""``napari-3dmsl simulate``: a shape or points to an image, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import trimesh
from commands import RADIUS_UM, Run

from napari_3dmsl import cli
from napari_3dmsl.image_io.ome_tiff import describe_image, read_image
from napari_3dmsl.image_io.ome_zarr import read_ome_zarr
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import Simulation, simulate_surface
from napari_3dmsl.shapes.mesh import read_mesh


def test_simulate_images_a_mesh_as_a_script_does(run: Run, sphere: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tif"
    result = run(
        *("simulate", sphere, out, "--microscope", "conf2", "--view", "x90", "--planes", 5),
        *("--step-nm", 200, "--density", 50, "--depth-um", 0.5, "--seed", 4, "--noise", "none"),
    )
    area = trimesh.load_mesh(sphere).area * 0.024**2
    assert result["emitters"] == round(50 * area)
    assert result["shape"] == [5, 128, 128]
    assert result["microscope"]["numerical_aperture"] == 1.4
    assert result["pose"]["rotation_deg"] == [0, 0, 90]
    mesh = read_mesh(sphere, 0.024)
    simulation = Simulation(**{name: result[name] for name in Simulation.model_fields})
    assert simulation.labelling.density_per_um2 == 50
    assert simulation.acquisition == Acquisition(depth_um=0.5, planes=5, step_nm=200)
    expected = simulate_surface(mesh.vertices, mesh.faces, simulation)
    stored = tifffile.imread(out)
    assert stored.dtype == np.float32
    np.testing.assert_array_equal(stored, expected.counts)
    assert read_image(out)[1] == {name: result[name] for name in expected.metadata()}


def test_simulate_does_not_write_over_its_input(
    refused: Callable[..., str], sphere: Path, tmp_path: Path
) -> None:
    before = sphere.read_bytes()
    (tmp_path / "link.tif").hardlink_to(sphere)
    message = refused("simulate", sphere, tmp_path / "link.tif", "--microscope", "epi1")
    assert "would replace the input" in message
    assert sphere.read_bytes() == before


def test_simulate_scales_meshes_by_their_unit(run: Run, sphere: Path, tmp_path: Path) -> None:
    def area(*options: object) -> float:
        return run("simulate", sphere, tmp_path / "a.tif", "--microscope", "epi1", *options)[
            "area_um2"
        ]

    assert area() == pytest.approx(4 * np.pi * RADIUS_UM**2, rel=0.01)
    assert area("--voxel-nm", 48) == pytest.approx(4 * area())
    in_metres = trimesh.load(sphere, process=False)
    in_metres.apply_scale(24e-9)
    in_metres.export(sphere.with_name("metres.off"), digits=15)
    out = run(
        *("simulate", sphere.with_name("metres.off"), tmp_path / "b.tif"),
        *("--microscope", "epi1", "--voxel-nm", 1e9),
    )
    assert out["area_um2"] == pytest.approx(area())


def test_simulate_puts_points_where_they_are(run: Run, tmp_path: Path) -> None:
    points, out = tmp_path / "points.csv", tmp_path / "out.tif"
    points.write_text("z_um,y_um,x_um\n1.0,1.0,-0.5\n")
    result = run("simulate", points, out, "--microscope", "conf2", "--noise", "none")
    assert result["emitters"] == 1
    assert result["shape"] == [128, 128]
    brightest = np.unravel_index(tifffile.imread(out).argmax(), (128, 128))
    assert brightest == (int(64 + 1.0 / 0.048), int(64 - 0.5 / 0.048))


def test_brightness_multiplies_the_photons(run: Run, tmp_path: Path) -> None:
    def total(brightness: float, photons: float) -> float:
        points, out = tmp_path / "points.csv", tmp_path / "out.tif"
        points.write_text(f"z_um,y_um,x_um,brightness\n1,0,0,{brightness}\n")
        run(
            *("simulate", points, out, "--microscope", "epi1", "--noise", "none"),
            *("--photons-per-fluorophore", photons),
        )
        return float(tifffile.imread(out).sum())

    assert total(2, 1000) == pytest.approx(total(1, 2000), rel=1e-5)
    assert total(1, 2000) == pytest.approx(2000, rel=0.2)


def test_what_an_image_does_not_show_is_warned_of(
    run: Run, capsys: pytest.CaptureFixture[str], sphere: Path, tmp_path: Path
) -> None:
    points, out = tmp_path / "points.csv", tmp_path / "out.tif"
    points.write_text("z_um,y_um,x_um\n1,500,500\n")
    (told,) = run("simulate", points, out, "--microscope", "con1")["warnings"]
    assert told.startswith("0 of 1 emitters lie in the field of 8.96 × 8.96 µm")
    assert cli.main(["simulate", str(points), str(out), "--microscope", "con1"]) == 0
    assert capsys.readouterr().err == f"Warning: {told}\n"
    assert run("simulate", sphere, out, "--microscope", "con1")["warnings"] == []
    large = run("simulate", sphere, out, "--microscope", "epi1", "--voxel-nm", 1000)["warnings"]
    assert large[0].startswith("40 µm long, when mitochondria are 0.1 to 30 µm: is the file's unit")
    assert "--voxel-nm" in large[0]
    assert large[1].startswith("the object is larger than the field: ")
    small = run("simulate", sphere, out, "--microscope", "epi1", "--voxel-nm", 0.125)["warnings"]
    assert small[0].startswith("5 nm long, when mitochondria are")
    bright = ("--photons-per-fluorophore", 1e6)
    (told,) = run("simulate", sphere, out, "--microscope", "epi1", *bright)["warnings"]
    assert "of the pixels saturate: lower the photons" in told


def test_options_that_do_nothing_beside_the_others_are_warned_of(
    run: Run, sphere: Path, tmp_path: Path
) -> None:
    common = ("simulate", sphere, tmp_path / "out.tif", "--microscope", "con1")
    (step,) = run(*common, "--step-nm", 200)["warnings"]
    assert step.startswith("--step-nm has no effect: ")
    assert run(*common, "--step-nm", 200, "--planes", 3)["warnings"] == []
    options = ("--continuous", "--photon-distribution", "exponential")
    (drawn,) = run(*common, *options)["warnings"]
    assert drawn.startswith("--photon-distribution has no effect: without speckle")


def test_the_camera_is_the_default_noise_and_can_be_chosen(
    run: Run, sphere: Path, tmp_path: Path
) -> None:
    common = ("simulate", sphere, tmp_path / "out.tif", "--microscope")
    assert run(*common, "con1")["camera"]["name"] == "pmt"
    result = run(*common, "con1", "--camera", "scmos", "--background-photons", 12)
    assert (result["noise"], result["dtype"]) == ("camera", "uint16")
    assert (result["camera"]["name"], result["camera"]["background_photons"]) == ("scmos", 12)
    dark = tifffile.imread(tmp_path / "out.tif")[:8, :8].mean()
    assert dark == pytest.approx(100 + 12 * 0.82 / 0.46, rel=0.05)
    assert run(*common, "epi1", "--noise", "physeg")["physseg_noise"]["offset"] >= 20


def test_a_microscope_file_and_its_confocal_model_are_used(
    run: Run, sphere: Path, tmp_path: Path
) -> None:
    own = load_microscope("con1").replace(name="mine", pixel_nm=90, image_size=(64, 32))
    (tmp_path / "mine.json").write_text(own.model_dump_json())
    result = run(
        *("simulate", sphere, tmp_path / "out.tif", "--microscope", tmp_path / "mine.json"),
        *("--confocal", "squared", "--rotate", 10, 20, 30, "--stage-um", -0.3),
    )
    assert result["microscope"] == own.replace(confocal="squared").model_dump(mode="json")
    assert result["pose"]["rotation_deg"] == [10, 20, 30]
    assert result["plane_stage_um"] == [-0.3]
    assert result["shape"] == [64, 32]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--view", "0", "--rotate", 0, 0, 0), "either --view or --rotate"),
        (("--confocal", "squared"), "--confocal does not apply to epi1"),
        (("--noise", "none", "--camera", "pmt"), "--camera does not apply without --noise camera"),
        (("--focus-um", 1, "--stage-um", 1), "either stage_um or focus_um"),
        (("--planes", 0), "planes = 0"),
        (("--step-nm", -5), "step_nm = -5"),
        (("--voxel-nm", -24), "voxel_nm = -24"),
        (("--voxel-nm", 2e9), "above 0 and up to 1e+09, a metre"),
        (("--density", 0), "density_per_um2 = 0"),
        (("--view", "x45"), "'x45' is not one of"),
        (("--rotate", 1, 2), "'--rotate' requires 3 arguments"),
        (("--seed", "many"), "Invalid value for '--seed'"),
    ],
)
def test_simulate_refuses_settings_that_make_no_sense(
    refused: Callable[..., str],
    sphere: Path,
    tmp_path: Path,
    options: tuple[object, ...],
    message: str,
) -> None:
    out = tmp_path / "out.tif"
    assert message in refused("simulate", sphere, out, "--microscope", "epi1", *options)
    assert not out.exists()


@pytest.mark.parametrize(
    "options",
    [("--view", "0"), ("--rotate", 0, 0, 0), ("--depth-um", 0), ("--density", 3)],
)
def test_points_take_no_options_of_surfaces(
    refused: Callable[..., str], tmp_path: Path, options: tuple[object, ...]
) -> None:
    points = tmp_path / "points.csv"
    points.write_text("z_um,y_um,x_um\n1,0,0\n")
    common = ("simulate", points, tmp_path / "out.tif", "--microscope", "con1")
    assert f"{options[0]} does not apply to points.csv" in refused(*common, *options)


def test_simulate_images_the_released_mesh(run: Run, real_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tif"
    result = run(
        *("simulate", real_data / "3dmsl" / "920" / "raw_mesh.off", out, "--microscope", "conf2"),
        *("--voxel-nm", 24, "--planes", 31, "--step-nm", 250, "--noise", "none"),
    )
    assert result["emitters"] == pytest.approx(Labelling().density_per_um2 * 18.57, abs=1)
    stack = tifffile.imread(out)
    assert (stack.shape, stack.dtype) == ((31, 128, 128), np.float32)
    assert describe_image(out).size_um == pytest.approx({"Z": 0.25, "Y": 0.048, "X": 0.048})


@pytest.fixture
def cell(run: Run, two_balls: Path, tmp_path: Path) -> Path:
    """A library of two balls, 0.4 µm across, 0.96 µm apart along x."""
    run("extract", two_balls, tmp_path / "cell", "--voxel-nm", 24, 24, 24)
    return tmp_path / "cell"


def test_a_library_is_imaged_as_the_cell_that_it_is(run: Run, cell: Path, tmp_path: Path) -> None:
    out = tmp_path / "cell.tif"
    result = run(
        *("simulate", cell, out, "--microscope", "con1", "--noise", "none", "--density", 2000),
        *("--image-size", 30, 41, "--planes", 3),
    )
    stack = tifffile.imread(out)
    assert stack.shape == (3, 30, 41)
    assert result["microscope"]["image_size"] == [30, 41]
    assert result["warnings"] == []
    assert result["voxel_nm"] == 24
    library = ShapeLibrary.open(cell)
    areas = [trimesh.Trimesh(*_mesh(library, number)).area for number in library.ids]
    assert result["emitters"] == pytest.approx(2000 * sum(areas), abs=1)
    middles = np.array([_mesh(library, number)[0].mean(axis=0) for number in library.ids])
    assert result["object_centroid_um"] == pytest.approx(middles.mean(axis=0), abs=0.03)
    # Each ball is where it lies: 0.96 µm are 13.7 pixels of 70 nm, about the middle.
    columns = stack[1].sum(axis=0)
    found = [np.average(np.arange(21), weights=columns[:21]) + 0.5]
    found.append(np.average(np.arange(20, 41), weights=columns[20:]) + 0.5)
    assert np.diff(found) == pytest.approx(0.96 / 0.07, abs=0.8)
    assert np.mean(found) == pytest.approx(20.5, abs=0.3)


def test_a_region_of_a_cell_holds_the_same_fluorophores(
    run: Run, cell: Path, tmp_path: Path
) -> None:
    library = ShapeLibrary.open(cell)
    middle = _mesh(library, library.ids[0])[0].mean(axis=0)
    common = ("simulate", cell, tmp_path / "a.tif", "--microscope", "con1", "--noise", "none")
    run(*common, "--image-size", 40, 40, "--centre", *middle)
    result = run(*common, "--image-size", 20, 20, "--centre", *middle)
    part = tifffile.imread(tmp_path / "a.tif")
    run(*common, "--image-size", 40, 40, "--centre", *middle)
    whole = tifffile.imread(tmp_path / "a.tif")
    assert result["object_centroid_um"] == pytest.approx(list(middle))
    assert result["emitters_in_field"] < result["emitters"]
    assert result["warnings"] == []
    assert np.abs(part - whole[10:30, 10:30]).max() < 1e-3 * whole.max()


def test_a_stack_is_written_as_zarr_within_a_limit_of_memory(
    run: Run, cell: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_3dmsl.microscope.renderer.WIDE_BYTES", 0)
    common = ("--microscope", "epi1", "--planes", 4, "--seed", 3, "--memory-limit", "20MB")
    run("simulate", cell, tmp_path / "a.tif", *common)
    result = run("simulate", cell, tmp_path / "a.zarr", *common)
    image = read_ome_zarr(tmp_path / "a.zarr")
    assert (image.axes, result["shape"]) == ("ZYX", [4, 128, 128])
    assert image.scale == pytest.approx((0.25, 0.109, 0.109))
    np.testing.assert_array_equal(image.pixels, tifffile.imread(tmp_path / "a.tif"))
    assert image.metadata == {name: result[name] for name in image.metadata}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--microscope", "con1", "--voxel-nm", 8), "--voxel-nm does not apply to cell"),
        (("--microscope", "con1-released"), "take the microscope without -released"),
        (("--microscope", "con1", "--centre", 900, 0, 0, "--rotate", 0, 90, 0), "no shape lies in"),
        (("--microscope", "con1", "--memory-limit", "lots"), "--memory-limit 'lots': expected a"),
        (("--microscope", "con1", "--memory-limit", "1MB"), "MB of memory, allowed are 1 MB"),
    ],
)
def test_cells_refuse_what_makes_no_sense(
    refused: Callable[..., str],
    cell: Path,
    tmp_path: Path,
    options: tuple[object, ...],
    message: str,
) -> None:
    before = sorted(tmp_path.iterdir())
    assert message in refused("simulate", cell, tmp_path / "out.tif", *options)
    assert sorted(tmp_path.iterdir()) == before


def test_only_libraries_have_a_centre(
    refused: Callable[..., str], sphere: Path, tmp_path: Path
) -> None:
    options = ("--microscope", "con1", "--centre", 0, 0, 0)
    message = refused("simulate", sphere, tmp_path / "out.tif", *options)
    assert "--centre does not apply to sphere.off: no library" in message


def _mesh(library: ShapeLibrary, number: int) -> tuple[np.ndarray, np.ndarray]:
    mesh = library.mesh(number)
    return mesh.vertices, mesh.faces
