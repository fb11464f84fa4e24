"""Disturb every command that writes: full and read-only disks, files that go, clocks, two at once.

Each command runs undisturbed first; then again and again while something goes wrong, each time in a
process of its own, and afterwards once more when all is well again.

``full``: on a disk (a tmpfs) that fills up at some moment of the work, from the first byte to the
last. ``read-only``: on a disk that may not be read only, and as a user who may not write there.
``caches``: the user's cache, settings and folder of temporary files are full, or read-only.
``vanish``: all that is read is gone at some moment. ``clock``: it is 1970, 2106, or another day
each time that it is asked, and files were written in the future (asks for ``faketime``). ``twice``:
two processes run the same line at once. ``kills``: SIGKILL at random moments. ``steps``: SIGKILL
before each change of the files: a name that comes, goes or is written. ``windows``: two processes
set classes by hand in one library, in turns.

The bar: each run ends well with the same bytes, or with status 1 and one line that names the file;
what was there before is there as it was, nothing half done has a name that somebody believes, no
temporary file is left; and the next run ends well, with the same bytes. Linux, as root.

    python benchmarks/faults.py [full read-only caches vanish clock twice kills steps windows]
        [--only NAME ...] [--kills 5] [--seed 0]
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from _fault_jobs import (
    ALL,
    COMMAND,
    JOBS,
    Ended,
    Job,
    ended,
    load_all,
    make_inputs,
    stage,
    started,
    tree,
    words_of,
)

PLENTY = "64m"
NOBODY = 65534
SHARES = (0.0, 0.1, 0.35, 0.6, 0.85, 0.97)
"""Of the room that the work needs."""
MOST_MOMENTS = 10
_CLOCKS = {"1970": "@1970-01-05 00:00:00", "2106": "@2106-01-05 00:00:00"}
_CHANGES = {"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate"}
_HOMES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "NAPARI_3DMSL_CACHE", "TMPDIR")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=list(FAULTS), nargs="*")
    parser.add_argument("--only", nargs="*", help="of the jobs, by words in their names")
    parser.add_argument("--kills", type=int, default=5, help="of each command")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of kills")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        for path in (folder, *(folder / inner for inner in ("home", "scratch", "disk"))):
            path.mkdir(exist_ok=True)
            path.chmod(0o777)
        for variable in _HOMES:
            os.environ[variable] = str(folder / "home")
        given = folder / "in"
        make_inputs(given)
        chosen = arguments.only or [""]
        names = [name for name in ALL if any(word in name for word in chosen)]
        load_all(names, given, folder / "scratch")
        table = {}
        for what in arguments.what or FAULTS:
            fault = Fault(what, folder, given, random.Random(arguments.seed), arguments.kills)
            jobs = names if what == "vanish" else [name for name in names if name in JOBS]
            for name in jobs if what != "windows" else ["classes"]:
                print(f"  {what}: {name}", file=sys.stderr, flush=True)
                FAULTS[what](fault, name)
            table[what] = fault
        return _report(table)


@dataclass
class Fault:
    """One way to disturb, and how the commands take it."""

    what: str
    folder: Path
    given: Path
    random: random.Random
    kills: int
    counts: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    @property
    def out(self) -> Path:
        """Where the commands write."""
        return self.folder / "disk"

    @property
    def scratch(self) -> Path:
        """Where their words go."""
        return self.folder / "scratch"

    def run(
        self, job: Job, *, older: bool = False, before: Callable[[], None] | None = None
    ) -> Ended:
        """Run a command to its end."""
        words = words_of(job, self.given, self.out, older)
        return ended(started(words, self.scratch, before), self.scratch)

    def prepare(self, name: str) -> None:
        """Put in place what is there before."""
        kept = self.folder / "prepared" / name.replace(" ", "_")
        _empty(self.out)
        if not kept.exists():
            stage(name, self.given, self.out)
            if ALL[name].older:
                assert self.run(ALL[name], older=True).status == 0
            shutil.copytree(self.out, kept)
            _empty(self.out)
        shutil.copytree(kept, self.out, dirs_exist_ok=True)

    def undisturbed(self, name: str) -> dict[str, bytes]:
        """Return what a command makes when nothing happens."""
        self.prepare(name)
        done = self.run(ALL[name])
        assert done.status == 0, done.err
        return tree(self.out)

    def check(
        self, name: str, how: str, done: Ended, before: dict[str, bytes], whole: dict[str, bytes]
    ) -> None:
        """Judge how a disturbed run has ended."""
        job, now = ALL[name], tree(self.out)
        problem = done.problem()
        if problem is None and done.status == 0 and job.elsewhere:
            whole = {
                name: whole[name] for name in whole if name in now or name not in job.elsewhere
            }
        if problem is None and done.status == 0 and job.steady and now != whole:
            problem = f"status 0, other files: {_differ(now, whole)}"
        if problem is None and done.status == 1:
            problem = _unnamed(done.err or done.out, self.folder) or _left(job, now, before, whole)
        self.counts["ended well" if done.status == 0 else "one line"] += 1
        if problem is not None:
            self.bad.append(f"{self.what}: {name}, {how}: {problem}")
            print(self.bad[-1], flush=True)

    def check_again(self, name: str, how: str, whole: dict[str, bytes]) -> None:
        """Run again when all is well; a run that finds all done may say that it is there."""
        all_there = _seen(tree(self.out)) == whole
        done, job = self.run(ALL[name]), ALL[name]
        now = tree(self.out)
        refused = done.status and not (all_there and "is there; choose another name" in done.err)
        self.counts["all was there"] += bool(done.status and not refused)
        if refused or done.problem() or (job.steady and now != whole) or now.keys() != whole.keys():
            what = done.err[-300:] if refused else _differ(now, whole)
            self.bad.append(f"{self.what}: {name}, {how}: run again: {what}")
            print(self.bad[-1], flush=True)


def _empty(folder: Path) -> None:
    for item in folder.iterdir():
        shutil.rmtree(item) if item.is_dir() else item.unlink()


def _unnamed(err: str, folder: Path) -> str | None:
    line = next((line for line in err.splitlines() if line.startswith("Error: ")), err)
    if str(folder) not in line:
        return f"names no place: {line}"
    hidden = [word for word in line.split() if "/." in word and str(folder) in word]
    return f"names a hidden file: {line}" if hidden else None


def _left(
    job: Job, now: dict[str, bytes], before: dict[str, bytes], whole: dict[str, bytes]
) -> str | None:
    """Say what a run has left or changed that it should not have."""
    changed = [name for name in before if now.get(name) != before[name]]
    new = [name for name in now if name not in before]
    if job.goes_on:  # what is finished is kept, whole, and hidden files tell of it
        changed = [name for name in changed if now.get(name) != whole.get(name)]
        new = [name for name in new if now[name] != whole.get(name) and not _is_hidden(name)]
        new = [name for name in new if not name.endswith(("recipe.lock", "index.csv"))]
        new = [name for name in new if not _holds_finished(now[name], now)]
    if changed:
        return f"changed: {changed[:4]}"
    return f"left: {new[:4]}" if new else None


def _holds_finished(content: bytes, now: dict[str, bytes]) -> bool:
    """Whether a file is a zip, whole, of files that are there: of shapes that could be read."""
    try:
        with ZipFile(BytesIO(content)) as packed:
            held = {packed.read(name) for name in packed.namelist()}
            return bool(held) and held <= {b"", *now.values()}
    except BadZipFile:
        return False


def _seen(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if not _is_hidden(name)}


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _differ(now: dict[str, bytes], whole: dict[str, bytes]) -> list[str]:
    return sorted(name for name in {*now, *whole} if now.get(name) != whole.get(name))[:4]


@contextmanager
def disk(place: Path, options: str = f"size={PLENTY}") -> Iterator[Callable[[str], None]]:
    """Mount a disk in memory; its options can be changed."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"{options},mode=0777", "tmpfs", str(place)], check=True
    )
    try:
        yield lambda changed: remounted(place, changed)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def remounted(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def used_kb(place: Path) -> int:
    status = os.statvfs(place)
    return (status.f_blocks - status.f_bfree) * status.f_frsize // 1024


# Full


def full(fault: Fault, name: str) -> None:
    with disk(fault.out) as change:
        whole = fault.undisturbed(name)
        fault.prepare(name)
        room = _needed_kb(fault, name)
        for share in SHARES:
            change(f"size={PLENTY}")
            fault.prepare(name)
            before = tree(fault.out)
            size = used_kb(fault.out) + int(share * room) // 4 * 4
            change(f"size={max(size, 4)}k")
            done = fault.run(ALL[name])
            fault.check(name, f"{share:.0%} of the room", done, before, whole)
            if done.status and not any(word in done.err for word in ("is full", "make room")):
                fault.bad.append(f"full: {name}: does not say it: {done.err}")
                print(fault.bad[-1])
            change(f"size={PLENTY}")
            if ALL[name].goes_on or share == SHARES[-1]:
                fault.check_again(name, f"{share:.0%} of the room", whole)


def _needed_kb(fault: Fault, name: str) -> int:
    """Return the most room that a command takes meanwhile."""
    at_first, most = used_kb(fault.out), 0
    words = words_of(ALL[name], fault.given, fault.out)
    process = started(words, fault.scratch)
    while os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        most = max(most, used_kb(fault.out) - at_first)
        time.sleep(0.001)
    ended(process, fault.scratch)
    return max(most, used_kb(fault.out) - at_first)


# Read-only


def read_only(fault: Fault, name: str) -> None:
    with disk(fault.out) as change:
        whole = fault.undisturbed(name)
        fault.prepare(name)
        before = tree(fault.out)
        change("ro")
        fault.check(name, "a disk to be read only", fault.run(ALL[name]), before, whole)
        change("rw")
        for path in [fault.out, *fault.out.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        done = fault.run(ALL[name], before=_be_nobody)
        fault.check(name, "of another user", done, before, whole)
        for path in [fault.out, *fault.out.rglob("*")]:
            path.chmod(0o777 if path.is_dir() else 0o666)
        fault.check_again(name, "after a read-only disk", whole)


def _be_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def caches(fault: Fault, name: str) -> None:
    whole = fault.undisturbed(name)
    for how in ("size=4k", "size=4k,ro"):
        with disk(fault.folder / "home", how):
            if how == "size=4k":
                (fault.folder / "home" / "full").write_bytes(bytes(4096))
            fault.prepare(name)
            before = tree(fault.out)
            fault.check(name, how, fault.run(ALL[name]), before, whole)


# Files that go


def vanish(fault: Fault, name: str) -> None:
    _vanish_of(fault, name, ALL[name])


def _vanish_of(fault: Fault, name: str, job: Job) -> None:
    whole = fault.undisturbed(name)
    moments = _opened(fault, name)
    count = min(moments, MOST_MOMENTS)
    gone = fault.given.with_name("gone")
    for at in sorted(
        {round(number * (moments - 1) / max(count - 1, 1)) for number in range(count)}
    ):
        fault.prepare(name)
        before = tree(fault.out)
        done = fault.run(job, before=lambda at=at: _let_go(fault.given, gone, at))
        if gone.exists():
            gone.rename(fault.given)
        fault.check(name, f"before opening {at} of {moments}", done, before, whole)
        if job.goes_on:
            fault.check_again(name, f"after opening {at}", whole)


def _opened(fault: Fault, name: str) -> int:
    """Count how often a command opens or lists what it is given."""
    counted = fault.scratch / "opened"
    fault.prepare(name)
    counted.write_bytes(b"")
    fault.run(ALL[name], before=lambda: _watch(fault.given, lambda: _add(counted)))
    return counted.stat().st_size


def _add(counted: Path) -> None:
    handle = os.open(counted, os.O_WRONLY | os.O_APPEND)
    os.write(handle, b".")
    os.close(handle)


def _watch(given: Path, then: Callable[[], None]) -> None:
    events, prefix = {"open", "os.scandir", "os.listdir"}, str(given)

    def watch(event: str, told: tuple[Any, ...]) -> None:
        if event not in events:
            return
        asked = os.fspath(told[0]) if isinstance(told[0], str | os.PathLike) else ""
        if asked.startswith(prefix):
            then()

    sys.addaudithook(watch)


def _let_go(given: Path, gone: Path, at: int) -> None:
    left = [at]

    def count() -> None:
        if left[0] == 0:
            with suppress(OSError):
                given.rename(gone)
        left[0] -= 1

    _watch(given, count)


# The clock


def clock(fault: Fault, name: str) -> None:
    if shutil.which("faketime") is None:
        raise SystemExit("clock: install faketime, or leave it out")
    whole = fault.undisturbed(name)
    job = ALL[name]
    for how, moment in _CLOCKS.items():
        fault.prepare(name)
        before = tree(fault.out)
        words = [word for word in words_of(job, fault.given, fault.out) if word != "BLOCKWISE"]
        done = subprocess.run(
            ["faketime", "-f", moment, *COMMAND, *words], capture_output=True, text=True
        )
        fault.check(name, how, Ended(done.returncode, done.stdout, done.stderr), before, whole)
        if job.goes_on:
            fault.check_again(name, f"after {how}", whole)
    for how, shift_s in (("written in 2100", 75 * 31_557_600), ("written in 1970", 0)):
        files = [file for file in fault.given.rglob("*") if file.is_file()]
        times = {file: file.stat().st_mtime_ns for file in files}
        for file in files:
            stamp = (time.time() + shift_s) if shift_s else 86_400.0
            os.utime(file, (stamp, stamp))
        fault.prepare(name)
        before = tree(fault.out)
        jumps = fault.run(job, before=_jump)
        fault.check(name, f"{how}, the clock jumps", jumps, before, whole)
        for file, stamp_ns in times.items():
            os.utime(file, ns=(stamp_ns, stamp_ns))
        if job.goes_on:
            fault.check_again(name, how, whole)


def _jump() -> None:
    """Let each look at the clock be a day or so before the last one."""
    jumps = random.Random(0)
    time.time = lambda: jumps.uniform(0, 4e9)
    time.time_ns = lambda: jumps.randrange(4 * 10**18)


# Two at once, and kills


def twice(fault: Fault, name: str) -> None:
    whole = fault.undisturbed(name)
    words = words_of(ALL[name], fault.given, fault.out)
    for delay_s in (0.0, 0.02, 0.1):
        fault.prepare(name)
        other = fault.scratch / "other"
        other.mkdir(exist_ok=True)
        first = started(words, fault.scratch)
        time.sleep(delay_s)
        second = started(words, other)
        both = [ended(first, fault.scratch), ended(second, other)]
        now = tree(fault.out)
        for done in both:
            fault.counts["ended well" if done.status == 0 else "one line"] += 1
            problem = done.problem() or (done.status and _unnamed(done.err, fault.folder))
            if problem:
                fault.bad.append(f"twice: {name}: {problem}")
        if all(done.status for done in both) or (ALL[name].steady and now != whole):
            errors = [done.err for done in both]
            fault.bad.append(f"twice: {name}: {_differ(now, whole)} {errors}")
            print(fault.bad[-1], flush=True)


def kills(fault: Fault, name: str) -> None:
    whole = fault.undisturbed(name)
    fault.prepare(name)
    words = words_of(ALL[name], fault.given, fault.out)
    began = time.perf_counter()
    ended(started(words, fault.scratch), fault.scratch)
    longest = time.perf_counter() - began
    killed = 0
    while killed < fault.kills:
        fault.prepare(name)
        before = tree(fault.out)
        process = started(words, fault.scratch)
        time.sleep(fault.random.uniform(0, longest))
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        done = ended(process, fault.scratch)
        if done.status != -signal.SIGKILL:
            continue
        killed += 1
        _check_killed(fault, name, f"kill {killed}", before, whole)


def steps(fault: Fault, name: str) -> None:
    whole = fault.undisturbed(name)
    words = words_of(ALL[name], fault.given, fault.out)
    for step in itertools.count():
        fault.prepare(name)
        before = tree(fault.out)
        process = started(words, fault.scratch, lambda step=step: _end_at(fault.out, step))
        done = ended(process, fault.scratch)
        if done.status != -signal.SIGKILL:
            return
        _check_killed(fault, name, f"before change {step}", before, whole)


def _check_killed(
    fault: Fault, name: str, how: str, before: dict[str, bytes], whole: dict[str, bytes]
) -> None:
    """Look at what a killed run has left, and run again."""
    fault.counts["killed"] += 1
    now = _seen(tree(fault.out))
    if wrong := [
        name
        for name, content in now.items()
        if content not in (whole.get(name), before.get(name)) and not name.endswith(".lock")
    ]:
        fault.bad.append(f"{fault.what}: {name}, {how}: half done: {wrong[:4]}")
        print(fault.bad[-1], flush=True)
    fault.check_again(name, how, whole)


def _end_at(out: Path, step: int) -> None:
    """End this process before it changes the files below a folder for the so manieth time."""
    left = [step]

    def watch(event: str, told: tuple[Any, ...]) -> None:
        if event == "open":
            if not told[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
        elif event not in _CHANGES:
            return
        if not isinstance(told[0], str | bytes | os.PathLike):
            return  # an open file
        asked = Path(os.fsdecode(told[0]))
        if asked.is_absolute() and not asked.is_relative_to(out):  # else below an open folder
            return
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    sys.addaudithook(watch)


# Two windows


EDITS = """
import sys
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.shapes.classification import ShapeClass
folder, mine = sys.argv[1], [int(i) for i in sys.argv[2].split(",")]
kinds = list(map(str, ShapeClass))
library = ShapeLibrary.open(folder)
for turn in range(60):
    library.set_classes({mine[turn % len(mine)]: kinds[turn % len(kinds)]})
    library.save_classes()
print(",".join(library.table["shape_class"][library.ids.index(i)] for i in mine))
"""


def windows(fault: Fault, name: str) -> None:
    """Two processes set classes in one library; both find all of their own in the end."""
    folder = fault.folder / "windows"
    shutil.copytree(fault.given / "lib", folder)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", EDITS, str(folder), ids], stdout=subprocess.PIPE, text=True
        )
        for ids in ("1,2", "3,4")
    ]
    set_by = [process.communicate()[0].strip().split(",") for process in both]
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder)], capture_output=True, text=True, check=True
    )
    fault.counts["ended well"] += 120
    if done.stdout.strip().split(",") != [*set_by[0], *set_by[1]]:
        fault.bad.append(f"windows: {name}: {set_by} were set, {done.stdout} is there")
    if left := [file.name for file in folder.iterdir() if file.name.startswith(".")]:
        fault.bad.append(f"windows: {name}: left: {left}")


READ = """
import sys
from napari_3dmsl.library.library import ShapeLibrary
print(",".join(ShapeLibrary.open(sys.argv[1]).table["shape_class"]))
"""

FAULTS: dict[str, Callable[[Fault, str], None]] = {
    "full": full,
    "read-only": read_only,
    "caches": caches,
    "vanish": vanish,
    "clock": clock,
    "twice": twice,
    "kills": kills,
    "steps": steps,
    "windows": windows,
}


def _report(table: dict[str, Fault]) -> int:
    hows = ("ended well", "one line", "killed", "all was there")
    print(f"| fault | runs | {' | '.join(hows)} | bad |\n|---|---|---|---|---|---|---|")
    for what, fault in table.items():
        ends = [fault.counts[how] for how in hows]
        print(f"| {what} | {sum(ends[:3])} | {' | '.join(map(str, ends))} | {len(fault.bad)} |")
    for fault in table.values():
        for problem in fault.bad:
            print(problem)
    return int(any(fault.bad for fault in table.values()))


if __name__ == "__main__":
    raise SystemExit(main())
