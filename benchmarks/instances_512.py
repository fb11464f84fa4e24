"""Time and memory of ``napari-3dmsl extract --instances`` on a dense volume of 512³ voxels.

The volume is a neuron segmentation of 2,523 labels that sprawl through all of it, as ``.npy``; in
the data beside the repository it lies packed by crackle, which is no dependency:

    pip install crackle-codec   # into another environment
    python -c "import crackle, gzip, numpy as np; packed = gzip.open('connectomics.npy.ckl.gz'); \
np.save('labels.npy', np.ascontiguousarray(crackle.decompress(packed.read())))"
    python benchmarks/instances_512.py labels.npy

Without a file, spheres and tubes of as many labels are drawn. Memory is that of all processes
together, shared pages counted once.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

START = "from napari_3dmsl.cli import main; main()"
LIMIT_S, LIMIT_GIB = 120, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labels", type=Path, nargs="?")
    parser.add_argument("--voxel-nm", type=float, nargs=3, default=(32, 32, 32))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        labels = arguments.labels or drawn(Path(folder) / "labels.npy")
        command = [sys.executable, "-c", START, "extract", str(labels)]
        command += [str(Path(folder) / "library"), "--instances", "--voxel-nm"]
        command += [str(size) for size in arguments.voxel_nm]
        started = time.perf_counter()
        run = subprocess.Popen(command)
        peak = Peak(run.pid)
        run.wait()
        seconds = time.perf_counter() - started
    kept = seconds <= LIMIT_S and peak.gib <= LIMIT_GIB and run.returncode == 0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = used.ru_utime + used.ru_stime
    print(
        f"{'ok  ' if kept else 'FAIL'} {seconds:.0f} s, {busy:.0f} s of processor, "
        f"{peak.gib:.2f} GiB at most"
    )
    sys.exit(not kept)


class Peak:
    """The most memory that a process and its children have held together, looked at on Linux."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.gib = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while Path(f"/proc/{self._pid}").exists():
            held = sum(proportional_kib(pid) for pid in family(self._pid))
            self.gib = max(self.gib, held / 2**20)
            time.sleep(0.2)


def family(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    found = [pid]
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (thread / "children").read_text()
        except OSError:
            continue
        for child in children.split():
            found += family(int(child))
    return found


def proportional_kib(pid: int) -> int:
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:"))


def drawn(path: Path) -> Path:
    """Write a dense volume of cells that sprawl: nearest of random walks, in slabs."""
    from scipy.spatial import KDTree

    rng = np.random.default_rng(0)
    walks = np.cumsum(rng.normal(0, 6, (2500, 60, 3)), axis=1) + rng.uniform(0, 512, (2500, 1, 3))
    tree = KDTree(walks.reshape(-1, 3))
    labels = np.lib.format.open_memmap(path, "w+", np.uint32, (512, 512, 512))
    coarse = np.stack(np.meshgrid(*[np.arange(0, 512, 4)] * 3, indexing="ij"), axis=-1)
    nearest = tree.query(coarse.reshape(-1, 3), workers=-1)[1].reshape(128, 128, 128)
    for plane in range(128):
        block = (nearest[plane] // 60 + 1).astype(np.uint32)
        labels[4 * plane : 4 * plane + 4] = block.repeat(4, 0).repeat(4, 1)
    labels.flush()
    return path


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
