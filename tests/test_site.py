"""The documentation as a site: pages that are made, links that are turned, what the check finds."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from scripts_of_repository import script

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    return script("docs_hooks")


@pytest.fixture(scope="module")
def check() -> ModuleType:
    return script("check_site")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("[a](docs/files.md#images)", "[a](files.md#images)"),
        ("![a](docs/images/a.png)", "![a](images/a.png)"),
        ("[a](CONTRIBUTING.md)", "[a](contributing.md)"),
        ("([LICENSE](LICENSE))", "(LICENSE)"),
        ("[a](https://a.example/b.md) [b](#here)", "[a](https://a.example/b.md) [b](#here)"),
    ],
)
def test_links_of_the_readme_lead_into_the_site(
    hooks: ModuleType, given: str, expected: str
) -> None:
    assert hooks.inside(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("[a](../README.md#install)", "[a](start.md#install)"),
        ("[a](files.md#images)", "[a](files.md#images)"),
        ("[a](../CITATION.cff)", "a"),
    ],
)
def test_links_out_of_the_docs_lead_into_the_site(
    hooks: ModuleType, given: str, expected: str
) -> None:
    assert hooks.inside_from_docs(given) == expected


def test_all_public_names_are_on_the_page_of_python(hooks: ModuleType) -> None:
    import napari_3dmsl

    text = hooks.python_page()
    missing = [name for name in napari_3dmsl.__all__ if name[0] != "_" and f".{name}\n" not in text]
    assert missing == []


def test_all_tables_of_settings_are_listed(hooks: ModuleType) -> None:
    listed = hooks.settings_page()
    assert "| `microscope.camera.Camera` | [" in listed
    assert listed.count("](") > 15


def site(folder: Path, page: str, style: str = "") -> Path:
    folder.joinpath("index.html").write_text(page, encoding="utf-8")
    folder.joinpath("a.html").write_text('<h1 id="here">A</h1>', encoding="utf-8")
    folder.joinpath("a.css").write_text(style, encoding="utf-8")
    return folder


def test_a_sound_site_has_no_problems(check: ModuleType, tmp_path: Path) -> None:
    page = '<a href="a.html#here">a</a><link rel="stylesheet" href="a.css"><a href="https://x.y">'
    assert check.problems(site(tmp_path, page)) == ([], 2)


@pytest.mark.parametrize(
    ("page", "style", "found"),
    [
        ('<a href="b.html">', "", "index.html: no b.html"),
        ('<a href="a.html#there">', "", "index.html: no place a.html#there"),
        ('<img src="a.png">', "", "index.html: no a.png"),
        ('<script src="https://cdn.example/a.js">', "", "index.html: loads https://cdn"),
        ('<link rel="stylesheet" href="//fonts.example/a">', "", "index.html: loads //fonts"),
        ("", "@import url(https://fonts.example/a)", "a.css: loads https://fonts"),
    ],
)
def test_the_check_finds(
    check: ModuleType, tmp_path: Path, page: str, style: str, found: str
) -> None:
    ((wrong),) = check.problems(site(tmp_path, page, style))[0]
    assert wrong.startswith(found)
