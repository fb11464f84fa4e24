"""What docs/training_tools.md prints runs; of the heavy tools in benchmarks/tool_loaders.py."""

import re
from pathlib import Path

import pytest
from labelled_set import make_labelled_set

from napari_3dmsl.cli import main

PAGE = Path(__file__).resolve().parents[3] / "docs" / "training_tools.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("heading", ["COCO", "NumPy"])
def test_the_lines_of_a_tool_run_as_printed(heading, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_labelled_set(Path("my_set"))
    assert main(["lay-out", "my_set", "my_set_coco", "--tool", "coco"]) == 0
    capsys.readouterr()
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    [code] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    exec(compile(code, PAGE.name, "exec"), {})
    assert capsys.readouterr().out


def test_the_commands_at_the_top_run_as_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_labelled_set(Path("my_set"))
    commands = re.findall(r"^napari-3dmsl (lay-out my_set .*)$", TEXT, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        assert main(command.split()) == 0
