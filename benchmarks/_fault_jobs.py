"""Every command that writes, as small as it can be, for benchmarks that disturb it."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-c", "import sys; from napari_3dmsl.cli import main; sys.exit(main())"]


@dataclass(frozen=True)
class Job:
    """A command that writes.

    Attributes
    ----------
    words
        Of the command line; IN and OUT in them stand for folders.
    older
        What makes an older result of the same name before; none where that would be refused.
    goes_on
        Whether it keeps what is finished when it is stopped, and goes on from there.
    steady
        Whether its result is the same each time.
    elsewhere
        Names of its files that go into the user's cache when they cannot be where they should.
    """

    words: str
    older: str = ""
    goes_on: bool = False
    steady: bool = True
    elsewhere: tuple[str, ...] = ()


_SIMULATE = "simulate IN/ball.off OUT/a{} --microscope con1 --image-size 48 48"
_CELL = "simulate tubes OUT/cell.tif --scene cell --microscope epi1 --image-size 64 64 --seed 3"
_EXTRACT = "extract IN/labels.npy OUT/lib{} --voxel-nm 24 24 24 --downsample 1 --workers 1"
_BLOCKWISE = "--labels-out OUT/out.ome.zarr BLOCKWISE"  # though the memory holds it all
JOBS = {
    "image": Job(_SIMULATE.format(".tif"), _SIMULATE.format(".tif") + " --seed 9"),
    "stack": Job(
        _SIMULATE.format(".tif") + " --planes 5", _SIMULATE.format(".tif") + " --planes 3"
    ),
    "stack, Zarr": Job(
        _SIMULATE.format(".zarr") + " --planes 5", _SIMULATE.format(".zarr") + " --planes 3"
    ),
    "cell scene": Job(_CELL, _CELL + " --haze 0"),
    "library": Job(_EXTRACT.format("") + " --samples --replace", _EXTRACT.format(""), goes_on=True),
    "library, zip": Job(
        _EXTRACT.format(".zip") + " --samples --replace", _EXTRACT.format(".zip"), goes_on=True
    ),
    "library, zips": Job(_EXTRACT.format("") + " --samples --shapes-per-zip 2", goes_on=True),
    "library and labels": Job(_EXTRACT.format("") + " --labels-out OUT/out.ome.zarr", goes_on=True),
    "library, blockwise": Job(f"{_EXTRACT.format('')} {_BLOCKWISE}", goes_on=True),
    "measures": Job(
        "measure OUT/released --workers 1", goes_on=True, elsewhere=("released/measures.csv",)
    ),
    "export, STL": Job("export IN/lib OUT/stl --form stl --replace", goes_on=True),
    "export, glTF": Job("export IN/lib.zip OUT/glb --form glb --replace", goes_on=True),
    "export, SWC": Job("export IN/lib OUT/swc --form swc --replace", goes_on=True),
    "export, voxels": Job(
        "export IN/lib OUT/voxels --form voxels --ids 1,2 --replace", goes_on=True
    ),
    "image set": Job("dataset IN/flat.json OUT/set --workers 1", goes_on=True),
    "image set, Zarr": Job("dataset IN/zarr.json OUT/set --workers 1", goes_on=True),
    "image set, release": Job("dataset IN/release.json OUT/set --workers 1", goes_on=True),
    "image set, time-lapse": Job("dataset IN/film.json OUT/set --workers 1", goes_on=True),
    **{
        f"laid out, {tool}": Job(f"lay-out IN/set OUT/{name} --tool {tool}")
        for tool, name in (
            ("cellpose", "cp"),
            ("stardist", "sd"),
            ("nnunet", "Dataset001_a"),
            ("coco", "coco"),
        )
    },
    "figure of a comparison": Job(
        "compare IN/images IN/images2 --tile 32 --figure OUT/a.png", steady=False
    ),
    "table and figure": Job(
        "compare-libraries IN/lib IN/lib2 --csv OUT/a.csv --figure OUT/a.svg",
        goes_on=True,  # two files, each whole
        steady=False,
    ),
    "answers": Job(
        "two-minute-test --merge IN/a.csv IN/b.csv --out OUT/all.csv",
        "two-minute-test --merge IN/a.csv --out OUT/all.csv",
    ),
}
READING = {
    "info, labels": Job("info IN/labels.npy --json"),
    "info, library": Job("info IN/lib --json"),
    "info, image set": Job("info IN/set --json"),
    "score": Job("score IN/masks IN/masks2 --json"),
    "compare": Job("compare IN/images IN/images2 --tile 32 --json", steady=False),
}
"""Commands that only print."""

ALL = {**JOBS, **READING}


def words_of(job: Job, given: Path, out: Path, older: bool = False) -> list[str]:
    """Return the command line of a job."""
    line = job.older if older else job.words
    return [word.replace("IN/", f"{given}/").replace("OUT/", f"{out}/") for word in line.split()]


def make_inputs(folder: Path) -> None:
    """Write all that the jobs read, in a process of its own: what it leaves behind is nobody's."""
    subprocess.run([sys.executable, __file__, str(folder)], check=True)


def stage(job: str, given: Path, out: Path) -> None:
    """Put what a job changes in place where it writes."""
    if job == "measures":
        from shutil import copytree

        copytree(given / "released", out / "released")


