"""Extraction by blocks beside extraction in memory: the same instances, classes and measures.

    python benchmarks/blockwise_same.py            # phantoms, and UroCell where it lies beside
    python benchmarks/blockwise_same.py --quick    # phantoms, with two block shapes
    python benchmarks/blockwise_same.py --only "fib1-1-0-3 binary: default"

Five block shapes a volume and setting: cubes that divide the volume and such that do not, slabs,
bars, and one block for all. Instances are compared voxel by voxel, numbers and report included;
classes and measures of the shapes once a volume and setting.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from napari_3dmsl.compute.place import place_of
from napari_3dmsl.shapes.blockwise import extract_blockwise
from napari_3dmsl.shapes.extraction import Extraction, ExtractionSettings, extract_instances
from napari_3dmsl.shapes.phantom import make_neighbours, make_phantom
from napari_3dmsl.shapes.shape import feature_table, measure_shapes
from napari_3dmsl.volumes.open import open_labels

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "urocell"
UROCELL = ("fib1-0-0-0", "fib1-1-0-3", "fib1-4-3-0")
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "26 neighbours": {"connectivity": 26},
    "18 neighbours": {"connectivity": 18},
    "dilation": {"regrow": "dilate"},
    "dilation, 26": {"regrow": "dilate", "connectivity": 26},
    "neck 1": {"neck": 1.0},
    "no erosion": {"erosion_nm": 0.0},
    "fill holes": {"fill_holes": True},
    "middle voxel": {"downsample_method": "stride"},
    "2 x 2 x 2": {"downsample": (2, 2, 2)},
    "1 x 2 x 3": {"downsample": (1, 2, 3)},
    "large ones": {"min_volume_um3": 0.02},
}
GIVEN: dict[str, dict[str, Any]] = {
    "instances": {"instances": True},
    "split pieces": {"instances": True, "split_pieces": True},
    "fill instances": {"instances": True, "fill_holes": True},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="volumes and settings whose names hold this")
    options = parser.parse_args()
    place = place_of()
    compared = wrong = 0
    for name, labels, settings in volumes(options.quick):
        if options.only not in name:
            continue
        expected = extract_instances(labels, settings)
        measured = feature_table(measure_shapes(expected))
        shapes = edges(expected.labels.shape)[: 2 if options.quick else 5]
        differing = []
        for number, edge in enumerate(shapes):
            with tempfile.TemporaryDirectory() as folder:
                found = extract_blockwise(
                    labels, settings, folder, memory_limit=4_000_000_000, place=place, edge=edge
                )
                same = same_instances(found, expected)
                if not number:
                    same &= feature_table(measure_shapes(found)) == measured
            compared += 1
            if not same:
                differing.append(edge)
        wrong += len(differing)
        print(
            f"{'FAIL' if differing else 'ok  '} {name:45s} {expected.report.kept:4d} shapes, "
            f"{expected.report.divided:2d} divided, {len(shapes)} block shapes {differing or ''}",
            flush=True,
        )
    print(f"{compared - wrong} of {compared} extractions by blocks are those in memory")
    sys.exit(bool(wrong))


def volumes(quick: bool) -> Iterator[tuple[str, Any, ExtractionSettings]]:
    phantom = make_phantom()
    uneven = make_phantom(voxel_nm=(48, 24, 32))
    pairs = make_neighbours(-20, pairs=6)
    for given, sample in (
        ("rods that overlap", pairs),
        ("phantom", phantom),
        ("phantom 48 x 24 x 32 nm", uneven),
    ):
        yield from every_option(given, sample.labels, sample.voxel_nm)
    if quick or not DATA.is_dir():
        return
    for name in UROCELL:
        for kind, options in (("binary", OPTIONS), ("instance", GIVEN)):
            volume = open_labels(DATA / f"{name}_{kind}.nii.gz", (15, 16, 16))
            for option, changed in options.items():
                settings = ExtractionSettings(voxel_nm=(15, 16, 16)).replace(**changed)
                yield f"{name} {kind}: {option}", volume.labels, settings


def every_option(
    name: str, labels: Any, voxel_nm: tuple[float, float, float]
) -> Iterator[tuple[str, Any, ExtractionSettings]]:
    settings = ExtractionSettings(voxel_nm=voxel_nm)
    for option, changed in {**OPTIONS, **GIVEN}.items():
        yield f"{name}: {option}", labels, settings.replace(**changed)


def edges(shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return five block shapes."""
    z, y, x = shape
    return [(37, 53, 61), (64, 64, 64), (16, y, x), (z, y // 3 + 1, 40), (z, y, x)]


def same_instances(found: Extraction, expected: Extraction) -> bool:
    facts = (
        np.array_equal(found.labels[...], expected.labels),
        asdict(found.report) == asdict(expected.report),
        np.array_equal(found.parents, expected.parents),
        np.array_equal(found.touches_border, expected.touches_border),
        np.array_equal(found.known.counts, expected.known.counts),
        np.array_equal(found.known.centroids, expected.known.centroids),
        found.known.boxes == expected.known.boxes,
    )
    return all(facts)


if __name__ == "__main__":
    main()
