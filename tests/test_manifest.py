"""What napari is told about this package."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

npe2 = pytest.importorskip("npe2")
pytest.importorskip("napari")


@pytest.fixture(scope="module")
def manifest():
    return npe2.PluginManifest.from_distribution("napari-3dmsl")


def test_the_manifest_is_valid_and_all_its_names_can_be_imported(manifest) -> None:
    manifest.validate_imports()
    [entry] = entry_points(group="napari.manifest", name="napari-3dmsl")
    assert entry.value == "napari_3dmsl:napari.yaml"


def test_the_panels_have_the_names_that_people_are_told(manifest) -> None:
    assert manifest.display_name == "3DMSL"
    names = [widget.display_name for widget in manifest.contributions.widgets]
    assert names == [
        "Extract shapes",
        "Shape browser",
        "Microscope",
        "Export images",
        "Image set",
        "Match my microscope",
        "Score",
        "Download shapes",
        "Real or simulated",
    ]


def test_the_samples_have_their_names_in_the_menu(manifest) -> None:
    assert {each.key: each.display_name for each in manifest.contributions.sample_data} == {
        "phantom": "mitochondria phantom",
        "cell_scene": "cell scene with its ground truth",
        "released_subset": "part of the 3DMSL release (download)…",
    }


def test_menus_are_those_that_napari_lets_plugins_add_to(manifest) -> None:
    from napari._app_model.constants import MenuId

    assert set(manifest.contributions.menus) <= MenuId.contributables()


def test_every_command_is_used(manifest) -> None:
    text = manifest.yaml()
    for command in manifest.contributions.commands:
        assert len(re.findall(rf"\b{re.escape(command.id)}\b", text)) >= 2


def test_the_manifest_at_the_top_is_that_of_the_package(repository: Path) -> None:
    top = repository / "napari.yaml"
    assert top.samefile(repository / "src" / "napari_3dmsl" / "napari.yaml")
