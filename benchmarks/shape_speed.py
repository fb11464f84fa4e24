"""How fast a label becomes a finished shape, by class: surface, skeleton, class, measures, file.

The tubes and rings of about 30,000 voxels that ``validate_shapes.py cost`` finishes with samples,
and random shapes of every class on voxels of 24 nm (`_solids.py`). Two processes take the voxels of
a shape in its box, measure it and write its OFF file. Wanted: 40 tubes and rings a second, so 50 ms
of processor time each. Other work on the machine takes time by the clock, but little processor
time.
"""

from __future__ import annotations

import argparse
import tempfile
import time

import numpy as np
from _cost import COST_SETTINGS, UNIT_UM, Finish, ToFinish, cost_mask
from _solids import CLASSES, distance_field, random_solid

from napari_3dmsl.compute import Processes
from napari_3dmsl.shapes.crops import Crop, iter_crops
from napari_3dmsl.shapes.extraction import extract_instances

TUBES = "tubes and rings"
WANTED = 40  # shapes/s


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--each", type=int, default=8, help="shapes of each class")
    arguments = parser.parse_args()
    items = [ToFinish(TUBES, tube_or_ring(number)) for number in range(3 * arguments.each)]
    items += [ToFinish(name, of_class(name, n)) for n in range(arguments.each) for name in CLASSES]
    place = Processes(2)
    with tempfile.TemporaryDirectory() as folder:
        finish = Finish(folder)
        list(place.run(finish, items[:8]))  # imports
        start = time.perf_counter()
        rows = list(place.run(finish, items))
        seconds = time.perf_counter() - start
    print(f"label to finished shape: {len(rows)} shapes, ms of processor time, one numeric thread")
    steps = "".join(f"{step:>16}" for step in rows[0][1])
    print(f"{'':<17}{'voxels':>9}{'box':>11}{'of 30,000':>11}{steps}")
    for kind in (TUBES, *CLASSES):
        some = [row for row in rows if row[0].kind == kind]
        means = {step: 1000 * np.mean([spent[step] for _, spent in some]) for step in rows[0][1]}
        voxels = np.mean([item.crop.voxel_count for item, _ in some])
        box = np.mean([item.crop.mask.size for item, _ in some])
        steps = "".join(f"{mean:16.1f}" for mean in means.values())
        print(f"{kind:<17}{voxels:9,.0f}{box:11,.0f}{means['whole'] * 30000 / voxels:11.1f}{steps}")
    rate = 2 / np.mean([spent["whole"] for item, spent in rows if item.kind == TUBES])
    kept = "ok  " if rate >= WANTED else "FAIL"
    print(
        f"{kept} {TUBES}: {rate:.1f} shapes/s in two processes by processor time, wanted {WANTED}"
    )
    print(f"     all {len(rows)} shapes, each done twice, took {seconds:.1f} s by the clock")


def tube_or_ring(number: int) -> Crop:
    """Draw one of about 30,000 voxels."""
    return largest(cost_mask(number))


def of_class(name: str, number: int) -> Crop:
    """Draw a shape of a class at its own size."""
    rng = np.random.default_rng([7, CLASSES.index(name), number])
    return largest(distance_field(random_solid(name, rng), np.full(3, UNIT_UM), rng, 0.05) <= 0)


def largest(mask: np.ndarray) -> Crop:
    found = iter_crops(extract_instances(mask, COST_SETTINGS))
    return max(found, key=lambda crop: crop.voxel_count)


if __name__ == "__main__":
    main()