def _make(folder: Path) -> None:
    import numpy as np
    import tifffile
    import trimesh

    from napari_3dmsl.cli import main
    from napari_3dmsl.matching.answers import write_answers
    from napari_3dmsl.matching.two_minute_test import Answer

    folder.mkdir()
    trimesh.creation.icosphere(subdivisions=2, radius=12).export(folder / "ball.off")
    labels = np.zeros((48, 60, 70), np.uint16)
    z, y, x = np.indices(labels.shape)
    for number, (middle, radius) in enumerate(
        [((12, 14, 14), 8), ((30, 40, 20), 9), ((24, 20, 52), 10), ((36, 48, 55), 7)], start=1
    ):
        distance = sum((a - m) ** 2 for a, m in zip((z, y, x), middle, strict=True))
        labels[distance <= radius**2] = number
    np.save(folder / "labels.npy", labels)
    size = ["--voxel-nm", "24", "24", "24", "--downsample", "1", "--workers", "1"]
    for name in ("lib", "lib.zip", "lib2"):
        assert main(["extract", str(folder / "labels.npy"), str(folder / name), *size]) == 0
    for shape_id in range(1, 5):
        place = folder / "released" / str(shape_id)
        place.mkdir(parents=True)
        (place / "raw_mesh.off").write_bytes(
            (folder / "lib" / str(shape_id) / "raw_mesh.off").read_bytes()
        )
    _make_recipes(folder)
    assert main(["dataset", str(folder / "flat.json"), str(folder / "set"), "--workers", "1"]) == 0
    rng = np.random.default_rng(0)
    for name in ("images", "images2", "masks", "masks2"):
        (folder / name).mkdir()
        for number in range(2):
            pixels = rng.poisson(200, (96, 96)).astype(np.uint16)
            if "masks" in name:
                pixels = np.zeros((96, 96), np.uint8)
                pixels[20:60, 20 + 3 * number : 60] = 1
            tifffile.imwrite(folder / name / f"{number}.tif", pixels)
    for person in "ab":
        answers = [
            Answer(person, 0, n, "real" if n < 5 else "simulated", str(n), n % 3 > 0, 2.0)
            for n in range(10)
        ]
        write_answers(folder / f"{person}.csv", answers)


def _make_recipes(folder: Path) -> None:
    flat = {
        "seed": 5,
        "source": {"library": str(folder / "lib")},
        "microscopes": ["epi1", "con1"],
        "views": {"six": False, "random": 2},
        "image_size": [32, 32],
        "labelling": {"density_per_um2": 30},
        "ground_truth": ["mask", "instances", "emitters", "meshes"],
    }
    release = {
        "views": {"six": True},
        "output": {"layout": "3dmsl", "zips": True},
        "ground_truth": ["mask"],
        "repeats": 1,
    }
    film = {
        "views": {"six": True},
        "microscopes": ["epi1"],
        "ground_truth": ["mask", "tracks"],
        "motion": {"frames": 2},
    }
    for name, changes in (
        ("flat", {}),
        ("zarr", {"output": {"format": "ome-zarr"}}),
        ("release", release),
        ("film", film),
    ):
        (folder / f"{name}.json").write_text(json.dumps({**flat, **changes}))


def tree(folder: Path) -> dict[str, bytes]:
    """Content of every file below a folder by its name; folders are there with nothing."""
    found = {}
    for file in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):
            content = file.read_bytes() if file.is_file() else b""
            found[file.relative_to(folder).as_posix()] = content
    return found


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    def problem(self) -> str | None:
        """Say what is wrong with how it ended, whatever it has met."""
        if "Traceback" in self.err or "unexpected error" in self.err or "Exception ign" in self.err:
            return f"traceback: {self.err[-400:]}"
        if self.status == 0:
            return None
        errors = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        if self.status == 1 and not errors and " could not be made:" in self.out:
            return None  # which lists the images, each with its reason
        if self.status != 1 or len(errors) != 1:
            return f"status {self.status}: {self.err[-400:]}"
        return None


def load_all(names: Sequence[str], given: Path, scratch: Path) -> None:
    """Load what the jobs load, so that their children need not; no job runs in this process."""
    told = scratch / "modules"
    for number, name in enumerate(names):
        out = scratch / f"load{number}"
        out.mkdir()
        stage(name, given, out)
        words = words_of(ALL[name], given, out)
        process = started(words, scratch, at_end=lambda: _tell_modules(told))
        assert ended(process, scratch).status == 0, name
        for module in sorted({*told.read_text().split()} - {"__main__", *sys.modules}):
            with suppress(ImportError):
                importlib.import_module(module)


def _tell_modules(told: Path) -> None:
    told.write_text("\n".join(sys.modules))


def started(
    words: Sequence[str],
    scratch: Path,
    before: Callable[[], None] | None = None,
    at_end: Callable[[], Any] | None = None,
) -> int:
    """Fork and run a command there; what it says goes into files of a scratch folder."""
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        os.setsid()
        for number, name in ((1, "out"), (2, "err")):
            handle = os.open(scratch / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            os.dup2(handle, number)
            os.close(handle)
        sys.stdout, sys.stderr = (open(number, "w", 1, closefd=False) for number in (1, 2))  # noqa: SIM115
        status = _run(list(words), before)
        if at_end is not None:
            at_end()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:  # noqa: BLE001 - nothing may run on into the parent's code
        with suppress(OSError):
            os.write(2, f"Traceback of the child: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


def _run(words: list[str], before: Callable[[], None] | None) -> int:
    from napari_3dmsl.cli import main

    if "BLOCKWISE" in words:
        from napari_3dmsl.library import extract

        words.remove("BLOCKWISE")
        extract.extract_library = partial(extract.extract_library, blockwise=True)
    if before is not None:
        before()
    return main(words)


def ended(process: int, scratch: Path) -> Ended:
    """Wait for a command."""
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    out, err = (
        (scratch / name).read_text(errors="replace") if (scratch / name).exists() else ""
        for name in ("out", "err")
    )
    return Ended(status, out, err)


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
