"""Run damaged files through the doors, each in a sandbox, many in one child that may die.

A child is forked from a parent that has imported everything. It says on a pipe which input it
begins and how that went; the parent kills a child that hangs, takes the death of one as a finding
about the input that it was at, and goes on behind it.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from fuzz_doors import DOORS, GIVEN, TURNS, Door, refusals
from fuzz_mutations import damage
from fuzz_seeds import Seed, make_seeds

LONGEST_S = 5.0
MOST_BYTES = 2 * 2**30
_MOST_SPACE = 6 * 2**30  # of addresses: more is asked for only by what nobody estimated
PATIENCE_S = float(os.environ.get("PATIENCE_S", 60.0))
_PER_CHILD = 1000
_TURNS = 2
_TRIED_FIRST = 150
_LATE = ("cc3d", "imagecodecs", "nibabel", "skimage.measure", "skimage.morphology", "trimesh")
_LATE += ("scipy.ndimage", "scipy.sparse.csgraph", "skimage.segmentation", "skimage.filters")
_FAST = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # files in memory, not on disk
# Of each event of Python's audit: where its paths are, and the open folder that each counts from.
_CHANGES = {
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.symlink": ((1, 2),),
    "os.link": ((1, 3),),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True)
class Finding:
    """An input that was not answered as it should be."""

    number: int
    kind: str
    door: str
    problem: str


@dataclass
class Report:
    """What a run has found, and how much it took."""

    findings: list[Finding] = field(default_factory=list)
    inputs: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    longest_s: float = 0.0
    most_bytes: int = 0


@dataclass(frozen=True)
class Plan:
    """Which inputs: each is made from the seed and its number alone."""

    seed: int
    seeds: Sequence[Seed]

    def kind(self, number: int) -> str:
        """Kind of an input; every kind in its turns."""
        return self.turns[number % len(self.turns)]

    @cached_property
    def turns(self) -> list[str]:
        """The kinds, each as often as it comes before all is repeated."""
        kinds = list(dict.fromkeys(seed.kind for seed in self.seeds))
        if len(kinds) == 1:
            return kinds
        most = max(TURNS.values())
        return [kind for at in range(most) for kind in kinds if at < TURNS.get(kind, _TURNS)]

    def input(self, number: int) -> tuple[Seed, Door]:
        """Return damaged files and the door for them."""
        rng = np.random.default_rng([self.seed, number])
        kind = self.kind(number)
        choices = [seed for seed in self.seeds if seed.kind == kind]
        damaged = damage(choices[int(rng.integers(len(choices)))], rng)
        doors = [door for door, weight in DOORS[kind] for _ in range(weight)]
        return damaged, doors[int(rng.integers(len(doors)))]


def seeds_of(kinds: Sequence[str] = ()) -> list[Seed]:
    """Make the seeds, in a process of its own: what it leaves behind is nobody's."""
    with tempfile.TemporaryDirectory() as scratch:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, context) as pool:
            seeds = pool.submit(make_seeds, Path(scratch) / "made").result()
    known = {seed.kind for seed in seeds}
    if unknown := set(kinds) - known:
        raise ValueError(f"no kind {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return [seed for seed in seeds if not kinds or seed.kind in kinds]


def _load(plan: Plan, numbers: Sequence[int]) -> None:
    """Load what the doors load late, once, before the children are forked.

    A child that takes the first inputs tells what that is.
    """
    for name in _LATE:
        importlib.import_module(name)
    if len(numbers) < _PER_CHILD:
        return
    for told in _child(plan, numbers[:_TRIED_FIRST], PATIENCE_S):
        for name in told.get("modules", ()):
            with suppress(ImportError):
                importlib.import_module(name)


def run(plan: Plan, numbers: Sequence[int], patience_s: float = PATIENCE_S) -> Report:
    """Put inputs through their doors, in children of some hundred inputs each."""
    _load(plan, numbers)
    report = Report()
    waiting = list(numbers)
    while waiting:
        batch, done = waiting[:_PER_CHILD], 0
        for told in _child(plan, batch, patience_s):
            number = told["number"]
            kind = plan.kind(number)
            if told.get("problem"):
                finding = Finding(number, kind, told.get("door", "?"), told["problem"])
                report.findings.append(finding)
            report.inputs[kind] += 1
            report.refused[kind] += bool(told.get("refused"))
            report.longest_s = max(report.longest_s, told.get("seconds", 0.0))
            report.most_bytes = max(report.most_bytes, told.get("bytes", 0))
            done += 1
        if not done:
            raise RuntimeError(f"the fuzzer itself fails at input {batch[0]}")
        waiting = waiting[done:]
    return report


def _child(plan: Plan, numbers: Sequence[int], patience_s: float) -> Iterator[dict[str, Any]]:
    """Fork, and pass on what the child tells of each input; the last one may be its death."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _be_child(plan, numbers, writing)
    os.close(writing)
    begun: dict[str, Any] | None = None
    hung = False
    with os.fdopen(reading) as pipe:
        while True:
            if not _says_something(pipe, patience_s):
                hung = True
                os.kill(process, signal.SIGKILL)
                break
            line = pipe.readline()
            if not line:
                break
            told = json.loads(line)
            if "problem" in told:
                yield told
                begun = None
            else:
                begun = told
    status = os.waitpid(process, 0)[1]
    if begun is not None:
        how = f"hung for {patience_s:g} s" if hung else f"the process died, status {status}"
        yield {**begun, "problem": how}


def _says_something(pipe: TextIO, patience_s: float) -> bool:
    """Wait for a child; time in which all of us were stopped, as by a debugger, does not count."""
    waited_s = 0.0
    while waited_s < patience_s:
        began = time.monotonic()
        slice_s = min(1.0, patience_s)
        if select.select([pipe], [], [], slice_s)[0]:
            return True
        waited_s += slice_s if time.monotonic() - began < 2 * slice_s else 0.0
    return False


def _be_child(plan: Plan, numbers: Sequence[int], pipe: int) -> None:
    """Do the work of a child and end, whatever happens."""
    status = 1
    try:
        with (
            tempfile.TemporaryDirectory(prefix="fuzz-", dir=_FAST) as name,
            os.fdopen(pipe, "w", 1) as out,
        ):
            _confine(Path(name))
            for at, number in enumerate(numbers, start=1):
                told = _tried(plan, number, Path(name), out)
                if at == len(numbers) == _TRIED_FIRST:
                    told["modules"] = [one for one in sys.modules if one != "__main__"]
                print(json.dumps(told), file=out)
                if told["problem"]:  # who knows what was broken off, and in which state
                    break
        status = 0
    except BaseException as error:  # noqa: BLE001 - nothing may run on into the parent's code
        print("child of the fuzzer:", type(error).__name__, error, file=sys.__stderr__)
    finally:
        os._exit(status)


_outside: list[str] = []


def _confine(sandbox: Path) -> None:
    """Limit memory, send home and cache into the sandbox, and watch what is opened to write."""
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + _MOST_SPACE,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for variable in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "NAPARI_3DMSL_CACHE", "TMPDIR"):
        (sandbox / "home").mkdir(exist_ok=True)
        os.environ[variable] = str(sandbox / "home")
    os.environ.pop("NAPARI_3DMSL_TRACEBACK", None)
    tempfile.tempdir = str(sandbox / "home")
    sys.dont_write_bytecode = True
    sys.addaudithook(lambda event, given: _watch(event, given, str(sandbox)))
    signal.signal(signal.SIGPROF, _too_long)


def _watch(event: str, given: tuple[Any, ...], sandbox: str) -> None:
    places = _CHANGES.get(event, ())
    if event == "open" and isinstance(given[2], int) and given[2] & _WRITING:
        places = ((0, None),)
    for at, folder in places:
        if isinstance(given[at], str | bytes):
            open_folder = folder is not None and given[folder] >= 0
            below = f"/proc/self/fd/{given[folder]}" if open_folder else "."
            full = os.path.realpath(os.path.join(below, os.fsdecode(given[at])))  # noqa: PTH118
            if not full.startswith((sandbox, "/dev/", "/proc/")) and "__pycache__" not in full:
                _outside.append(f"{event} {full}")


class _TooLongError(BaseException):
    """Processor time is up; passes every `except Exception`."""


def _too_long(*_: object) -> None:
    raise _TooLongError


def _tried(plan: Plan, number: int, sandbox: Path, out: Any) -> dict[str, Any]:
    damaged, door = plan.input(number)
    told: dict[str, Any] = {"number": number, "door": door.__name__}
    print(json.dumps(told), file=out)
    given, target = sandbox / GIVEN, sandbox / "target"
    for folder in (given, target):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    put_down(damaged, given)
    before = _listing(sandbox)
    _outside.clear()
    refusals.clear()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    try:
        problem = door(given / damaged.entry, target)
    except _TooLongError:
        problem = f"more than {LONGEST_S:g} s of processor time"
    except Exception as error:  # noqa: BLE001 - a door that breaks is a finding
        problem = f"{type(error).__name__}: {str(error)[:600]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds, peak = time.process_time() - start, _peak_bytes()
    told |= {"seconds": round(seconds, 3), "bytes": peak, "refused": bool(refusals)}
    return told | {"problem": problem or _traces(sandbox, before, seconds, peak)}


def _traces(
    sandbox: Path, before: dict[str, tuple[int, int]], seconds: float, peak: int
) -> str | None:
    """Say what an input has taken or left that it should not have."""
    if seconds > LONGEST_S:
        return f"{seconds:.1f} s of processor time"
    if peak > MOST_BYTES:
        return f"{peak / 2**30:.1f} GB of memory"
    if _outside:
        return f"outside of the target: {_outside[:3]}"
    after = _listing(sandbox)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if outside := sorted(name for name in changed if not name.startswith(("target", "home"))):
        inside_given = [name for name in outside if not name.startswith("given/presets")]
        if inside_given and not all("finished.jsonl" in name for name in inside_given):
            return f"beside the target: {inside_given[:3]}"
    half = [name for name in after if name.startswith("target/.") or ".part" in name]
    return f"half written: {half[:3]}" if half else None


def put_down(seed: Seed, folder: Path) -> None:
    """Write the files of a seed; a name that cannot be a file here is left out."""
    for name, content in seed.files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:
            continue


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for file in folder.rglob("*"):
        status = file.lstat()
        if file.is_file():
            name = file.relative_to(folder).as_posix()
            found[name] = (status.st_size, status.st_mtime_ns)
    return found


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024
