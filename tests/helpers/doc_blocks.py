"""The blocks of code in README and docs, and a person who follows a page and types what it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from napari_3dmsl import __version__
from napari_3dmsl.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$(\n+It prints\n+```\n(.*?)^```$)?", re.S | re.M)
HEREDOC = re.compile(r"^python - <<'END'\n(.*?)^END$", re.S | re.M)
LOOP = re.compile(r"^for (\w+) in (.+?); do\n(.*?)^done$", re.S | re.M)
FILE_WRITTEN = re.compile(r"^cat > (\S+) <<'END'\n(.*?)^END$", re.S | re.M)

# Told where a run takes long: with the time that is left, or without as long as that is not known.
PROGRESS = re.compile(
    r"^(.*( left|, about to end)|.*: [\d,]+ of [\d,]+|[\d,]+ of [\d,]+ [a-z ]+)\n", re.M
)


@dataclass(frozen=True)
class Block:
    """A block of a page: its number on the page, its language, its text, what it prints."""

    page: str
    number: int
    line: int
    language: str
    text: str
    output: str | None

    @property
    def is_typed(self) -> bool:
        """Whether somebody types it, and does not only read it."""
        known = self.language in ("python", "console", "sh")
        return known or self.text.startswith("napari-3dmsl ")

    @property
    def imports(self) -> set[str]:
        """Packages that a script imports."""
        return set(re.findall(r"^(?:from|import) (\w+)", self.text, re.M))

    def __str__(self) -> str:
        return f"{self.page}:{self.number}"


def blocks_of(page: str) -> list[Block]:
    """All blocks of a page, named by its path in the repository."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return [
        Block(page, number, text.count("\n", 0, found.start()) + 1, found[1], found[2], found[4])
        for number, found in enumerate(BLOCK.finditer(text), start=1)
    ]


@dataclass
class Reader:
    """Somebody who follows a page from its top, in one folder.

    Attributes
    ----------
    page
        Path of the page in the repository.
    instead
        What is typed in place of addresses and large sizes of the page.
    apart
        Beginnings of lines that are not typed, each with what is done instead.
    without
        Tools that are not there; blocks that import them are passed over.
    """

    page: str
    instead: Mapping[str, str]
    apart: Mapping[str, Callable[[str], None]]
    without: Sequence[str] = ()
    names: dict[str, Any] = field(default_factory=dict)
    done: int = 0

    def follow(self, number: int) -> None:
        """Go on to block `number` and do it, and whatever stands before it."""
        for block in blocks_of(self.page)[self.done : number]:
            self.done = block.number
            if block.is_typed and not block.imports & set(self.without):
                self.take(block)

    def take(self, block: Block) -> None:
        """Do what a block says."""
        if block.language == "python":
            printed = self.run_python(block.text)
            if block.output is not None:
                assert printed == block.output, printed
        elif block.language == "console":
            self.type_session(block.text)
        else:
            self.type_shell(block.text)

    def run_python(self, text: str) -> str:
        """Run a script in the names of those before, and return what it prints."""
        self.names.setdefault("__name__", "__main__")
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(self.typed(text), self.page, "exec"), self.names)
        return printed.getvalue()

    def type_session(self, text: str) -> None:
        """Type the lines after ``$``, and compare what comes with what stands below each."""
        for part in re.split(r"^\$ ", text.replace("\\\n", ""), flags=re.M)[1:]:
            line, _, shown = part.partition("\n")
            came = self.type_line(line)
            if shown:
                told = steady(self.typed(shown))
                assert steady(came) == told, f"{line} prints\n{came}\nnot\n{shown}"

    def type_shell(self, text: str) -> None:
        """Type the lines of a script of the shell; loops, files, scripts for Python are known."""
        for script in HEREDOC.findall(text):
            self.run_python(script)
        for name, content in FILE_WRITTEN.findall(text):
            Path(name).write_text(content, encoding="utf-8")
        text = FILE_WRITTEN.sub("", HEREDOC.sub("", text)).replace("\\\n", "")
        for name, values, body in LOOP.findall(text):
            for value in values.split():
                for line in body.splitlines():
                    self.type_line(line.replace(f"${name}", value))
        for line in LOOP.sub("", text).splitlines():
            if line.strip() and not line.startswith("#"):
                self.type_line(line)

    def type_line(self, line: str) -> str:
        """Type a line; it succeeds. Return what is printed on both streams."""
        for beginning, do in self.apart.items():
            if (line + "\n").startswith(beginning):
                do(line)
                return ""
        words = shlex.split(self.typed(line), comments=True)
        assert words[0] == "napari-3dmsl", f"nobody says how to test: {line}"
        into = words.index(">") if ">" in words else len(words)
        printed = StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            status = main(words[1:into])
        assert status == 0, f"{line}\n{printed.getvalue()}"
        if into < len(words):
            Path(words[into + 1]).write_text(printed.getvalue(), encoding="utf-8")
        return printed.getvalue()

    def typed(self, text: str) -> str:
        """Return a text with what is typed in place of what stands there."""
        for words, other in self.instead.items():
            text = text.replace(words, other)
        return text


def steady(text: str) -> str:
    """Return what a command prints without its times and its version."""
    text = PROGRESS.sub("", text.strip())
    text = re.sub(r"\bin [\d.]+ s\b", "in # s", text)
    text = re.sub(r", [\d,.]+ an? (second|minute|hour)", ", # a second", text)
    return re.sub(r"napari-3dmsl \d+\.\d+\.\d+\S*?:", f"napari-3dmsl {__version__}:", text)
