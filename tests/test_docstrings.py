"""Public functions and classes say what they take.

Ruff's D417 asks for every argument, but only where a docstring has a section about them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "napari_3dmsl"
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public(body: list[ast.stmt], path: str) -> Iterator[tuple[str, ast.arguments, str]]:
    """Functions, methods and classes without a leading underscore: arguments and docstring."""
    for node in body:
        if not isinstance(node, Definition) or node.name.startswith("_") or is_setter(node):
            continue
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, f"{path}{node.name}.")
            made = [part for part in node.body if getattr(part, "name", "") == "__init__"]
            function = made[0] if made else None
        else:
            function = node
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path}{node.name}", function.args, ast.get_docstring(node) or ""


def is_setter(node: Definition) -> bool:
    """Whether it sets a property, which says what it is where it is read."""
    return any(getattr(found, "attr", "") == "setter" for found in node.decorator_list)


def is_command(arguments: ast.arguments) -> bool:
    """Whether the help of the command line says what each argument is.

    The options of a long command stand in a file of their own, which it calls ``option``.
    """
    return any(
        ast.unparse(one.annotation).startswith("option.") or "typer." in ast.unparse(one.annotation)
        for one in ast.walk(arguments)
        if isinstance(one, ast.arg) and one.annotation is not None
    )


def undocumented(source: str) -> list[str]:
    """Names of what takes arguments and has no section about them.

    A docstring that begins with ``See `` or ``Qt: `` leaves the rest to what it overrides.
    """
    return [
        name
        for name, arguments, text in public(ast.parse(source).body, "")
        if {one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg)} - {"self", "cls"}
        and "Parameters\n----------\n" not in text
        and not text.startswith(("See `", "Qt: "))
        and not is_command(arguments)
    ]


def test_everything_public_says_what_it_takes() -> None:
    missing = [
        f"{file.relative_to(PACKAGE)}: {name}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for name in undocumented(file.read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_a_function_without_its_section_is_found() -> None:
    assert undocumented('def area(mesh):\n    """Return the area."""') == ["area"]
    assert undocumented('class Mesh:\n    """A mesh."""\n    def __init__(self, a): ...') == [
        "Mesh"
    ]
    assert undocumented('def _area(mesh): ...\ndef now():\n    """Say the time."""') == []
