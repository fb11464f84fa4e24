"""Runs tests with both Qt bindings, three napari, four Pythons, and beside others' plugins.

Each cell has an environment of its own in build/matrix, about 1 GB (6 GB where others bring torch),
that is kept and used again. Packages come by uv, which is fetched where it is not on the PATH; it
finds the other Pythons, too, or fetches them. What cannot be installed is told, never passed over.

Use ``make test-matrix``; some cells only: ``make test-matrix ARGS="pyside6-newest pyqt6-pre"``.
``--quick`` runs the part of the tests in which every panel opens and makes images. ``--table``
shows what ran last in each cell and runs nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "build" / "matrix"
ON_SCREEN = REPOSITORY / "scripts" / "virtual-display"
PROGRAMS = "Scripts" if sys.platform == "win32" else "bin"
PANELS = ["tests/widgets", "tests/layers", "tests/test_manifest.py"]
QUICK = [
    "tests/test_manifest.py",
    "tests/layers/test_show.py",
    "tests/layers/test_images.py",
    "tests/widgets/test_every_panel.py::test_every_field_has_a_name_a_tip_and_a_unit",
    "tests/widgets/microscope/test_pictures.py",
]
BESIDE = "tests/widgets/beside_others.py"  # by name only: nobody else has the plugins it is about
# Each method of PySide6 6.12.0 that returns nothing lends None without counting it, and each emit()
# True. From Python 3.12 on nobody counts them; before, Python aborts after some ten thousand calls
# ("deallocating None", "deallocating True or False"): begin with plenty. Python runs such a file
# first in every process, those that tests start included.
PLENTY = """
import ctypes, sys
if sys.version_info < (3, 12):
    for lasting in (None, False, True):
        ctypes.c_ssize_t.from_address(id(lasting)).value += 10**9
"""
EXTRAS = "cluster,em,microscopes,parquet,score,window"  # what tests need: all but a Qt and torch
NAPARI = {"oldest": "==0.7.1", "newest": ">=0.7.1", "pre": ">=0.7.1"}
BINDINGS = ("pyqt6", "pyside6")
PYTHONS = (("pyqt6", "3.12"), ("pyqt6", "3.13"), ("pyqt6", "3.14"), ("pyside6", "3.12"))
# Plugins and packages of others, and since which version they can be had beside a napari of today.
OTHERS = {"empanada-napari": ">=1.2", "napari-ome-zarr": ">=0.10", "cellpose": ">=4"}
PATIENCE_S = "1200"  # it takes hours, so that other work goes on beside it
HEAD = "| cell | Python | napari | Qt | others | what ran | passed | failed | seconds |"


@dataclass(frozen=True)
class Cell:
    """A Qt binding, which napari; another Python than this one; a package of others beside."""

    binding: str
    which: str
    version: str = ""
    other: str = ""

    @property
    def name(self) -> str:
        """Its name on the command line."""
        if self.other:
            return f"beside-{self.other}"
        return "-".join(filter(None, [self.binding, self.which, self.version]))

    @property
    def python(self) -> Path:
        """Its own Python."""
        return FOLDER / self.name / PROGRAMS / "python"

    def tests(self, quick: bool) -> list[str]:
        """Files to test: another Python concerns more than the panels."""
        whole = ["tests"] if self.version else PANELS
        found = QUICK if quick else whole
        return [*found, BESIDE] if self.other else found

    def install(self) -> str:
        """Make or renew the environment; return what went wrong, or nothing."""
        if not self.python.exists():
            base = self.version or sys.executable
            made = uv("venv", "--quiet", "--python", base, FOLDER / self.name)
            if made.returncode:
                return f"no Python {base}: {last_line(made.stderr)}"
        wanted = ["--editable", f".[{EXTRAS}]", "--group", "test"]
        wanted += ["--group", "docs"] if self.version else []  # all tests: those of the site, too
        wanted += [f"napari[{self.binding}]{NAPARI[self.which]}"]
        wanted += [f"{self.other}{OTHERS[self.other]}"] if self.other else []
        wanted += ["--prerelease-package", "napari=allow"] if self.which == "pre" else []
        done = self.pip("install", "--upgrade", *wanted)
        return "" if done.returncode == 0 else last_line(done.stderr)

    def pip(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Do something with the packages of the environment."""
        return uv("pip", verb, "--python", self.python, *words)

    def conflicts(self) -> list[str]:
        """Return the packages that refuse what is installed, one a line."""
        lines = self.pip("check").stderr.splitlines()
        return [line for line in lines if line.startswith("The package")]

    def versions(self) -> dict[str, str]:
        """Return the versions that are installed."""
        names = ["napari", self.binding, *filter(None, [self.other])]
        code = (
            "import platform, sys; from importlib.metadata import version;"
            "print(platform.python_version(), *map(version, sys.argv[1:]))"
        )
        done = subprocess.run([self.python, "-c", code, *names], capture_output=True, text=True)
        found = dict(zip(["python", *names], done.stdout.split(), strict=True))
        qt = found.pop(self.binding)
        other = f"{self.other} {found[self.other]}" if self.other else ""
        return {
            "cell": self.name,
            "Python": found["python"],
            "napari": found["napari"],
            "Qt": f"{'PyQt6' if self.binding == 'pyqt6' else 'PySide6'} {qt}",
            "others": other,
        }

    def test(self, quick: bool) -> dict[str, str]:
        """Run the tests; return pytest's counts. All it says goes to a log."""
        settings = {"PYTEST_QT_API": self.binding, "QT_API": self.binding, "BESIDE": self.other}
        settings["PATIENCE_S"] = PATIENCE_S
        if self.binding == "pyside6":
            first = FOLDER / "plenty" / "sitecustomize.py"
            first.parent.mkdir(exist_ok=True)
            first.write_text(PLENTY, encoding="utf-8")
            settings["PYTHONPATH"] = str(first.parent)
        # pytest-qt lets go of a signal whose panel is gone; PySide6 warns, and warnings are errors.
        options = ["-q", "-p", "no:cacheprovider", "-W", "ignore:libpyside:RuntimeWarning"]
        command = [ON_SCREEN, self.python, "-m", "pytest", *options, *self.tests(quick)]
        log = FOLDER / f"{self.name}{'-quick' * quick}.log"
        ended = logged(command, {**os.environ, **settings}, log)
        counts = counted(log.read_text(encoding="utf-8", errors="replace"))
        whole = counts["failed"] not in ("0", "") and ended == 1
        if ended and not whole:  # it crashed, or somebody has ended it
            told = f"{counts['failed']} ended with {ended}, see {log.name}"
            counts["failed"] = told.strip()
        return counts

    def run(self, quick: bool) -> dict[str, str]:
        """Install and test; return the row of the table."""
        print(f"{self.name}: installing", flush=True)
        row = dict.fromkeys([word.strip() for word in HEAD.split("|")[1:-1]], "-")
        row["cell"] = self.name
        if problem := self.install():
            return {**row, "failed": f"not installed: {problem}"}
        row |= self.versions()
        print(f"{self.name}: testing with napari {row['napari']}, {row['Qt']}", flush=True)
        row |= self.test(quick)
        whole = "all tests" if self.version else "all of the panels"
        row["what ran"] = "quick part" if quick else whole
        if conflicts := self.conflicts():
            row["failed"] += f"; conflict: {conflicts[0]}"
        return row


