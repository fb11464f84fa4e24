"""Several images of one prediction, such as the frames of a film, scored together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_3dmsl.scoring.images import Score, score_images
from napari_3dmsl.scoring.instances import OBJECT_SCORES, are_objects
from napari_3dmsl.scoring.overlaps import check_shapes
from napari_3dmsl.scoring.settings import ScoreSettings
from napari_3dmsl.scoring.table import ScoreTable, table_of

if TYPE_CHECKING:
    from napari_3dmsl.progress import Progress


def scores_of(
    truth: Any,
    prediction: Any,
    settings: ScoreSettings,
    name: str,
    *,
    frames: bool = False,
    voxel_nm: Sequence[float] | None = None,
    progress: Progress | None = None,
) -> Iterator[Score]:
    """Give the score of an image, or of each frame of a film.

    Parameters
    ----------
    truth, prediction
        See `score_images`; with frames along the first axis.
    settings
        From `for_all`.
    name
        What the results call it.
    frames
        Whether the first axis is time.
    voxel_nm
        Size (z, y, x) of a voxel.
    progress
        Called with (done, total, what); raise in it to cancel.

    Raises
    ------
    ValueError
        One line, see `score_images`.
    """
    check_shapes(truth.shape, prediction.shape)
    if not frames:
        yield score_images(
            truth, prediction, settings, name=name, voxel_nm=voxel_nm, progress=progress
        )
        return
    for number in range(len(truth)):
        if progress is not None:
            progress(number, len(truth), "Scoring frames")
        yield score_images(
            truth[number],
            prediction[number],
            settings,
            name=f"{name} frame {number}",
            voxel_nm=voxel_nm,
        )


def for_all(settings: ScoreSettings) -> ScoreSettings:
    """Return the settings for each of several images: objects are settled when all are known.

    Parameters
    ----------
    settings
        Of the whole.
    """
    return settings.model_copy(update={"objects": "labels"} if settings.objects == "auto" else {})


def settled_table(
    scores: Sequence[Score], settings: ScoreSettings, notes: Sequence[str] = ()
) -> ScoreTable:
    """Put scores together, without those of objects where one side is nothing but masks.

    Parameters
    ----------
    scores
        Made with `for_all`.
    settings
        Of the whole.
    notes
        What is known already.
    """
    found, why = _settled(list(scores)) if settings.objects == "auto" else (list(scores), [])
    return table_of(found, [*notes, *why], settings.seed)


def _settled(scores: list[Score]) -> tuple[list[Score], list[str]]:
    most = {
        side: max((score.details["objects"][side] for score in scores), default=0)
        for side in ("truths", "predictions")
    }
    if are_objects(**most):
        return scores, []
    plain = []
    for score in scores:
        details = {name: each for name, each in score.details.items() if name != "objects"}
        values = {name: value for name, value in score.values.items() if name not in OBJECT_SCORES}
        plain.append(replace(score, values=values, details=details))
    if max(most.values()) <= 1:
        return plain, []
    which = "prediction" if most["truths"] > 1 else "truth"
    return plain, [f"objects not scored: the {which} is a mask of one number, without objects"]
