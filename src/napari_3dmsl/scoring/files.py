"""Score files: images, surfaces or sequences, one or a folder of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.mesh_io.mesh_files import MESH_SUFFIXES
from napari_3dmsl.scoring.images import Score, score_images
from napari_3dmsl.scoring.instances import OBJECT_SCORES
from napari_3dmsl.scoring.label_files import LabelImage, is_label_image, read_labels
from napari_3dmsl.scoring.pairs import paired
from napari_3dmsl.scoring.settings import ScoreSettings
from napari_3dmsl.scoring.surfaces import mesh_overlap, surface_scores
from napari_3dmsl.scoring.table import ScoreTable, table_of
from napari_3dmsl.scoring.tracks import is_track_folder, open_tracks, sequences_in, track_scores
from napari_3dmsl.shapes.mesh import read_mesh

if TYPE_CHECKING:
    from napari_3dmsl.progress import Progress


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
    if _holds_meshes(one):
        return _score_meshes(one, other, settings, mesh_unit_um, progress)
    return _score_images(one, other, settings, progress)


def _is_mesh(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in MESH_SUFFIXES


def _holds_meshes(path: Path) -> bool:
    if path.is_file():
        return _is_mesh(path)
    return not is_label_image(path) and any(map(_is_mesh, path.iterdir()))


def _score_images(
    truth: Path, prediction: Path, settings: ScoreSettings, progress: Progress | None
) -> ScoreTable:
    pairs, notes = paired(truth, prediction, is_label_image, "masks or labels: TIFF, PNG, OME-Zarr")
    every = settings
    if settings.objects == "auto":  # settled when all images are known
        every = settings.model_copy(update={"objects": "labels"})
    scores: list[Score] = []
    for done, (name, one, other) in enumerate(pairs):
        _tell(progress, done, len(pairs), "Scoring images")
        scores += _scores_of(name, one, other, every, progress if len(pairs) == 1 else None)
    _tell(progress, len(pairs), len(pairs), "Scoring images")
    if settings.objects == "auto":
        scores, why = _settled(scores)
        notes += why
    return table_of(scores, notes, settings.seed)


def _settled(scores: list[Score]) -> tuple[list[Score], list[str]]:
    """Leave the scores of objects out where truth or prediction is nothing but masks."""
    several = {
        side: any(score.details["objects"][side] > 1 for score in scores)
        for side in ("truths", "predictions")
    }
    if all(several.values()):
        return scores, []
    plain = []
    for score in scores:
        details = {name: each for name, each in score.details.items() if name != "objects"}
        values = {name: value for name, value in score.values.items() if name not in OBJECT_SCORES}
        plain.append(replace(score, values=values, details=details))
    if not any(several.values()):
        return plain, []
    which = "prediction" if several["truths"] else "truth"
    return plain, [f"objects not scored: the {which} is a mask of one number, without objects"]


def _tell(progress: Progress | None, done: int, total: int, what: str) -> None:
    if progress is not None and total > 1:
        progress(done, total, what)


def _scores_of(
    name: str, truth: Path, prediction: Path, settings: ScoreSettings, progress: Progress | None
) -> Iterator[Score]:
    """Give the score of a pair of files, or of each of their frames."""
    one, other = read_labels(truth), read_labels(prediction)
    size = one.voxel_nm or other.voxel_nm
    for title, true, found in _frames(name, one, other):
        try:
            yield score_images(true, found, settings, name=title, voxel_nm=size, progress=progress)
        except ValueError as error:
            raise ValueError(f"{truth.name} and {prediction.name}: {error}") from None


def _frames(name: str, truth: LabelImage, prediction: LabelImage) -> Iterator[tuple[str, Any, Any]]:
    frames = truth.frames or prediction.frames
    if not frames or tuple(truth.labels.shape) != tuple(prediction.labels.shape):
        yield name, truth.labels, prediction.labels  # shapes are told of where they are scored
        return
    for number, (one, other) in enumerate(zip(truth.labels, prediction.labels, strict=True)):
        yield f"{name} frame {number}", one, other


def _score_meshes(
    truth: Path,
    prediction: Path,
    settings: ScoreSettings,
    unit_um: float,
    progress: Progress | None,
) -> ScoreTable:
    kinds = f"meshes: {', '.join(MESH_SUFFIXES)}"
    pairs, notes = paired(truth, prediction, _is_mesh, kinds)
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
    return table_of(scores, notes, settings.seed)


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
        opened = open_tracks(one), open_tracks(other)
        values, details = track_scores(*opened, progress)
        scores.append(Score(one.name, values, {"tracks": details}))
        if not opened[0].segmentations:
            notes.append(f"{one}: no folder SEG, so SEG is that of the masks beside the tracks")
    return table_of(scores, notes, settings.seed)


def _by_number(
    truths: dict[str, Path], found: dict[str, Path], prediction: Path
) -> list[tuple[Path, Path]]:
    """Pair ``01_GT`` with ``01_RES``, and so on."""
    true = {name.partition("_")[0]: path for name, path in truths.items() if name.endswith("_GT")}
    results = {
        name.partition("_")[0]: path for name, path in found.items() if not name.endswith("_GT")
    } or {name.partition("_")[0]: path for name, path in found.items()}
    missing = sorted(set(true) - set(results))
    if missing or not true:
        raise ValueError(
            f"{prediction}: no result for sequence {missing[0] if missing else '01_GT'}; expected "
            "01_RES and so on"
        )
    return [(true[number], results[number]) for number in sorted(true)]
