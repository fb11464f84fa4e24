"""A finished image set of drawn labels: flat images, stacks or films, with every array at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_3dmsl.datasets.write.index import index_columns, sha256_of, write_index
from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
from napari_3dmsl.timelapse.lineage import Track, write_lineage

SPLITS = ("train", "train", "val", "test")
ROWS, COLUMNS = 20, 30
STEP_UM, PIXEL_UM = 0.25, 0.1
PARAMETERS = ("frames", "planes", "step_nm", "pixel_nm", "objects")


def make_labelled_set(
    folder: Path, frames: int = 1, planes: int = 1, tracks: list[Track] | None = None
) -> dict[str, dict[str, np.ndarray]]:
    """Write a set; return its arrays by sample and name, each (frames, planes, R, C)."""
    folder.mkdir(parents=True)
    made = {f"scene{i}_con1": _arrays(i, frames, planes) for i in range(len(SPLITS))}
    names = [name for name in next(iter(made.values())) if name != "image"]
    columns = index_columns([*names, *(["tracks"] if tracks else [])], PARAMETERS)
    rows = []
    for number, (sample, arrays) in enumerate(made.items()):
        row: dict[str, Any] = {
            "sample": sample,
            "split": SPLITS[number],
            "group": sample,
            "view": "0",
            "microscope": "con1" if number % 2 else "epi1",
            "repeat": 0,
            "seed": number,
            "frames": frames,
            "planes": planes,
            "step_nm": 1000 * STEP_UM,
            "pixel_nm": 1000 * PIXEL_UM,
            "objects": 4,
        }
        for name, pixels in arrays.items():
            _write(folder, row, name, pixels)
        if tracks:
            place = folder / "tracks" / sample
            place.mkdir(parents=True)
            write_lineage(tracks, place / "lineage.csv")
            row |= {"tracks": f"tracks/{sample}", "tracks_sha256": sha256_of(place)}
        rows.append(row)
    write_index(folder, rows, columns)
    (folder / "recipe.lock").write_text("{}\n")
    return made


def _arrays(number: int, frames: int, planes: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(number)
    image = rng.integers(90, 1000, (frames, planes, ROWS, COLUMNS)).astype(np.uint16)
    labels = np.zeros(image.shape, dtype=np.uint16)
    for label, code in enumerate((3, 300, 2, 9), start=1):  # as they may come: not in a row
        top, left = rng.integers(0, ROWS - 8), rng.integers(0, COLUMNS - 8)
        labels[:, :, top : top + 8, left : left + label + 3] = code
        labels[:, :, top + 2 : top + 4, left + 1 : left + 3] = 0  # a hole
    kinds = np.choose(np.searchsorted([2, 3, 9, 300], labels), [2, 1, 4, 6]) * (labels > 0)
    start = "volume_" if planes > 1 else ""
    found = {"image": image, f"{start}instances": labels, f"{start}classes": kinds.astype(np.uint8)}
    return found if planes > 1 else {**found, "mask": (labels > 0).astype(np.uint8)}


def _write(folder: Path, row: dict[str, Any], name: str, pixels: np.ndarray) -> None:
    axes = "T" * (pixels.shape[0] > 1) + "Z" * (pixels.shape[1] > 1) + "YX"
    squeezed = pixels.squeeze(tuple(axis for axis in (0, 1) if pixels.shape[axis] == 1))
    path = folder / f"{name}s" / f"{row['sample']}.tif"
    path.parent.mkdir(exist_ok=True)
    sizes = (STEP_UM, PIXEL_UM, PIXEL_UM)[-2 - ("Z" in axes) :]
    write_ome_tiff(path, squeezed, sizes, axes=axes, compress=name != "image")
    row |= {name: path.relative_to(folder).as_posix(), f"{name}_sha256": sha256_of(path)}
