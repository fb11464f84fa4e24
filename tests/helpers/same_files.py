"""Folders and files compared byte for byte."""

from __future__ import annotations

from pathlib import Path


def contents(place: Path) -> dict[str, bytes]:
    """Every file of a folder, or the one file, with all that is in it."""
    if place.is_file():
        return {"": place.read_bytes()}
    files = (file for file in sorted(place.rglob("*")) if file.is_file())
    return {file.relative_to(place).as_posix(): file.read_bytes() for file in files}


def assert_same(one: Path, other: Path) -> None:
    """Names first: a difference of a million bytes is no message."""
    left, right = contents(one), contents(other)
    assert list(left) == list(right)
    assert not [name for name in left if left[name] != right[name]]
