"""What the *Score* panel has done beside the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.memory import check_memory
from napari_3dmsl.scoring.masks import error_map
from napari_3dmsl.scoring.overlaps import check_shapes
from napari_3dmsl.scoring.sets import for_all, scores_of, settled_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.scoring.settings import ScoreSettings
    from napari_3dmsl.scoring.table import ScoreTable

_PIXEL_BYTES = 12  # while masks, their labels and the errors are held


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be scored.

    Attributes
    ----------
    truth, prediction
        Arrays of labels, in memory or not.
    name : str
        Of the prediction.
    frames : bool
        Whether the first axis is time.
    voxel_nm : sequence of float, optional
        Of the truth.
    notes : tuple of str
        What is known of the layers before.
    """

    truth: Any
    prediction: Any
    name: str
    frames: bool
    voxel_nm: Sequence[float] | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Scored:
    """What came out.

    Attributes
    ----------
    table : ScoreTable
    errors : uint8 array
        See `error_map`.
    """

    table: ScoreTable
    errors: NDArray[np.uint8]


def score_task(
    task: Task, settings: ScoreSettings, progress: Callable[[int, int, str], None]
) -> Scored:
    """Score two layers.

    Parameters
    ----------
    task
        What is scored.
    settings
        And how.
    progress
        Called with (done, total, what); raise in it to cancel.

    Raises
    ------
    ValueError
        One line: other shapes, too large, or no labels.
    """
    check_shapes(task.truth.shape, task.prediction.shape)
    size = int(np.prod(task.truth.shape, dtype=np.int64))
    check_memory("scoring these layers", size * _PIXEL_BYTES)
    progress(0, 0, "Reading the layers")
    truth, prediction = np.asarray(task.truth), np.asarray(task.prediction)
    scores = list(
        scores_of(
            truth,
            prediction,
            for_all(settings),
            task.name,
            frames=task.frames,
            voxel_nm=task.voxel_nm,
            progress=progress,
        )
    )
    progress(1, 1, "Drawing the errors")
    table = settled_table(scores, settings, task.notes)
    return Scored(table, error_map(truth, prediction))
