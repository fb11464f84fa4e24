"""Commands in a child that the system ends when it takes too much memory or time."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_3dmsl.cli import main

MOST_BYTES = 2 * 2**30
"""Beyond what is loaded."""
MOST_CPU_S = 20
"""Of a processor's own time, which a busy machine does not lengthen; refusing takes far less."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(  # what commands load late is loaded once, for all children
    [
        *("limited", "cc3d", "imagecodecs", "nibabel", "scipy.ndimage", "trimesh", "zarr"),
        *("napari_3dmsl.datasets.run.generate", "napari_3dmsl.image_io.ome_tiff"),
        *("napari_3dmsl.microscope.simulation", "napari_3dmsl.shapes.extraction"),
        *("napari_3dmsl.library.library", "napari_3dmsl.volumes.plausibility"),
    ]
)


@dataclass(frozen=True)
class Done:
    """How a command ended: its status, negative when a limit ended it, and what it printed."""

    status: int | None
    out: str
    err: str


def limit_memory() -> tuple[int, int]:
    """Let this process take no more than `MOST_BYTES` beyond what it has; return what held."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    return before


def run_limited(command: Sequence[str], printed: Path) -> Done:
    """Run a command within the limits; ``printed`` is a folder for what it prints."""
    child = _FORKS.Process(target=_child, args=(list(command), str(printed)))
    child.start()
    child.join()
    out, err = ((printed / name).read_text(encoding="utf-8") for name in ("out", "err"))
    return Done(child.exitcode, out, err)


def _child(command: list[str], printed: str) -> None:
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(f"{printed}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
    limit_memory()
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    sys.exit(main(command))
