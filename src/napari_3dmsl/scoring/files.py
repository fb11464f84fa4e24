"""Score files: images, surfaces or sequences, one or a folder of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.mesh_io.mesh_files import MESH_SUFFIXES
from napari_3dmsl.scoring.images import Score
from napari_3dmsl.scoring.label_files import is_label_image, read_labels
from napari_3dmsl.scoring.pairs import holds, paired
from napari_3dmsl.scoring.sets import for_all, scores_of, settled_table
from napari_3dmsl.scoring.settings import ScoreSettings
from napari_3dmsl.scoring.surfaces import mesh_overlap, surface_scores
from napari_3dmsl.scoring.table import ScoreTable, table_of
from napari_3dmsl.scoring.track_folders import is_track_folder, open_tracks, sequences_in
from napari_3dmsl.scoring.tracks import track_scores
from napari_3dmsl.shapes.mesh import read_mesh

if TYPE_CHECKING:
    from napari_3dmsl.progress import Progress

_SAME_SIZE = 1e-3  # files round the sizes of their voxels


def score_files(
    truth: str | Path,
    prediction: str | Path,
    settings: ScoreSettings | None = None,
    *,
    mesh_unit_um: float = 1.0,
    progress: Progress | None = None,
) -> ScoreTable:
    """Score predictions beside the truth, both as files.

    Parameters
    ----------
    truth, prediction
        Two images, two meshes, or two folders: of images or of meshes, which are paired by name, or
        sequences of the Cell Tracking Challenge.
    settings
        What is scored; by default `ScoreSettings`.
    mesh_unit_um
        Length of the unit of mesh files in µm; 0.024 for those of the 3DMSL release.
    progress
        Called with (done, total, what); raise in it to cancel.

    Returns
    -------
    ScoreTable

    Raises
    ------
    ValueError
        One line: files that are missing, damaged, not paired or of different shapes.
    """
    settings = ScoreSettings() if settings is None else settings
    one, other = Path(truth), Path(prediction)
    for path in (one, other):
        if not path.exists():
            raise ValueError(f"{path}: no such file or folder")
    tracks = [is_track_folder(path) for path in (one, other)]
    if all(tracks):
        return _score_tracks(one, other, settings, progress)
    if any(tracks):
        folder, with_tracks = (other, one) if tracks[0] else (one, other)
        raise ValueError(
            f"{folder}: no tracks, but {with_tracks} has some; expected man_track.txt or "
            "res_track.txt in it"
        )
    if _are_meshes(one, other):
        return _score_meshes(one, other, settings, mesh_unit_um, progress)
    return _score_images(one, other, settings, progress)


def _is_mesh(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in MESH_SUFFIXES


def _are_meshes(truth: Path, prediction: Path) -> bool:
    """Whether meshes are scored: the kind of file that both sides hold."""
    kinds = [kind for kind in _kinds_in(truth) if kind in _kinds_in(prediction)]
    if len(kinds) > 1:
        raise ValueError(
            f"{truth} and {prediction} hold meshes and images; give folders that hold one kind"
        )
    return kinds == ["meshes"] or (not kinds and _is_mesh(truth))


def _kinds_in(path: Path) -> list[str]:
    """Return what can be scored at a place: ``meshes``, ``images``, or both."""
    if path.is_file() or is_label_image(path):
        return ["meshes" if _is_mesh(path) else "images"]
    inside = [each for each in path.iterdir() if not each.name.startswith(".")]
    found = {
        "meshes": any(_is_mesh(each) or holds(each, _is_mesh) for each in inside),
        "images": any(map(is_label_image, inside)),
    }
    return [kind for kind, there in found.items() if there]


def _score_images(
    truth: Path, prediction: Path, settings: ScoreSettings, progress: Progress | None
) -> ScoreTable:
    pairs, notes = paired(truth, prediction, is_label_image, "masks or labels: TIFF, PNG, OME-Zarr")
    every = for_all(settings)
    scores: list[Score] = []
    for done, (name, one, other) in enumerate(pairs):
        _tell(progress, done, len(pairs), "Scoring images")
        scores += _scores_of(name, one, other, every, progress if len(pairs) == 1 else None)
    _tell(progress, len(pairs), len(pairs), "Scoring images")
    return settled_table(scores, settings, notes)


def _tell(progress: Progress | None, done: int, total: int, what: str) -> None:
    if progress is not None and total > 1:
        progress(done, total, what)


def _scores_of(
    name: str, truth: Path, prediction: Path, settings: ScoreSettings, progress: Progress | None
) -> Iterator[Score]:
    """Give the score of a pair of files, or of each of their frames."""
    one, other = read_labels(truth), read_labels(prediction)
    notes = [
        f"{path}: many different numbers side by side, a grey image? Threshold it first"
        for path, image in ((truth, one), (prediction, other))
        if image.grey
    ]
    sizes = [image.voxel_nm for image in (one, other) if image.voxel_nm]
    both = settings.voxel_nm is None and len(sizes) == 2
    if both and not np.allclose(sizes[0], sizes[1], rtol=_SAME_SIZE):
        notes.append(
            f"{truth} has voxels of {_in_nm(sizes[0])}, {prediction} of {_in_nm(sizes[1])}: "
            "compared voxel by voxel, with the size of the first"
        )
    try:
        for score in scores_of(
            one.labels,
            other.labels,
            settings,
            name,
            frames=one.frames or other.frames,
            voxel_nm=one.voxel_nm or other.voxel_nm,
            progress=progress,
        ):
            yield replace(score, notes=(*score.notes, *notes))
            notes = []  # once a file
    except ValueError as error:
        raise ValueError(f"{truth} and {prediction}: {error}") from None


def _in_nm(sizes: tuple[float, ...]) -> str:
    return " × ".join(f"{size:g}" for size in sizes) + " nm"


def _score_meshes(
    truth: Path,
    prediction: Path,
    settings: ScoreSettings,
    unit_um: float,
    progress: Progress | None,
) -> ScoreTable:
    kinds = f"meshes: {', '.join(MESH_SUFFIXES)}"
    pairs, notes = paired(truth, prediction, _is_mesh, kinds, folders_inside=True)
    scores = []
    for done, (name, one, other) in enumerate(pairs):
        _tell(progress, done, len(pairs), "Scoring surfaces")
        meshes = read_mesh(one, unit_um), read_mesh(other, unit_um)
        rng = np.random.default_rng(settings.seed)
        values = surface_scores(*meshes, settings.points, rng)
        details = {"surfaces": {"floor_um": values.pop("floor_um")}}
        left_out: tuple[str, ...] = ()
        try:
            values |= mesh_overlap(*meshes, settings.points, rng)
        except ValueError as error:
            left_out = (f"{name}: no overlap: {error}",)
        scores.append(Score(name, values, details, left_out))
    _tell(progress, len(pairs), len(pairs), "Scoring surfaces")
    return table_of(scores, notes, settings.seed, "surfaces")


def _score_tracks(
    truth: Path, prediction: Path, settings: ScoreSettings, progress: Progress | None
) -> ScoreTable:
    truths, found = sequences_in(truth), sequences_in(prediction)
    if set(truths) == {""} or set(found) == {""}:
        if len(truths) > 1 or len(found) > 1:
            raise ValueError(
                f"{truth} holds {len(truths)} sequences and {prediction} {len(found)}; name one of "
                "each, such as 01_GT and 01_RES"
            )
        pairs = [(next(iter(truths.values())), next(iter(found.values())))]
    else:
        pairs = _by_number(truths, found, prediction)
    scores, notes = [], []
    for one, other in pairs:
        opened = open_tracks(one), open_tracks(other, result=True)
        values, details = track_scores(*opened, progress)
        scores.append(Score(one.name, values, {"tracks": details}))
        if not opened[0].segmentations:
            notes.append(f"{one}: no folder SEG, so SEG is that of the masks beside the tracks")
        elif math.isnan(values["seg"]):
            notes.append(f"{one}: no SEG: the folder SEG shows no object")
    return table_of(scores, notes, settings.seed, "sequences")


def _by_number(
    truths: dict[str, Path], found: dict[str, Path], prediction: Path
) -> list[tuple[Path, Path]]:
    """Pair ``01_GT`` with ``01_RES``, and so on."""
    true = {name.partition("_")[0]: path for name, path in truths.items() if name.endswith("_GT")}
    if not true:
        raise ValueError(
            f"{next(iter(truths.values())).parent}: no truth, only {', '.join(truths)}; expected "
            "01_GT and so on"
        )
    results = {name: path for name, path in found.items() if not name.endswith("_GT")} or found
    return [(true[number], _result_of(number, results, prediction)) for number in sorted(true)]


def _result_of(number: str, results: dict[str, Path], folder: Path) -> Path:
    """Return ``01_RES``; without one, what else is there of the sequence, such as ``01_ST``."""
    named = {name: path for name, path in results.items() if name.partition("_")[0] == number}
    if f"{number}_RES" in named:
        return named[f"{number}_RES"]
    if not named:
        raise ValueError(
            f"{folder}: no result for sequence {number}; expected {number}_RES and so on"
        )
    if len(named) > 1:
        raise ValueError(
            f"{folder}: {' and '.join(named)} may be the result for sequence {number}; expected "
            f"{number}_RES, or name one of each, such as {number}_GT and {next(iter(named))}"
        )
    return next(iter(named.values()))
