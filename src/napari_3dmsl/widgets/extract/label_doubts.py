"""Are these labels of mitochondria? Asked beside the window, before *Extract* is pressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from napari_3dmsl.volumes.labels import check_labels
from napari_3dmsl.volumes.plausibility import label_warnings


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels and how they are to be taken."""

    array: NDArray[Any]
    background: int | Literal["max"] | None
    voxel_nm: tuple[float, ...] | None
    instances: bool


def doubts_about(labels: Labels, is_outdated: Callable[[], bool]) -> list[str]:
    """Say what is wrong or improbable about labels; work for a thread.

    Parameters
    ----------
    labels
        With their voxel size.
    is_outdated
        Whether nobody waits for the answer any more.
    """
    try:
        checked = check_labels(labels.array, labels.background)
    except ValueError as error:
        return [str(error)]
    return label_warnings(checked, labels.voxel_nm, labels.instances)
