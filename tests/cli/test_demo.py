"""``napari-3dmsl demo``: what it hands to the window, and without one."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Run


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


def test_demo_without_napari_says_what_to_install(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "qtpy.QtWidgets", None)
    assert 'pip install "napari-3dmsl[all]"' in refused("demo")


def test_two_minute_test_without_napari_says_what_to_install(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "qtpy.QtWidgets", None)
    assert 'pip install "napari-3dmsl[all]"' in refused("two-minute-test", "real", "simulated")
