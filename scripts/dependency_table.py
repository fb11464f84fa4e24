"""Makes docs/dependencies.md: what each dependency is for, from the comments in pyproject.toml.

``python scripts/dependency_table.py`` writes the page anew; a test compares.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = REPOSITORY / "pyproject.toml"
PAGE = REPOSITORY / "docs" / "dependencies.md"
BEGIN, END = "<!-- dependencies -->\n", "<!-- end -->"
LINE = re.compile(r'^ *"([^"]+)", +# (.+)$', re.MULTILINE)


@dataclass(frozen=True)
class Dependency:
    """A package, who installs it, and what it is for; no words where the file gives no reason."""

    requirement: str
    extra: str
    reason: str


def dependencies() -> list[Dependency]:
    """Return all dependencies of the package and its extras, in the order of the file."""
    text = PROJECT.read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    reasons = dict(reversed(LINE.findall(text)))  # the first counts: test groups come last
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return [
        Dependency(requirement, extra, reasons.get(requirement, ""))
        for extra, requirements in groups.items()
        for requirement in requirements
    ]


def table() -> str:
    """Return the table as Markdown."""
    lines = ["| package | installed with | what it is for |", "| --- | --- | --- |"]
    for each in dependencies():
        extra = f"`[{each.extra}]`" if each.extra else "always"
        lines.append(f"| `{each.requirement}` | {extra} | {each.reason} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the page with the table of today."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
