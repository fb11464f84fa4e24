"""What `napari_3dmsl` itself offers: every name is there, documented, typed, and cheap."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import napari_3dmsl

REPOSITORY = Path(__file__).resolve().parents[1]
STUB = REPOSITORY / "src" / "napari_3dmsl" / "__init__.pyi"
NAMES = [name for name in napari_3dmsl.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    thing = getattr(napari_3dmsl, name)
    assert thing.__name__ == name
    assert len(inspect.getdoc(thing) or "") > 20
    assert name in dir(napari_3dmsl)


def test_the_types_are_those_of_the_names() -> None:
    typed = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in ast.parse(STUB.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    loaded = {
        name: f"napari_3dmsl.{module}.{name}" for name, module in napari_3dmsl._MODULE_OF.items()
    }
    assert typed == loaded


def test_the_page_on_scripting_lists_every_public_name_and_no_other() -> None:
    page = (REPOSITORY / "docs" / "scripting.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", page.partition("## All names")[2], re.MULTILINE)
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted(NAMES)


def test_a_name_that_is_not_there_is_refused_as_any_module_does() -> None:
    with pytest.raises(AttributeError, match="module 'napari_3dmsl' has no attribute 'nothing'"):
        napari_3dmsl.nothing  # noqa: B018


def test_a_name_loads_what_it_needs_and_no_more() -> None:
    code = "import sys, napari_3dmsl; napari_3dmsl.open_labels; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "napari_3dmsl.volumes.open" in loaded
    assert not {"napari", "qtpy", "napari_3dmsl.microscope.simulation"} & set(loaded)
