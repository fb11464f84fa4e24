"""Where the files of an image set lie: as in the 3DMSL release, or flat for segmentation tools.

Paths are relative to the folder of the set, with forward slashes, as its index keeps them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Container, Sequence
from pathlib import Path

from napari_3dmsl.ground_truth.registry import TRUTHS
from napari_3dmsl.library.instance_files import image_file
from napari_3dmsl.library.sinks import (
    RELEASED_PER_ZIP,
    RELEASED_ZIP,
    ZipSink,
    released_zip_names,
)
from napari_3dmsl.progress import Progress
from napari_3dmsl.writing import whole_output

IMAGES = "images"
RELEASED_SETS = {"con1": "Conf1", "conf2": "Conf2", "epi1": "Epi1"}
"""Names of the release's image sets; other microscopes give theirs."""

_AS_RELEASED = "-released"
_NAME = re.compile(r"\w[\w .+-]*")


def released_sets(microscopes: Sequence[str]) -> dict[str, str]:
    """Return the name of the image set of each microscope in the released layout.

    ``con1`` and ``con1-released`` give ``Conf1``, and so on; any other microscope its own name.

    Parameters
    ----------
    microscopes
        Names of presets or of your own.

    Raises
    ------
    ValueError
        When the files of two of them would have the same names.
    """
    sets = {name: _checked(_released_set(name), "microscope") for name in microscopes}
    for image_set in sets.values():
        same = [name for name in sets if sets[name] == image_set]
        if len(same) > 1:
            raise ValueError(
                f"microscopes {' and '.join(same)}: both are {image_set} in the released layout; "
                "leave one out or choose the flat layout"
            )
    return sets


def released_image(shape_id: int, image_set: str, view: str, repeat: int = 0) -> str:
    """Return the path of an image in 3DMSL folders, ``920/Conf1_imgs/N_0_920_x90.tif``.

    Parameters
    ----------
    shape_id
        Id of the shape.
    image_set
        From `released_sets`.
    view
        ``0``, ``x90`` and so on, or another name.
    repeat
        Takes the place of the 0 that every released name has.
    """
    return f"{shape_id}/{image_file(shape_id, image_set, _checked(view, 'view'), repeat)}"


def released_truth(
    shape_id: int, image_set: str, view: str, truth: str, suffix: str = ".tif", repeat: int = 0
) -> str:
    """Return the path of a ground truth beside its image, ``920/Conf1_masks/N_0_920_x90.tif``.

    The release has none; other programs do not look into these folders.

    Parameters
    ----------
    shape_id
        Of the shape.
    image_set
        As from `released_sets`.
    view
        One of the six views of the release.
    truth
        Name of the ground truth.
    suffix
        Ending of its file; empty for a folder.
    repeat
        Number of the labelling, from 0.
    """
    image = released_image(shape_id, image_set, view, repeat)
    folder = f"{image_set}_{_truth_folder(truth)}"
    return image.replace(f"{image_set}_imgs", folder).removesuffix(".tif") + suffix


def flat_image(sample: str, suffix: str = ".tif", split: str | None = None) -> str:
    """Return the path of an image in the flat layout, ``images/a.tif`` or ``train/images/a.tif``.

    Parameters
    ----------
    sample
        Name of the sample, the stem of all its files.
    suffix
        ``.tif`` or ``.zarr``.
    split
        Keep each split in a folder of its own.
    """
    return _flat(sample, IMAGES, suffix, split)


def flat_truth(sample: str, truth: str, suffix: str = ".tif", split: str | None = None) -> str:
    """Return the path of a ground truth in the flat layout, such as ``masks/a.tif``.

    Each has the same stem as its image, in a folder with the name of the truth (``masks`` for
    ``mask``).

    Parameters
    ----------
    sample
        Name of the image.
    truth
        Name of the ground truth.
    suffix
        Ending of its file; empty for a folder.
    split
        Part of the set, where each has a folder of its own.
    """
    return _flat(sample, _truth_folder(truth), suffix, split)


