"""Code that documentation, docstrings and comments name is there, under that name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCE = REPOSITORY / "src"
PACKAGE = SOURCE / "napari_3dmsl"
PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md")]
PAGES += sorted((REPOSITORY / "docs").glob("*.md"))
CODE = [
    file
    for folder in ("src", "benchmarks", "scripts")
    for file in sorted((REPOSITORY / folder).rglob("*.py"))
]
ROOMS = "|".join(sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
DOTTED = re.compile(r"\bnapari_3dmsl(?:\.\w+)+")
IN_A_ROOM = re.compile(rf"(?<!`)`((?:{ROOMS})(?!\.json)(?:\.\w+)+)`")  # `microscope.psf`
MARKED = re.compile(r"(?<!`)`([A-Za-z_][\w.]*)`(?!`)")
FILE = re.compile(r"`((?:[\w-]+/)*\w+\.pyi?)`")


@cache
def names_in(file: Path) -> set[str]:
    """All that a module defines or imports at its top."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names)
    return names


def is_there(dotted: str) -> bool:
    """Whether a dotted name leads to a module of the package, or to what one defines."""
    place = SOURCE
    parts = dotted.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if not parts:
        return True
    module = place / f"{parts[0]}.py"
    if module.is_file():
        return len(parts) == 1 or parts[1] in names_in(module)
    stub = place / "__init__.pyi"  # of the package itself
    return parts[0] in names_in(stub if stub.is_file() else place / "__init__.py")


def test_names_that_pages_and_code_mention_are_there() -> None:
    missing = []
    for file in [*PAGES, *CODE]:
        text = file.read_text(encoding="utf-8")
        named = DOTTED.findall(text) + [f"napari_3dmsl.{name}" for name in IN_A_ROOM.findall(text)]
        missing += [f"{file.name}: {name}" for name in named if not is_there(name)]
    assert missing == []


def test_a_name_that_is_not_there_is_found() -> None:
    assert is_there("napari_3dmsl.microscope.psf.GibsonLanni")
    assert not is_there("napari_3dmsl.microscope.instruments")
    assert not is_there("napari_3dmsl.microscope.psf.Airy")
    assert IN_A_ROOM.findall("see `microscope.readouts`") == ["microscope.readouts"]


def names_used() -> set[str]:
    """Every name that stands anywhere in the code of the package, and those of its modules."""
    names = {file.stem for file in PACKAGE.rglob("*.py")} | {f.name for f in PACKAGE.iterdir()}
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for field in ("name", "id", "attr", "arg"):
                if isinstance(name := getattr(node, field, None), str):
                    names.add(name.rpartition(".")[2])
    return names


def docstrings_in(file: Path) -> Iterator[str]:
    """Docstrings, and texts below constants and fields."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def test_names_that_docstrings_mark_are_names_of_the_code() -> None:
    known = names_used() | {PACKAGE.name, "concurrent", "futures", "Executor", "multiprocessing"}
    unknown = [
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for text in docstrings_in(file)
        for name in MARKED.findall(text)
        if not set(name.split(".")) <= known
    ]
    assert unknown == []
    assert MARKED.findall("see `in_image` and ``not this``") == ["in_image"]


def test_files_that_pages_name_are_there() -> None:
    anywhere = {file.name for file in [*CODE, *(REPOSITORY / "tests").rglob("*.py")]}
    missing = [
        f"{page.name}: {name}"
        for page in PAGES
        for name in set(FILE.findall(page.read_text(encoding="utf-8")))
        if not any((folder / name).is_file() for folder in (REPOSITORY, PACKAGE))
        and ("/" in name or name not in anywhere)
    ]
    assert missing == []


QUOTE = re.compile(r"^\| \"(.*)\" \| `([\w/]+\.py)` \|$", re.MULTILINE)


def test_each_sentence_of_the_hunt_is_quoted_and_leads_to_a_file() -> None:
    table = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paper, _, physics = table.partition("\nAnd of [physics]")
    hunts = QUOTE.findall(paper), QUOTE.findall(physics)
    assert len(hunts[0]) >= 20
    assert len(hunts[1]) >= 10
    assert [file for hunt in hunts for _, file in hunt if not (PACKAGE / file).is_file()] == []
    page = " ".join((REPOSITORY / "docs" / "physics.md").read_text(encoding="utf-8").split())
    assert [quote for quote, _ in hunts[1] if quote not in page] == []
    source = REPOSITORY.parent / "shared" / "paper" / "3dmsl.txt"
    if source.is_file():  # the paper lies beside the repository, not in it
        text = source.read_text(encoding="utf-8")
        assert [quote for quote, _ in hunts[0] if quote not in text] == []


def test_the_house_that_contributors_read_of_is_the_house_that_stands() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| room | holds |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| ((?:`\w+` ?)+)\|", table, re.MULTILINE)
    standing = [file.stem for file in PACKAGE.glob("*.py") if file.stem != "__init__"]
    standing += [file.parent.name for file in PACKAGE.glob("*/__init__.py")]
    assert sorted(re.findall(r"\w+", " ".join(cells))) == sorted(standing)
