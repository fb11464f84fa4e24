"""Runs the tests of the panels with both Qt bindings, three versions of napari, newer Pythons.

Each combination has an environment of its own in build/matrix, about 1 GB, that is kept and used
again. A combination that cannot be installed is named, not skipped in silence.

Use ``make test-matrix``; one combination: ``make test-matrix ARGS="pyside6-newest"``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "build" / "matrix"
ON_SCREEN = REPOSITORY / "scripts" / "virtual-display"
TESTS = ["tests/widgets", "tests/layers", "tests/test_manifest.py"]
# PySide6 6.12 gives None back too often, 15,000 times a window. Before Python 3.12 None is counted,
# and after a dozen windows Python aborts ("deallocating None"): begin with plenty. Python runs such
# a file first in every process, those that tests start included.
PLENTY_OF_NONE = """
import ctypes, sys
if sys.version_info < (3, 12):
    ctypes.c_ssize_t.from_address(id(None)).value += 10**9
"""
NAPARI = {"oldest": "==0.7.1", "newest": "", "pre": ""}
BINDINGS = ("pyqt6", "pyside6")
PYTHONS = ("3.12", "3.13")


@dataclass(frozen=True)
class Combination:
    """A Qt binding, which napari and, if not the one that runs this, which Python."""

    binding: str
    which: str
    version: str = ""

    @property
    def name(self) -> str:
        """Its name on the command line."""
        return "-".join(filter(None, [self.binding, self.which, self.version]))

    @property
    def tests(self) -> list[str]:
        """What is tested: another Python concerns more than the panels."""
        return ["tests"] if self.version else TESTS

    @property
    def python(self) -> Path:
        """Its own Python."""
        folder = "Scripts" if sys.platform == "win32" else "bin"
        return FOLDER / self.name / folder / "python"

    def install(self) -> str:
        """Make or renew the environment; return what went wrong, or nothing."""
        if not self.python.exists():
            base = f"python{self.version}" if self.version else sys.executable
            try:
                subprocess.run([base, "-m", "venv", FOLDER / self.name], check=True)
            except (OSError, subprocess.CalledProcessError):
                return f"{base} is not on the PATH"
        pip = [self.python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
        command = [*pip, "--upgrade", "--editable", ".[nifti,window]", "--group", "test"]
        command += [f"napari[{self.binding}]{NAPARI[self.which]}"]
        command += ["--pre"] if self.which == "pre" else []
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return ""
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        return lines[-1] if lines else "pip failed"

    def versions(self) -> str:
        """Return the versions that are installed."""
        code = (
            "from importlib.metadata import version as v;"
            f"print('napari', v('napari'), '·', '{self.binding}', v('{self.binding}'))"
        )
        done = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def test(self) -> str:
        """Run the tests; return pytest's last line. All it says goes to a log."""
        settings = {"PYTEST_QT_API": self.binding, "QT_API": self.binding}
        if self.binding == "pyside6":
            first = FOLDER / "plenty" / "sitecustomize.py"
            first.parent.mkdir(exist_ok=True)
            first.write_text(PLENTY_OF_NONE, encoding="utf-8")
            settings["PYTHONPATH"] = str(first.parent)
        # pytest-qt lets go of a signal whose panel is gone; PySide6 warns, and warnings are errors.
        options = [
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore:libpyside:RuntimeWarning",
            *self.tests,
        ]
        command = [ON_SCREEN, self.python, "-m", "pytest", *options]
        log = FOLDER / f"{self.name}.log"
        with log.open("w", encoding="utf-8") as out:
            done = subprocess.run(
                command,
                cwd=REPOSITORY,
                env={**os.environ, **settings},
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
            )
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        said = [line for line in lines if " in " in line and ("passed" in line or "failed" in line)]
        ended = said[-1].strip("= ") if said else f"ended with {done.returncode}"
        return ended if done.returncode == 0 else f"FAILED: {ended}; see {log.name}"


def main(wanted: list[str]) -> int:
    """Run the combinations that are named, or all; print a table."""
    every = [Combination(binding, which) for which in NAPARI for binding in BINDINGS]
    every += [Combination("pyqt6", "newest", version) for version in PYTHONS]
    unknown = set(wanted) - {each.name for each in every}
    if unknown:
        print(
            f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(e.name for e in every)}"
        )
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows, passed = [], True
    for each in (each for each in every if not wanted or each.name in wanted):
        began = time.perf_counter()
        print(f"{each.name}: installing", flush=True)
        problem = each.install()
        if problem:
            rows.append((each.name, "-", f"NOT INSTALLED: {problem}"))
            passed = False
            continue
        versions = each.versions()
        print(f"{each.name}: testing with {versions}", flush=True)
        result = each.test()
        passed &= not result.startswith("FAILED")
        rows.append((each.name, versions, f"{result} ({time.perf_counter() - began:.0f} s in all)"))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, versions, result in rows:
        print(f"{name:{widths[0]}}  {versions:{widths[1]}}  {result}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
