"""Which prediction belongs to which truth: files of two folders, paired by their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from napari_3dmsl.volumes.slices import natural_key

_ENDINGS = re.compile(
    r"([._-](cp|masks?|labels?|instances?|seg|segmentation|pred|prediction|gt|truth))+$",
    re.IGNORECASE,
)
"""What programs hang behind the name of an image, such as ``_cp_masks`` of Cellpose."""

_INNER_SUFFIXES = (".ome", ".nii")
"""First halves of file endings, as in ``.ome.tif``; any other dot belongs to the name."""


def paired(
    truth: Path,
    prediction: Path,
    fits: Callable[[Path], bool],
    kinds: str,
    *,
    folders_inside: bool = False,
) -> tuple[list[tuple[str, Path, Path]], list[str]]:
    """Pair the files of two folders by name, or two files.

    Endings of files count not, nor those that programs add to the name of an image, such as
    ``_cp_masks``.

    Parameters
    ----------
    truth, prediction
        Two files or two folders.
    fits
        Whether a file in a folder is one of those that are scored.
    kinds
        What they are, for messages.
    folders_inside
        Whether folders in the folders are looked into, too, as where an image has several files.

    Returns
    -------
    pairs : list of (name, truth, prediction)
        In the order of the names.
    notes : list of str
        Predictions without a truth, and images that lie beside their masks.

    Raises
    ------
    ValueError
        One line: no files, a truth without a prediction, or two of the same name.
    """
    if _is_one(truth, fits) and _is_one(prediction, fits):
        return [(truth.name, truth, prediction)], []
    for path, other in ((truth, prediction), (prediction, truth)):
        if _is_one(path, fits):
            raise ValueError(
                f"{path} is a file and {other} a folder; give two files or two folders"
            )
    (truths, beside), (predictions, more_beside) = (
        _by_name(folder, fits, kinds, folders_inside) for folder in (truth, prediction)
    )
    notes = [*beside, *more_beside]
    missing = sorted(set(truths) - set(predictions))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ValueError(
            f"{prediction}: no prediction for {truths[missing[0]].relative_to(truth)}{more}; "
            "expected a file of the same name for each of the truth"
        )
    extra = sorted(set(predictions) - set(truths))
    if extra:
        named = ", ".join(extra[:3])
        notes.append(f"{len(extra)} predictions have no truth and are left out: {named}")
    names = sorted(truths, key=lambda name: natural_key(Path(name)))
    return [(n, truths[n], predictions[n]) for n in names], notes


def _is_one(path: Path, fits: Callable[[Path], bool]) -> bool:
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    return path.is_file() or fits(path)


def _by_name(
    folder: Path, fits: Callable[[Path], bool], kinds: str, folders_inside: bool
) -> tuple[dict[str, Path], list[str]]:
    """Return the files of a folder by the names of their images, and what was left out."""
    of_image: dict[str, list[Path]] = {}
    for path in _visible(folder):
        if fits(path):
            of_image.setdefault(image_name(path), []).append(path)
        elif folders_inside and path.is_dir():
            for one in filter(fits, _visible(path)):
                of_image.setdefault(f"{path.name}/{image_name(one)}", []).append(one)
    found = {name: _mask_of(name, paths) for name, paths in of_image.items()}
    if not found:
        inner = [each for each in sorted(folder.iterdir()) if holds(each, fits)]
        hint = f"; there are some in {inner[0]}" if inner else ""
        raise ValueError(f"{folder}: nothing to score; expected {kinds}{hint}")
    images = sum(map(len, of_image.values())) - len(found)
    return found, [f"{folder}: {images} images beside their masks are left out"] * bool(images)


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _mask_of(name: str, paths: list[Path]) -> Path:
    """Return the one file of an image, or the one whose name says mask beside the image itself."""
    masks = [path for path in paths if _ENDINGS.search(_stem(path))] if len(paths) > 1 else paths
    if len(masks) == 1:
        return masks[0]
    first, second = (masks or paths)[:2]
    raise ValueError(
        f"{first.parent}: {first.name} and {second.name} are both of {name}; expected one file for "
        "each image"
    )


def holds(path: Path, fits: Callable[[Path], bool]) -> bool:
    """Whether a path is a folder in which one file fits; False where it cannot be looked into.

    Parameters
    ----------
    path
        Of a file or folder.
    fits
        Whether a file is one of those that are looked for.
    """
    try:
        return path.is_dir() and any(map(fits, path.iterdir()))
    except OSError:  # not ours to look into
        return False


def image_name(path: Path) -> str:
    """Return the name of the image that a mask is of.

    Parameters
    ----------
    path
        Of the mask.
    """
    stem = _stem(path)
    return _ENDINGS.sub("", stem) or stem


def _stem(path: Path) -> str:
    stem = path.stem
    if stem.lower().endswith(_INNER_SUFFIXES):
        stem = Path(stem).stem
    return unicodedata.normalize("NFC", stem)  # macOS writes é as two letters
