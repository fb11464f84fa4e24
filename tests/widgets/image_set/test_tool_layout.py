"""Lay a finished set out for a tool, from the *Image set* panel."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hands import Hands
from labelled_set import make_labelled_set
from small_sets import tree

from napari_3dmsl.datasets.training import lay_out

PANEL = "Image set"


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answers the questions for the set and for the new folder; returns what was proposed."""
    from qtpy.QtWidgets import QFileDialog

    proposed: list[str] = []

    def give(folder: Path | str, target: Path | str = "") -> list[str]:
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(folder))

        def new(_panel: Any, _title: str, name: str) -> tuple[str, str]:
            proposed.append(name)
            return str(target or name), ""

        monkeypatch.setattr(QFileDialog, "getSaveFileName", new)
        return proposed

    return give


@pytest.fixture
def hands(viewer: Any, open_panel: Any) -> Hands:
    found: Hands = open_panel(viewer, PANEL)
    return found


def test_a_set_is_laid_out_under_the_name_that_the_tool_wants(
    hands: Hands, tmp_path: Path, answer: Any
) -> None:
    make_labelled_set(tmp_path / "set")
    proposed = answer(tmp_path / "set")
    hands.choose("tool", "nnU-Net v2")
    hands.click("lay_out")
    hands.wait(lambda: "Laid out in" in hands.status)
    assert proposed == [str(tmp_path / "Dataset501_set")]
    assert "2 train · 1 val · 1 test (labels from mask)" in hands.status
    assert (tmp_path / "Dataset501_set" / "dataset.json").is_file()
    assert hands.find("lay_out").isEnabled()
    hands.click("lay_out")  # once more into the same folder
    hands.wait(lambda: hands.complains)
    assert "nothing is overwritten" in hands.status


def test_what_is_no_set_is_told(hands: Hands, tmp_path: Path, answer: Any) -> None:
    answer(tmp_path, tmp_path / "out")
    hands.click("lay_out")
    assert hands.complains
    assert "no finished image set" in hands.status
    assert tree(tmp_path) == {}


def test_nothing_chosen_nothing_done(hands: Hands, tmp_path: Path, answer: Any) -> None:
    answer("")
    hands.click("lay_out")
    assert "Laid" not in hands.status
    assert not hands.complains


def test_cancel_leaves_nothing(
    hands: Hands, tmp_path: Path, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_labelled_set(tmp_path / "set")
    answer(tmp_path / "set")
    held = threading.Event()
    cases_of = lay_out.cases_of

    def wait(*arguments: Any, **options: Any) -> Any:
        held.wait(10)
        return cases_of(*arguments, **options)

    monkeypatch.setattr(lay_out, "cases_of", wait)
    hands.click("lay_out")
    assert not hands.find("lay_out").isEnabled()
    hands.click("cancel")
    held.set()
    hands.wait(lambda: "nothing is left" in hands.status)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert hands.find("lay_out").isEnabled()
