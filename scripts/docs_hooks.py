"""What the site has beside docs/: README, CHANGELOG, CONTRIBUTING; the settings; the Python names.

mkdocs calls these functions, as ``mkdocs.yml`` says. In the repository pages point to one another
by their paths; what lies outside of docs/ has another place in the site: links are turned here.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

REPOSITORY = Path(__file__).resolve().parents[1]
STUB = REPOSITORY / "src" / "napari_3dmsl" / "__init__.pyi"
OUTSIDE = {  # of docs/: file of the repository, page of the site
    "README.md": "start.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "code_of_conduct.md",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|mailto:|#)([^)\s#]*)(#[^)\s]*)?\)")
TABLE = re.compile(r"<!-- settings: ([\w.]+)")
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
MORE = "More"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are no files of docs/, and name in the navigation those that it lacks."""
    for name, page in OUTSIDE.items():
        if (file := REPOSITORY / name).exists():
            files.append(File.generated(config, page, content=inside(file.read_text("utf-8"))))
    files.append(File.generated(config, "settings.md", content=settings_page()))
    files.append(File.generated(config, "api.md", content=python_page()))
    named = set(pages_in(config.nav))
    rest = sorted(page.src_uri for page in files.documentation_pages() if page.src_uri not in named)
    if rest:
        config.nav.append({MORE: list(rest)})
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links that lead out of docs/."""
    return markdown if page.file.generated_by else inside_from_docs(markdown)


def pages_in(nav: Any) -> list[str]:
    """Return all pages that a navigation names."""
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [page for part in parts for page in pages_in(part)]


def inside(text: str) -> str:
    """Turn links of a file at the repository's root to places in the site."""
    return LINK.sub(lambda link: turned(link, link[3]), text)


def inside_from_docs(text: str) -> str:
    """Turn links of a page of docs/ that lead out of it."""

    def out_of_docs(link: re.Match[str]) -> str:
        path = link[3]
        return turned(link, path.removeprefix("../")) if path.startswith("../") else link[0]

    return LINK.sub(out_of_docs, text)


def turned(link: re.Match[str], path: str) -> str:
    """Return a link with the place in the site of a path of the repository; its words if none."""
    page = path.removeprefix("docs/") if path.startswith("docs/") else OUTSIDE.get(path)
    return f"{link[1]}[{link[2]}]({page}{link[4] or ''})" if page else link[2]


def settings_page() -> str:
    """Return a page with all settings classes and where their tables are."""
    rows = []
    for page in sorted((REPOSITORY / "docs").glob("*.md")):
        text = page.read_text("utf-8")
        for found in TABLE.finditer(text):
            above = [title for _, title in HEADING.findall(text[: found.start()])]
            heading = above[-1] if above else page.stem
            rows.append((found[1], page.name, heading))
    lines = [
        "# All settings",
        "",
        "A setting has one name in Python, in files, on the command line (with dashes) and in the",
        "panels. Each is described once, in its class; these tables are made from there.",
        "",
        "| class, from `napari_3dmsl` | table |",
        "| --- | --- |",
        *(
            f"| `{name}` | [{heading}]({page}#{anchor(heading)}) |"
            for name, page, heading in dict.fromkeys(rows)
        ),
    ]
    return "\n".join(lines) + "\n"


def anchor(title: str) -> str:
    """Return the name of a heading in its page."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def python_page() -> str:
    """Return a page with all public names and what their docstrings say, a section a room."""
    rooms: dict[str, list[str]] = {}
    for node in ast.parse(STUB.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            room = node.module.split(".")[1] if "." in node.module else "napari_3dmsl"
            rooms.setdefault(room, []).extend(f"{node.module}.{a.name}" for a in node.names)
    lines = [
        "# Python",
        "",
        "Everything here is imported from `napari_3dmsl`: `import napari_3dmsl as msl`. What it is",
        "for, in examples that run: [scripting](scripting.md).",
        "",
    ]
    for room, names in rooms.items():
        lines += [f"## {room.replace('_', ' ')}", "", summary(room), ""]
        for name in names:
            lines += [f"::: {name}", "    options:", "      heading_level: 3", ""]
    return "\n".join(lines)


def summary(room: str) -> str:
    """Return what a room says of itself in its first line."""
    folder = STUB.parent / room
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return text.partition("\n\n")[0]