def uv(*words: object) -> subprocess.CompletedProcess[str]:
    """Run uv, the installer: that on the PATH, or one of our own."""
    own = FOLDER / "uv" / PROGRAMS / "uv"
    found = shutil.which("uv") or str(own)
    if found == str(own) and not own.exists():
        subprocess.run([sys.executable, "-m", "venv", FOLDER / "uv"], check=True)
        pip = [own.with_name("python"), "-m", "pip", "install", "--quiet", "uv"]
        subprocess.run(pip, check=True)
    command = [found, *map(str, words)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)


def logged(command: list[Any], environment: dict[str, str], log: Path) -> int:
    """Run a command, all that it says to a file; return its status.

    It writes into a pipe: tests that let no file become large would end with the log itself.
    """
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as running,
    ):
        assert running.stdout is not None
        for line in running.stdout:
            out.write(line)
            out.flush()
    return running.returncode


def last_line(text: str) -> str:
    """Return the end of what a program said, on one line."""
    return " ".join(text.split())[-300:]


def counted(said: str) -> dict[str, str]:
    """Return the counts of pytest's last line."""
    ended = re.compile(r"\d (passed|failed|error).* in ")
    lines = [line for line in said.splitlines() if ended.search(line)]
    if not lines:
        return {"passed": "", "failed": "", "seconds": ""}
    found = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", lines[-1])}
    seconds = re.search(r" in ([\d.]+)s", lines[-1])
    return {
        "passed": str(found.get("passed", 0)),
        "failed": str(found.get("failed", 0) + found.get("error", 0)),
        "seconds": f"{float(seconds[1]):.0f}" if seconds else "",
    }


def shown(rows: list[dict[str, str]]) -> str:
    """Return a table in Markdown."""
    lines = [HEAD, re.sub(r"[^|]+", "---", HEAD)]
    return "\n".join([*lines, *(f"| {' | '.join(row.values())} |" for row in rows)])


def main(arguments: list[str]) -> int:
    """Run the cells that are named, or all; print a table."""
    every = [Cell(binding, which) for which in NAPARI for binding in BINDINGS]
    every += [Cell(binding, "newest", version) for binding, version in PYTHONS]
    every += [Cell("pyqt6", "newest", other=other) for other in OTHERS]
    cells = {cell.name: cell for cell in every}
    wanted = [word for word in arguments if not word.startswith("--")]
    unknown = [*set(wanted) - set(cells), *set(arguments) - set(wanted) - {"--quick", "--table"}]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are --quick, --table, {', '.join(cells)}")
        return 2
    rows = FOLDER / "rows"
    rows.mkdir(parents=True, exist_ok=True)
    quick = "--quick" in arguments
    names = wanted or list(cells)
    kept = [rows / f"{name}{end}.json" for name in names for end in ("-quick", "")]
    if "--table" not in arguments:
        kept = [rows / f"{name}{'-quick' * quick}.json" for name in names]
        for name, path in zip(names, kept, strict=True):
            path.write_text(json.dumps(cells[name].run(quick)), encoding="utf-8")
    found = [json.loads(path.read_text(encoding="utf-8")) for path in kept if path.exists()]
    print(shown(found))
    return 0 if all(row["failed"] == "0" for row in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
