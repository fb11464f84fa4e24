"""A small finished image set, made by hand: what a run leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_3dmsl.datasets.write.index import index_columns, sha256_of, transform_cell, write_index
from napari_3dmsl.image_io.ome_tiff import write_image_array
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.simulation import Simulation
from napari_3dmsl.shapes.mesh import Mesh, write_mesh

VIEWS = ("0", "x90")
MICROSCOPES = ("con1", "epi1")
SPLITS = {1: "train", 2: "train", 3: "val", 4: "test"}
CLASSES = {1: "rod", 2: "dot", 3: "rod", 4: None}
SHAPE = (16, 24)
TRUTHS = ("mask", "depth", "emitters", "mesh")
CORNERS = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.25, 0], [0, 0, 0.125]])
FACES = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]], dtype=np.int32)


def pixels_of(shape_id: int, view: str, microscope: str) -> np.ndarray:
    """Counts that tell which image they are."""
    first = 1000 * shape_id + 100 * VIEWS.index(view) + 10 * MICROSCOPES.index(microscope)
    return (first + np.arange(SHAPE[0] * SHAPE[1]) % 7).reshape(SHAPE).astype(np.uint16)


def make_set(folder: Path) -> Path:
    """Four shapes, two views, two microscopes, four ground truths, in a new folder."""
    folder.mkdir()
    columns = index_columns(TRUTHS, ["focus_um", "world_to_field"])
    write_index(folder, _rows(folder), columns)
    (folder / "recipe.lock").write_text("{}\n")
    return folder


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    for shape_id in SPLITS:
        for view in VIEWS:
            for microscope in MICROSCOPES:
                sample = f"{shape_id:06d}_{view}_{microscope}"
                row: dict[str, Any] = {
                    "sample": sample,
                    "split": SPLITS[shape_id],
                    "group": str(shape_id),
                    "shape_id": shape_id,
                    "shape_class": CLASSES[shape_id],
                    "view": view,
                    "microscope": microscope,
                    "repeat": 0,
                    "seed": 10 * shape_id,
                    "focus_um": 0.1 * shape_id,
                    "world_to_field": transform_cell(np.eye(4)),
                }
                for name, path in _files(folder, sample, shape_id, view, microscope):
                    row[name] = path.relative_to(folder).as_posix()
                    row[f"{name}_sha256"] = sha256_of(path)
                yield row


def _files(
    folder: Path, sample: str, shape_id: int, view: str, microscope: str
) -> Iterator[tuple[str, Path]]:
    suffixes = {"image": ".tif", "mask": ".tif", "depth": ".tif", "emitters": ".csv"}
    paths = {name: folder / name / f"{sample}{end}" for name, end in suffixes.items()}
    paths["mesh"] = folder / "mesh" / sample
    for path in paths.values():
        path.parent.mkdir(exist_ok=True)
    simulation = Simulation(microscope=load_microscope(microscope).replace(image_size=SHAPE))
    pixels = pixels_of(shape_id, view, microscope)
    about = {"software": "napari-3dmsl 0.1.0", **simulation.model_dump(mode="json")}
    write_image_array(paths["image"], pixels, about)
    mask = (pixels % 3).astype(np.uint16)
    tifffile.imwrite(paths["mask"], mask)
    depth = np.where(mask, 0.25 * mask, np.nan)
    tifffile.imwrite(paths["depth"], depth.astype(np.float32))
    paths["emitters"].write_text(f"z_um,y_um,x_um,label\n0.1,0.0,2.0,1\n{1 / 3!r},-1.5,3.0,2\n")
    if shape_id == 4:
        del paths["mesh"]  # not every image has every truth
    else:
        paths["mesh"].mkdir()
        write_mesh(Mesh(CORNERS, FACES), paths["mesh"] / "label00001.off")
    yield from paths.items()
