"""Checks that a release can go out: versions, addresses, what is built, and how it is described.

``make release-check`` makes the tools it needs in build/release and runs it; it prints a line for
each check and ends with 1 when one fails. ``python scripts/release_check.py --owner NAME`` writes
who owns the repository into the files that say where it lies, ``--version 0.2.0`` the version.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
PLACEHOLDER = "OWNER"
WITH_ADDRESS = ("pyproject.toml", ".napari-hub/DESCRIPTION.md")
NAMES_OF_CONDA = {"matplotlib": "matplotlib-base"}
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", re.DOTALL)


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def project() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))["project"]


def recipe() -> dict[str, Any]:
    return yaml.safe_load(read("recipe/recipe.yaml"))


def versions() -> dict[str, str]:
    """Return the version that each file tells."""
    return {
        "pyproject.toml": project()["version"],
        "CITATION.cff": str(yaml.safe_load(read("CITATION.cff"))["version"]),
        ".zenodo.json": json.loads(read(".zenodo.json"))["version"],
        "recipe/recipe.yaml": str(recipe()["context"]["version"]),
    }


def version_problems() -> list[str]:
    """Files that tell another version than pyproject.toml, or a changelog that has no date."""
    told = versions()
    wanted = told["pyproject.toml"]
    wrong = [f"{name}: {found}, not {wanted}" for name, found in told.items() if found != wanted]
    if not re.search(
        rf"^## \[{re.escape(wanted)}\] - \d{{4}}-\d\d-\d\d$", read("CHANGELOG.md"), re.M
    ):
        wrong.append(f"CHANGELOG.md: no section '## [{wanted}] - YEAR-MONTH-DAY'")
    return wrong


def owner_problems() -> list[str]:
    """Files that still name nobody as the owner of the repository."""
    return [
        f"{name}: {PLACEHOLDER} is no owner; python scripts/release_check.py --owner NAME"
        for name in WITH_ADDRESS
        if f"/{PLACEHOLDER}/" in read(name)
    ]


def hub_problems() -> list[str]:
    """Links of the page for the napari hub that are paths, or lead to another repository."""
    source = project()["urls"]["Source"]
    links = LINK.findall(CODE.sub("", read(".napari-hub/DESCRIPTION.md")))
    wrong = [f"DESCRIPTION.md: {link}" for link in links if not link.startswith(("https://", "#"))]
    ours = [link for link in links if "/napari-3dmsl/" in link]
    wrong += [f"DESCRIPTION.md: {link} is not of {source}" for link in ours if source not in link]
    for link in ours:
        if link == f"{source}/issues":
            continue
        path = re.sub(r"^(raw|blob)/[^/]+/", "", link.partition(f"{source}/")[2])
        if not (REPOSITORY / path.partition("#")[0]).exists():
            wrong.append(f"DESCRIPTION.md: no file {path}")
    return wrong


def names_of(requirements: list[str]) -> set[str]:
    """Names of packages as conda-forge has them."""
    names = {re.split(r"[\[<>=!~; ]", text)[0] for text in requirements}
    return {NAMES_OF_CONDA.get(name, name) for name in names}


def recipe_problems() -> list[str]:
    """Return packages that the recipe lacks or has too much, and floors that differ."""
    given = project()
    window = given["optional-dependencies"]["window"]
    wanted = names_of([*given["dependencies"], *window]) | {"python"}
    found = recipe()["requirements"]["run"]
    names = names_of(found)
    wrong = [f"recipe.yaml: no {name}" for name in sorted(wanted - names)]
    wrong += [f"recipe.yaml: {name} is no dependency" for name in sorted(names - wanted)]
    floors = {text.replace(" ", "") for text in found}
    for text in (*given["dependencies"], *window):
        name = re.split(r"[<>=]", text)[0]
        asked = NAMES_OF_CONDA.get(name, name) + text[len(name) :]
        if asked not in floors:
            wrong.append(f"recipe.yaml: {asked} differs")
    return wrong


def description_problems(readme: str) -> list[str]:
    """Links of the long description that are paths."""
    links = LINK.findall(CODE.sub("", readme))
    return [f"README.md: {link}" for link in links if not link.startswith(("https://", "#"))]


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def build(folder: Path) -> list[Path]:
    """Build wheel and sdist; the same bytes each time."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    return sorted(folder.iterdir())


