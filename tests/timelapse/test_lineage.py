"""Tracks as tables and files, and what is wrong with bad ones."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from napari_3dmsl.timelapse.lineage import (
    Track,
    check_lineage,
    lineage_of,
    read_lineage,
    read_man_track,
    write_lineage,
    write_man_track,
)
from napari_3dmsl.timelapse.motion import Event

TRACKS = [
    Track(1, 0, 1),
    Track(2, 0, 3),
    Track(3, 2, 3, (1,)),
    Track(4, 2, 4, (1,)),
    Track(5, 4, 4, (2, 3)),
]
LABELS = [{1, 2}, {1, 2}, {2, 3, 4}, {2, 3, 4}, {4, 5}]


def story() -> list[Any]:
    """Track 1 divides into 3 and 4, then 2 and 3 fuse to 5."""
    events: list[tuple[Event, ...]] = [(), (), (), (), ()]
    events[2] = (Event("fission", (1,), (3, 4)),)
    events[4] = (Event("fusion", (2, 3), (5,)),)
    return [
        SimpleNamespace(
            objects=[SimpleNamespace(label=label) for label in sorted(labels)], events=happened
        )
        for labels, happened in zip(LABELS, events, strict=True)
    ]


def test_frames_tell_their_tracks() -> None:
    assert lineage_of(story()) == TRACKS
    check_lineage(TRACKS, LABELS)


def test_the_table_keeps_both_parents(tmp_path: Path) -> None:
    write_lineage(TRACKS, tmp_path / "lineage.csv")
    assert read_lineage(tmp_path / "lineage.csv") == TRACKS
    text = (tmp_path / "lineage.csv").read_text()
    assert text.splitlines()[0] == "track,first_frame,last_frame,parents"
    assert text.splitlines()[-1] == "5,4,4,2 3"


def test_files_that_a_spreadsheet_saved_are_read(tmp_path: Path) -> None:
    path = tmp_path / "tracks"
    for write, read in ((write_lineage, read_lineage), (write_man_track, read_man_track)):
        write(TRACKS, path)
        tracks = read(path)
        path.write_text(path.read_text(), "utf-8-sig")  # with a byte order mark
        assert read(path) == tracks
        path.write_bytes(b"\xff\xfe1")
        with pytest.raises(ValueError, match=r"tracks: not text in UTF-8"):
            read(path)


def test_the_text_of_the_challenge_has_the_first_parent(tmp_path: Path) -> None:
    path = tmp_path / "man_track.txt"
    write_man_track(TRACKS, path)
    assert path.read_text() == "1 0 1 0\n2 0 3 0\n3 2 3 1\n4 2 4 1\n5 4 4 2\n"
    assert read_man_track(path) == [*TRACKS[:4], Track(5, 4, 4, (2,))]
    check_lineage(read_man_track(path), LABELS)
    assert [file.name for file in tmp_path.iterdir()] == ["man_track.txt"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({1: Track(1, 0, 2)}, "track 1 lasts from frame 0 to 2, but is seen in 2 frames"),
        ({4: Track(4, 1, 4, (1,))}, "track 4 lasts from frame 1 to 4"),
        ({5: Track(5, 4, 4, (2, 9))}, "track 5 has no parent 9"),
        ({5: Track(5, 4, 4, (2, 1))}, "its parent 1 ends in frame 1; expected 3"),
        ({5: Track(5, 4, 4, (2, 2))}, "expected two different ones"),
        ({5: Track(4, 4, 4)}, "a label has two tracks"),
        ({5: Track(6, 4, 4)}, r"labels \[5\] are seen, but have no track"),
    ],
)
def test_what_is_wrong_with_a_lineage_is_told(change: dict[int, Track], told: str) -> None:
    tracks = [change.get(track.label, track) for track in TRACKS]
    with pytest.raises(ValueError, match=told):
        check_lineage(tracks, LABELS)


def test_a_track_with_a_gap_is_found() -> None:
    labels = [*LABELS[:2], {2, 3}, *LABELS[3:]]
    with pytest.raises(ValueError, match="track 4 .* is seen in 2 frames from 3 to 4"):
        check_lineage(TRACKS, labels)


@pytest.mark.parametrize("line", ["1 0 1", "1 0 x 0", "1 0 1 0 0", "-1 0 1 0"])
def test_a_bad_line_of_the_challenge_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "man_track.txt"
    path.write_text(f"1 0 1 0\n{line}\n")
    with pytest.raises(ValueError, match="man_track.txt, line 2: .*expected four whole numbers"):
        read_man_track(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: expected the columns track"),
        ("track,first_frame,last_frame,parents\n1,0\n", "line 2: .*expected three whole numbers"),
        ("track,first_frame,last_frame,parents\n1,0,x,\n", "line 2"),
    ],
)
def test_a_bad_table_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "lineage.csv").write_text(text)
    with pytest.raises(ValueError, match=told):
        read_lineage(tmp_path / "lineage.csv")
