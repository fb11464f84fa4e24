"""What scoring a volume costs: processor time of each step, and memory at the most.

A volume of drawn blobs beside itself, moved by two voxels. Other work on the machine takes time by
the clock, but little processor time.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import cc3d
import numpy as np
from scipy.ndimage import gaussian_filter

from napari_3dmsl.scoring.centrelines import cldice
from napari_3dmsl.scoring.instances import instance_scores
from napari_3dmsl.scoring.overlaps import overlaps_of
from napari_3dmsl.scoring.surfaces import mask_surface, surface_scores
from napari_3dmsl.scoring.topology import betti_error, patch_errors

COARSE = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--side", type=int, default=256, help="voxels along each axis")
    side = parser.parse_args().side
    truth = volume(side)
    found = np.roll(truth, 2, 1)
    masks = truth != 0, found != 0
    print(f"{side}³ voxels, {truth.max()} objects; {memory()} MB before")
    took("overlaps and objects", lambda: instance_scores(overlaps_of(truth, found).pairs))
    took("Betti numbers", lambda: betti_error(*masks))
    took("Betti numbers in patches of 64", lambda: list(patch_errors(*masks, 64)))
    took("surfaces", lambda: distance(*masks))
    took("clDice", lambda: cldice(*masks))


def volume(side: int) -> Any:
    noise = np.random.default_rng(0).normal(size=(COARSE,) * 3)
    labels = cc3d.connected_components(gaussian_filter(noise, 2.5) > 0.045, connectivity=6)
    times = -(-side // COARSE)
    for axis in range(3):
        labels = labels.repeat(times, axis)
    return labels[:side, :side, :side].astype(np.uint32)


def distance(truth: Any, found: Any) -> dict[str, float]:
    meshes = mask_surface(truth, (1, 1, 1)), mask_surface(found, (1, 1, 1))
    return surface_scores(*meshes, 100_000, np.random.default_rng(0))


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


def took(what: str, work: Callable[[], object]) -> None:
    start = time.process_time()
    work()
    print(f"{what}: {time.process_time() - start:.1f} s, {memory()} MB at the most", flush=True)


if __name__ == "__main__":
    main()
