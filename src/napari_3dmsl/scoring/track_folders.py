"""Sequences of the Cell Tracking Challenge as folders: tracks, the masks of frames, gold truth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_3dmsl.scoring.label_files import LABEL_IMAGES
from napari_3dmsl.timelapse.lineage import Track, read_man_track
from napari_3dmsl.volumes.slices import natural_key

if TYPE_CHECKING:
    from collections.abc import Collection

_SEQUENCE = re.compile(r"(\d+)_(GT|RES|ST|ERR_SEG)", re.IGNORECASE)
_TRUTH, _RESULT = "man_track.txt", "res_track.txt"
_STEMS = {_TRUTH: "man_track", _RESULT: "mask"}  # how the challenge calls the masks beside each
_FRAME = re.compile(r"(\d+)(?:\.ome)?$")
_FRAME_PLANE = re.compile(r"man_seg_(\d+)_(\d+)(?:\.ome)?", re.IGNORECASE)
_MOST_RUNS = 5  # of numbers of frames in an error


@dataclass(frozen=True)
class Segmentation:
    """Masks that are whole, where those beside the tracks may be markers.

    Attributes
    ----------
    path : Path
    frame : int
    plane : int, optional
        The one of the volume that they are of, counted from 0; None for all of it.
    """

    path: Path
    frame: int
    plane: int | None


@dataclass(frozen=True)
class TrackFolder:
    """A sequence on disk.

    Attributes
    ----------
    path : Path
    tracks : tuple of Track
    masks : dict
        By frame, which is the number in their names and that of the tracks.
    segmentations : tuple of Segmentation
        Of some of the frames; of a truth, and empty without any.
    """

    path: Path
    tracks: tuple[Track, ...]
    masks: dict[int, Path]
    segmentations: tuple[Segmentation, ...]


def is_track_folder(path: str | Path) -> bool:
    """Whether a folder is a sequence of the Cell Tracking Challenge, or holds some.

    Parameters
    ----------
    path
        Of a folder, which need not be there.
    """
    path = Path(path)
    return path.is_dir() and bool(sequences_in(path))


def sequences_in(folder: Path) -> dict[str, Path]:
    """Return the sequences of a folder by their number, or the folder itself if it is one.

    Parameters
    ----------
    folder
        Such as ``DATASET``, ``01_GT``, ``01_GT/TRA`` or ``01_RES``.
    """
    if _text_of(folder) is not None:
        return {"": folder}
    found = {}
    for inner in sorted(folder.iterdir()):
        name = _SEQUENCE.fullmatch(inner.name)
        if name is not None and inner.is_dir() and _text_of(inner) is not None:
            found[f"{name[1]}_{name[2].upper()}"] = inner
    return found


def _text_of(folder: Path, *, result: bool = False) -> Path | None:
    """Return the text of the tracks of a sequence, if it is one: that of its role if it has two."""
    texts = [
        text
        for place in (folder, folder / "TRA")
        for text in sorted(place.glob("*_track.txt"))
        if not text.name.startswith(".")  # macOS lays ._man_track.txt beside it
    ]
    for name in (_RESULT, _TRUTH) if result else (_TRUTH, _RESULT):
        for text in texts:
            if text.name == name:
                return text
    return texts[0] if len(texts) == 1 else None


def open_tracks(folder: str | Path, *, result: bool = False) -> TrackFolder:
    """Read the tracks of a sequence and find its masks.

    Parameters
    ----------
    folder
        With ``man_track.txt`` or ``res_track.txt`` and a mask for each frame; or with ``TRA`` and
        perhaps ``SEG`` in it, as ``01_GT``.
    result
        Whether it is scored, not the truth: of two texts the truth takes ``man_track.txt`` and a
        result ``res_track.txt``, each with the masks that go by its name.

    Raises
    ------
    ValueError
        One line: no tracks, no masks, or tracks that cannot be.
    """
    folder = Path(folder)
    text = _text_of(folder, result=result)
    if text is None:
        raise ValueError(
            f"{folder}: no tracks; expected man_track.txt or res_track.txt beside a mask for each "
            "frame"
        )
    masks = _by_frame(_masks_in(text.parent, _STEMS.get(text.name, "")))
    if not masks:
        raise ValueError(
            f"{text.parent}: no masks; expected {', '.join(LABEL_IMAGES)}, one a frame"
        )
    tracks = tuple(read_man_track(text))
    _check_tracks(text, tracks)
    whole = text.parent.parent / "SEG" if text.parent.name.upper() == "TRA" else folder / "SEG"
    segmentations = () if result else _segmentations_in(whole, masks)
    return TrackFolder(folder, tracks, masks, segmentations)


def _masks_in(folder: Path, stem: str) -> list[Path]:
    """Return the masks in a folder: those that the challenge would name so, if any, else all."""
    files = folder.iterdir() if folder.is_dir() else ()
    found = [f for f in files if f.suffix.lower() in LABEL_IMAGES and not f.name.startswith(".")]
    named = [file for file in found if file.name.lower().startswith(stem)]
    return sorted(named or found, key=natural_key)


def _by_frame(masks: list[Path]) -> dict[int, Path]:
    """Return masks by the numbers at the end of their names, the lowest first."""
    found: dict[int, Path] = {}
    for path in masks:
        number = _FRAME.search(path.stem)
        if number is None:
            raise ValueError(f"{path}: no number of a frame at the end of its name")
        other = found.setdefault(int(number[1]), path)
        if other != path:
            raise ValueError(
                f"{other}: {path.name} is of frame {int(number[1])}, too; expected one"
            )
    return dict(sorted(found.items()))


def _segmentations_in(folder: Path, frames: Collection[int]) -> tuple[Segmentation, ...]:
    """Return those of whole frames, ``man_seg007.tif``, and of planes, ``man_seg_007_012.tif``."""
    planes = []
    whole = []
    for path in _masks_in(folder, "man_seg"):
        name = _FRAME_PLANE.fullmatch(path.stem)
        if name is None:
            whole.append(path)
        else:
            planes.append(Segmentation(path, int(name[1]), int(name[2])))
    found = [Segmentation(path, frame, None) for frame, path in _by_frame(whole).items()] + planes
    for one in found:
        if one.frame not in frames:
            raise ValueError(
                f"{one.path}: the tracks have no mask of frame {one.frame}; they have "
                f"{frames_in_words(frames)}"
            )
    return tuple(found)


def frames_in_words(frames: Collection[int]) -> str:
    """Return numbers of frames as people read them: ``0 to 3, 7``.

    Parameters
    ----------
    frames
        Their numbers.
    """
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if runs and frame == runs[-1][-1] + 1:
            runs[-1][1:] = [frame]
        else:
            runs.append([frame])
    words = [" to ".join(map(str, run)) for run in runs]
    return ", ".join(words[:_MOST_RUNS] + ["…"] * (len(words) > _MOST_RUNS))


def _check_tracks(text: Path, tracks: tuple[Track, ...]) -> None:
    """Refuse what is no set of tracks, as the challenge does."""
    by_label = {track.label: track for track in tracks}
    if len(by_label) < len(tracks):
        raise ValueError(f"{text}: a label has two lines; expected one each")
    for track in tracks:
        _check_parents(text, track, by_label)
        if track.label < 1 or track.first > track.last:
            raise ValueError(
                f"{text}: track {track.label} lasts from frame {track.first} to {track.last}; "
                "expected labels above 0 and the first frame first"
            )


def _check_parents(text: Path, track: Track, by_label: dict[int, Track]) -> None:
    for parent in track.parents:
        if parent not in by_label:
            raise ValueError(
                f"{text}: track {track.label} has the parent {parent}, but there is no track "
                f"{parent}; expected one, or 0 for no parent"
            )
        if by_label[parent].last >= track.first:
            raise ValueError(
                f"{text}: track {track.label} begins in frame {track.first}, but its parent "
                f"{parent} does not end before"
            )
