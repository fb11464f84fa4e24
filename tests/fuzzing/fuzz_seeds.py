"""Sound files of every kind that the program reads, small, made by the code itself.

A seed is what is given to the program, a file or a folder, with all files that belong to it.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import containers
import numpy as np
import tifffile
import tomli_w

from napari_3dmsl.compute import Here
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
from napari_3dmsl.image_io.ome_zarr import write_ome_zarr
from napari_3dmsl.library.library import write_library
from napari_3dmsl.library.measure import measure_library
from napari_3dmsl.matching.answers import write_answers
from napari_3dmsl.matching.two_minute_test import Answer
from napari_3dmsl.microscope.presets import load_camera, load_microscope, load_objective
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import Mesh, write_mesh
from napari_3dmsl.shapes.sampling import SampleSettings
from napari_3dmsl.shapes.shape import Shape, measure_shapes

VOXEL_NM = (24.0, 24.0, 24.0)
SHAPE = (10, 16, 22)


@dataclass(frozen=True)
class Seed:
    """A file or folder ``entry`` among ``files``, which are named from the same place."""

    kind: str
    entry: str
    files: dict[str, bytes]


def make_seeds(scratch: Path) -> list[Seed]:
    """Return all seeds, always the same; files are made in a scratch folder on the way."""
    scratch.mkdir(parents=True, exist_ok=True)
    labels, shapes = _labels(), _shapes()
    return [
        *_tiffs(scratch, labels),
        *_sections(labels),
        *_arrays(labels),
        *_nifti(labels),
        *_meshes(scratch, shapes[0].mesh),
        Seed("points", "a.csv", {"a.csv": b"z_um,y_um,x_um,brightness\n1,0.5,-0.25,2\n2,0,0,1\n"}),
        *_libraries(scratch, shapes),
        *_settings(scratch),
        *_image_sets(scratch),
        *_zarrs(scratch, labels),
        *_volumes(scratch, labels),
        *_predictions(labels),
        *_tracks(labels),
        *_photos(),
        *_answers(scratch),
        *_measured(scratch),
        *_command_lines(scratch, labels),
    ]


def _labels() -> np.ndarray:
    z, y, x = np.indices(SHAPE)
    labels = np.zeros(SHAPE, dtype=np.uint16)
    labels[(z - 5) ** 2 + (y - 8) ** 2 + (x - 5) ** 2 <= 16] = 1
    labels[((z - 5) ** 2 + (y - 8) ** 2 <= 9) & (x >= 13) & (x <= 20)] = 2
    return labels


def _shapes() -> list[Shape]:
    settings = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1, instances=True, min_volume_um3=0)
    return measure_shapes(extract_instances(_labels(), settings))


def _tiffs(scratch: Path, labels: np.ndarray) -> Iterator[Seed]:
    told = {"unit": "um", "spacing": 0.024, "axes": "ZYX"}
    scale = {"resolution": (1 / 0.024, 1 / 0.024), "metadata": told}
    ome = {"axes": "ZYX"} | {
        f"PhysicalSize{axis}{end}": value
        for axis in "ZYX"
        for end, value in (("", 24.0), ("Unit", "nm"))
    }
    forms = {
        "imagej": {"imagej": True, **scale},
        "plain": {},
        "big": {"bigtiff": True, "byteorder": ">"},
        "deflate": {"compression": "zlib", "predictor": True},
        "lzw": {"compression": "lzw"},
        "tiles": {"tile": (16, 16), "compression": "zstd"},
        "ome": {"ome": True, "metadata": ome},
    }
    for name, options in forms.items():
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, labels, **options)
        file = f"{name}.ome.tif" if name == "ome" else f"{name}.tif"
        content = re.sub(rb"urn:uuid:[0-9a-f-]{36}", b"urn:uuid:" + b"0" * 36, buffer.getvalue())
        yield Seed("tiff", file, {file: content})
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as out:  # a thumbnail first
        out.write(labels[0, ::2, ::2].astype(np.uint8), metadata=None)
        out.write(labels, metadata=None, photometric="minisblack")
    yield Seed("tiff", "two.tif", {"two.tif": buffer.getvalue()})
    ours = scratch / "ours.ome.tif"
    about = {"software": "napari-3dmsl 0.1.0", "origin_um": [0.1, 0.2, 0.3]}
    write_ome_tiff(ours, labels, (0.024, 0.024, 0.024), about)
    yield Seed("tiff", ours.name, {ours.name: ours.read_bytes()})


def _sections(labels: np.ndarray) -> Iterator[Seed]:
    files = {}
    for number, plane in enumerate(labels[2:8]):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, plane)
        files[f"sections/s{number:03d}.tif"] = buffer.getvalue()
    yield Seed("sections", "sections", files)


def _arrays(labels: np.ndarray) -> Iterator[Seed]:
    for name, array in (("a", labels), ("whole", labels.astype(np.float32))):
        buffer = io.BytesIO()
        np.save(buffer, array)
        yield Seed("npy", f"{name}.npy", {f"{name}.npy": buffer.getvalue()})
    buffer = io.BytesIO()
    np.savez_compressed(buffer, labels=labels)
    yield Seed("npz", "a.npz", {"a.npz": buffer.getvalue()})
    buffer = io.BytesIO()
    np.savez(buffer, image=labels.astype(np.float32) / 3, labels=labels, voxel=np.ones(3))
    yield Seed("npz", "several.npz", {"several.npz": buffer.getvalue()})


def _nifti(labels: np.ndarray) -> Iterator[Seed]:
    import nibabel

    image = nibabel.Nifti1Image(np.ascontiguousarray(labels.T), np.diag([0.024, 0.024, 0.024, 1]))
    content = image.to_bytes()
    yield Seed("nifti", "a.nii", {"a.nii": content})
    yield Seed("nifti", "a.nii.gz", {"a.nii.gz": gzip.compress(content, mtime=0)})


def _meshes(scratch: Path, mesh: Mesh) -> Iterator[Seed]:
    for suffix in (".off", ".ply", ".stl", ".obj"):
        path = scratch / f"mesh{suffix}"
        write_mesh(mesh, path, 0.024)
        yield Seed("mesh", path.name, {path.name: path.read_bytes()})
    corners = "".join(f"v {x} {y} {z}\n" for x in (0, 9) for y in (0, 9) for z in (0, 9))
    quads = ("1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4")
    rest = "vn 0 0 1\nvt 0 0\n" + "".join(
        f"f {' '.join(f'{corner}/1/1' for corner in quad.split())}\n" for quad in quads
    )
    yield Seed("mesh", "quads.obj", {"quads.obj": f"o box\n{corners}{rest}".encode()})
    rows = "".join(f"{x} {y} {z} 255 0 0\n" for x in (0, 9) for y in (0, 9) for z in (0, 9))
    faces = "".join(
        f"4 {' '.join(str(int(c) - 1) for c in quad.split())} 9 9 9\n" for quad in quads
    )
    yield Seed("mesh", "coloured.off", {"coloured.off": f"COFF\n8 6 12\n{rows}{faces}".encode()})
    text = "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\n"
    text += "endloop\nendfacet\nendsolid a\n"
    yield Seed("mesh", "text.stl", {"text.stl": text.encode()})
    head = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
    head += "property float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n"
    text = f"{head}0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
    yield Seed("mesh", "text.ply", {"text.ply": text.encode()})


def _libraries(scratch: Path, shapes: list[Shape]) -> Iterator[Seed]:
    samples = SampleSettings(surface_points=40, occupancy_points=40)
    folder, archive = scratch / "library", scratch / "3.zip"
    write_library(shapes, folder, samples=samples)
    write_library(shapes, archive, samples=samples)
    files = _files(folder, "library")
    yield Seed("library", "library", files)
    released = {
        name: content for name, content in files.items() if not name.endswith("library.json")
    }
    yield Seed("library", "library", released)
    yield Seed("library", "library/1", files)
    yield Seed("samples", "library/1/occupancies.npz", files)
    yield Seed("samples", "library/1/pointcloud.ply", files)
    yield Seed("zip", "3.zip", {"3.zip": archive.read_bytes()})
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as out:
        for name in ("raw_mesh.off", "pointcloud.ply", "occupancies.npz"):
            out.writestr(zipfile.ZipInfo(f"1/{name}"), files[f"library/1/{name}"])
        image = io.BytesIO()
        tifffile.imwrite(image, np.arange(64, dtype=np.uint16).reshape(8, 8))
        out.writestr(zipfile.ZipInfo("1/Conf1_imgs/N_0_1_0.tif"), image.getvalue())
    yield Seed("zip", "1_1_2.zip", {"1_1_2.zip": stored.getvalue()})


def _settings(scratch: Path) -> Iterator[Seed]:
    small = load_microscope("epi1").replace(image_size=(16, 16)).model_dump_json()
    mesh = {"mesh.off": (scratch / "mesh.off").read_bytes(), "small.json": small.encode()}
    for kind, settings in (
        ("microscope", load_microscope("con1")),
        ("camera", load_camera("scmos")),
        ("objective", load_objective("60x-water")),
    ):
        told = settings.model_dump(mode="json")
        size = {"image_size": [16, 16]} if kind == "microscope" else {}
        yield _in_json(kind, f"{kind}.json", told | size, mesh)
        yield _in_toml(kind, f"{kind}.toml", told | size, mesh)
    yield _in_json("recipe", "recipe.json", RECIPE, _files(scratch / "library", "library"))
    yield _in_toml("recipe", "recipe.toml", RECIPE, _files(scratch / "library", "library"))


RECIPE = {
    "seed": 5,
    "source": {"library": "library"},
    "microscopes": ["epi1"],
    "views": {"six": False, "random": 1},
    "image_size": [16, 16],
    "labelling": {"density_per_um2": 10},
    "ground_truth": ["mask", "emitters", "meshes"],
}


def _in_json(kind: str, name: str, told: dict, files: dict[str, bytes]) -> Seed:
    return Seed(kind, name, {**files, name: json.dumps(told, indent=1).encode()})


def _in_toml(kind: str, name: str, told: dict, files: dict[str, bytes]) -> Seed:
    values = {field: value for field, value in told.items() if value is not None}
    return Seed(kind, name, {**files, name: tomli_w.dumps(values).encode()})


def _image_sets(scratch: Path) -> Iterator[Seed]:
    told = {**RECIPE, "source": {"library": str(scratch / "library")}}
    folder = scratch / "set"
    generate(Recipe(**told), folder, workers=1)
    library = _files(scratch / "library", "library")
    recipe = {"recipe.json": json.dumps(RECIPE).encode()}
    files = _files(folder, "set") | library | recipe
    yield Seed("image_set", "set", files)
    journal = files | {"set/.finished.jsonl": b'{"group":"000001","rows":[]}\n'}
    yield Seed("image_set", "set", journal)


def _zarrs(scratch: Path, labels: np.ndarray) -> Iterator[Seed]:
    path = scratch / "a.zarr"
    about = {"software": "napari-3dmsl 0.1.0", "seed": 7, "microscope": {"name": "a"}}
    write_ome_zarr(path, labels, (0.024,) * 3, about, labels={"mask": labels})
    yield Seed("zarr", "a.zarr", _files(path, "a.zarr"))
    path = scratch / "channels.zarr"
    several = np.stack([labels[:, :8, :8]] * 2)[None]
    told = {"axes": "TCZYX", "channels": ("a", "b"), "labels": {"mask": several[:, 0]}}
    write_ome_zarr(path, several, (0.024,) * 3, about, **told)
    yield Seed("zarr", "channels.zarr", _files(path, "channels.zarr"))


def _volumes(scratch: Path, labels: np.ndarray) -> Iterator[Seed]:
    """The containers of electron microscopy, as others write them."""
    for name in ("ome_zarr_04", "ome_zarr_05", "plain_zarr", "n5", "precomputed"):
        yield from _container(scratch, name, labels)
    for name in ("cremi", "ilastik", "imaris", "mrc", "nrrd"):
        yield from _container(scratch, name, labels)


def _container(scratch: Path, name: str, labels: np.ndarray) -> Iterator[Seed]:
    folder = scratch / name
    folder.mkdir()
    path = getattr(containers, name)(folder, labels, VOXEL_NM)
    files = _files(path, path.name) if path.is_dir() else {path.name: path.read_bytes()}
    yield Seed("volume", path.name, files)


def _predictions(labels: np.ndarray) -> Iterator[Seed]:
    """Masks that are scored beside the truth."""
    from PIL import Image

    truth, found = labels[5], np.roll(labels[5], 1)
    tiffs = {"pairs/truth.tif": _tiff(truth), "pairs/found.tif": _tiff(found)}
    yield Seed("prediction", "pairs/found.tif", tiffs)
    yield Seed("prediction", "pairs/truth.tif", tiffs)
    image = io.BytesIO()
    Image.fromarray(found.astype(np.uint8)).save(image, "PNG")
    yield Seed("prediction", "pairs/found.png", {**tiffs, "pairs/found.png": image.getvalue()})


def _tracks(labels: np.ndarray) -> Iterator[Seed]:
    """Sequences of the Cell Tracking Challenge."""
    files = {}
    for place, stem, text in (
        ("01_GT/TRA", "man_track", "1 0 2 0\n2 0 2 0\n"),
        ("01_RES", "mask", "1 0 1 0\n2 0 2 0\n3 2 2 1\n"),
    ):
        table = "man_track.txt" if stem == "man_track" else "res_track.txt"
        files[f"{place}/{table}"] = text.encode()
        for time in range(3):
            plane = np.roll(labels[5], time, axis=0)
            if stem == "mask" and time == 2:
                plane = np.where(plane == 1, 3, plane)
            files[f"{place}/{stem}{time:03d}.tif"] = _tiff(plane.astype(np.uint16))
    yield Seed("tracks", "01_RES", files)
    yield Seed("tracks", "01_GT", files)


def _photos() -> Iterator[Seed]:
    """Images of a camera, which are calibrated, and looked at for their microscope."""
    pixels = np.random.default_rng(0).poisson(200, (64, 64)).astype(np.uint16)
    yield Seed("photo", "photo.tif", {"photo.tif": _tiff(pixels)})
    buffer = io.BytesIO()
    np.save(buffer, pixels)
    yield Seed("photo", "photo.npy", {"photo.npy": buffer.getvalue()})


def _tiff(plane: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, plane)
    return buffer.getvalue()


def _answers(scratch: Path) -> Iterator[Seed]:
    answers = [
        Answer("a", 0, n, "real" if n < 5 else "simulated", str(n), n % 3 > 0, 2.0)
        for n in range(10)
    ]
    path = write_answers(scratch / "answers.csv", answers)
    yield Seed("answers", "answers.csv", {"answers.csv": path.read_bytes()})


def _measured(scratch: Path) -> Iterator[Seed]:
    """A released library with what was measured beside it."""
    folder = scratch / "measured"
    for file in sorted((scratch / "library").glob("*/raw_mesh.off")):
        place = folder / file.parent.name
        place.mkdir(parents=True)
        (place / file.name).write_bytes(file.read_bytes())
    measure_library(folder, place=Here())
    yield Seed("measures", "measured/measures.csv", _files(folder, "measured"))


def _command_lines(scratch: Path, labels: np.ndarray) -> Iterator[Seed]:
    """Lines of words; GIVEN and TARGET in them stand for folders."""
    small = load_microscope("epi1").replace(image_size=(16, 16)).model_dump_json()
    array = io.BytesIO()
    np.save(array, labels)
    files = {
        "small.json": small.encode(),
        "a.npy": array.getvalue(),
        **_files(scratch / "library", "library"),
        "recipe.json": json.dumps(RECIPE).encode(),
        "truth.tif": _tiff(labels[5]),
    }
    for line in (
        "simulate GIVEN/library/1/raw_mesh.off TARGET/a.tif --microscope GIVEN/small.json "
        "--focus-um 0.1 --depth-um 1 --density 20 --seed 1 --view x90",
        "simulate GIVEN/library TARGET/a.tif --microscope GIVEN/small.json --shape-id 1 "
        "--rotate 0 1 2 --noise camera --background-photons 3",
        "extract GIVEN/a.npy TARGET/library --voxel-nm 24 24 24 --downsample 1 --workers 1 "
        "--erosion-nm 24 --connectivity 26 --regrow dilate --min-volume-um3 0",
        "extract GIVEN/a.npy TARGET/a.zip --voxel-nm 24 24 24 --seed 3 --memory-limit 500MB",
        "export GIVEN/library TARGET/out --form obj --ids 1,2 --class dot --workers 1",
        "score GIVEN/truth.tif GIVEN/truth.tif --objects auto --patch 8 --json",
        "dataset GIVEN/recipe.json TARGET/set --dry-run --library GIVEN/library",
        "info GIVEN/library --json --channel 0",
        "schema camera",
        "calibrate GIVEN/truth.tif --numerical-aperture 1.4 --emission-nm 600 --pixel-nm 80",
        "lay-out GIVEN/library TARGET/out --tool coco --truth mask",
        "compare-libraries GIVEN/library GIVEN/library --csv TARGET/a.csv",
        "measure GIVEN/library --workers 1",
    ):
        words = json.dumps(line.split(), indent=0).encode()
        yield Seed("command_line", "words.json", {**files, "words.json": words})


def _files(folder: Path, name: str) -> dict[str, bytes]:
    found = (file for file in sorted(folder.rglob("*")) if file.is_file())
    place = str(folder.parent).encode()  # another one each time; the seeds are not
    return {
        f"{name}/{file.relative_to(folder).as_posix()}": file.read_bytes().replace(place, b"/made")
        for file in found
    }
