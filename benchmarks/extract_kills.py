"""Kill ``napari-3dmsl extract`` at random moments and start it again: the same library in the end.

The phantom, as 64-bit labels on voxels of 24 nm, is extracted with a memory limit that does not
hold it, by two processes; the command writes shapes with samples and the instances as OME-Zarr. It
is killed (SIGKILL) at moments drawn between its start and the time that an undisturbed run takes,
and started again with the same line. Every other run one of its workers is killed instead of the
command. What is finished in the end is compared, byte by byte, with the library that one process
makes in memory. The bar: all the same, whatever is killed; nothing is left beside it.

    python benchmarks/extract_kills.py [--kills 20] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

from napari_3dmsl.library.extract import extract_library
from napari_3dmsl.library.unfinished import work_folder
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.sampling import SampleSettings

SETTINGS = {"voxel_nm": (24, 24, 24), "downsample": (2, 2, 2)}
COMMAND = "import sys; from napari_3dmsl.cli import main; sys.exit(main())"
LITTLE = "600MB"  # the labels take 157 MB four times over


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        labels = folder / "labels.npy"
        np.save(labels, (make_phantom(seed=0).labels > 0).astype(np.uint64))
        whole = folder / "whole"
        extract_library(
            labels, whole, SETTINGS, samples=SampleSettings(), blockwise=False, workers=1
        )
        expected = tree(whole)
        began = time.perf_counter()
        assert started(labels, folder / "undisturbed").wait() == 0
        longest = time.perf_counter() - began
        assert tree(folder / "undisturbed") == expected
        print(f"undisturbed, block by block: {longest:.1f} s, {len(expected)} files, as in memory")
        killed = runs = wrong = left_over = 0
        while killed < arguments.kills:
            library, runs, kills = folder / f"run{runs}", runs + 1, 0
            process = started(labels, library)
            while killed < arguments.kills and not ended(process, rng.uniform(0.1, longest)):
                kill(process if runs % 2 else a_worker_of(process) or process)
                process.wait()
                killed, kills = killed + 1, kills + 1
                process = started(labels, library)
            status = process.wait()
            found = tree(library) if library.exists() else {}
            same = found == expected and status == 0
            wrong += not same
            left_over += work_folder(library).exists()
            print(f"run {runs}: {kills} kills, {'same bytes' if same else 'DIFFERENT'}", flush=True)
    print(f"{killed} kills in {runs} runs: {wrong} libraries differ, {left_over} leave work behind")
    sys.exit(bool(wrong or left_over))


def started(labels: Path, library: Path) -> subprocess.Popen[bytes]:
    words = ["extract", labels, library, "--voxel-nm", 24, 24, 24, "--downsample", 2, "--samples"]
    words += ["--workers", 2, "--memory-limit", LITTLE]
    words += ["--labels-out", library.with_name(f"{library.name}.ome.zarr")]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def a_worker_of(process: subprocess.Popen[bytes]) -> psutil.Process | None:
    """Return a worker of the command, if it has one at the moment."""
    try:
        workers = psutil.Process(process.pid).children()
    except psutil.Error:
        return None
    return workers[0] if workers else None


def kill(process: subprocess.Popen[bytes] | psutil.Process) -> None:
    with suppress(ProcessLookupError):  # it has just ended
        os.kill(process.pid, signal.SIGKILL)


def tree(folder: Path) -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


if __name__ == "__main__":
    main()
