"""Measure how long the files of one image take: 128 × 128 pixels with all settings and its mask.

The bar for an image set is 100 images/s on 2 processors, so 20 ms for everything of an image; the
files should take well below 1 ms each. Prints medians of 500, on one processor.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from napari_3dmsl.datasets.read.image_set import ImageSet
from napari_3dmsl.datasets.write.index import index_columns, read_index, sha256_of, write_index
from napari_3dmsl.image_io.ome_tiff import write_image_array, write_ome_tiff
from napari_3dmsl.image_io.ome_zarr import write_ome_zarr
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.simulation import Simulation, image_scene, scene_from_points

TIMES = 500
ROWS = 50_000


def main() -> None:
    simulation = Simulation(microscope=load_microscope("con1"))
    image = image_scene(scene_from_points([[1.0, 0.3, -0.2]], [5000.0]), simulation)
    pixels, told = image.counts[0], image.metadata()
    y, x = np.ogrid[:128, :128]
    mask = ((y - 64) ** 2 + (x - 50) ** 2 < 900).astype(np.uint8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiff, truth, zarr = (folder / file for file in ("a.tif", "mask.tif", "a.zarr"))
        plain = folder / "plain"
        report("plain bytes", lambda: (plain.write_bytes(pixels), plain.replace(folder / "b")))
        report("OME-TIFF", lambda: write_image_array(tiff, pixels, told))
        report("mask, zlib", lambda: write_ome_tiff(truth, mask, (0.07, 0.07), compress=True))
        report("checksum", lambda: sha256_of(tiff))
        print(f"{tiff.stat().st_size} bytes an image, {truth.stat().st_size} a mask")
        if find_spec("zarr"):
            labels = {"mask": mask}
            report(
                "OME-Zarr + mask",
                lambda: write_ome_zarr(zarr, pixels, (0.07, 0.07), told, labels=labels),
                TIMES // 10,
            )
        measure_index(folder, tiff, truth)


def measure_index(folder: Path, tiff: Path, truth: Path) -> None:
    columns = index_columns(["mask"], ["focus_um", "snr", "world_to_field"])
    row = {
        "sample": "a",
        "split": "train",
        "microscope": "con1",
        "seed": 12345,
        "image": tiff.name,
        "image_sha256": "0" * 64,
        "mask": truth.name,
        "mask_sha256": "0" * 64,
        "focus_um": 0.1,
        "world_to_field": np.eye(4)[:3].ravel().tolist(),
    }
    steps: dict[str, Callable[[], object]] = {
        "write": lambda: write_index(folder, (row for _ in range(ROWS)), columns),
        "read": lambda: read_index(folder),
        "open as ImageSet": lambda: ImageSet(folder),
        "choose a split": lambda: ImageSet(folder, "train"),
    }
    for name, work in steps.items():
        start = time.perf_counter()
        work()
        print(f"index of {ROWS:,} rows, {name}: {time.perf_counter() - start:.2f} s")
    images = ImageSet(folder)
    report("read image and mask", lambda: images[ROWS // 2])


def report(name: str, work: Callable[[], object], times: int = TIMES) -> None:
    """Print the median time of some work, and the processor's share of it."""
    spent = []
    processor = time.process_time()
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    processor = (time.process_time() - processor) / times
    print(f"{name}: {1e3 * statistics.median(spent):.2f} ms, processor {1e3 * processor:.2f} ms")


if __name__ == "__main__":
    main()
