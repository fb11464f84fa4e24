"""Which fields of a panel have no effect with the present choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def protocol_without_effect(protocol: Mapping[str, Any]) -> list[str]:
    """Name the fields of *Extract shapes* that only eroding, watershed or instances need."""
    parts = not protocol["instances"]
    watershed = parts and protocol["regrow"] == "watershed"
    needed = {"erosion_nm": parts, "connectivity": parts, "regrow": parts, "neck": watershed}
    return _unused({**needed, "split_pieces": not parts})


def _unused(used: Mapping[str, bool]) -> list[str]:
    return [name for name, has_effect in used.items() if not has_effect]
