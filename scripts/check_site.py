"""Checks the built documentation: each link leads somewhere, and nothing is loaded from elsewhere.

``python scripts/check_site.py FOLDER`` prints what is wrong and ends with 1, or how much is right.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("source", "srcset"), ("iframe", "src")}
IN_STYLES = re.compile(r"(?:url\(|@import )[\"']?((?:https?:)?//[^)\"']+)")


class Page(HTMLParser):
    """The links and the names of places of a page, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser.handle_starttag`."""
        found = {name: value or "" for name, value in attrs}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        style = tag == "link" and found.get("rel") in ("stylesheet", "preconnect", "icon")
        for name, value in found.items():
            if (tag, name) in LOADED or (style and name == "href"):
                self.loaded.append(value)
            elif name == "href" and tag in ("a", "link"):
                self.links.append(value)


def problems(folder: Path) -> tuple[list[str], int]:
    """Return what is wrong in a site, and how many links were followed."""
    pages = {file: Page(file.read_text("utf-8")) for file in sorted(folder.rglob("*.html"))}
    wrong, count = [], 0
    for file, page in pages.items():
        here = file.relative_to(folder)
        for link in page.loaded:
            if urlsplit(link).netloc:
                wrong.append(f"{here}: loads {link}")
        for link in page.links + page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or file.name == "404.html":
                continue
            count += 1
            goal = (file.parent / unquote(parts.path)).resolve() if parts.path else file.resolve()
            goal = goal / "index.html" if goal.is_dir() else goal
            target = pages.get(folder.resolve() / goal.relative_to(folder.resolve()))
            if not goal.exists():
                wrong.append(f"{here}: no {link}")
            elif parts.fragment and target and unquote(parts.fragment) not in target.places:
                wrong.append(f"{here}: no place {link}")
    for file in folder.rglob("*.css"):
        wrong += [f"{file.name}: loads {url}" for url in IN_STYLES.findall(file.read_text("utf-8"))]
    return wrong, count


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    wrong, count = problems(folder)
    if wrong:
        sys.exit("\n".join(wrong))
    pages = len(list(folder.rglob("*.html")))
    print(f"{pages} pages, {count} links, none dead, nothing from elsewhere")


if __name__ == "__main__":
    main()
