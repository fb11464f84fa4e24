"""``napari-3dmsl demo``: what it hands to the window, and without one."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Run

from napari_3dmsl.cli import _window


def test_demo_passes_the_screenshot_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Path | None] = []
    stub = types.SimpleNamespace(run_demo=asked.append)
    monkeypatch.setitem(sys.modules, "napari_3dmsl.widgets.demo", stub)
    assert run("demo", "--screenshot", tmp_path / "demo.png") == {
        "screenshot": str(tmp_path / "demo.png")
    }
    assert asked == [tmp_path / "demo.png"]


@pytest.mark.parametrize("command", [("demo",), ("two-minute-test", "real", "simulated")])
def test_without_napari_it_says_what_to_install(
    command: tuple[str, ...], refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_window, "find_spec", lambda name: None)
    assert 'pip install "napari-3dmsl[all]"' in refused(*command)


@pytest.mark.parametrize("loaded", ["QtWidgets", "napari.viewer"])
def test_a_missing_system_library_is_told_from_a_missing_package(
    loaded: str, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def bare_system(name: str) -> None:
        if name.endswith(loaded):
            raise ImportError("libEGL.so.1: cannot open shared object file")

    monkeypatch.setattr(_window, "import_module", bare_system)
    told = refused("demo")
    assert "libEGL.so.1" in told
    assert "make system" in told
    assert "pip install" not in told
