"""``napari-3dmsl info``: what a file or folder is."""

from __future__ import annotations

from contextlib import suppress
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_3dmsl.cli._output import AsJson, lengths, show

if TYPE_CHECKING:
    from napari_3dmsl.image_io.ome_zarr import ZarrImage

Report = tuple[dict[str, Any], list[str]]

_COUNTED = 256 << 20  # bytes of labels that are counted without being asked
_CONTAINERS = ("Zarr", "N5", "precomputed", "HDF5", "Imaris", "MRC", "NRRD")


def info(
    path: Annotated[
        str | None,
        typer.Argument(
            help="A mesh, labels (a URL, too), an image of a microscope, an image set, or a shape "
            "library, also in zips.",
            show_default=False,
        ),
    ] = None,
    presets: Annotated[
        bool, typer.Option("--presets", help="List microscopes, objectives, cameras, labellings.")
    ] = False,
    count: Annotated[
        bool | None,
        typer.Option(
            "--count/--no-count",
            help="Read a label volume, too: count its labels, and say what is improbable.",
            show_default="only small files",
        ),
    ] = None,
    channel: Annotated[
        int, typer.Option(help="Of an image: whose wavelengths are meant, from 0.", min=0)
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Say what a mesh, an image, a shape library or an image set is: sizes, units, counts."""
    if presets == (path is not None):
        raise ValueError("give either a PATH or --presets")
    if path is None:
        show(*_presets(), as_json)
    else:
        result, lines = _file(path, count, channel)
        show({"path": str(path), **result}, lines, as_json)


def _presets() -> Report:
    from napari_3dmsl.microscope import presets

    names = {
        "microscopes": presets.microscope_names(),
        "objectives": presets.objective_names(),
        "cameras": presets.camera_names(),
        "labellings": presets.labelling_names(),
    }
    broken = presets.broken_presets()
    folder = str(presets.user_folder())
    lines = [f"{kind}: {', '.join(found)}" for kind, found in names.items()]
    lines.append(f"yours are read from {folder} ({', '.join(names)})")
    return {**names, "folder": folder, "broken": broken}, [
        *lines,
        *(f"left out: {b}" for b in broken),
    ]


def _file(given: str, count: bool | None, channel: int) -> Report:
    from napari_3dmsl.image_io.microscope_metadata import MICROSCOPE_SUFFIXES
    from napari_3dmsl.image_io.ome_tiff import IMAGE_SUFFIXES
    from napari_3dmsl.image_io.ome_zarr import is_our_zarr, read_ome_zarr
    from napari_3dmsl.library.instance_files import LOCK_FILE, MESH_FILE
    from napari_3dmsl.library.library import is_library
    from napari_3dmsl.shapes.mesh import MESH_SUFFIXES
    from napari_3dmsl.volumes.open import LABEL_SUFFIXES, is_label_file
    from napari_3dmsl.volumes.tree import is_url, local_path

    if is_url(given):
        return _volume(given, count)
    path = local_path(given) or Path(given)
    if (path / LOCK_FILE).is_file():
        return _image_set(path)
    if (path / MESH_FILE).is_file():
        return _instance(path)
    ours = read_ome_zarr(path) if is_our_zarr(path) else None
    if ours is not None and "microscope" in ours.metadata:
        return _zarr_image(path, ours, channel)
    if path.is_dir() and not is_library(path) and is_label_file(path):
        return _volume(path, count)
    if path.is_dir() or path.suffix.lower() == ".zip":
        return _library(path)
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    if path.suffix.lower() in MESH_SUFFIXES:
        return _mesh(path)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return _image(path, channel)
    if path.suffix.lower() in MICROSCOPE_SUFFIXES:
        result, lines = _microscope(path, channel)
        return {"kind": "image", **result}, [f"{path}: {result['microscope']['kind']}", *lines]
    if is_label_file(path):
        return _volume(path, count)
    known = ", ".join((*MESH_SUFFIXES, *LABEL_SUFFIXES))
    raise ValueError(f"{path}: expected a folder of shapes or one of .zip, {known}")


def _image_set(path: Path) -> Report:
    from collections import Counter

    from napari_3dmsl.datasets.read.image_set import ImageSet

    images = ImageSet(path)
    counts = {name: dict(Counter(images.column(name))) for name in ("split", "microscope")}
    result = {"kind": "image set", "images": len(images), "ground_truth": list(images.truths)}
    shares = {
        n: ", ".join(f"{c:,} {what}" for what, c in found.items()) for n, found in counts.items()
    }
    return {**result, **counts}, [
        f"{path}: image set, {len(images):,} images ({shares['split']})",
        f"microscopes: {shares['microscope']}",
        f"ground truth: {', '.join(images.truths) or 'none'}",
    ]


def _library(path: Path) -> Report:
    from napari_3dmsl.library.library import ShapeLibrary

    library = ShapeLibrary.open(path)
    result = {
        "kind": "library",
        "shapes": len(library),
        "classes": library.class_counts,
        "unit_nm": library.unit_nm,
        "settings": library.settings,
    }
    classes = ", ".join(f"{count} {kind}" for kind, count in library.class_counts.items())
    return result, [
        f"{path}: shape library, {len(library)} shapes: {classes}",
        f"meshes in units of {library.unit_nm:g} nm",
    ]


def _instance(path: Path) -> Report:
    """Tell of the folder of one shape: its mesh, and what lies beside it."""
    from napari_3dmsl.library.instance_files import CLOUD_FILE, MESH_FILE, OCCUPANCY_FILE, image_key

    result, lines = _mesh(path / MESH_FILE)
    samples = [name for name in (CLOUD_FILE, OCCUPANCY_FILE) if (path / name).is_file()]
    found = sorted(file.relative_to(path).as_posix() for file in path.glob("*_imgs/*"))
    images = [name for name in found if image_key(name)]
    counted = {"kind": "instance", "samples": samples, "images": images}
    return result | counted, [
        f"{path}: one shape of a library",
        *lines,
        f"samples: {', '.join(samples) or 'none'}; images: {len(images)}",
    ]


def _mesh(path: Path) -> Report:
    from napari_3dmsl.library.mesh_units import mesh_unit_nm
    from napari_3dmsl.shapes.mesh import doubtful_size, read_mesh

    unit_nm = mesh_unit_nm(path)
    mesh = read_mesh(path, unit_nm / 1000)
    low, high = mesh.bounds_um
    result = {
        "kind": "mesh",
        "unit_nm": unit_nm,
        "vertices": len(mesh.vertices),
        "faces": len(mesh.faces),
        "watertight": mesh.is_watertight,
        "area_um2": mesh.area_um2,
        "volume_um3": mesh.volume_um3 if mesh.is_watertight else None,
        "size_um": (high - low).tolist(),
        "warnings": doubtful_size(mesh, unit_nm),
    }
    volume = f"{mesh.volume_um3:.4g} µm³" if mesh.is_watertight else "unknown (not watertight)"
    return result, [
        f"{path}: mesh, {len(mesh.vertices)} vertices, {len(mesh.faces)} faces",
        f"size {lengths(result['size_um'])} (z, y, x), taking its unit as {unit_nm:g} nm",
        f"area {mesh.area_um2:.4g} µm², volume {volume}",
        *(f"warning: {text}" for text in result["warnings"]),
    ]


def _image(path: Path, channel: int) -> Report:
    from dataclasses import asdict

    from napari_3dmsl.image_io.ome_tiff import describe_image
    from napari_3dmsl.volumes.open import list_series

    image, series = describe_image(path), list_series(path)
    result = {"kind": "image", **asdict(image), "series": [asdict(one) for one in series]}
    sizes = [f"{axis} {size:.4g} µm" for axis, size in image.size_um.items()]
    lines = [
        f"{path}: {image.dtype} image, {' × '.join(map(str, image.shape))} ({image.axes})",
        f"pixels: {', '.join(sizes) or 'size unknown'}",
        *(f"unit '{unit}' is not known" for unit in image.unknown_units),
        *(f"series {one}: {one.refused or 'may be labels'}" for one in series if len(series) > 1),
    ]
    if image.metadata is not None:
        lines.append(_origin(image.metadata))
    told, more = _microscope(path, channel)
    if image.metadata is not None:  # and so has told already
        more = [line for line in more if "warning: " in line]
    return result | told, lines + more


def _zarr_image(path: Path, image: ZarrImage, channel: int) -> Report:
    """Tell of an image that this package wrote as OME-Zarr."""
    image.pixels[(0,) * (image.pixels.ndim - 2)]  # damaged pixels raise, in one plane at least
    shape, dtype = [int(side) for side in image.pixels.shape], str(image.pixels.dtype)
    scales = zip(image.axes, image.scale, strict=True)
    size_um = {axis: length for axis, length in scales if axis in "ZYX"}
    result: dict[str, Any] = {"kind": "image", "axes": image.axes, "shape": shape, "dtype": dtype}
    result |= {"size_um": size_um, "metadata": image.metadata}
    sizes = ", ".join(f"{axis} {size:.4g} µm" for axis, size in size_um.items())
    lines = [
        f"{path}: {dtype} image, {' × '.join(map(str, shape))} ({image.axes})",
        f"pixels: {sizes}",
        _origin(image.metadata),
    ]
    told, more = _microscope(path, channel)
    return result | told, [*lines, *(line for line in more if "warning: " in line)]


def _microscope(path: Path, channel: int) -> Report:
    """Tell which microscope took an image."""
    from dataclasses import asdict

    from napari_3dmsl.image_io.microscope_metadata import read_microscope

    read = read_microscope(path, channel)
    told = asdict(read)
    del told["path"]
    if set(read.readings) <= {"bit_depth"} and not read.doubts:
        return {"microscope": told}, ["microscope: the file tells nothing of it"]
    lines = ["microscope, as far as the file tells:", *(f"  {line}" for line in read.lines())]
    if len(read.channels) > 1:
        named = [name or f"{number}" for number, name in enumerate(read.channels)]
        named[channel] += " (this)"
        lines.append(f"channels: {', '.join(named)}; another one: --channel")
    return {"microscope": told}, lines


def _volume(path: Path | str, count: bool | None) -> Report:
    """Tell of a label volume by its headers; of a small file its labels, too."""
    from napari_3dmsl.volumes.contents import contents_of
    from napari_3dmsl.volumes.lazy import chosen_dataset

    contents = contents_of(path)
    able = [one for one in contents.datasets if one.series.able]
    if not able:
        chosen_dataset(contents, None)  # says why
    datasets = [_dataset(one) for one in contents.datasets]
    result = {"kind": "labels", "format": contents.format, "datasets": datasets}
    lines = [f"{path}: {contents.format}, {len(datasets)} data set{'s'[: len(datasets) > 1]}"]
    for one, told in zip(contents.datasets, datasets, strict=True):
        lines += _told(one, told)
    if len(able) == 1:
        chosen = datasets[contents.datasets.index(able[0])]
        finest = chosen["levels"][0]
        result |= {name: finest[name] for name in ("shape", "dtype", "voxel_nm")}
    if count or (count is None and _small(contents)):
        counted, more = _counted(path)
        return result | counted, [*lines, *more]
    notes = [note for one in contents.datasets for note in one.notes]
    return {**result, "labels": None, "warnings": notes}, [
        *lines,
        *(f"warning: {note}" for note in notes),
    ]


def _dataset(dataset: Any) -> dict[str, Any]:
    from napari_3dmsl.volumes.lazy_labels import LazyLabels

    levels = []
    for level in dataset.levels:
        labels = LazyLabels(level.array) if dataset.series.able else level.array
        told = {"name": level.name, "shape": labels.shape, "chunks": labels.chunks}
        told |= {"dtype": str(level.array.dtype), "voxel_nm": level.size.voxel_nm}
        levels.append({**told, "size_problem": level.size.problem})
    series = dataset.series
    told = {"index": series.index, "name": series.name, "kind": dataset.kind}
    return {**told, "axes": series.axes, "refused": series.refused, "levels": levels}


def _told(dataset: Any, told: dict[str, Any]) -> list[str]:
    """Return a line for a data set, and one for each of its levels."""
    name = f" '{told['name']}'" if told["name"] else ""
    what = told["refused"] or {"labels": "labels"}.get(told["kind"], "may be labels")
    axes = "(z, y, x)" if dataset.series.able else f"({told['axes'].lower() or 'axes of the file'})"
    lines = [f"{told['index']}{name}: {what}"]
    for number, level in enumerate(told["levels"]):
        called = f" '{level['name']}'" if level["name"] else ""
        size = level["size_problem"] or f"voxels of {lengths(level['voxel_nm'], 'nm')} (z, y, x)"
        shape = " × ".join(map(str, level["shape"]))
        lines.append(f"  level {number}{called}: {shape} {axes}, {level['dtype']}, {size}")
    return lines


def _small(contents: Any) -> bool:
    """Whether a volume is small and in a file of its own, so that its labels are counted."""
    if contents.format in _CONTAINERS or isinstance(contents.place, str):
        return False
    return all(
        prod(one.levels[0].array.shape) * one.levels[0].array.dtype.itemsize <= _COUNTED
        for one in contents.datasets
    )


def _counted(path: Path | str) -> Report:
    """Read a volume, and tell of its labels."""
    from napari_3dmsl.volumes.open import open_labels
    from napari_3dmsl.volumes.plausibility import label_values, label_warnings

    volume = open_labels(path)
    labels, count = volume.labels, len(label_values(volume.labels))
    warnings = [*volume.notes, *label_warnings(labels, volume.voxel_nm, instances=True)]
    result = {
        "shape": labels.shape,
        "dtype": str(labels.dtype),
        "voxel_nm": volume.voxel_nm,
        "labels": count,
        "warnings": warnings,
    }
    return result, [
        f"{count:,} labels, {' × '.join(map(str, labels.shape))} (z, y, x), {labels.dtype}",
        *(f"warning: {text}" for text in warnings),
    ]


def _origin(metadata: dict[str, Any]) -> str:
    software = metadata.get("software", "napari-3dmsl")
    with suppress(LookupError, TypeError, ValueError):  # of a damaged file, or another version's
        optics = metadata["microscope"]
        return (
            f"simulated by {software}: {optics['name']} ({optics['modality']}), "
            f"NA {optics['numerical_aperture']:g}, {optics['emission_nm']:g} nm, "
            f"{metadata['emitters']} emitters, noise {metadata['noise']}, seed {metadata['seed']}"
        )
    return f"written by {software}"