def built_problems(folder: Path) -> list[str]:
    """Return what is wrong with wheel and sdist: bytes, description, content."""
    first, again = build(folder / "first"), build(folder / "again")
    wrong = [
        f"{one.name}: other bytes when built again"
        for one, other in zip(first, again, strict=True)
        if checksum(one) != checksum(other)
    ]
    (wheel,) = (file for file in first if file.suffix == ".whl")
    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    needed = ("napari_3dmsl/napari.yaml", "napari_3dmsl/py.typed", "napari_3dmsl/docs/index.md")
    wrong += [f"{wheel.name}: no {name}" for name in needed if name not in names]
    wrong += [f"{wheel.name}: {name}" for name in names if name.startswith(("tests", "docs"))]
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    wrong += description_problems(archive.read(metadata).decode())
    done = run_tool("twine", "check", "--strict", *map(str, first))
    wrong += [] if done is None else [f"twine: {done}"]
    print(*(f"       {checksum(file)}  {file.name}" for file in first), sep="\n")
    return wrong


def citation_problems() -> list[str]:
    """Return what cffconvert says of CITATION.cff, and what .zenodo.json lacks."""
    done = run_tool("cffconvert", "--validate", "-i", str(REPOSITORY / "CITATION.cff"))
    wrong = [] if done is None else [f"CITATION.cff: {done}"]
    needed = {"title", "description", "creators", "upload_type", "license", "version"}
    missing = sorted(needed - set(json.loads(read(".zenodo.json"))))
    return wrong + [f".zenodo.json: no {name}" for name in missing]


def run_tool(name: str, *arguments: str) -> str | None:
    """Run a tool that lies beside Python; None when it is content, else what it says."""
    tool = Path(sys.executable).parent / name
    if not tool.exists():
        return f"{name} is not installed: make release-check"
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else (done.stdout + done.stderr).strip()[-500:]


def set_owner(owner: str) -> None:
    """Write who owns the repository into the files that say where it lies."""
    for name in WITH_ADDRESS:
        text = read(name).replace(f"/{PLACEHOLDER}/", f"/{owner}/")
        (REPOSITORY / name).write_text(text, encoding="utf-8")


def set_version(version: str, day: str) -> None:
    """Write a version into all files that tell it, and its day into the changelog."""
    for name, before, after in (
        ("pyproject.toml", r'^version = "[^"]+"', f'version = "{version}"'),
        ("CITATION.cff", r"^version: .+", f"version: {version}"),
        (".zenodo.json", r'^  "version": "[^"]+"', f'  "version": "{version}"'),
        ("recipe/recipe.yaml", r'^  version: "[^"]+"', f'  version: "{version}"'),
        ("CHANGELOG.md", rf"^## \[{re.escape(version)}\] - .+", f"## [{version}] - {day}"),
    ):
        text = re.sub(before, after, read(name), count=1, flags=re.M)
        (REPOSITORY / name).write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--owner", help="write this owner of the repository, and check nothing")
    parser.add_argument("--version", help="write this version and the day, and check nothing")
    options = parser.parse_args()
    if options.owner:
        set_owner(options.owner)
    if options.version:
        set_version(options.version, date.today().isoformat())
    if options.owner or options.version:
        return
    os.environ.setdefault("SOURCE_DATE_EPOCH", "1700000000")
    with TemporaryDirectory() as folder:
        checks: dict[str, Callable[[], list[str]]] = {
            "versions agree, the changelog has a date": version_problems,
            "the repository has an owner": owner_problems,
            "the page of the napari hub leads somewhere": hub_problems,
            "the recipe of conda-forge has our dependencies": recipe_problems,
            "CITATION.cff and .zenodo.json are valid": citation_problems,
            "wheel and sdist: same bytes, description, content": lambda: built_problems(
                Path(folder)
            ),
        }
        failed = 0
        for what, check in checks.items():
            wrong = check()
            failed += bool(wrong)
            print(*(["FAIL " if wrong else "ok   ", what]))
            print(*(f"       {line}\n" for line in wrong), sep="", end="")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
