"""The rules of the house: what may import what, and what a file may be like."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "src" / "napari_3dmsl"
FACES = {"widgets", "cli", "readers", "writers", "samples"}
LAYERS = {file.stem for file in PACKAGE.glob("*layers.py")}
# What each part may not import from the others: no stair leads back up.
FORBIDDEN = {
    "settings": {"volumes", "shapes", "microscope", "datasets", "compute", *LAYERS, *FACES},
    "memory": {"volumes", "shapes", "microscope", "datasets", "compute", *LAYERS, *FACES},
    "reading": {"volumes", "shapes", "microscope", "datasets", "compute", *LAYERS, *FACES},
    "units": {"volumes", "shapes", "microscope", "datasets", "compute", *LAYERS, *FACES},
    "compute": {"volumes", "shapes", "microscope", "datasets", *LAYERS, *FACES},
    "volumes": {"shapes", "microscope", "datasets", *LAYERS, *FACES},
    "geometry": {"shapes", "microscope", "datasets", *LAYERS, *FACES},
    "inside": {"shapes", "microscope", "datasets", *LAYERS, *FACES},
    "shapes": {"microscope", "datasets", *LAYERS, *FACES},
    "microscope": {"shapes", "datasets", *LAYERS, *FACES},
    "datasets": {*LAYERS, *FACES},
    "layers": {*(LAYERS - {"layers"}), *FACES},
    **{name: {*FACES} for name in sorted(LAYERS - {"layers"})},  # in one order on all workers
}


def imported_modules(file: Path) -> set[str]:
    """Full names of what a file imports anywhere, relative imports resolved."""
    package = ("napari_3dmsl", *file.relative_to(PACKAGE).parent.parts)
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            names.update({base, *(f"{base}.{alias.name}" for alias in node.names)})
    return names


def files_of(part: str) -> list[Path]:
    """The files of a folder, or the one module, of the package."""
    return sorted(PACKAGE.glob(f"{part}/**/*.py")) or sorted(PACKAGE.glob(f"{part}.py"))


@pytest.mark.parametrize("part", FORBIDDEN)
def test_no_stair_leads_back_up(part: str) -> None:
    wrong = [
        f"{file.relative_to(PACKAGE)} imports {name}"
        for file in files_of(part)
        for name in sorted(imported_modules(file))
        if name.startswith("napari_3dmsl.") and name.split(".")[1] in FORBIDDEN[part]
    ]
    assert not wrong


def run_python(code: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_science_loads_no_window() -> None:
    script = REPOSITORY / "scripts" / "import_without_window.py"
    assert "modules imported without a window" in run_python(script.read_text(encoding="utf-8"))


def test_importing_the_package_is_light() -> None:
    loaded = run_python("import napari_3dmsl, sys; print(*sys.modules)").split()
    assert not {"numpy", "scipy", "pydantic", "napari", "qtpy"} & set(loaded)


def test_constraints_hold_names_and_versions_only() -> None:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert not [line for line in pins if not re.fullmatch(r"[\w.-]+==\w[\w.]*", line)]


def test_packages_come_from_where_the_machine_says() -> None:
    names = ("Makefile", "pyproject.toml", ".ci/run", ".pre-commit-config.yaml")
    files = [*(REPOSITORY / name for name in names), *(REPOSITORY / "scripts").glob("*")]
    address = re.compile(r"index-url|find-links|\.org/simple|@ *(https?|git\+|file:)")
    assert not [f.name for f in files if f.is_file() and address.search(f.read_text("utf-8"))]
