"""Bad input is refused in one line and leaves every file as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import trimesh
from commands import Run, files_of


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
        "2D array": (extract("flat.npy"), "it has 2 axes, labels have 3"),
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
    assert ".tif, .tiff or .zarr" in refused("simulate", sphere, tmp_path / "out.png", *simulate)
    missing = tmp_path / "missing" / "out.tif"
    assert "no such folder" in refused("simulate", sphere, missing, *simulate)
    common = ("extract", two_balls, tmp_path / "library", "--voxel-nm", 24, 24, 24)
    assert "no such folder" in refused(*common, "--labels-out", missing)
    assert not (tmp_path / "library").exists()
