"""Prints how many lines each room of the package has, and the rooms of a room below it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "napari_3dmsl"


def lines_by_room() -> Counter[str]:
    """Count the lines of all modules by the folder they lie in."""
    lines: Counter[str] = Counter()
    for file in PACKAGE.rglob("*.py"):
        room = file.parent.relative_to(PACKAGE).as_posix().replace(".", "(top)")
        lines[room] += len(file.read_text(encoding="utf-8").splitlines())
    return lines


if __name__ == "__main__":
    found = lines_by_room()
    for room, count in sorted(found.items()):
        print(f"{count:7,}  {room}")
    print(f"{found.total():7,}  in all")
