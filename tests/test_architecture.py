"""The rules of the house: what may import what, and what a file may be like."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "src" / "napari_3dmsl"
# From the ground up: a room may use what lies on lower floors, nothing beside or above it.
FLOORS = (
    {"quiet"},
    {"", "arrays", "units", "memory", "reading", "writing", "progress", "described"},
    {"compute"},
    {"settings", "geometry", "volumes"},
    {"mesh_io", "ranges"},
    {"shapes", "microscope"},  # which do not know each other
    {"shapes.blockwise"},
    {"image_io", "as_code", "figures"},
    {"library"},
    {"scenes"},
    {"timelapse"},
    {"ground_truth"},
    {"datasets"},  # of `datasets` itself only where its files lie; its rooms are below
    {"datasets.recipe"},
    {"datasets.render"},
    {"datasets.write"},
    {"datasets.run", "datasets.read"},
    {"datasets.training"},
    {"matching", "scoring"},
    {"layers"},
    {"readers", "writers", "samples", "films"},
    {"adopt"},
    {"widgets.common"},
    {"widgets.image_pane"},  # which knows nothing of who fills it
    {"widgets.extract", "widgets.browse", "widgets.microscope", "widgets.image_set"},
    # Matching opens what it has found in the panel of image sets.
    {"widgets.matching", "widgets.scoring"},
    {"widgets"},
    {"cli"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(file: Path) -> str:
    """The name of a file below the package: `shapes.mesh`, `shapes` for its `__init__.py`."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(file): file for file in FILES}


def room_of(module: str) -> str:
    """The folder of a module; a module that lies in no folder is a room of its own."""
    if MODULES[module].name == "__init__.py":
        return module
    return module.rpartition(".")[0] or module


def imported_modules(file: Path) -> set[str]:
    """Modules of the package that a file imports anywhere, in functions, too."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: imports are whole names"
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in full if name.removeprefix("napari_3dmsl.") in MODULES}
            names.update(modules or {str(node.module)})
    ours = {name for name in names if name.partition(".")[0] == "napari_3dmsl"}
    return {name.removeprefix("napari_3dmsl").removeprefix(".") for name in ours}


def test_every_room_has_its_floor() -> None:
    assert {room_of(module) for module in MODULES} == set(FLOOR_OF)


def test_no_arrow_leads_to_a_room_beside_or_above() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, file in MODULES.items()
        for name in sorted(imported_modules(file))
        if room_of(name) != room_of(module) and FLOOR_OF[room_of(name)] >= FLOOR_OF[room_of(module)]
    ]
    assert not wrong


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of names that lead back to themselves."""
    numbers = {name: number for number, name in enumerate(arrows)}
    rows, columns = zip(
        *((numbers[a], numbers[b]) for a, ends in arrows.items() for b in ends), strict=True
    )
    matrix = coo_array((np.ones(len(rows)), (rows, columns)), (len(arrows), len(arrows)))
    _, group = connected_components(matrix, connection="strong")
    members = [[name for name in arrows if group[numbers[name]] == g] for g in set(group.tolist())]
    return [names for names in members if len(names) > 1]


def test_nothing_goes_in_circles() -> None:
    files = {module: imported_modules(file) - {module} for module, file in MODULES.items()}
    rooms: dict[str, set[str]] = {room: set() for room in FLOOR_OF}
    for module, names in files.items():
        rooms[room_of(module)] |= {room_of(name) for name in names} - {room_of(module)}
    assert circles(rooms) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c"]]


def run_python(code: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
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
