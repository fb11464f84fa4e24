"""``napari-3dmsl extract``: what it writes, reports and leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import trimesh
from commands import Run, files_of

from napari_3dmsl.image_io.ome_tiff import describe_image
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.volumes.open import open_labels


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


def test_a_link_that_leads_back_to_itself_is_named(
    refused: Callable[..., str], two_balls: Path, tmp_path: Path
) -> None:
    loop = tmp_path / "loop.npy"
    loop.symlink_to(loop)
    for source, target in ((loop, tmp_path / "library"), (two_balls, loop)):
        told = refused("extract", source, target, "--voxel-nm", 24, 24, 24)
        assert f"{loop}: a link that leads back to itself; " in told
    assert loop.is_symlink()


def test_extract_writes_zips_as_released(run: Run, two_balls: Path, tmp_path: Path) -> None:
    folder = tmp_path / "zips"
    run("extract", two_balls, folder, "--voxel-nm", 24, 24, 24, "--shapes-per-zip", 1)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["1_1_2.zip", "2_2_3.zip", "library.json", "meta_locations.csv"]
    assert ShapeLibrary.open(folder).ids == [1, 2]


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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--regrow", "dilate", "--neck", 0.7), ["--neck has no effect: only watershed divides"]),
        (("--instances", "--erosion-nm", 40), ["--erosion-nm has no effect: instances are not"]),
        (("--regrow", "dilate"), []),
        (("--neck", 0.7), []),
    ],
)
def test_extract_warns_of_options_that_do_nothing_beside_the_others(
    run: Run, two_balls: Path, tmp_path: Path, options: tuple[object, ...], said: list[str]
) -> None:
    common = ("extract", two_balls, tmp_path / "library", "--voxel-nm", 24, 24, 24)
    warnings = run(*common, *options)["warnings"]
    found = [text for text in warnings if "has no effect" in text]
    assert len(found) == len(said)
    assert all(text.startswith(words) for text, words in zip(found, said, strict=True))
