"""What is built of the package: the same bytes each time, all pages, links that work anywhere."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import BytesParser
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from scripts_of_repository import script

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OF_A_WINDOW = {"napari", "qtpy", "superqt", "magicgui", "psygnal", "vispy", "pyqt6", "pyside6"}


def built(source: Path, target: Path) -> dict[str, Path]:
    """Build wheel and sdist from `source` into `target`, by the end of their names."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", target],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
        capture_output=True,
    )
    return {"whl" if file.suffix == ".whl" else "gz": file for file in target.iterdir()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheel and sdist of this repository."""
    return built(REPOSITORY, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def unpacked(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the sdist holds."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(files["gz"]) as archive:
        archive.extractall(folder, filter="data")
    (found,) = folder.iterdir()
    return found


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_built_twice_the_bytes_are_the_same_also_from_the_sdist(
    files: dict[str, Path], unpacked: Path, tmp_path: Path
) -> None:
    again = built(REPOSITORY, tmp_path / "again")
    assert {kind: checksum(file) for kind, file in again.items()} == {
        kind: checksum(file) for kind, file in files.items()
    }
    assert checksum(built(unpacked, tmp_path / "from it")["whl"]) == checksum(files["whl"])


def test_the_sdist_holds_what_its_own_tests_need(unpacked: Path) -> None:
    tests = ["tests/test_docs_links.py", "tests/test_names_in_text.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=unpacked,
        env={**os.environ, "PYTHONPATH": str(unpacked / "src")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_wheel_holds_the_package_its_pages_and_no_more(files: dict[str, Path]) -> None:
    names = zipfile.ZipFile(files["whl"]).namelist()
    code = {
        f"napari_3dmsl/{file.relative_to(REPOSITORY / 'src' / 'napari_3dmsl').as_posix()}"
        for file in (REPOSITORY / "src" / "napari_3dmsl").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    pages = {f"napari_3dmsl/docs/{page.name}" for page in (REPOSITORY / "docs").glob("*.md")}
    made = {name for name in names if ".dist-info/" in name}
    assert set(names) - made == code | pages


def test_the_long_description_has_no_paths(files: dict[str, Path]) -> None:
    archive = zipfile.ZipFile(files["whl"])
    (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
    message = BytesParser().parsebytes(archive.read(metadata))
    text = re.sub(r"```.*?```", "", str(message.get_payload()), flags=re.DOTALL)
    assert message["Description-Content-Type"] == "text/markdown"
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(links) > 20
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


def test_addresses_are_of_the_one_repository() -> None:
    urls = PROJECT["urls"]
    assert all(url.startswith(urls["Source"]) for url in urls.values())


def test_without_extras_nothing_of_a_window_is_installed() -> None:
    assert OF_A_WINDOW.isdisjoint(needed(PROJECT["dependencies"]))


def test_what_is_installed_has_a_permissive_licence() -> None:
    extras = PROJECT["optional-dependencies"]
    requirements = [
        *PROJECT["dependencies"],
        *(one for name, group in extras.items() if name != "all" for one in group),  # all: PyQt6
    ]
    licences = {name: licence_of(name) for name in needed(requirements)}
    strict = re.compile(r"(?<!L)(?<!Lesser )(GPL|General Public License)(?! or later with)")
    assert len(licences) > 50
    assert {name: text for name, text in licences.items() if strict.search(text)} == {}


def test_each_dependency_has_its_reason_in_the_docs() -> None:
    tables: ModuleType = script("dependency_table")
    assert [each.requirement for each in tables.dependencies() if not each.reason] == []
    assert tables.PAGE.read_text(encoding="utf-8") == tables.page()  # else: make tables


def needed(requirements: list[str]) -> set[str]:
    """Names of all packages that these bring, so far as they are installed here."""
    found: set[str] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = requirement.name.lower().replace("_", "-")
        key = (name, frozenset(requirement.extras))
        if key in done or name == PROJECT["name"]:
            continue
        done.add(key)
        try:
            its = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        found.add(name)
        waiting += [(Requirement(text), each) for text in its for each in ("", *requirement.extras)]
    return found


def licence_of(name: str) -> str:
    """What a package's metadata say of its licence, in short."""
    metadata = distribution(name).metadata
    classes = [text for text in metadata.get_all("Classifier") or [] if "License" in text]
    free = metadata.get("License") or ""
    short = metadata.get("License-Expression") or free.partition("\n")[0]
    return " ".join([short, *classes])
