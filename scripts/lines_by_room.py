"""Prints how many lines each room of the package has, and how many of them are docstrings."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "napari_3dmsl"


def docstring_lines(source: str) -> int:
    """Count the lines of texts that stand alone: docstrings, and those below constants."""
    return sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def main() -> None:
    lines: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    for file in PACKAGE.rglob("*.py"):
        room = file.parent.relative_to(PACKAGE).as_posix().replace(".", "(top)")
        source = file.read_text(encoding="utf-8")
        lines[room] += len(source.splitlines())
        texts[room] += docstring_lines(source)
    print("  lines  docstrings  room")
    for room in sorted(lines):
        print(f"{lines[room]:7,}  {texts[room]:10,}  {room}")
    print(f"{lines.total():7,}  {texts.total():10,}  in all")


if __name__ == "__main__":
    main()
