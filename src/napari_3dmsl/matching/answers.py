"""Answers of the two-minute test as CSV: one file a person, merged as they come."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from napari_3dmsl.matching.two_minute_test import REAL, Answer
from napari_3dmsl.reading import reading
from napari_3dmsl.writing import whole_file

COLUMNS = ("person", "seed", "question", "set", "crop", "answer", "right", "seconds")
_SIMULATED = "simulated"


def write_answers(path: str | Path, answers: Iterable[Answer]) -> Path:
    """Write answers as CSV, whole or not at all.

    Parameters
    ----------
    path
        Ends in ``.csv``.
    answers
        One row each.

    Raises
    ------
    ValueError
        When the name ends otherwise.
    OSError
        When it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise ValueError(f"{path}: answers are written as .csv")
    with (
        whole_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows(_row(answer) for answer in answers)
    return path


def _row(answer: Answer) -> list[object]:
    return [
        answer.person,
        answer.seed,
        answer.question,
        answer.set_name,
        answer.crop,
        REAL if answer.said_real else _SIMULATED,
        "yes" if answer.is_right else "no",
        f"{answer.seconds:.2f}",
    ]


def read_answers(paths: Sequence[str | Path]) -> list[Answer]:
    """Read the answers of one or more people.

    Parameters
    ----------
    paths
        Files of `write_answers`.

    Raises
    ------
    ValueError
        When a file is no such table, or the same answers come twice: a file under two names, or two
        people of one name.
    OSError
        When a file cannot be read.
    """
    answers: list[Answer] = []
    seen: dict[tuple[str, int, int], Path] = {}
    for path in map(Path, paths):
        for answer in _read(path):
            key = (answer.person, answer.seed, answer.question)
            if key in seen:
                where = "twice" if seen[key] == path else f"in {seen[key]}, too"
                raise ValueError(
                    f"{path}: question {answer.question} of {answer.person!r} is {where}; give "
                    "each file once, and each person a name"
                )
            seen[key] = path
            answers.append(answer)
    return answers


def _read(path: Path) -> list[Answer]:
    with (
        reading(path, "no table of answers"),
        path.open(encoding="utf-8-sig", newline="") as file,
    ):
        rows = csv.DictReader(file)
        if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
            raise ValueError(f"it has no column {missing[0]}")
        return [_answer(number, row) for number, row in enumerate(rows, 2)]


def _answer(line: int, row: dict[str, str]) -> Answer:
    if row["answer"] not in (REAL, _SIMULATED):
        raise ValueError(f"line {line}: answer = {row['answer']!r}, expected real or simulated")
    try:
        numbers = int(row["seed"]), int(row["question"]), float(row["seconds"])
    except (TypeError, ValueError):
        raise ValueError(f"line {line}: seed, question and seconds must be numbers") from None
    return Answer(
        row["person"],
        numbers[0],
        numbers[1],
        row["set"],
        row["crop"],
        row["answer"] == REAL,
        numbers[2],
    )
