"""Layout of the Cell Tracking Challenge: films with segmentation and tracks."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.datasets.training.layout import Layout
from napari_3dmsl.datasets.write.index import path_inside
from napari_3dmsl.ground_truth.registry import read_truth_of
from napari_3dmsl.timelapse.lineage import Track, write_man_track

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.datasets.read.image_set import ImageSet
    from napari_3dmsl.datasets.training.cases import Case
    from napari_3dmsl.datasets.training.folder import LayoutFolder

_MOST_LABELS = 65535
_TRACKS = "tracks"


class CtcLayout(Layout):
    """``train/01/t000.tif``, ``train/01_GT/SEG`` and ``TRA``, so for ``val`` and ``test``.

    Parameters
    ----------
    folder, images, name, truth
        See `Layout`.
    """

    objects = True
    usual = ("instances", "volume_instances")

    def __init__(self, folder: LayoutFolder, images: ImageSet, name: str, truth: str) -> None:
        super().__init__(folder, images, name, truth)
        if min(images.column("frames")) < 2:
            raise ValueError(f"{images.folder}: no films; the challenge is about time-lapses")
        if _TRACKS not in images.known_truths:
            raise ValueError(f"{images.folder}: needs the ground truth tracks; this set has none")
        parts = images.column("split")
        self._digits = max(2, len(str(max(map(parts.count, set(parts))))))
        self._sequences: dict[str, list[str]] = defaultdict(list)
        self._tracks = dict(zip(images.column("sample"), images.column(_TRACKS), strict=True))

    def add(self, cases: Sequence[Case]) -> None:
        """See `Layout.add`."""
        split, sample = cases[0].split, cases[0].name.rpartition("_t")[0]
        self._sequences[split].append(sample)
        number = str(len(self._sequences[split])).zfill(self._digits)
        tracks, labels = seen_tracks(self._known(sample), [case.labels for case in cases])
        digits = max(3, len(str(len(cases) - 1)))
        for frame, (case, seen) in enumerate(zip(cases, labels, strict=True)):
            at = str(frame).zfill(digits)
            self.put_image(f"{split}/{number}/t{at}.tif", case)
            for relative in (f"TRA/man_track{at}", f"SEG/man_seg{at}"):
                place = f"{split}/{number}_GT/{relative}.tif"
                self.folder.put_pixels(place, seen, case.spacing_um, None, labels=True)
        write_man_track(tracks, self.folder.path / f"{split}/{number}_GT/TRA/man_track.txt")

    def finish(self) -> None:
        """See `Layout.finish`."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["part", "sequence", "sample"])
        for split, samples in self._sequences.items():
            for number, sample in enumerate(samples, start=1):
                writer.writerow([split, str(number).zfill(self._digits), sample])
        self.folder.put_bytes("sequences.csv", text.getvalue().encode())

    def _known(self, sample: str) -> dict[int, tuple[int, ...]]:
        """Return the parents of each object of a film by its label."""
        found = read_truth_of(_TRACKS, path_inside(self.images.folder, self._tracks[sample]))
        table = found["lineage"]
        return {
            int(label): tuple(map(int, str(parents).split()))
            for label, parents in zip(table["track"], table["parents"], strict=True)
        }


def seen_tracks(
    parents: Mapping[int, Sequence[int]], labels: Sequence[NDArray[Any]]
) -> tuple[list[Track], list[NDArray[np.uint16]]]:
    """Return tracks that are seen in each of their frames, and the labels of each frame.

    An object may leave the image, or hide behind another one. The challenge wants a track for each
    time that it is seen without a break; the later ones have the earlier one as parent.

    Parameters
    ----------
    parents
        Of each object by its label; those of a fusion the larger one first.
    labels
        Of each frame, (R, C) or (P, R, C); 0 is background.

    Returns
    -------
    tracks : list of Track
        By rising labels; first those of objects, which keep their labels, then the later ones.
    labels : list of uint16 arrays

    Raises
    ------
    ValueError
        When they are more than 65535.
    """
    seen: dict[int, list[int]] = defaultdict(list)
    for frame, pixels in enumerate(labels):
        for label in np.unique(pixels[pixels > 0]).tolist():
            seen[label].append(frame)
    new = [np.asarray(pixels).astype(np.uint16) for pixels in labels]
    runs: dict[int, list[tuple[int, int, int]]] = {}
    free = max(seen, default=0) + 1
    for label in sorted(seen):
        runs[label] = []
        for first, last in _runs(seen[label]):
            name = label
            if runs[label]:
                name, free = free, free + 1
                for frame in range(first, last + 1):
                    new[frame][labels[frame] == label] = name
            runs[label].append((name, first, last))
    if free - 1 > _MOST_LABELS:
        raise ValueError(f"{free - 1:,} tracks: the challenge has room for {_MOST_LABELS:,}")
    tracks = [
        Track(name, first, last, _parent(label, place, runs, parents))
        for label, parts in runs.items()
        for place, (name, first, last) in enumerate(parts)
    ]
    return sorted(tracks, key=lambda track: track.label), new


def _parent(
    label: int,
    place: int,
    runs: Mapping[int, list[tuple[int, int, int]]],
    parents: Mapping[int, Sequence[int]],
) -> tuple[int, ...]:
    """Return where a run comes from: the run before it, else the last one of the next ancestor."""
    if place:
        return (runs[label][place - 1][0],)
    first = runs[label][0][1]
    ancestors = list(parents.get(label, ()))
    while ancestors:  # of those that are never seen on to theirs
        ancestor = ancestors.pop(0)
        before = [name for name, _, last in runs.get(ancestor, ()) if last < first]
        if before:
            return (before[-1],)
        ancestors += parents.get(ancestor, ())
    return ()


def _runs(frames: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each row of frames without a break."""
    start = frames[0]
    for frame, following in zip(frames, [*frames[1:], None], strict=True):
        if following != frame + 1:
            yield start, frame
            if following is not None:
                start = following
