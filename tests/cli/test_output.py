"""What commands print: short lines for people, progress on terminals."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from napari_3dmsl import cli
from napari_3dmsl.cli import _output
from napari_3dmsl.cli._output import CLEAR_LINE, progress_line, progress_log, stage_line


def test_people_get_short_lines_with_units(
    capsys: pytest.CaptureFixture[str], sphere: Path, two_balls: Path, tmp_path: Path
) -> None:
    out, library = str(tmp_path / "out.tif"), str(tmp_path / "library")
    simulate = ["simulate", str(sphere), out, "--microscope", "con1", "--planes", "3"]
    assert cli.main(simulate) == 0
    assert "3 × 128 × 128 uint16, pixels of 0.25 × 0.07 × 0.07 µm" in capsys.readouterr().out
    assert cli.main(["extract", str(two_balls), library, "--voxel-nm", "24", "24", "24"]) == 0
    assert "2 shapes: 2 dot" in capsys.readouterr().out
    for path in (out, library, str(sphere)):
        assert cli.main(["info", path]) == 0
        assert capsys.readouterr().out.startswith(f"{path}: ")


def test_progress_is_shown_on_terminals_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert progress_line() is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    tell = progress_line()
    assert tell is not None
    tell(2, 5, "planes")
    printed = capsys.readouterr()
    assert "planes: 2 of 5" in printed.err
    assert printed.out == ""


def test_the_time_left_is_told_while_work_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 100.2, 104.0, 130.0, 200.0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(_output.time, "monotonic", lambda: next(clock))
    tell = progress_line()
    assert tell is not None
    lines = []
    for done, total, what in ((0, 31, "planes"), (1, 31, "planes"), (2, 31, "planes")):
        tell(done, total, what)
        lines.append(capsys.readouterr().err.removeprefix(CLEAR_LINE))
    assert lines == ["planes: 0 of 31", "planes: 1 of 31", "planes: 2 of 31, about 58 s left"]
    tell(1, 4, "Eroding")  # another piece of work counts anew
    assert capsys.readouterr().err.endswith("Eroding: 1 of 4")
    tell(3, 4, "Growing")
    assert capsys.readouterr().err.endswith("Growing: 3 of 4, about 35 s left")


def test_without_a_terminal_a_line_is_written_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(_output.time, "monotonic", lambda: now)
    for made, told in (
        (stage_line, "shapes measured: 200 of 900, about 108 s left\n"),
        (progress_log, "200 of 900 shapes measured, 6 a second, about 108 s left\n"),
    ):
        now = 0.0
        tell = made(30.0)
        tell(0, 900, "shapes measured")
        now = 29.0
        tell(190, 900, "shapes measured")
        assert capsys.readouterr().err == ""
        now = 31.0
        tell(200, 900, "shapes measured")
        assert capsys.readouterr().err == told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no file that is always full")
def test_a_result_that_cannot_be_printed_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr("sys.stdout", full)
        assert cli.main(["schema", "camera"]) == 1
        monkeypatch.undo()
        with suppress(OSError):
            full.close()
    assert capsys.readouterr().err == (
        "Error: standard output: No space left on device; the work is done, but its result cannot "
        "be printed\n"
    )
