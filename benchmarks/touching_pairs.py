"""How many touching pairs the extraction parts with its defaults, by voxel and by direction.

Two equal balls of 150 or 250 nm radius touch, or overlap by 4 or 8 nm: six cases for each size of
the voxels and each direction. Where the pair lies between the voxels matters, so each case is also
drawn at random places. A neck that is thinner than a section cannot be seen across the sections:
along z the bar ends at sections of 30 nm.

``python benchmarks/touching_pairs.py``
"""

from __future__ import annotations

import itertools
import sys

import numpy as np

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances

GRIDS_NM = ((8, 8, 8), (24, 24, 24), (30, 8, 8), (40, 4, 4), (50, 4.6, 4.6))
DIRECTIONS = {"z": (1, 0, 0), "x": (0, 0, 1), "diagonal": (1, 1, 1)}
CASES = tuple(itertools.product((150, 250), (0, 4, 8)))  # radius and overlap in nm
PLACES = 8
MARGIN_NM = 60
SEEN_NM = 30  # sections up to this are fine enough for necks along z


def touching_balls(
    voxel_nm: tuple[float, ...],
    radius_nm: float,
    overlap_nm: float,
    direction: tuple[float, ...],
    place: np.ndarray,
) -> np.ndarray:
    """Draw two balls whose middle lies this part of a voxel (z, y, x) off a voxel's centre."""
    voxel = np.array(voxel_nm)
    half = (radius_nm - overlap_nm / 2) * np.array(direction) / np.linalg.norm(direction)
    reach = np.ceil((np.abs(half) + radius_nm + MARGIN_NM) / voxel).astype(int)
    axes = np.ogrid[tuple(slice(-n, n + 1) for n in reach)]
    mask = np.zeros(2 * reach + 1, dtype=bool)
    for centre in (half + place * voxel, -half + place * voxel):
        parts = zip(axes, voxel, centre, strict=True)
        mask |= sum((axis * size - at) ** 2 for axis, size, at in parts) <= radius_nm**2
    return mask


def parted(voxel_nm: tuple[float, ...], direction: tuple[float, ...], place: np.ndarray) -> int:
    """Count the cases that become two shapes."""
    settings = ExtractionSettings(voxel_nm=voxel_nm)
    masks = (touching_balls(voxel_nm, *case, direction, place) for case in CASES)
    return sum(extract_instances(mask, settings).report.kept == 2 for mask in masks)


def main() -> None:
    places = np.random.default_rng(0).uniform(-0.5, 0.5, (PLACES, 3))
    failed = False
    print("voxel (nm)       along      parted of 6   at random places")
    for voxel_nm, (name, direction) in itertools.product(GRIDS_NM, DIRECTIONS.items()):
        centred = parted(voxel_nm, direction, np.zeros(3))
        anywhere = sum(parted(voxel_nm, direction, place) for place in places)
        promised = name != "z" or voxel_nm[0] <= SEEN_NM
        failed |= promised and centred < len(CASES)
        size = " x ".join(f"{side:g}" for side in voxel_nm)
        share = anywhere / (PLACES * len(CASES))
        print(f"{size:15}  {name:9}  {centred} {'' if promised else '(no bar)':9}   {share:.0%}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
