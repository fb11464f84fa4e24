"""How the *Microscope* panel shows what the file of an image told: marks, and a few words."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from napari_3dmsl.image_io.microscope_metadata import ReadMicroscope
from napari_3dmsl.image_io.microscope_sources import setting_of
from napari_3dmsl.widgets.common.form import Mark

READ, ASKED = "✓", "?"
_FOLLOWS = {"immersion_index": "immersion_index_design"}
"""Settings that are filled with another one."""


def marks_of(read: ReadMicroscope) -> dict[str, Mark]:
    """Return the marks of fields by name: those that were read, and those that are asked for.

    Parameters
    ----------
    read
        From an image.
    """
    file = Path(read.path).name
    marks = {
        name: Mark(READ, f"Read from {file}: {reading.source}.")
        for name, reading in read.readings.items()
    }
    asked = Mark(ASKED, f"{file} does not tell it: please fill it in.")
    marks |= dict.fromkeys(read.missing, asked)
    marks |= {follower: marks[name] for name, follower in _FOLLOWS.items() if name in marks}
    return marks


def summary_of(read: ReadMicroscope, fields: Collection[str]) -> str:
    """Return in some lines how much was read, what is missing, and what is doubtful.

    Parameters
    ----------
    read
        From an image.
    fields
        Names of the settings that have a field to fill in.
    """
    file = Path(read.path).name
    shown = [name for name in read.readings if name in fields]
    kept = [name for name in read.readings if name not in fields]
    lines = [f"{file} ({read.kind}) tells {len(shown)} of the fields below, marked {READ}"]
    if not read.readings:
        lines = [f"{file} ({read.kind}) tells nothing of its microscope"]
    if kept:
        lines[0] += f", and {_labels(kept)}"
    asked = [name for name in read.missing if name in fields]
    if asked:
        lines.append(f"To be filled in, marked {ASKED}: {_labels(asked)}")
    return "\n".join([*lines, *read.doubts])


def _labels(names: list[str]) -> str:
    return ", ".join(setting_of(name).show.label for name in names)
