"""One volume in every container: the same voxels, voxel size, shapes and classes, or exit status 1.

Draws the phantom on voxels of 60 × 48 × 40 nm, writes it in every format by another library than
the one that reads it here, or byte by byte by the specification of the format, opens each lazily
and in memory, compares all voxels and the voxel size, extracts the shapes and compares their
classes and volumes. Prints what a box of 56 × 64 × 64 voxels costs in processor time, too. The bar:
identical.

    python benchmarks/containers.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))

from containers import CONTAINERS, Container

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import measure_shapes
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import open_labels

SIZE = (60.0, 48.0, 40.0)
BOX = (slice(0, 56), slice(60, 124), slice(70, 134))
Shapes = list[tuple[str, int, float]]


def shapes_of(labels: Any, voxel_nm: Any) -> Shapes:
    """Class, voxels and volume of every shape."""
    sizes = [float(f"{nm:.6g}") for nm in voxel_nm]  # MRC keeps float32
    settings = ExtractionSettings(voxel_nm=sizes)
    found = measure_shapes(extract_instances(labels > 0, settings))
    return [
        (str(one.classification.shape_class), one.voxel_count, round(one.volume_um3, 9))
        for one in found
    ]


def row(container: Container, labels: Any, expected: Shapes) -> tuple[bool, str]:
    """Write, open and compare; return whether all is identical, and a row of the table."""
    given = None if container.tells_size else SIZE
    with tempfile.TemporaryDirectory() as folder:
        path = container.write(Path(folder), labels, SIZE)
        lazy, whole = open_lazy(path, given), open_labels(path, given)
        voxels = np.array_equal(lazy.labels[...], labels) and np.array_equal(whole.labels, labels)
        sizes = np.allclose([lazy.voxel_nm, whole.voxel_nm], SIZE, rtol=1e-6)
        start = time.process_time()
        lazy.labels[BOX]
        spent = 1000 * (time.process_time() - start)
        shapes = shapes_of(whole.labels, whole.voxel_nm) == expected
    same = [("no", "identical")[one] for one in (voxels, sizes, shapes)]
    told = "the file" if container.tells_size else "given"
    return voxels and sizes and shapes, (
        f"| {container.name} | {container.writer} | {same[0]} | {same[1]} ({told}) | {same[2]} | "
        f"{spent:.0f} |"
    )


def main() -> int:
    labels = make_phantom(seed=0, voxel_nm=SIZE).labels.astype(np.uint16)
    expected = shapes_of(labels, SIZE)
    counts = ", ".join(f"{n} {kind}" for kind, n in Counter(one[0] for one in expected).items())
    print(f"{' × '.join(map(str, labels.shape))} voxels, {len(expected)} shapes: {counts}\n")
    print("| container | written by | voxels | sizes | shapes and classes | box, ms |")
    print("|---|---|---|---|---|---|")
    good = []
    for container in CONTAINERS:
        same, line = row(container, labels, expected)
        good.append(same)
        print(line, flush=True)
    print(f"\n{sum(good)} of {len(good)} containers identical")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
