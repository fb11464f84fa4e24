"""Random volumes, settings and blocks: the same instances as in memory."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from same_instances import check_same_instances
from scipy import ndimage

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances


@pytest.mark.parametrize("seed", range(24))
def test_random_volumes_give_the_same_instances(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    labels, settings = random_volume(rng)
    edge = tuple(int(edge) for edge in rng.integers(2, 45, 3))
    try:
        extract_instances(labels, settings)
    except ValueError:  # nothing is left after downsampling, or blocks are larger than the volume
        with pytest.raises(ValueError, match="downsample"):
            check_same_instances(labels, settings, tmp_path, edge)
    else:
        check_same_instances(labels, settings, tmp_path, edge)


def random_volume(rng: np.random.Generator) -> tuple[Any, ExtractionSettings]:
    shape = tuple(int(size) for size in rng.integers(1, 40, 3))
    smooth = ndimage.gaussian_filter(rng.random(shape), rng.uniform(0, 3))
    mask = smooth > np.quantile(smooth, rng.uniform(0.05, 0.95))
    instances = bool(rng.integers(2))
    labels = mask
    if instances:
        cell = int(rng.integers(1, 8))
        numbers = rng.integers(0, rng.choice([3, 20, 70_000]), shape)[::cell, ::cell, ::cell]
        whole = np.kron(numbers, np.ones((cell,) * 3, int))
        labels = (whole[: shape[0], : shape[1], : shape[2]] * mask).astype(np.uint64)
        labels.flat[0] = 1  # at least one
    z, y, x = (float(size) for size in rng.choice([8, 16, 24, 30, 50], 3))
    down = tuple(int(edge) for edge in rng.integers(1, 3, 3))
    settings = ExtractionSettings(
        voxel_nm=(z, y, x),
        downsample=(down[0], down[1], down[2]),
        erosion_nm=float(rng.choice([0, 20, 30, 60, 84, 200])),
        connectivity=(6, 18, 26)[rng.integers(3)],
        regrow=("watershed", "dilate")[rng.integers(2)],
        neck=float(rng.choice([0, 0.3, 0.5, 1])),
        min_volume_um3=float(rng.choice([0, 0, 0.0005, 0.005])),
        fill_holes=bool(rng.integers(2)),
        downsample_method=("mean", "stride")[rng.integers(2)],
        instances=instances,
        split_pieces=instances and bool(rng.integers(2)),
    )
    return labels, settings
