"""What describes a release agrees with the package, and what is missing before one is found."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from scripts_of_repository import script

REPOSITORY = Path(__file__).resolve().parents[1]
HOSTS = re.compile(
    r"pypi\.(org|io)|python[h]osted|anaconda\.(org|com)|npm[j]s|ghcr\.io|docker\.io|quay\.io|"
    r"raw\.githubusercontent|/releases/downloa[d]/"
)
OF_A_MACHINE = re.compile(r"(?<![\w.])/(work|root|mnt|Users)/|/hom[e]/(?!me/|x\.czi)")


@pytest.fixture
def check() -> ModuleType:
    return script("release_check")


def test_all_files_tell_one_version(check: ModuleType) -> None:
    assert len(set(check.versions().values())) == 1


def test_the_recipe_has_the_dependencies_with_their_floors(check: ModuleType) -> None:
    assert check.recipe_problems() == []


def test_the_page_of_the_hub_leads_to_files_that_are_there(check: ModuleType) -> None:
    assert [line for line in check.hub_problems() if "no file" in line] == []
    wrong = check.description_problems("[a](docs/a.md) [b](https://b.example) [c](#c)")
    assert wrong == ["README.md: docs/a.md"]


def test_another_owner_on_one_page_only_is_found(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = check.read
    swapped = {".napari-hub/DESCRIPTION.md": ("/" + check.PLACEHOLDER + "/", "/somebody/")}

    def read(name: str) -> str:
        return given(name).replace(*swapped.get(name, ("", "")))

    if check.owner_problems():  # before a release
        monkeypatch.setattr(check, "read", read)
        assert any("is not of" in line for line in check.hub_problems())


def test_the_owner_is_written_everywhere(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in check.WITH_ADDRESS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"https://forge.example/{check.PLACEHOLDER}/napari-3dmsl")
    monkeypatch.setattr(check, "REPOSITORY", tmp_path)
    assert len(check.owner_problems()) == len(check.WITH_ADDRESS)
    check.set_owner("somebody")
    assert check.owner_problems() == []


def test_a_version_and_its_day_are_written_everywhere(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (*check.versions(), "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(check.read(name), encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text("## [7.8.9] - unreleased\n", encoding="utf-8")
    monkeypatch.setattr(check, "REPOSITORY", tmp_path)
    assert check.version_problems(), "not yet released"
    check.set_version("7.8.9", "2030-01-02")
    assert set(check.versions().values()) == {"7.8.9"}
    assert check.version_problems() == []


def test_the_citation_has_what_its_format_asks_for() -> None:
    told = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(told)
    for one in (told, *told["references"]):
        assert one["title"]
        assert all({"name", "family-names"} & set(author) for author in one["authors"])


def test_forms_and_workflow_are_well_formed() -> None:
    for form in (REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        told = yaml.safe_load(form.read_text("utf-8"))
        if form.stem != "config":
            assert {"name", "description", "body"} <= set(told)
            assert all(set(part) >= {"type", "id", "attributes"} for part in told["body"])
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text("utf-8"))
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1]["run"] == ".ci/run"


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    found = []
    for file in files():
        text = file.read_text("utf-8", errors="ignore")
        found += [f"{file.name}: {hit[0]}" for hit in HOSTS.finditer(text)]
        found += [f"{file.name}: {hit[0]}" for hit in OF_A_MACHINE.finditer(text)]
    assert found == []


def files() -> list[Path]:
    """The text files of the repository; all that are there, where it is no git checkout."""
    try:
        told = subprocess.run(
            ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        listed = [REPOSITORY / name for name in told]
    except (OSError, subprocess.CalledProcessError):
        listed = [
            file for name in ("src", "docs", "tests") for file in (REPOSITORY / name).rglob("*")
        ]
    binary = {".png", ".gif", ".tif", ".npz", ".zip", ".gz", ".pyc"}
    return [file for file in listed if file.is_file() and file.suffix not in binary]
