"""Time and memory of extraction by blocks: labelling with erosion, on volumes that grow.

    python benchmarks/blockwise.py                     # 0.25, 1 and 4 Gvox, beside cc3d in memory
    python benchmarks/blockwise.py --gvox 0.25 1 --workers 2 --memory-limit 1e9

The volumes are mirror tilings of the phantom, voxels of 24 nm, written as Zarr in chunks of 128³.
Each extraction runs in a process of its own with its workers. Memory is that of all its processes
together above what as many bare interpreters take, shared pages counted in each, looked at every
50 ms. dask-image and cellmap-analyze are run beside it where they are installed.
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
from pathlib import Path

import numpy as np

ROWS = ("blocks", "cc3d in memory", "dask-image")
BAR_S_PER_GVOX, BAR_GROWTH = 30, 1.2
BARE = "import time; time.sleep(1)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gvox", type=float, nargs="+", default=[0.25, 1, 4])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory-limit", type=float, default=1e9)
    parser.add_argument("--folder", type=Path, help="for volumes and stages; else a temporary one")
    parser.add_argument("--only", choices=ROWS)
    parser.add_argument("--time-limit", type=float, default=600, help="seconds, for the others")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(*options.child)
    bare = measured([sys.executable, "-c", BARE], None)[1]
    print(f"bare interpreter: {bare / 1e6:.0f} MB; memory limit {options.memory_limit / 1e9:g} GB")
    found = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for gvox in options.gvox:
            volume, voxels = written(Path(folder), gvox)
            for what in [options.only] if options.only else ROWS:
                if what != "blocks" and gvox > 1.1:
                    continue
                seconds, peak, answer = run(what, volume, bare, options)
                print_row(what, voxels, seconds, peak, answer)
                if what == "blocks":
                    found.append((voxels, seconds, peak))
            sys.stdout.flush()
    return verdict(found, options)


def run(
    what: str, volume: Path, bare: int, options: argparse.Namespace
) -> tuple[float, float, dict[str, float]]:
    with tempfile.TemporaryDirectory(dir=volume.parent) as stages:
        limit = None if what == "blocks" else options.time_limit
        settings = [str(options.workers), str(int(options.memory_limit))]
        command = [sys.executable, __file__, "--child", what, str(volume), *settings]
        seconds, peak, text = measured(command, limit, stages, bare)
    return seconds, peak, json.loads(text) if text.strip() else {}


def print_row(
    what: str, voxels: int, seconds: float, peak: float, answer: dict[str, float]
) -> None:
    gvox = voxels / 1e9
    if not answer:
        print(f"{gvox:5.2f} Gvox  {what:15s} no result in {seconds:.0f} s, {peak / 1e9:.2f} GB")
        return
    if "missing" in answer:
        print(f"{gvox:5.2f} Gvox  {what:15s} not installed")
        return
    print(
        f"{gvox:5.2f} Gvox  {what:15s} {answer['seconds']:6.1f} s, "
        f"{answer['seconds'] / gvox:5.1f} s/Gvox ({answer['busy'] / gvox:.0f} of processor), "
        f"{peak / 1e9:5.2f} GB, {answer['count']:,.0f} objects" + stages_of(answer)
    )


def stages_of(answer: dict[str, float]) -> str:
    stages = [f"{name} {taken:.1f}" for name, taken in answer.get("stages", {}).items()]
    return f"  ({', '.join(stages)})" if stages else ""


def verdict(found: list[tuple[int, float, float]], options: argparse.Namespace) -> None:
    if not found:
        return
    per_voxel = [seconds / voxels for voxels, seconds, _ in found]
    peaks = [peak for *_, peak in found]
    checks = {
        f"memory <= {options.memory_limit / 1e9:g} GB": max(peaks) <= options.memory_limit,
        f"memory grows <= {BAR_GROWTH} times": peaks[-1] <= BAR_GROWTH * peaks[0],
        f"time <= {BAR_S_PER_GVOX} s/Gvox": max(per_voxel) * 1e9 <= BAR_S_PER_GVOX,
        f"time a voxel grows <= {BAR_GROWTH} times": per_voxel[-1] <= BAR_GROWTH * per_voxel[0],
    }
    for text, kept in checks.items():
        print(f"{'ok  ' if kept else 'FAIL'} {text}")
    print(
        f"memory {peaks[-1] / peaks[0]:.2f} times from {found[0][0] / 1e9:.2f} to "
        f"{found[-1][0] / 1e9:.2f} Gvox, time a voxel {per_voxel[-1] / per_voxel[0]:.2f} times"
    )
    sys.exit(not all(checks.values()))


def written(folder: Path, gvox: float) -> tuple[Path, int]:
    """Write a mirror tiling of the phantom."""
    import zarr
    from zarr.codecs import BloscCodec

    from napari_3dmsl.shapes.phantom import make_phantom

    phantom = (make_phantom().labels > 0).astype(np.uint8)
    edge = round((gvox * 1e9) ** (1 / 3))
    path = folder / f"{edge}.zarr"
    array = zarr.create_array(
        path,
        shape=(edge,) * 3,
        chunks=(128,) * 3,
        dtype=np.uint8,
        compressors=BloscCodec(cname="zstd", clevel=3),
    )
    rows = np.ix_(mirrored(phantom.shape[1], edge), mirrored(phantom.shape[2], edge))
    planes = mirrored(phantom.shape[0], edge)
    for start in range(0, edge, 128):
        slab = phantom[planes[start : start + 128]]
        array[start : start + 128] = slab[:, rows[0], rows[1]]
    return path, edge**3


def mirrored(size: int, length: int) -> np.ndarray:
    """Return indices that go forth and back through an axis."""
    there_and_back = np.concatenate([np.arange(size), np.arange(size)[::-1]])
    return np.resize(there_and_back, length)


def child(what: str, volume: str, workers: str, memory_limit: str) -> None:
    """Do the work in this process and print what came of it."""
    started = time.perf_counter()
    answer: dict[str, object] = {
        "blocks": lambda: by_blocks(Path(volume), int(workers), int(memory_limit)),
        "cc3d in memory": lambda: in_memory(Path(volume)),
        "dask-image": lambda: by_dask_image(Path(volume)),
    }[what]()
    seconds = time.perf_counter() - started
    busy = sum(os.times()[:4])
    print(json.dumps({"seconds": seconds, "busy": busy, **answer}))


def by_blocks(volume: Path, workers: int, memory_limit: int) -> dict[str, object]:
    from napari_3dmsl.compute.place import place_of
    from napari_3dmsl.compute.worker import end_spares
    from napari_3dmsl.shapes.blockwise import extract_blockwise
    from napari_3dmsl.shapes.extraction import ExtractionSettings
    from napari_3dmsl.volumes.lazy import open_lazy

    stages: dict[str, float] = {}
    last = [time.perf_counter(), ""]

    def progress(done: int, total: int, stage: str) -> None:
        now = time.perf_counter()
        stages[stage] = stages.get(stage, 0.0) + now - last[0]
        last[:] = now, stage

    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        extraction = extract_blockwise(
            open_lazy(volume, (24, 24, 24)).labels,
            ExtractionSettings(voxel_nm=(24, 24, 24), downsample=1),
            folder,
            memory_limit=memory_limit,
            place=place_of(workers),
            progress=progress,
        )
        taken = time.perf_counter() - last[0]
    end_spares()  # so that their processor time is counted
    return {"count": extraction.report.kept, "stages": {**stages, "tables": taken}}


def in_memory(volume: Path) -> dict[str, object]:
    import cc3d
    import zarr

    from napari_3dmsl.shapes.morphology import ball, erode

    mask = zarr.open_array(volume, mode="r")[...].view(bool)
    assert ball(84, (24, 24, 24)).sum() == 179
    started = time.perf_counter()
    eroded = erode(mask, 84, (24, 24, 24))
    eroding = time.perf_counter() - started
    _, count = cc3d.connected_components(eroded.view(np.uint8), connectivity=6, return_N=True)
    return {"count": count, "stages": {"erosion": eroding}}


def by_dask_image(volume: Path) -> dict[str, object]:
    try:
        from dask_image.ndmeasure import label
    except ImportError:
        return {"missing": True}
    import dask.array

    mask = dask.array.from_zarr(str(volume), chunks=250) > 0
    _, count = label(mask)
    return {"count": int(count.compute())}


def measured(
    command: list[str], limit: float | None, folder: str | None = None, bare: int = 0
) -> tuple[float, float, str]:
    """Run a command; return seconds, most memory above bare interpreters, and what it prints."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    peak = Peak(process.pid, bare)
    try:
        text, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        text, _ = "", process.communicate()
    if process.returncode and text is not None and limit is None:
        sys.exit(f"{command}: failed")
    return time.perf_counter() - started, peak.bytes, text


class Peak:
    """The most memory of a process and its children, each above a bare interpreter, on Linux."""

    def __init__(self, process: int, bare: int) -> None:
        self.bytes = 0
        self._process, self._bare = process, bare
        self._page = os.sysconf("SC_PAGE_SIZE")
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while Path(f"/proc/{self._process}").exists():
            family = [self._process, *self._children(self._process)]
            held = sum(max(0, self._resident(process) - self._bare) for process in family)
            self.bytes = max(self.bytes, held)
            time.sleep(0.05)

    def _children(self, process: int) -> list[int]:
        try:
            tasks = list(Path(f"/proc/{process}/task").iterdir())
            found = [child for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            return []
        children = [int(child) for child in found]
        return children + [other for child in children for other in self._children(child)]

    def _resident(self, process: int) -> int:
        try:
            return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * self._page
        except (OSError, IndexError):
            return 0


if __name__ == "__main__":
    main()
