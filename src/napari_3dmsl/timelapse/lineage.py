"""Who came from whom: the tracks of a time-lapse, as a table and as files."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_3dmsl.settings import read_text
from napari_3dmsl.writing import whole_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from napari_3dmsl.timelapse.motion import Frame

COLUMNS = ("track", "first_frame", "last_frame", "parents")


@dataclass(frozen=True)
class Track:
    """An object from its first frame to its last.

    Attributes
    ----------
    label : int
        Its value in instance masks.
    first, last : int
        Numbers of frames, from 0.
    parents : tuple of int
        None for an object that was there from the beginning, one after a fission, two after a
        fusion (the larger first).
    """

    label: int
    first: int
    last: int
    parents: tuple[int, ...] = ()


class LineageRecorder:
    """Writes down the tracks of a time-lapse while its frames go by."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, int, tuple[int, ...]]] = {}
        self._frame = 0

    def record(self, frame: Frame) -> Frame:
        """Take note of the next frame, and hand it on.

        Parameters
        ----------
        frame : Frame
            The one after the last that was recorded.
        """
        parents = {child: event.parents for event in frame.events for child in event.children}
        for found in frame.objects:
            first, _, known = self._seen.get(
                found.label, (self._frame, 0, parents.get(found.label, ()))
            )
            self._seen[found.label] = (first, self._frame, known)
        self._frame += 1
        return frame

    @property
    def tracks(self) -> list[Track]:
        """All tracks so far, by their labels."""
        return [Track(label, *self._seen[label]) for label in sorted(self._seen)]


def lineage_of(frames: Iterable[Frame]) -> list[Track]:
    """Return the tracks of frames.

    Parameters
    ----------
    frames : iterable of Frame
        From the first on, in their order.
    """
    recorder = LineageRecorder()
    for frame in frames:
        recorder.record(frame)
    return recorder.tracks


def check_lineage(tracks: Sequence[Track], labels: Sequence[Collection[int]]) -> None:
    """Check tracks against the labels that are seen in each frame.

    Each track must be seen in all frames from its first to its last and in no other, no label may
    be without a track, and parents must end in the frame before their child begins.

    Parameters
    ----------
    tracks : sequence of Track
        In any order.
    labels : sequence of collections of int
        For each frame, such as the values of its instance mask without 0.

    Raises
    ------
    ValueError
        One line about the first thing that is wrong.
    """
    by_label = {track.label: track for track in tracks}
    if len(by_label) < len(tracks):
        raise ValueError("lineage: a label has two tracks; expected one each")
    unknown = sorted(set().union(*labels) - set(by_label))
    if unknown:
        raise ValueError(f"lineage: labels {unknown} are seen, but have no track")
    for track in tracks:
        seen = [frame for frame, present in enumerate(labels) if track.label in present]
        if seen != list(range(track.first, track.last + 1)) or not seen:
            raise ValueError(
                f"lineage: track {track.label} lasts from frame {track.first} to {track.last}, but "
                f"is seen in {len(seen)} frames"
                + (f" from {seen[0]} to {seen[-1]}" if seen else "")
            )
        if len(track.parents) > 2 or len(set(track.parents)) < len(track.parents):
            raise ValueError(
                f"lineage: track {track.label} has the parents {track.parents}; expected two "
                "different ones at most"
            )
        for parent in track.parents:
            if parent not in by_label:
                raise ValueError(
                    f"lineage: track {track.label} has no parent {parent} in the table"
                )
            if by_label[parent].last != track.first - 1:
                raise ValueError(
                    f"lineage: track {track.label} begins in frame {track.first}, but its parent "
                    f"{parent} ends in frame {by_label[parent].last}; expected {track.first - 1}"
                )


def write_man_track(tracks: Sequence[Track], path: str | Path) -> None:
    """Write tracks as the Cell Tracking Challenge does: ``L B E P`` for each, in a text file.

    Label, first frame, last frame and parent, 0 for none. The format has room for one parent: after
    a fusion that is the larger one, and the smaller one just ends. `write_lineage` keeps both.

    Parameters
    ----------
    tracks : sequence of Track
        In any order.
    path : str or Path
        Of the file.
    """
    rows = (f"{t.label} {t.first} {t.last} {t.parents[0] if t.parents else 0}\n" for t in tracks)
    _write(Path(path), "".join(rows))


def read_man_track(path: str | Path) -> list[Track]:
    """Read tracks in the format of the Cell Tracking Challenge.

    Parameters
    ----------
    path : str or Path
        Of the file.

    Raises
    ------
    ValueError
        One line that names the file and the line that is wrong.
    OSError
        When the file cannot be read.
    """
    path = Path(path)
    tracks = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        parts = line.split()
        if len(parts) != 4 or not all(part.isdecimal() for part in parts):
            raise ValueError(
                f"{path}, line {number}: '{line}'; expected four whole numbers: label, first "
                "frame, last frame, parent"
            )
        label, first, last, parent = map(int, parts)
        tracks.append(Track(label, first, last, (parent,) if parent else ()))
    return tracks


def write_lineage(tracks: Sequence[Track], path: str | Path) -> None:
    """Write tracks with all their parents as CSV: ``track, first_frame, last_frame, parents``.

    Two parents stand in one cell with a space between.

    Parameters
    ----------
    tracks : sequence of Track
        In any order.
    path : str or Path
        Of the file.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for track in tracks:
        parents = " ".join(map(str, track.parents))
        writer.writerow([track.label, track.first, track.last, parents])
    _write(Path(path), text.getvalue())


def read_lineage(path: str | Path) -> list[Track]:
    """Read what `write_lineage` has written.

    Parameters
    ----------
    path : str or Path
        Of the file.

    Raises
    ------
    ValueError
        One line that names the file and what is wrong.
    OSError
        When the file cannot be read.
    """
    path = Path(path)
    rows = list(csv.reader(io.StringIO(read_text(path))))
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ValueError(f"{path}, line 1: expected the columns {', '.join(COLUMNS)}")
    tracks = []
    for number, row in enumerate(rows[1:], start=2):
        try:
            label, first, last = (int(cell) for cell in row[:3])
            tracks.append(Track(label, first, last, tuple(int(cell) for cell in row[3].split())))
        except (ValueError, IndexError):
            raise ValueError(
                f"{path}, line {number}: {row}; expected three whole numbers and the parents"
            ) from None
    return tracks


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
