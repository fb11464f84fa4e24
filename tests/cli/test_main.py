"""The program itself: help, version, and whatever goes wrong as one line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_3dmsl import cli


def test_a_bug_asks_to_be_reported(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, sphere: Path
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("napari_3dmsl.shapes.mesh.read_mesh", broken)
    assert "unexpected error, please report it: KeyError: 'oops'" in refused("info", sphere)
    monkeypatch.setenv(cli.TRACEBACK, "1")
    with pytest.raises(KeyError):
        cli.main(["info", str(sphere)])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError("Unable to allocate 9 TiB"), "not enough memory: Unable to allocate 9 TiB"),
        (PermissionError(13, "Permission denied", "here"), "here: Permission denied"),
        (ValueError("first\n  second"), "first second"),
    ],
)
def test_errors_become_one_line(
    refused: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    sphere: Path,
    error: Exception,
    message: str,
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr("napari_3dmsl.shapes.mesh.read_mesh", failing)
    assert refused("info", sphere) == f"Error: {message}\n"


def test_an_interrupt_ends_quietly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, sphere: Path
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_3dmsl.shapes.mesh.read_mesh", interrupted)
    assert cli.main(["info", str(sphere)]) == cli.INTERRUPTED
    assert "Traceback" not in capsys.readouterr().err


def test_help_and_version_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("napari-3dmsl 0.")
    assert cli.main([]) == 0
    helped = capsys.readouterr().out
    assert all(command in helped for command in ("extract", "simulate", "info", "demo"))


def test_unknown_commands_are_one_line(refused: Callable[..., str]) -> None:
    assert "No such command 'draw'" in refused("draw")


def test_an_empty_word_is_no_folder(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("info", ""), ("extract", "", "library"), ("extract", "labels.tif", "")):
        assert "an argument is empty" in refused(*command)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such pipes on Windows")
@pytest.mark.parametrize("name", ["labels.npy", "labels.h5", "labels.nii"])
def test_a_pipe_is_not_waited_for(refused: Callable[..., str], tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    for command in (("info",), ("extract",)):
        words = [*command, tmp_path / name, *[tmp_path / "library"][: command == ("extract",)]]
        assert "neither a file nor a folder" in refused(*words)


def test_the_program_starts_light_and_fails_with_one_line(tmp_path: Path) -> None:
    code = "import napari_3dmsl.cli, sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "scipy", "tifffile", "trimesh", "napari", "qtpy"} & set(loaded)
    program = Path(sys.executable).with_name("napari-3dmsl")
    done = subprocess.run(
        [program, "info", tmp_path / "nothing.off"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"Error: {tmp_path / 'nothing.off'}: no such file or folder\n"
