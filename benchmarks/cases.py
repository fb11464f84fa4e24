"""Every file that once went wrong: what the command line says of it, how fast, in how much memory.

The files lie beside the repository, in ``shared/cases``; its README says what is right for each. A
hostile file is right when one line names it, with status 1, within 5 s of processor time (2 s of
which are loading) and 2 GB.

``python benchmarks/cases.py`` (about two minutes)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
NM = ("--voxel-nm", "24", "16", "16")
SIZE = "voxels of 24 × 16 × 16 nm"
MOST_S, MOST_GB = 5.0, 2.0
# For each file what is done with it, and what must be said.
FILES: dict[str, tuple[tuple[str, ...], str]] = {
    "bg1_mito2.npy": (("extract", *NM), "label 1 encloses the other labels"),
    "cremi_bg.tif": (("extract", *NM), "--background max"),
    "depth1_no_spacing.tif": (("extract",), "voxels of 1000 × 16 × 16 nm"),
    "float32_imagej_labels.tif": (("extract", "--instances"), "2 shapes"),
    "ignore_minus1.tif": (("extract", *NM), "--background -1"),
    "inverted.stl": (("info",), "volume 0.4743 µm³"),
    "labels.npz": (("extract", *NM, "--instances"), "2 shapes"),
    "off.csv": (("simulate", "--microscope", "con1"), "0 of 1 emitters"),
    "one_id_two_pieces.npy": (("extract", *NM, "--instances"), "1 label has 2 pieces"),
    "rgb_planar.tif": (("extract", *NM), "colour image"),
    "touching_ids_flat_wall.npy": (("extract", *NM), "hold 2 numbers"),
    "two_images.ome.tif": (("extract", "--instances"), "2 shapes"),
    "uint32_top_bit.tif": (("extract", *NM, "--instances"), "2 shapes"),
    "vn.obj": (("info",), "volume 0.8847 µm³"),
}
READ_RIGHT = {"long-mesh-1000.off", "long-mesh-4166.off"}  # long, but not longer than there are


@dataclass(frozen=True)
class Run:
    """What a command said, and what it took."""

    status: int
    said: str
    seconds: float
    gigabytes: float


def run(words: tuple[str, ...], file: Path, folder: Path) -> Run:
    """Run a command on a file, in a process of its own."""
    outputs = {"extract": "library", "simulate": "image.tif", "dataset": "set"}
    target = [str(folder / outputs[words[0]])] if words[0] in outputs else []
    code = "import sys; from napari_3dmsl.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, words[0], str(file), *target, *words[1:]]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Run(process.returncode, said, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6)


def hostile_words(file: Path) -> tuple[str, ...]:
    """Return what a person would do with such a file."""
    if file.name.endswith((".tif", ".npy", ".npz", ".nii", ".zarr")):
        return ("extract", *NM)
    if file.name.endswith(".json"):
        return ("dataset",)
    if file.name.endswith((".off", ".obj", ".csv")):
        return ("simulate", "--microscope", "con1")
    return ("info",)


def row(file: Path, words: tuple[str, ...], wanted: str | None) -> bool:
    """Print one row; ``None`` wants a refusal."""
    with tempfile.TemporaryDirectory() as folder:
        done = run(words, file, Path(folder))
        left = list(Path(folder).iterdir())
    if wanted is None:
        one_line = done.said.startswith("Error: ") and done.said.count("\n") == 1
        right = done.status == 1 and one_line and str(file) in done.said and not left
    else:
        right = wanted in done.said
    right = right and done.seconds < MOST_S and done.gigabytes < MOST_GB
    lines = done.said.replace(str(file), "…").strip().splitlines() or [""]
    said = next((line for line in lines if wanted and wanted in line), lines[0])
    name = file.relative_to(CASES)
    print(
        f"| {name} | {'right' if right else 'WRONG'} | {said} | {done.seconds:.1f} s |"
        f" {done.gigabytes:.2f} GB |"
    )
    return right


def main() -> None:
    print("| file | | what is said | processor | memory |\n|---|---|---|---|---|")
    files = {name: FILES.get(name, (("extract",), SIZE)) for name in label_files()}
    rights = [row(CASES / "files" / name, *told) for name, told in files.items()]
    for case in sorted((CASES / "hostile").iterdir()):
        file = case if case.is_file() else next(case.iterdir())
        wanted = "vertices" if case.name in READ_RIGHT else None
        rights.append(row(file, ("info",) if wanted else hostile_words(file), wanted))
    print(f"\n{sum(rights)} of {len(rights)} right")
    sys.exit(not all(rights))


def label_files() -> list[str]:
    """Names of the files, without the script that opens a window."""
    return sorted(p.name for p in (CASES / "files").iterdir() if p.suffix != ".py")


if __name__ == "__main__":
    main()
