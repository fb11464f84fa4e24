"""``napari-3dmsl two-minute-test --merge``, as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_3dmsl.cli import main
from napari_3dmsl.matching.answers import read_answers, write_answers
from napari_3dmsl.matching.two_minute_test import Answer


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = []
    for person in ("a", "b"):
        answers = [
            Answer(person, 0, n, "real" if n < 5 else "simulated", str(n), n % 3 > 0, 2.0)
            for n in range(10)
        ]
        paths.append(str(write_answers(tmp_path / f"{person}.csv", answers)))
    return paths


def test_answers_of_several_people_are_merged(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "all.csv"
    assert main(["two-minute-test", "--merge", *files, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "2 people, 20 answers" in told
    assert "called real, simulated: 6 of 10, 60 % [26, 88]" in told
    assert len(read_answers([out])) == 20


def test_programs_read_it_as_json(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["two-minute-test", "--merge", *files, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["people"] == 2
    assert told["t_tests"][0]["first"] == "real"


def test_one_path_is_no_test_and_a_file_that_is_read_is_never_replaced(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["two-minute-test", files[0]]) == 1
    assert "give REAL SIM, or REAL SIM SIM2" in capsys.readouterr().err
    assert main(["two-minute-test", "--merge", *files, "--out", files[1]]) == 1
    assert "the table would replace the file" in capsys.readouterr().err
