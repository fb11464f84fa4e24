"""The scripts of the documentation run as they stand and print what the page says."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
SCRIPT_AND_OUTPUT = re.compile(r"```python\n(.*?)```\n+It prints\n+```\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(
    ("page", "scripts"), [("scripting.md", 3), ("time_lapse.md", 1), ("scoring.md", 1)]
)
def test_the_scripts_print_what_the_page_says(
    page: str, scripts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    pairs = SCRIPT_AND_OUTPUT.findall(text)
    assert len(pairs) == text.count("```python") >= scripts
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}  # each script goes on from the one before
    for script, told in pairs:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(script, page, "exec"), names)
        assert printed.getvalue() == told
