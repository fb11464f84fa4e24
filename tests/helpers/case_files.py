"""What the commands must answer to the files in ``shared/cases``: one list for tests and benchmark.

Right values are those of ``shared/cases/README.md``, which was written with the files.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
VOXEL_NM = (24.0, 16.0, 16.0)  # z, y, x, of all label files


@dataclass(frozen=True)
class Answer:
    """What a command said about a file.

    Attributes
    ----------
    status
        Exit status; 0 when the command did what it was asked for.
    out, err
        What it printed.
    """

    status: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """What ``--json`` printed."""
        return dict(json.loads(self.out))

    @property
    def warnings(self) -> str:
        """All that the result warns of."""
        return " ".join(self.result["warnings"])

    def refused_with(self, *words: str) -> bool:
        """Whether it refused in one line on stderr that holds all the words."""
        one_line = self.err.startswith("Error: ") and self.err.count("\n") == 1
        said = self.err.lower()
        return (
            self.status in {1, 2} and self.out == "" and one_line and all(w in said for w in words)
        )


@dataclass(frozen=True)
class Case:
    """A file, what is asked of it, and how to tell that the answer is right.

    Attributes
    ----------
    file
        Path below ``shared/cases``.
    right
        The right answer in words.
    holds
        Whether an answer is that.
    command
        ``{file}`` stands for the file, ``{out}`` for what may be written.
    name
        Tells cases of one file apart.
    """

    file: str
    right: str
    holds: Callable[[Answer], bool]
    command: tuple[str, ...] = ("extract", "{file}", "{out}", "--json")
    name: str = field(default="")

    @property
    def title(self) -> str:
        """Name of the case."""
        return f"{self.file} {self.name}".strip()

    def words(self, out: Path) -> list[str]:
        """Return the command line without the program's name."""
        file = str(CASES / self.file)
        return [word.replace("{file}", file).replace("{out}", str(out)) for word in self.command]


def two_shapes(answer: Answer, voxel_nm: tuple[float, ...] = VOXEL_NM) -> bool:
    """Whether two shapes were found at the voxel size, to a part in a million."""
    if answer.status != 0:
        return False
    found = answer.result["settings"]["voxel_nm"]
    near = all(abs(a - b) < 1e-6 * b for a, b in zip(found, voxel_nm, strict=True))
    return near and answer.result["shapes"] == 2


def warned(*words: str) -> Callable[[Answer], bool]:
    """Tell whether a command went through and warned with all the words."""
    return lambda answer: answer.status == 0 and all(w in answer.warnings.lower() for w in words)


def refused(*words: str) -> Callable[[Answer], bool]:
    """Tell whether a command refused in one line with all the words."""
    return lambda answer: answer.refused_with(*words)


GIVEN = ("--voxel-nm", "24", "16", "16", "--json")
EXTRACT = ("extract", "{file}", "{out}", *GIVEN)
SIMULATE = ("simulate", "{file}", "{out}.ome.tif", "--microscope", "con1", "--json")
INFO = ("info", "{file}", "--json")

