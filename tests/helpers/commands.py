"""What the tests of commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., dict[str, Any]]
"""Run a command with ``--json`` and return its result."""

RADIUS_UM = 0.48


def files_of(folder: Path) -> dict[Path, bytes]:
    """What lies in a folder, at any depth."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
