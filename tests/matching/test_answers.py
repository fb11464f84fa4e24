"""Answers go to CSV and come back; what is no such table, or comes twice, is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_3dmsl.matching.answers import read_answers, write_answers
from napari_3dmsl.matching.two_minute_test import Answer

ANSWERS = [
    Answer("Åse, B.", 3, 1, "real", "4 at 0, 12", True, 2.5),
    Answer("Åse, B.", 3, 2, "simulated", "1 at 3, 8", True, 1.25),
]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = write_answers(tmp_path / "a.csv", ANSWERS)
    assert read_answers([path]) == ANSWERS
    assert path.read_text(encoding="utf-8").splitlines()[2].endswith("real,no,1.25")
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_files_of_several_people_are_put_together(tmp_path: Path) -> None:
    others = [
        Answer("C", *(answer.seed, answer.question, "real", "x", False, 1.0)) for answer in ANSWERS
    ]
    paths = [write_answers(tmp_path / "a.csv", ANSWERS), write_answers(tmp_path / "b.csv", others)]
    assert read_answers(paths) == ANSWERS + others


def test_the_same_answers_twice_are_refused(tmp_path: Path) -> None:
    paths = [write_answers(tmp_path / name, ANSWERS) for name in ("a.csv", "b.csv")]
    with pytest.raises(ValueError, match=r"b.csv: question 1 of 'Åse, B.' is in .*a.csv, too"):
        read_answers(paths)
    with pytest.raises(ValueError, match="is twice; give each file once"):
        read_answers([paths[0], paths[0]])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("person", "name", "no table of answers: it has no column person"),
        (",real,yes", ",perhaps,yes", "line 2: answer = 'perhaps', expected real or simulated"),
        ("2.50", "soon", "line 2: seed, question and seconds must be numbers"),
    ],
)
def test_other_tables_are_refused_with_their_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = write_answers(tmp_path / "a.csv", ANSWERS)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=f"a.csv.*{message}"):
        read_answers([path])


def test_only_csv_is_written_and_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"answers are written as .csv"):
        write_answers(tmp_path / "a.xlsx", ANSWERS)
    with pytest.raises(ValueError, match=r"gone.csv: no table of answers"):
        read_answers([tmp_path / "gone.csv"])
