"""Every picture, page and heading that the documentation points to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURES = REPOSITORY / "docs" / "images"
PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").glob("*.md"))]
CODE = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"\s]+)\"")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    missing = []
    for link in (first or second for first, second in LINK.findall(text)):
        if re.match(r"[a-z]+:", link):  # of the web: not ours to look up
            continue
        path, _, heading = link.partition("#")
        goal = page.parent / path if path else page
        if not goal.exists() or (heading and heading not in headings(goal)):
            missing.append(link)
    assert missing == []


def test_every_picture_or_its_twin_in_the_other_theme_is_shown_on_some_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    pictures = {path.name.replace("-light", "") for path in PICTURES.iterdir()}
    assert {name for name in pictures if f"images/{name}" not in text} == set()


def headings(page: Path) -> set[str]:
    """Names of a page's headings, as GitHub makes them."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        for title in HEADING.findall(text)
    }