def file_name(name: str) -> str:
    """Return a name with what no file name may have replaced.

    Parameters
    ----------
    name
        Of whatever; not a path.
    """
    return re.sub(r"[^\w.+-]+", "-", name)


def pack_released(
    folder: str | Path,
    target: str | Path,
    shapes_per_zip: int = RELEASED_PER_ZIP,
    progress: Progress | None = None,
    *,
    replace: bool = False,
) -> list[Path]:
    """Pack a finished image set in 3DMSL folders into zips as released: ``1_1_2729.zip``.

    The folders stay. Files beside them (index, library table) are copied beside the zips. The same
    folders give the same bytes.

    Parameters
    ----------
    folder
        Holds ``<id>/…`` for each shape.
    target
        A new or empty folder; it takes its name only when all zips are whole.
    shapes_per_zip
        2728 as released.
    progress
        Called with (shapes done, shapes, what); an exception that it raises stops the work.
    replace
        Replace what an earlier call has written there; files of others stay.

    Returns
    -------
    list of Path
        The zips.

    Raises
    ------
    ValueError
        When there are no such folders, or the target is not empty and not to be replaced.
    OSError
        When something cannot be read or written.
    """
    folder, target = Path(folder), Path(target)
    ids = _shape_ids(folder)
    if shapes_per_zip < 1:
        raise ValueError(f"shapes_per_zip = {shapes_per_zip}: expected at least 1")
    if target.is_file() or (target.is_dir() and any(target.iterdir()) and not replace):
        raise ValueError(f"{target}: not an empty folder; choose another one for the zips")
    names = released_zip_names(ids, shapes_per_zip)
    beside = [file for file in sorted(folder.iterdir()) if file.is_file() and file.name[0] != "."]
    about = {file.name for file in beside}
    with whole_output(target, lambda file: _is_packed(file, target, about)) as new:
        new.mkdir()
        with ZipSink(new, names) as sink:
            for done, shape_id in enumerate(ids, start=1):
                for name, file in _files(folder / str(shape_id)):
                    sink.write(shape_id, name, file.read_bytes())
                if progress is not None:
                    progress(done, len(ids), "shapes packed")
        for file in beside:
            shutil.copyfile(file, new / file.name)
    return [target / name for name in dict.fromkeys(names.values())]


def _is_packed(file: Path, target: Path, about: Container[str]) -> bool:
    """Whether an earlier call has written a file of the target."""
    packed = file.name in about or RELEASED_ZIP.fullmatch(file.name) is not None
    return packed and file.parent == target.resolve()


def _released_set(microscope: str) -> str:
    preset = microscope.removesuffix(_AS_RELEASED)
    return RELEASED_SETS.get(preset, microscope)


def _truth_folder(truth: str) -> str:
    entry = TRUTHS.get(truth)
    folder = entry.folder if entry and entry.folder else _checked(truth, "ground truth")
    if folder in (IMAGES, "imgs"):
        raise ValueError(f"ground truth {truth!r}: the name of the folder of images; rename it")
    return folder


def _flat(sample: str, folder: str, suffix: str, split: str | None) -> str:
    path = f"{folder}/{_checked(sample, 'sample')}{suffix}"
    return path if split is None else f"{_checked(split, 'split')}/{path}"


def _checked(name: str, what: str) -> str:
    if not _NAME.fullmatch(name) or name[-1] in " .":
        raise ValueError(
            f"{what} {name!r}: becomes part of file names; use letters, digits, spaces and ._+-"
        )
    return name


def _shape_ids(folder: Path) -> list[int]:
    found = folder.iterdir() if folder.is_dir() else ()
    ids = sorted(
        int(f.name)
        for f in found
        if f.is_dir() and f.name == f.name.lstrip("0") and f.name.isdecimal()
    )
    if not ids:
        raise ValueError(f"{folder}: no folders <id> of shapes in it, as 3DMSL has them")
    return ids


def _files(folder: Path) -> list[tuple[str, Path]]:
    """Return the finished files of a shape by their name in the zip, in its order."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name[0] != ".")
    return sorted((file.relative_to(folder).as_posix(), file) for file in files)
