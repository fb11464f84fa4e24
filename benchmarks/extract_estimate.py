"""Extract a volume larger than the memory by the command: what it takes, and what it said before.

A mirror tiling of the phantom (voxels of 24 nm) becomes a library and an OME-Zarr, by two workers.
Prints time, processor time, most memory of all processes above bare interpreters, and disk, beside
the estimate; and the slopes of which `library/estimate.py` is made. Bars: at most the memory limit;
the library and the processor time within a factor of 2 of their estimates.

    python benchmarks/extract_estimate.py [--gvox 0.125] [--limit 1GB]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from blockwise import BARE, Peak, measured, written

from napari_3dmsl.library import estimate
from napari_3dmsl.library.unfinished import work_folder
from napari_3dmsl.memory import size_in_bytes

COMMAND = (
    "import os, sys; from napari_3dmsl.cli import main; from napari_3dmsl.compute.worker import "
    "end_spares; status = main(); end_spares(); print('\\n', sum(os.times()[:4])); sys.exit(status)"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--gvox", type=float, default=0.125)
    parser.add_argument("--limit", default="1GB")
    parser.add_argument("--folder", type=Path, default=Path.cwd())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        volume, voxels = written(folder, options.gvox)
        library = folder / "library"
        words = ["extract", volume, library, "--voxel-nm", 24, 24, 24, "--workers", 2, "--json"]
        words += ["--memory-limit", options.limit, "--labels-out", folder / "labels.ome.zarr"]
        bare = measured([sys.executable, "-c", BARE], None)[1]
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *map(str, words)], stdout=subprocess.PIPE, text=True
        )
        peak, work = Peak(process.pid, int(bare)), Largest(work_folder(library))
        out, _ = process.communicate()
        seconds = time.perf_counter() - began
        text, _, busy = out.rstrip().rpartition("\n")
        result = json.loads(text)
        told, shapes = result["estimate"], result["shapes"]
        sizes = {"library": size(library), "labels": size(folder / "labels.ome.zarr")}
        inside = sum(row for row in volumes(library))
    limit = size_in_bytes(options.limit)
    told_busy = told["seconds"] * 2
    print(f"{voxels / 1e9:.3f} Gvox, {shapes:,} shapes, blockwise: {result['blockwise']}")
    print(f"time {seconds:.0f} s; of processors {float(busy):.0f} s, estimated {told_busy:.0f} s")
    print(f"memory {peak.bytes / 1e6:,.0f} MB above bare interpreters, limit {limit / 1e6:,.0f} MB")
    print(
        f"library {sizes['library'] / 1e6:.1f} MB, estimated {told['library_bytes'] / 1e6:.1f} MB"
    )
    print(f"labels {sizes['labels'] / 1e6:.2f} MB, estimated {told['labels_bytes'] / 1e6:.2f} MB")
    print(f"work {work.bytes / 1e6:.1f} MB, estimated {told['work_bytes'] / 1e6:.1f} MB beside it")
    print(
        f"slopes: library {sizes['library'] / inside:.0f} bytes a foreground voxel "
        f"({estimate.SHAPE_BYTES:.0f}), labels {sizes['labels'] / voxels:.3f} bytes a voxel "
        f"({estimate.LABEL_BYTES}), processors {float(busy) / voxels * 1e9:.0f} s/Gvox in all"
    )
    checks = {
        "memory": peak.bytes <= limit,
        "library": 0.5 < told["library_bytes"] / sizes["library"] < 2,
        "processor time": 0.5 < told_busy / float(busy) < 2,
    }
    for what, kept in checks.items():
        print(f"{'ok  ' if kept else 'FAIL'} {what}")
    sys.exit(not all(checks.values()))


class Largest:
    """The most that a folder holds while it is there."""

    def __init__(self, folder: Path) -> None:
        self.bytes, self._folder = 0, folder
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, size(self._folder))
            time.sleep(1.0)


def size(folder: Path) -> int:
    """Bytes of the files in a folder, as far as they are still there when it is their turn."""
    total = 0
    for inner, _, names in os.walk(folder):  # which passes over folders that have just gone
        for name in names:
            with suppress(OSError):
                total += (Path(inner) / name).stat().st_size
    return total


def volumes(library: Path) -> list[int]:
    """Voxels of each shape."""
    from napari_3dmsl.library.library import ShapeLibrary

    return list(ShapeLibrary.open(library).table["voxel_counts"])


if __name__ == "__main__":
    main()
