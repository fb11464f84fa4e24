"""``napari-3dmsl measure``: class and measures of the shapes of any library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Run, files_of

from napari_3dmsl import cli


def test_measure_finds_the_classes_of_a_library(run: Run, released: Path) -> None:
    assert run("info", released)["classes"] == {"unknown": 2}
    result = run("measure", released, "--workers", 1)
    assert (result["measured"], result["known"], result["problems"]) == (2, 0, {})
    assert result["classes"] == run("info", released)["classes"] == {"dot": 2}
    assert result["measures"] == str(released / "measures.csv")
    assert run("measure", released, "--workers", 1)["known"] == 2


def test_measure_tells_what_is_broken_and_measures_the_rest(
    released: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (released / "1" / "raw_mesh.off").write_text("no mesh")
    assert cli.main(["measure", str(released), "--workers", "1"]) == 1
    printed = capsys.readouterr().out
    assert "1 dot, 1 unknown" in printed
    assert "1 could not be measured:" in printed
    assert "shape 1: raw_mesh.off" in printed


def test_measure_on_a_full_disk_keeps_what_it_has_and_goes_on(
    run: Run,
    refused: Callable[..., str],
    released: Path,
    small_files: Callable[[int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(tmp_path / "cache"))
    before = files_of(released)
    for room, place in ((0, tmp_path / "cache"), (700, released)):  # the table has over 700 bytes
        small_files(room)
        message = refused("measure", released, "--workers", 1)
        assert message.startswith(f"Error: {place}")
        assert "the disk is full; make room" in message
        assert not list(released.rglob("*.part"))
        assert {file: files_of(released)[file] for file in before} == before
    small_files(10**9)
    assert run("measure", released, "--workers", 1)["classes"] == {"dot": 2}
