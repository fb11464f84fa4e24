"""Labels of an extraction on disk, read by slices: a stand-in that other processes can open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from napari_3dmsl.shapes.extraction import Extraction


@dataclass(frozen=True)
class LabelsOnDisk:
    """Labels in an ``.npy`` file; nothing is read before it is asked for."""

    path: str
    chunks: tuple[int, int, int] = (16, 16, 16)

    @cached_property
    def _array(self) -> Any:
        return np.load(self.path, mmap_mode="r")

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "chunks": self.chunks}

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self._array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.int32)

    def __getitem__(self, box: tuple[slice, ...]) -> Any:
        return np.array(self._array[box])


def on_disk(extraction: Extraction, folder: Path) -> Extraction:
    """The same extraction with its labels on disk."""
    known = extraction.known
    path = folder / "labels.npy"
    np.save(path, extraction.labels)
    stored = replace(extraction, labels=LabelsOnDisk(str(path)))  # type: ignore[arg-type]
    vars(stored)["known"] = known
    return stored
