"""The command line: what it writes, what it reports, and how it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import trimesh
import typer

from napari_3dmsl import cli
from napari_3dmsl.cli._output import progress_line
from napari_3dmsl.image_io.ome_tiff import describe_image, read_image
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import Simulation, simulate_surface
from napari_3dmsl.shapes.extraction import ExtractionSettings
from napari_3dmsl.shapes.mesh import read_mesh
from napari_3dmsl.volumes.open import open_labels

Run = Callable[..., dict[str, Any]]
RADIUS_UM = 0.48


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with ``--json`` and return its result."""

    def run_command(*arguments: object) -> dict[str, Any]:
        status = cli.main([*map(str, arguments), "--json"])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        assert all(line.startswith("Warning: ") for line in printed.err.splitlines())
        return json.loads(printed.out)

    return run_command


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must fail and return its one line on stderr."""

    def run_command(*arguments: object) -> str:
        status = cli.main(list(map(str, arguments)))
        printed = capsys.readouterr()
        assert status in {1, 2}
        assert printed.out == ""
        assert printed.err.startswith("Error: ")
        assert printed.err.count("\n") == 1
        return printed.err

    return run_command


@pytest.fixture
def sphere(tmp_path: Path) -> Path:
    """A ball of 20 units of 24 nm, written by another program."""
    path = tmp_path / "sphere.off"
    trimesh.creation.icosphere(subdivisions=3, radius=RADIUS_UM / 0.024).export(path)
    return path


@pytest.fixture
def two_balls(tmp_path: Path) -> Path:
    """Two balls of 8 voxels that do not touch."""
    z, y, x = np.ogrid[:40, :40, :80]
    balls = [(z - 20) ** 2 + (y - 20) ** 2 + (x - at) ** 2 <= 64 for at in (20, 60)]
    path = tmp_path / "labels.npy"
    np.save(path, balls[0] | balls[1])
    return path


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- extract


def test_extract_counts_shapes_and_classes_and_writes_them(
    run: Run, two_balls: Path, tmp_path: Path
) -> None:
    result = run("extract", two_balls, tmp_path / "library", "--voxel-nm", 24, 24, 24)
    assert result["shapes"] == 2
    assert result["classes"] == {"dot": 2}
    assert result["report"]["kept"] == 2
    assert result["settings"]["downsample"] == [1, 1, 1]
    library = ShapeLibrary.open(tmp_path / "library")
    assert library.class_counts == result["classes"]
    assert library.settings == result["settings"]
    mesh = trimesh.load_mesh(tmp_path / "library" / "2" / "raw_mesh.off")
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.05)
    np.testing.assert_allclose(mesh.centroid, [60, 20, 20], atol=0.1)
    told = run("info", tmp_path / "library")
    assert (told["kind"], told["shapes"], told["classes"]) == ("library", 2, {"dot": 2})


def test_extract_writes_the_instances_with_their_voxel_size(
    run: Run, two_balls: Path, tmp_path: Path
) -> None:
    written = tmp_path / "instances.tif"
    run(
        *("extract", two_balls, tmp_path / "library", "--voxel-nm", 30, 20, 20),
        *("--downsample", 2, "--erosion-nm", 40, "--labels-out", written),
    )
    labels = tifffile.imread(written)
    assert labels.shape == (20, 20, 40)
    assert np.unique(labels).tolist() == [0, 1, 2]
    assert open_labels(written).voxel_nm == pytest.approx((60, 40, 40))
    assert describe_image(written).metadata["origin_um"] == pytest.approx([0.015, 0.01, 0.01])


def test_extract_takes_the_voxel_size_that_the_file_says(
    run: Run, two_balls: Path, tmp_path: Path
) -> None:
    stack = np.load(two_balls).astype(np.uint8)
    told = {"spacing": 0.03, "unit": "um", "axes": "ZYX"}
    path = tmp_path / "labels.tif"
    tifffile.imwrite(path, stack, imagej=True, resolution=(50, 50), metadata=told)
    result = run("extract", path, tmp_path / "library", "--erosion-nm", 0)
    assert result["settings"]["voxel_nm"] == pytest.approx([30, 20, 20])


def test_extract_asks_for_a_voxel_size_that_nobody_told(
    refused: Callable[..., str], two_balls: Path, tmp_path: Path
) -> None:
    assert "give --voxel-nm Z Y X, in nm" in refused("extract", two_balls, tmp_path / "library")


def test_extract_takes_labels_as_they_are_when_they_are_instances(run: Run, tmp_path: Path) -> None:
    labels = np.zeros((20, 20, 20), np.uint16)
    labels[5:15, 5:15, 5:10], labels[5:15, 5:15, 10:15] = 7, 9
    np.save(tmp_path / "touching.npy", labels)
    result = run(
        *("extract", tmp_path / "touching.npy", tmp_path / "library"),
        *("--voxel-nm", 24, 24, 24, "--instances", "--min-volume-um3", 0),
    )
    assert result["shapes"] == 2


def test_extract_says_why_nothing_is_left(
    refused: Callable[..., str], two_balls: Path, tmp_path: Path
) -> None:
    common = ("extract", two_balls, tmp_path / "library", "--voxel-nm", 24, 24, 24)
    assert "min_volume_um3 = 9" in refused(*common, "--min-volume-um3", 9)
    assert "erosion_nm of 480 nm" in refused(*common, "--erosion-nm", 480, "--regrow", "dilate")
    assert not (tmp_path / "library").exists()


def test_extract_leaves_a_folder_that_is_no_library(
    refused: Callable[..., str], two_balls: Path, tmp_path: Path
) -> None:
    before = files_of(tmp_path)
    message = refused("extract", two_balls, tmp_path, "--voxel-nm", 24, 24, 24)
    assert "not empty and not a shape library" in message
    assert files_of(tmp_path) == before


def test_extract_writes_one_zip_with_the_samples_of_the_release(
    run: Run, refused: Callable[..., str], two_balls: Path, tmp_path: Path
) -> None:
    path = tmp_path / "balls.zip"
    common = ("extract", two_balls, path, "--voxel-nm", 24, 24, 24)
    result = run(*common, "--samples", "--seed", 3, "--length-to", "tip")
    assert result["settings"]["class_rules"]["length_to"] == "tip"
    library = ShapeLibrary.open(path)
    assert library.settings == result["settings"]
    assert library.table["length_um"] == pytest.approx([16 * 0.024] * 2, rel=0.15)
    for shape_id in library.ids:
        inside = library.occupancies(shape_id).inside
        assert len(inside) == len(library.point_cloud(shape_id).points) == 100_000
        mesh = library.mesh(shape_id)
        cube_um = 1.1 * np.ptp(mesh.bounds_um, axis=0).max()
        assert inside.mean() == pytest.approx(mesh.volume_um3 / cube_um**3, rel=0.03)
    first = path.read_bytes()
    assert "a shape library is there" in refused(*common)
    run(*common, "--samples", "--seed", 3, "--length-to", "tip", "--replace")
    assert path.read_bytes() == first
    path.write_bytes(b"PK of somebody else")
    assert "no library of ours" in refused(*common)
    assert path.read_bytes() == b"PK of somebody else"


def test_extract_replaces_a_library_only_when_told_and_leaves_what_others_put_there(
    run: Run, refused: Callable[..., str], two_balls: Path, tmp_path: Path
) -> None:
    common = ("extract", two_balls, tmp_path / "library", "--voxel-nm", 24, 24, 24)
    run(*common)
    (tmp_path / "library" / "notes.txt").write_text("years of work")
    before = files_of(tmp_path)
    assert "--replace" in refused(*common)
    assert files_of(tmp_path) == before
    run(*common, "--replace")
    assert files_of(tmp_path) == before


def test_labels_out_is_neither_the_input_nor_in_the_library(
    refused: Callable[..., str], two_balls: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.tif"
    tifffile.imwrite(labels, np.load(two_balls).astype(np.uint8))
    (tmp_path / "soft.tif").symlink_to(labels)
    (tmp_path / "hard.tif").hardlink_to(labels)
    (tmp_path / "library").mkdir()
    before = files_of(tmp_path)
    common = ("extract", labels, tmp_path / "library", "--voxel-nm", 24, 24, 24, "--labels-out")
    for name in ("labels.tif", "library/../labels.tif", "soft.tif", "hard.tif"):
        assert "would replace the label volume" in refused(*common, tmp_path / name)
    assert "would lie in the library" in refused(*common, tmp_path / "library" / "labels.tif")
    assert files_of(tmp_path) == before


def test_extract_writes_zips_as_released(run: Run, two_balls: Path, tmp_path: Path) -> None:
    folder = tmp_path / "zips"
    run("extract", two_balls, folder, "--voxel-nm", 24, 24, 24, "--shapes-per-zip", 1)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["1_1_2.zip", "2_2_3.zip", "library.json", "meta_locations.csv"]
    assert ShapeLibrary.open(folder).ids == [1, 2]


def test_options_of_extract_are_the_settings_and_tell_their_defaults() -> None:
    command = typer.main.get_command(cli.app).commands["extract"]
    defaults = {option.name: option.show_default for option in command.params}
    for name, field in ExtractionSettings.model_fields.items():
        assert name in defaults
        if name not in {"voxel_nm", "instances", "downsample"}:
            assert defaults[name] == str(field.default)


# --- measure and export


@pytest.fixture
def released(two_balls: Path, run: Run, tmp_path: Path) -> Path:
    """Two balls as the release has shapes: meshes alone."""
    run("extract", two_balls, tmp_path / "released", "--voxel-nm", 24, 24, 24)
    (tmp_path / "released" / "library.json").unlink()
    (tmp_path / "released" / "meta_locations.csv").unlink()
    return tmp_path / "released"


def test_measure_finds_the_classes_of_a_library(run: Run, released: Path) -> None:
    assert run("info", released)["classes"] == {"unknown": 2}
    result = run("measure", released, "--workers", 1)
    assert (result["measured"], result["known"], result["problems"]) == (2, 0, {})
    assert result["classes"] == run("info", released)["classes"] == {"dot": 2}
    assert result["measures"] == str(released / "measures.csv")
    assert run("measure", released, "--workers", 1)["known"] == 2


def test_measure_tells_what_is_broken_and_measures_the_rest(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (released / "1" / "raw_mesh.off").write_text("no mesh")
    assert cli.main(["measure", str(released), "--workers", "1"]) == 1
    printed = capsys.readouterr().out
    assert "1 dot, 1 unknown" in printed
    assert "1 could not be measured:" in printed
    assert "shape 1: raw_mesh.off" in printed


def test_export_writes_chosen_shapes_for_other_programs(
    run: Run, refused: Callable[..., str], released: Path, tmp_path: Path
) -> None:
    out = tmp_path / "meshes"
    assert run("export", released, out, "--ids", "2")["files"] == ["2.stl"]
    assert trimesh.load_mesh(out / "2.stl").volume == pytest.approx(
        4 / 3 * np.pi * 0.192**3, rel=0.05
    )
    assert "there already" in refused("export", released, out)
    assert run("export", released, out, "--replace")["files"] == ["1.stl", "2.stl"]
    told = run("info", out / "1.stl")
    assert (told["unit_nm"], told["watertight"]) == (1000, True)
    skeletons = tmp_path / "skeletons"
    assert run("export", released, skeletons, "--form", "swc", "--ids", "1-99")["files"] == [
        "1.swc",
        "2.swc",
    ]
    assert "napari-3dmsl measure" in refused("export", released, out, "--class", "dot")
    assert "expected numbers and ranges" in refused("export", released, out, "--ids", "one")
    assert "no shape 7" in refused("export", released, out, "--ids", "7")


# --- simulate


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


# --- bad input leaves everything as it was


def bad_inputs(folder: Path) -> dict[str, tuple[list[object], str]]:
    """Commands on bad input, by name, and what their message must say."""
    rng = np.random.default_rng(0)
    cube = np.pad(np.ones((8, 8, 8), np.uint8), 4)
    np.save(folder / "float.npy", rng.random((8, 8, 8)))
    np.save(folder / "empty.npy", np.zeros((8, 8, 8), np.uint8))
    np.save(folder / "flat.npy", np.ones((8, 8), np.uint8))
    np.save(folder / "good.npy", cube)
    tifffile.imwrite(folder / "cut.tif", np.repeat(cube, 50, axis=0))
    whole = (folder / "cut.tif").read_bytes()
    (folder / "cut.tif").write_bytes(whole[: len(whole) // 2])
    (folder / "points.ply").write_bytes(trimesh.PointCloud(rng.random((9, 3))).export(None, "ply"))
    (folder / "empty.off").write_text("OFF\n0 0 0\n")
    (folder / "wide.json").write_text('{"numerical_aperture": 1.52, "immersion_index": 1.515}')
    (folder / "negative.json").write_text('{"pixel_nm": -70}')
    trimesh.creation.icosphere(radius=20).export(folder / "ball.off")
    library, image = folder / "library", folder / "image.tif"
    voxel = ["--voxel-nm", 24, 24, 24]

    def extract(name: str, *options: object) -> list[object]:
        return ["extract", folder / name, library, "--replace", *(options or voxel)]

    def simulate(mesh: str, microscope: object) -> list[object]:
        return ["simulate", folder / mesh, image, "--microscope", microscope]

    return {
        "float image": (extract("float.npy"), "labels must be whole numbers"),
        "empty labels": (extract("empty.npy"), "nothing to extract"),
        "2D array": (extract("flat.npy"), "labels must be 3D"),
        "truncated TIFF": (extract("cut.tif"), "truncated"),
        "truncated TIFF, info": (["info", folder / "cut.tif"], "truncated"),
        "negative voxel": (extract("good.npy", "--voxel-nm", -24, 24, 24), "voxel_nm = (-24.0"),
        "no such file": (extract("nothing.npy"), "no such file"),
        "no faces": (simulate("empty.off", "con1"), "empty.off"),
        "only points": (simulate("points.ply", "con1"), "no faces"),
        "no faces, info": (["info", folder / "empty.off"], "empty.off"),
        "NA above index": (simulate("ball.off", folder / "wide.json"), "below the immersion index"),
        "negative pixel": (simulate("ball.off", folder / "negative.json"), "pixel_nm = -70"),
        "unknown microscope": (simulate("ball.off", "zeiss"), "no microscope 'zeiss'"),
    }


NAMES = (
    *("float image", "empty labels", "2D array", "truncated TIFF", "truncated TIFF, info"),
    *("negative voxel", "no such file", "no faces", "only points", "no faces, info"),
    *("NA above index", "negative pixel", "unknown microscope"),
)


@pytest.mark.parametrize("name", NAMES)
def test_bad_input_is_one_line_and_changes_no_file(
    run: Run, refused: Callable[..., str], tmp_path: Path, name: str
) -> None:
    command, message = bad_inputs(tmp_path)[name]
    run("extract", tmp_path / "good.npy", tmp_path / "library", "--voxel-nm", 24, 24, 24)
    run("simulate", tmp_path / "ball.off", tmp_path / "image.tif", "--microscope", "con1")
    before = files_of(tmp_path)
    assert message in refused(*command)
    assert files_of(tmp_path) == before


def test_a_wrong_output_is_refused_before_the_work(
    refused: Callable[..., str], sphere: Path, two_balls: Path, tmp_path: Path
) -> None:
    simulate = ("--microscope", "con1")
    assert ".tif or .tiff" in refused("simulate", sphere, tmp_path / "out.png", *simulate)
    missing = tmp_path / "missing" / "out.tif"
    assert "no such folder" in refused("simulate", sphere, missing, *simulate)
    common = ("extract", two_balls, tmp_path / "library", "--voxel-nm", 24, 24, 24)
    assert "no such folder" in refused(*common, "--labels-out", missing)
    assert not (tmp_path / "library").exists()


# --- info, demo and the program itself


def test_info_measures_a_mesh(run: Run, sphere: Path) -> None:
    result = run("info", sphere)
    assert result["kind"] == "mesh"
    assert (result["faces"], result["watertight"], result["unit_nm"]) == (1280, True, 24)
    assert result["size_um"] == pytest.approx([2 * RADIUS_UM] * 3)
    assert result["volume_um3"] == pytest.approx(4 / 3 * np.pi * RADIUS_UM**3, rel=0.02)


def test_info_knows_no_volume_of_an_open_mesh(run: Run, tmp_path: Path) -> None:
    (tmp_path / "open.off").write_text("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    assert run("info", tmp_path / "open.off")["volume_um3"] is None


def test_info_reads_the_settings_of_our_images_and_the_scale_of_others(
    run: Run, sphere: Path, tmp_path: Path
) -> None:
    ours = tmp_path / "ours.tif"
    run("simulate", sphere, ours, "--microscope", "epi1", "--seed", 8)
    result = run("info", ours)
    assert (result["kind"], result["axes"], result["shape"]) == ("image", "YX", [128, 128])
    assert result["size_um"] == pytest.approx({"Y": 0.109, "X": 0.109})
    assert result["metadata"]["seed"] == 8
    tifffile.imwrite(tmp_path / "other.tif", np.zeros((4, 5), np.uint8))
    result = run("info", tmp_path / "other.tif")
    assert (result["size_um"], result["metadata"]) == ({}, None)


def test_people_get_short_lines_with_units(
    capsys: pytest.CaptureFixture[str], sphere: Path, two_balls: Path, tmp_path: Path
) -> None:
    out, library = str(tmp_path / "out.tif"), str(tmp_path / "library")
    simulate = ["simulate", str(sphere), out, "--microscope", "con1", "--planes", "3"]
    assert cli.main(simulate) == 0
    assert "3 × 128 × 128 uint16, pixels of 0.25 × 0.07 × 0.07 µm" in capsys.readouterr().out
    assert cli.main(["extract", str(two_balls), library, "--voxel-nm", "24", "24", "24"]) == 0
    assert "2 shapes: 2 dot" in capsys.readouterr().out
    for path in (out, library, str(sphere)):
        assert cli.main(["info", path]) == 0
        assert capsys.readouterr().out.startswith(f"{path}: ")


def test_progress_is_shown_on_terminals_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert progress_line() is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    tell = progress_line()
    assert tell is not None
    tell(2, 5, "planes")
    printed = capsys.readouterr()
    assert "planes: 2 of 5" in printed.err
    assert printed.out == ""


def test_demo_passes_the_screenshot_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Path | None] = []
    stub = types.SimpleNamespace(run_demo=asked.append)
    monkeypatch.setitem(sys.modules, "napari_3dmsl.widgets.demo", stub)
    assert run("demo", "--screenshot", tmp_path / "demo.png") == {
        "screenshot": str(tmp_path / "demo.png")
    }
    assert asked == [tmp_path / "demo.png"]


def test_demo_without_napari_says_what_to_install(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "qtpy.QtWidgets", None)
    assert 'pip install "napari-3dmsl[all]"' in refused("demo")


def test_a_bug_asks_to_be_reported(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, sphere: Path
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("napari_3dmsl.shapes.mesh.read_mesh", broken)
    assert "unexpected error, please report it: KeyError: 'oops'" in refused("info", sphere)
    monkeypatch.setenv(cli.TRACEBACK, "1")
    with pytest.raises(KeyError):
        cli.main(["info", str(sphere)])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError("Unable to allocate 9 TiB"), "not enough memory: Unable to allocate 9 TiB"),
        (PermissionError(13, "Permission denied", "here"), "here: Permission denied"),
        (ValueError("first\n  second"), "first second"),
    ],
)
def test_errors_become_one_line(
    refused: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    sphere: Path,
    error: Exception,
    message: str,
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr("napari_3dmsl.shapes.mesh.read_mesh", failing)
    assert refused("info", sphere) == f"Error: {message}\n"


def test_an_interrupt_ends_quietly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sphere: Path
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_3dmsl.shapes.mesh.read_mesh", interrupted)
    assert cli.main(["info", str(sphere)]) == cli.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_help_and_version_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("napari-3dmsl 0.")
    assert cli.main([]) == 0
    helped = capsys.readouterr().out
    assert all(command in helped for command in ("extract", "simulate", "info", "demo"))


def test_unknown_commands_are_one_line(refused: Callable[..., str]) -> None:
    assert "No such command 'draw'" in refused("draw")


def test_the_program_starts_light_and_fails_with_one_line(tmp_path: Path) -> None:
    code = "import napari_3dmsl.cli, sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "scipy", "tifffile", "trimesh", "napari", "qtpy"} & set(loaded)
    program = Path(sys.executable).with_name("napari-3dmsl")
    done = subprocess.run(
        [program, "info", tmp_path / "nothing.off"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"Error: {tmp_path / 'nothing.off'}: no such file or folder\n"


# --- real data


def test_extract_finds_the_mitochondria_of_urocell(
    run: Run, real_data: Path, tmp_path: Path
) -> None:
    pytest.importorskip("nibabel")
    result = run(
        *("extract", real_data / "urocell" / "fib1-0-0-0_binary.nii.gz", tmp_path / "library"),
        *("--voxel-nm", 15, 16, 16, "--downsample", 1),
    )
    assert 36 <= result["shapes"] <= 43  # experts marked 39
    assert sum(result["classes"].values()) == result["shapes"]


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


def test_info_tells_of_the_unpacked_folder_of_one_shape(tmp_path: Path, capsys: Any) -> None:
    from napari_3dmsl.shapes.mesh import Mesh, write_mesh

    folder = tmp_path / "library" / "7"
    (folder / "Conf1_imgs").mkdir(parents=True)
    corners = 10.0 * np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
    faces = np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)], dtype=np.int32)
    write_mesh(Mesh(corners, faces), folder / "raw_mesh.off")
    (folder / "pointcloud.ply").write_text("ply\n")
    (folder / "Conf1_imgs" / "N_0_7_x90.tif").write_bytes(b"")
    assert cli.main(["info", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["watertight"], told["warnings"]) == ("instance", True, [])
    assert told["volume_um3"] == pytest.approx(0.24**3 / 6)
    assert told["samples"] == ["pointcloud.ply"]
    assert told["images"] == ["Conf1_imgs/N_0_7_x90.tif"]


@pytest.mark.parametrize(
    ("size", "said"), [(2000, "48 µm long"), (0.2, "4.8 nm long"), (100, None), (1000, None)]
)
def test_info_asks_about_the_unit_of_a_mesh_that_is_no_mitochondrion(
    tmp_path: Path, capsys: Any, size: float, said: str | None
) -> None:
    path = tmp_path / "a.off"
    corners = f"0 0 0\n{size} 0 0\n0 {size} 0\n0 0 {size}\n"
    path.write_text(f"OFF\n4 4 0\n{corners}3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n")
    assert cli.main(["info", str(path)]) == 0
    told = capsys.readouterr().out
    assert ("is the file's unit really 24 nm?" in told) == (said is not None)
    assert said is None or said in told
