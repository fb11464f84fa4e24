"""Files that went wrong for others get the right value, or one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_files import CASES, FILES, Answer, Case

from napari_3dmsl import cli


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.title)
def test_a_file_that_went_wrong_gets_its_right_answer(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str], real_data: Path
) -> None:
    status = cli.main(case.words(tmp_path / "out"))
    printed = capsys.readouterr()
    answer = Answer(status, printed.out, printed.err)
    assert case.holds(answer), f"expected {case.right}; got {answer}"
    if status != 0:
        assert not list(tmp_path.iterdir())


def test_every_file_has_a_case(real_data: Path) -> None:
    files = {path.relative_to(CASES).as_posix() for path in (CASES / "files").iterdir()}
    assert files - {case.file for case in FILES} == {"files/script_user.py"}  # tests/widgets
