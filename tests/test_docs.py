"""The scripts in docs/scripting.md run as they stand and print what the page says."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scripting.md"
SCRIPT_AND_OUTPUT = re.compile(r"```python\n(.*?)```\n+It prints\n+```\n(.*?)```", re.DOTALL)


def test_the_scripts_print_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    pairs = SCRIPT_AND_OUTPUT.findall(text)
    assert len(pairs) == text.count("```python") >= 3
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}  # each script goes on from the one before
    for script, told in pairs:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(script, str(PAGE), "exec"), names)
        assert printed.getvalue() == told
