"""Block by block and in memory: the same instances, to the voxel, with every option."""

from pathlib import Path
from typing import Any

import cc3d
import numpy as np
import pytest
from same_instances import check_same_instances

from napari_3dmsl.compute.place import Processes
from napari_3dmsl.shapes.extraction import ExtractionSettings
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.volumes.open import open_labels

SHAPE = (58, 66, 74)
SETTINGS = ExtractionSettings(voxel_nm=(24, 24, 24), downsample=1, erosion_nm=60)
EDGES = ((32, 32, 32), SHAPE, (17, 66, 23), (40, 16, 64), (13, 11, 19))
ODD = (17, 23, 19)


@pytest.fixture(scope="module")
def balls() -> Any:
    """Balls that touch, overlap, and are cut by the border."""
    rng = np.random.default_rng(0)
    z, y, x = np.indices(SHAPE)
    mask = np.zeros(SHAPE, bool)
    for _ in range(60):
        at, radius = rng.random(3) * SHAPE, rng.uniform(2, 9)
        mask |= (z - at[0]) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 < radius**2
    return mask


@pytest.fixture(scope="module")
def instances(balls: Any) -> Any:
    """Labels with large numbers, some of them in several pieces and some of them hollow."""
    labels = cc3d.connected_components(balls, connectivity=6).astype(np.uint64)
    labels[balls] = labels[balls] * 977 + 2**40
    labels[28:31] = 0
    z, y, x = np.indices(SHAPE)
    away = np.sqrt((z - 30.0) ** 2 + (y - 35) ** 2 + (x - 40) ** 2)
    for number, radius in ((7, 22), (5, 14), (9, 6)):  # one in another, in an order of its own
        labels[away < radius + 1] = 0
        labels[(away < radius) & (away >= radius - 3)] = number
    return labels


@pytest.mark.parametrize("edge", EDGES)
def test_any_blocks_give_the_instances_of_the_whole(balls: Any, edge: Any, tmp_path: Path) -> None:
    assert check_same_instances(balls, SETTINGS, tmp_path, edge).report.divided > 1


@pytest.mark.parametrize(
    "options",
    [
        {"connectivity": 18},
        {"connectivity": 26},
        {"regrow": "dilate"},
        {"regrow": "dilate", "connectivity": 26, "voxel_nm": (40, 24, 16)},
        {"neck": 0.9, "min_volume_um3": 0.02},
        {"neck": 0.0},
        {"erosion_nm": 0.0},
        {"voxel_nm": (40, 24, 16)},
        {"voxel_nm": (30, 8, 8), "downsample": None, "erosion_nm": 50.0},
        {"voxel_nm": (8, 8, 8), "downsample": 2, "erosion_nm": 30.0},
        {"downsample": (1, 2, 3), "downsample_method": "stride"},
        {"voxel_nm": (8, 8, 8), "erosion_nm": 84.0},  # a ball that is no structure any more
        {"voxel_nm": (100, 24, 24)},  # a ball that is flat
    ],
    ids=str,
)
def test_every_option_gives_the_instances_of_the_whole(
    balls: Any, options: dict[str, Any], tmp_path: Path
) -> None:
    check_same_instances(balls, SETTINGS.replace(**options), tmp_path, ODD)


@pytest.mark.parametrize("connectivity", [6, 26])
def test_holes_are_filled_across_blocks(balls: Any, connectivity: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    holed = balls & (rng.random(SHAPE) > 0.01)
    holed[30:40, 30:50, 30:50] = True
    holed[33:37, 33:47, 33:47] = False  # a cavity in many blocks
    settings = SETTINGS.replace(fill_holes=True, connectivity=connectivity)
    assert check_same_instances(holed, settings, tmp_path, ODD).report.voxels_filled > 1000


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("fill", [False, True])
@pytest.mark.parametrize("downsample", [1, 2])
def test_given_instances_are_numbered_split_and_filled(
    instances: Any, split: bool, fill: bool, downsample: int, tmp_path: Path
) -> None:
    settings = SETTINGS.replace(
        instances=True, split_pieces=split, fill_holes=fill, downsample=downsample
    )
    extraction = check_same_instances(instances, settings, tmp_path, ODD)
    assert extraction.report.kept > 10
    assert (extraction.report.voxels_filled > 0) == fill


def test_labels_that_are_whole_keep_the_order_of_their_numbers(tmp_path: Path) -> None:
    labels = np.zeros((20, 20, 40), np.int16)
    labels[2:12, 2:12, 2:12], labels[4:18, 5:18, 20:38] = 9, 4
    settings = SETTINGS.replace(instances=True, split_pieces=True)
    extraction = check_same_instances(labels, settings, tmp_path, (8, 8, 8))
    assert extraction.parents.tolist() == [4, 9]


def test_a_phantom_of_all_classes_in_worker_processes(tmp_path: Path) -> None:
    phantom = make_phantom()
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm)
    extraction = check_same_instances(
        phantom.labels, settings, tmp_path, (64, 48, 96), Processes(2)
    )
    assert extraction.report.kept > 30


@pytest.mark.parametrize("name", ["fib1-0-0-0", "fib1-1-0-3", "fib1-4-3-0"])
@pytest.mark.parametrize("regrow", ["watershed", "dilate"])
def test_real_volumes(real_data: Path, name: str, regrow: Any, tmp_path: Path) -> None:
    volume = open_labels(real_data / "urocell" / f"{name}_binary.nii.gz", (15, 16, 16))
    settings = ExtractionSettings(voxel_nm=(15, 16, 16), downsample=2, regrow=regrow)
    extraction = check_same_instances(volume.labels, settings, tmp_path, (64, 40, 100))
    assert extraction.report.kept > 5
