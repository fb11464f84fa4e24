"""Scores of tracks as the Cell Tracking Challenge has them: SEG, DET and TRA.

Objects are matched here, frame by frame, and the corrections of the graph are counted by
``py-ctcmetrics`` (the extra ``score``), so that images of any format and any numbers will do.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.scoring.label_files import read_labels
from napari_3dmsl.scoring.overlaps import Pairs, overlaps_of
from napari_3dmsl.scoring.track_folders import Segmentation, TrackFolder, frames_in_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.progress import Progress


def track_scores(
    truth: TrackFolder, prediction: TrackFolder, progress: Progress | None = None
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the measures of the Cell Tracking Challenge.

    Parameters
    ----------
    truth, prediction
        Sequences of the same frames, by their numbers, and the same pixels.
    progress
        Called with frames done, frames in all and what is done; raise in it to cancel.

    Returns
    -------
    scores : dict
        ``seg``, ``det`` and ``tra``; SEG is NaN if the segmentations of the truth are all empty.
    counts : dict
        Objects, links, and each kind of correction.

    Raises
    ------
    ValueError
        One line: other frames or pixels, tracks that the masks do not show, nothing to be found, or
        ``py-ctcmetrics`` is missing.
    """
    count, library = _library()
    _check_frames(truth, prediction)
    _check_ends(truth)
    _check_ends(prediction)
    if len(truth.masks) < 2:
        raise ValueError(f"{truth.path}: one frame; tracks need two or more")
    labels_ref, labels_comp, mapped_ref, mapped_comp = [], [], [], []
    best: list[NDArray[np.float64]] = []
    for done, (frame, one) in enumerate(truth.masks.items(), start=1):
        other = prediction.masks[frame]
        shown = read_labels(other).labels
        pairs = _pairs_of(one, other, shown)
        _check_frame(truth, frame, pairs.truths)
        _check_frame(prediction, frame, pairs.predictions)
        covers = _covers(pairs)
        labels_ref.append(pairs.truths.astype(np.int64))
        labels_comp.append(pairs.predictions.astype(np.int64))
        mapped_ref.append(labels_ref[-1][pairs.truth[covers]])
        mapped_comp.append(labels_comp[-1][pairs.prediction[covers]])
        if not truth.segmentations:
            best.append(_best_iou(pairs))
        for whole in truth.segmentations:
            if whole.frame == frame:
                best.append(_best_iou(_pairs_of(whole.path, other, _part(whole, other, shown))))
        if progress is not None:
            progress(done, len(truth.masks), "Matching frames")
    objects = sum(map(len, labels_ref))
    if objects == 0:
        raise ValueError(f"{truth.path}: no frame of the truth shows an object")
    ious = np.concatenate(best)
    seg = float(ious.mean()) if len(ious) else math.nan
    if sum(map(len, labels_comp)) == 0:
        return {"seg": seg, "det": 0.0, "tra": 0.0}, {"objects": objects, "found": 0}
    counts = count(
        _rows(truth), _rows(prediction), labels_ref, labels_comp, mapped_ref, mapped_comp
    )
    tra, aogm, _ = library.tra(**counts)
    scores = {"seg": seg, "det": float(library.det(**counts)), "tra": float(tra)}
    return scores, _told(counts, aogm)


def _library() -> tuple[Any, Any]:
    try:
        from ctc_metrics import metrics
        from ctc_metrics.utils.representations import count_acyclic_graph_correction_operations
    except ImportError:
        raise ValueError(
            "scores of tracks need the package py-ctcmetrics: pip install 'napari-3dmsl[score]'"
        ) from None
    return count_acyclic_graph_correction_operations, metrics


def _check_frames(truth: TrackFolder, prediction: TrackFolder) -> None:
    """Refuse sequences that cannot be paired frame by frame."""
    without = [
        f"{one.path} has no mask of frame {frames_in_words(lacking)}"
        for one, other in ((prediction, truth), (truth, prediction))
        if (lacking := set(other.masks) - set(one.masks))
    ]
    if without:
        raise ValueError(
            f"{' and '.join(without)}; expected the same frames in both, by the numbers in the "
            "names of the masks"
        )


def _check_ends(folder: TrackFolder) -> None:
    """Refuse tracks that begin or end in a frame without a mask."""
    for track in folder.tracks:
        lacking = {track.first, track.last} - set(folder.masks)
        if lacking:
            raise ValueError(
                f"{folder.path}: track {track.label} lasts from frame {track.first} to "
                f"{track.last}, but no mask has the number {frames_in_words(lacking)} in its "
                f"name; they have {frames_in_words(folder.masks)}"
            )


def _pairs_of(truth: Path, prediction: Path, shown: Any) -> Pairs:
    """Return the objects of a mask beside those that the prediction, or a plane of it, shows."""
    try:
        return overlaps_of(read_labels(truth).labels, shown).pairs
    except ValueError as error:
        raise ValueError(f"{truth} and {prediction}: {error}") from None


def _part(truth: Segmentation, prediction: Path, shown: Any) -> Any:
    """Return what a segmentation is compared with: the mask of its frame, or a plane of that."""
    if truth.plane is None:
        return shown
    volume = shown if shown.ndim == 3 else shown[np.newaxis]  # one plane is stored as an image
    if truth.plane >= len(volume):
        raise ValueError(
            f"{truth.path} is of plane {truth.plane}, but {prediction} has {len(volume)}, counted "
            "from 0"
        )
    return volume[truth.plane]


def _check_frame(folder: TrackFolder, frame: int, labels: NDArray[Any]) -> None:
    """Refuse masks that do not show what the tracks say."""
    told = {track.label for track in folder.tracks if track.first <= frame <= track.last}
    seen = set(labels.tolist())
    if seen != told:
        only, which = (seen - told, "seen, but has no track") if seen - told else (told - seen, "")
        raise ValueError(
            f"{folder.masks[frame]}: label {min(only)} is "
            f"{which or 'not seen, but its track says that it should'} in frame {frame}"
        )


def _covers(pairs: Pairs) -> NDArray[np.bool_]:
    """Which pairs are matched: the predicted object covers more than half of the true one."""
    covers: NDArray[np.bool_] = 2 * pairs.shared > pairs.truth_sizes[pairs.truth]
    return covers


def _best_iou(pairs: Pairs) -> NDArray[np.float64]:
    """Return the IoU of each true object with the one that covers it, 0 without one."""
    best = np.zeros(len(pairs.truths))
    covers = _covers(pairs)
    best[pairs.truth[covers]] = pairs.iou[covers]
    return best


def _rows(folder: TrackFolder) -> NDArray[np.int64]:
    """Return label, first and last frame and parent of each track, frames by their places."""
    place = {frame: at for at, frame in enumerate(folder.masks)}
    rows = [
        (
            track.label,
            place[track.first],
            place[track.last],
            track.parents[0] if track.parents else 0,
        )
        for track in folder.tracks
    ]
    return np.array(rows, np.int64).reshape(-1, 4)


def _told(counts: dict[str, Any], aogm: float) -> dict[str, Any]:
    words = {
        "objects": "num_vertices",
        "links": "num_edges",
        "splits": "NS",
        "missed_objects": "FN",
        "false_objects": "FP",
        "redundant_links": "ED",
        "missing_links": "EA",
        "wrong_links": "EC",
    }
    return {**{word: int(counts[name]) for word, name in words.items()}, "aogm": float(aogm)}
