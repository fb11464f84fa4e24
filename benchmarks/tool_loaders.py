"""Make small image sets, lay them out, and open each layout with its tool's own code.

Prints a table: tool, version, what was opened, how much, and whether every pixel, label, area, box
and part is that of the set. A tool that is not installed in this Python is looked for in the one
that is given for it, and left out, with a line, where it is in none::

    python benchmarks/tool_loaders.py --python nnunet=/envs/nnunet/bin/python

The status is 1 when something is not equal, or a tool fails.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _loaders import CHECKS

from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.datasets.training.lay_out import lay_out
from napari_3dmsl.datasets.training.settings import ToolLayout

_COMMON: dict[str, Any] = {
    "seed": 3,
    "microscopes": ["con1"],
    "image_size": [64, 64],
    "source": {"library": "tubes", "tube_count": 40},
    "split": {"train": 0.5, "val": 0.25, "test": 0.25},
    "scene": {"kind": "packed", "objects": [3, 6]},
}
RECIPES: dict[str, dict[str, Any]] = {
    "flat": {"repeats": 12, "ground_truth": ["mask", "instances", "classes"]},
    "stack": {
        "repeats": 8,
        "focus": {"planes": 9, "focus_um": 0.5},
        "ground_truth": ["volume_instances", "volume_classes"],
    },
    "film": {
        "repeats": 4,
        "motion": {
            "frames": 8,
            "fission_per_min": 3.0,
            "fusion_per_min": 2.0,
            "speed_um_per_s": 0.1,
        },
        "ground_truth": ["instances", "tracks"],
    },
}
LAYOUTS = {
    "cellpose": ("flat", "stack", "film"),
    "stardist": ("flat", "stack", "film"),
    "nnunet": ("flat", "film", "stack"),
    "coco": ("flat", "stack", "film"),
    "ctc": ("film",),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", default=[], metavar="TOOL=PATH")
    parser.add_argument("--folder", type=Path, help="Keep sets and layouts here.")
    parser.add_argument("--tools", nargs="*", default=list(CHECKS), choices=list(CHECKS))
    asked = parser.parse_args()
    pythons = dict(pair.split("=", 1) for pair in asked.python)
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        make(folder)
        make_printed(folder)
        rows, missing, failed = [], [], []
        for tool in asked.tools:
            found = opened(tool, pythons.get(tool, sys.executable), folder)
            if found is None:
                failed.append(tool)
            elif found:
                rows += found
            else:
                missing.append(CHECKS[tool][0])
    report(rows)
    for name in missing:
        print(f"{name}: not installed, not checked")
    for name in failed:
        print(f"{name}: failed, see above")
    sys.exit(bool(failed) or not all(row["equal"] for row in rows))


def make(folder: Path) -> None:
    """Make sets and layouts, those that are not there yet."""
    for kind, settings in RECIPES.items():
        generate(Recipe(**_COMMON, **settings), folder / kind)
    for tool, kinds in LAYOUTS.items():
        for number, kind in enumerate(kinds, start=501):
            name = f"Dataset{number}_{kind}" if tool == "nnunet" else f"{kind}_{tool}"
            if not (folder / name).exists():
                lay_out(folder / kind, folder / name, ToolLayout(tool=tool))


PRINTED = {
    "my_set": "flat",
    "my_set_cellpose": "flat_cellpose",
    "my_set_stardist": "flat_stardist",
    "my_set_coco": "flat_coco",
    "my_films_ctc": "film_ctc",
    "nnUNet_raw/Dataset501_mitochondria": "",
}
"""Folders that the docs speak of, and what is shown there; nothing: laid out for nnU-Net."""


def make_printed(folder: Path) -> None:
    """Make the folders in which the lines of the docs are run, anew."""
    place = folder / "as_printed"
    shutil.rmtree(place, ignore_errors=True)
    for name, known in PRINTED.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        if known:
            (place / name).symlink_to(folder.resolve() / known)
        else:
            lay_out(folder / "flat", place / name, ToolLayout(tool="nnunet"))


def opened(tool: str, python: str, folder: Path) -> list[dict[str, Any]] | None:
    """Return what a tool tells; nothing when it is not installed, None when it fails."""
    script = Path(__file__).with_name("_loaders.py")
    command = [python, str(script), tool, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        return None
    return [json.loads(line) for line in done.stdout.splitlines()]


def report(rows: list[dict[str, Any]]) -> None:
    print("| tool | version | opened | how much | equal to the truth |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        equal = "yes" if row["equal"] else "NO"
        cells = (row["tool"], row["version"], row["what"], row["count"], equal)
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
