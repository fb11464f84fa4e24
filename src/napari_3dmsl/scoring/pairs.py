"""Which prediction belongs to which truth: files of two folders, paired by their names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from napari_3dmsl.volumes.slices import natural_key

_ENDINGS = re.compile(
    r"([_-](cp|masks?|labels?|instances?|seg|segmentation|pred|prediction|gt|truth))+$",
    re.IGNORECASE,
)
"""What programs hang behind the name of an image, such as ``_cp_masks`` of Cellpose."""


def paired(
    truth: Path, prediction: Path, fits: Callable[[Path], bool], kinds: str
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

    Returns
    -------
    pairs : list of (name, truth, prediction)
        In the order of the names.
    notes : list of str
        Predictions without a truth.

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
    truths, predictions = (_by_name(folder, fits, kinds) for folder in (truth, prediction))
    missing = sorted(set(truths) - set(predictions))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ValueError(
            f"{prediction}: no prediction for {truths[missing[0]].name}{more}; expected a file of "
            "the same name for each of the truth"
        )
    extra = sorted(set(predictions) - set(truths))
    notes = [f"{len(extra)} predictions have no truth and are left out: {', '.join(extra[:3])}"]
    names = sorted(truths, key=lambda name: natural_key(Path(name)))
    return [(n, truths[n], predictions[n]) for n in names], notes if extra else []


def _is_one(path: Path, fits: Callable[[Path], bool]) -> bool:
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    return path.is_file() or fits(path)


def _by_name(folder: Path, fits: Callable[[Path], bool], kinds: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not fits(path):
            continue
        name = image_name(path)
        if name in found:
            raise ValueError(
                f"{folder}: {found[name].name} and {path.name} are both of {name}; expected one "
                "file for each image"
            )
        found[name] = path
    if not found:
        inner = [each for each in sorted(folder.iterdir()) if _holds(each, fits)]
        hint = f"; there are some in {inner[0]}" if inner else ""
        raise ValueError(f"{folder}: nothing to score; expected {kinds}{hint}")
    return found


def _holds(path: Path, fits: Callable[[Path], bool]) -> bool:
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
    stem = path.name.split(".")[0] or path.name
    return _ENDINGS.sub("", stem) or stem
