"""Measure a release as large as 3DMSL: shapes a second, processors, the same bytes after a kill.

Makes 27,272 shapes in a temporary folder as the release has them, meshes alone: the 38 of the
phantom on a grid of 24 nm, again and again (hard links, so it takes 30 MB of disk; 22,000 triangles
on average, 140 to 0.1 million). Prints how many are measured a second and how busy the processors
are, and checks every class. The bar: 25 a second on 2 cores. Then 400 shapes are measured in a run
that is killed halfway and goes on, and the tables are compared byte by byte.

    python benchmarks/library_measure.py [--shapes 27272]
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from napari_3dmsl.compute import processors
from napari_3dmsl.library.instance_files import off_from_mesh
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.measure import measure_library
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import iter_shapes

SHAPES, KILLED_SHAPES = 27_272, 400
KILLED = """
import os, signal, sys
from napari_3dmsl.library.measure import measure_library
def tell(done, total, what):
    if done >= total / 2:
        os.kill(os.getpid(), signal.SIGKILL)
measure_library(sys.argv[1], progress=tell)
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--shapes", type=int, default=SHAPES)
    count = parser.parse_args().shapes
    with tempfile.TemporaryDirectory() as name:
        os.environ["NAPARI_3DMSL_CACHE"] = f"{name}/cache"
        originals, classes = write_originals(Path(name) / "originals")
        release = write_release(Path(name) / "release", originals, count)
        report(release, classes, count)
        killed(Path(name), originals)


def write_originals(folder: Path) -> tuple[list[Path], list[str]]:
    """Write the surfaces of the phantom; return them and their classes."""
    phantom = make_phantom(seed=0)
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm)
    folder.mkdir()
    files, classes = [], []
    for shape in iter_shapes(extract_instances(phantom.labels > 0, settings)):
        files.append(folder / f"{shape.id}.off")
        files[-1].write_bytes(off_from_mesh(shape.mesh, 0.024))
        classes.append(str(shape.classification.shape_class))
    return files, classes


def write_release(folder: Path, originals: list[Path], count: int) -> Path:
    for number in range(1, count + 1):
        place = folder / str(number)
        place.mkdir(parents=True)
        (place / "raw_mesh.off").hardlink_to(originals[number % len(originals)])
    return folder


def report(release: Path, classes: list[str], count: int) -> None:
    """Measure all and print the rate."""
    began, used = time.perf_counter(), processor_time()
    outcome = measure_library(release)
    seconds, used = time.perf_counter() - began, processor_time() - used
    assert (outcome.measured, outcome.problems) == (count, {})
    opened = time.perf_counter()
    library = ShapeLibrary.open(release)
    opened = time.perf_counter() - opened
    expected = [classes[number % len(classes)] for number in library.ids]
    wrong = sum(a != b for a, b in zip(library.table["shape_class"], expected, strict=True))
    print(
        f"{count:,} shapes measured in {seconds:.0f} s on {processors()} processors: "
        f"{count / seconds:.1f} a second, {used / seconds:.2f} processors busy; "
        f"{wrong} of another class than their labels; opened with measures in {opened:.2f} s",
        flush=True,
    )


def killed(folder: Path, originals: list[Path]) -> None:
    """Compare a run that was killed and went on with one that was not."""
    tables = []
    for name in ("whole", "killed"):
        release = write_release(folder / name, originals, KILLED_SHAPES)
        if name == "killed":
            done = subprocess.run([sys.executable, "-c", KILLED, str(release)], check=False)
            assert done.returncode == -signal.SIGKILL
            print(f"killed after {ShapeLibrary.open(release).measured} of {KILLED_SHAPES} shapes")
        outcome = measure_library(release)
        assert outcome.known + outcome.measured == KILLED_SHAPES
        tables.append((release / "measures.csv").read_bytes())
    print(f"went on to {'the same' if tables[0] == tables[1] else 'OTHER'} {len(tables[0])} bytes")


def processor_time() -> float:
    """Return seconds of this process and of those that it has started and that have ended."""
    from napari_3dmsl.compute.worker import end_spares

    end_spares()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