UNITS = (
    "zunit_nm.tif",
    *(f"ij_unit_{unit}.tif" for unit in ("A", "angstrom", "cm", "m", "micrometers", "nanometers")),
    "ij_unit_u_esc_3bc.tif",
    *(f"ome_unit_{unit}.ome.tif" for unit in ("angstrom", "m", "pm")),
)
FILES = (
    *(Case(f"files/{name}", "2 shapes, 24 × 16 × 16 nm", two_shapes) for name in UNITS),
    Case(
        "files/depth1_no_spacing.tif",
        "2 shapes, 1000 × 16 × 16 nm",
        lambda answer: two_shapes(answer, (1000.0, 16.0, 16.0)),
    ),
    Case(
        "files/rgb_planar.tif",
        "refused as a colour image",
        refused("rgb_planar.tif", "colour"),
        EXTRACT,
    ),
    Case("files/two_images.ome.tif", "2 shapes of the second image", two_shapes),
    Case(
        "files/cremi_bg.tif",
        "warned: how to tell the background",
        lambda answer: (
            answer.status == 0 and (two_shapes(answer) or "background" in answer.warnings)
        ),
        EXTRACT,
    ),
    Case(
        "files/cremi_bg.tif",
        "2 shapes",
        two_shapes,
        (*EXTRACT, "--background", "max"),
        "with --background max",
    ),
    Case("files/bg1_mito2.npy", "warned: fills the volume", warned("background"), EXTRACT),
    Case(
        "files/uint32_top_bit.tif",
        "2 shapes of ids 4294967291, 4294967292",
        two_shapes,
        (*EXTRACT, "--instances"),
    ),
    Case(
        "files/one_id_two_pieces.npy",
        "told: 1 label in 2 pieces",
        warned("piece", "split"),
        (*EXTRACT, "--instances"),
    ),
    Case(
        "files/one_id_two_pieces.npy",
        "2 shapes",
        two_shapes,
        (*EXTRACT, "--instances", "--split-pieces"),
        "with --split-pieces",
    ),
    Case(
        "files/touching_ids_flat_wall.npy",
        "told: the file holds 2 labels",
        warned("2 labels", "instances"),
        EXTRACT,
    ),
    Case(
        "files/ignore_minus1.tif", "refused: --background -1", refused("background", "-1"), EXTRACT
    ),
    Case(
        "files/ignore_minus1.tif",
        "2 shapes",
        two_shapes,
        (*EXTRACT, "--background", "-1"),
        "with --background -1",
    ),
    Case(
        "files/float32_imagej_labels.tif",
        "2 shapes",
        lambda a: a.status == 0 and a.result["shapes"] == 2,
    ),
    Case("files/labels.npz", "2 shapes", two_shapes, EXTRACT),
    Case(
        "files/vn.obj",
        "closed, 0.8847 µm³",
        lambda a: (
            a.status == 0 and a.result["watertight"] and abs(a.result["volume_um3"] - 0.8847) < 1e-4
        ),
        INFO,
    ),
    Case(
        "files/inverted.stl",
        "0.4743 µm³, positive",
        lambda a: a.status == 0 and abs(a.result["volume_um3"] - 0.4743) < 1e-4,
        INFO,
    ),
    Case("files/off.csv", "told: 0 of 1 emitters in the field", warned("0 of 1"), SIMULATE),
)
RECIPE = ("dataset", "{file}", "{out}", "--json")
HOSTILE_COMMANDS = {  # by how the name begins; `info` is asked about all but lists and settings
    "bright36": [SIMULATE],
    "settings": [RECIPE],
    **{kind: [INFO, SIMULATE] for kind in ("bigcoord", "flat2d", "long-mesh", "mesh")},
    **{kind: [INFO, EXTRACT] for kind in ("nifti", "npy", "hdr", "tiff", "hugez", "lol", "zarr")},
}
LONG_BUT_TRUE = {"hostile/long-mesh-1000.off", "hostile/long-mesh-4166.off"}
"""24 and 100 µm long: a nano-tunnel, and a size that is warned of."""


def hostile_cases() -> list[Case]:
    """Return the files, and folders that are one thing, in ``shared/cases/hostile``."""
    cases = []
    for path in sorted((CASES / "hostile").iterdir()):
        [file] = path.iterdir() if path.is_dir() else [path]
        name = file.relative_to(CASES).as_posix()
        right, holds = "one line that names it", refused(file.name.lower())
        if name in LONG_BUT_TRUE:
            right, holds = "read", lambda answer: answer.status == 0
        commands = (c for kind, c in HOSTILE_COMMANDS.items() if path.name.startswith(kind))
        for command in next(commands, [INFO]):
            cases.append(Case(name, right, holds, command, command[0]))
    return cases
