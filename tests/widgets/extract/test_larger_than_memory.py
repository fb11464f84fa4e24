"""The *Extract shapes* panel on a volume that is larger than the memory: shapes go to disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from containers import plain_zarr
from hands import VOXEL_NM, Hands

from napari_3dmsl.compute.worker import end_spares
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.classes import shapes_of
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.library import extract as extraction
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.unfinished import work_folder
from napari_3dmsl.widgets.common.shape_selection import selection_of

PANEL = "Extract shapes"


@pytest.fixture(autouse=True)
def nothing_fits(monkeypatch: Any) -> Iterator[None]:
    """Every volume is larger than the memory; workers of workers end with the test."""
    monkeypatch.setattr(extraction, "COPIES", 1e9)
    yield
    end_spares()


@pytest.fixture
def hands(viewer: Any, open_panel: Any, labels: Any, tmp_path: Path) -> Hands:
    """The panel with a volume on disk."""
    hands: Hands = open_panel(viewer, PANEL)
    path = plain_zarr(tmp_path, labels.astype(np.uint16), VOXEL_NM)
    field = hands.find("address")
    field.setText(str(path))
    field.returnPressed.emit()
    for axis in "zyx":
        hands.find(f"downsample_{axis}").setValue(1)
    hands.find("memory_limit_gb").setValue(1.0)
    return hands


def extract(hands: Hands) -> None:
    hands.click("extract")
    hands.wait(lambda: hands.find("extract").isEnabled())


def test_what_it_will_take_is_told_before(hands: Hands, tmp_path: Path) -> None:
    hands.wait(lambda: "It will take about" in hands.find("estimate").text())
    text = hands.find("estimate").text()
    assert "40 × 96 × 96 voxels are more than 1 GB of memory hold" in text
    assert not hands.find("estimate").isHidden()
    assert hands.find("library_path").text().startswith(str(tmp_path))
    assert hands.find("library_path").text().endswith("_shapes")


def test_the_shapes_go_to_disk_and_the_instances_are_a_lazy_pyramid(
    viewer: Any, hands: Hands, shapes: Any, tmp_path: Path
) -> None:
    hands.find("library_path").setText(str(tmp_path / "found"))
    extract(hands)
    assert not hands.complains, hands.status
    instances = viewer.layers[INSTANCES]
    found = shapes_of(instances)
    assert isinstance(found, ShapeLibrary)
    assert found.table["shape_class"] == shapes.table["shape_class"]
    assert found.table["volume_um3"] == shapes.table["volume_um3"]
    assert "4 shapes" in hands.status
    assert f"Kept in {tmp_path / 'found'}." in hands.status
    names = [layer.name for layer in viewer.layers]
    assert names[1:] == ["instances", "dot (2)", "rod (1)", "donut (1)"]
    assert not viewer.layers[0].visible
    np.testing.assert_allclose(instances.scale, 0.024)
    stored = about(instances)["stored"]
    assert stored.shape == (40, 96, 96)
    assert {int(number) for number in np.unique(stored[...])} == {0, 1, 2, 3, 4}
    assert sorted(item.name for item in tmp_path.iterdir() if "found" in item.name) == [
        "found",
        "found_instances.ome.zarr",
    ]
    rod = found.ids[found.table["shape_class"].index("rod")]
    selection_of(viewer).select(rod)
    assert instances.selected_label == rod
    middle = np.median(np.argwhere(stored[...] == rod), axis=0) * 0.024
    for shown in ((1, 2), (0, 1, 2)):  # in a slice, and along a line of sight
        click = SimpleNamespace(
            position=tuple(middle), dims_displayed=shown, view_direction=np.array([1.0, 0, 0])
        )
        assert selection_of(viewer)._under(click) == rod


def test_a_library_that_is_there_is_kept_unless_told(hands: Hands, tmp_path: Path) -> None:
    hands.find("library_path").setText(str(tmp_path / "found"))
    extract(hands)
    extract(hands)
    assert "a shape library is there" in hands.status
    assert "tick Replace" in hands.status
    hands.find("replace_library").setChecked(True)
    extract(hands)
    assert not hands.complains, hands.status


def test_cancel_changes_nothing_and_extract_goes_on(
    viewer: Any, hands: Hands, tmp_path: Path, hold: Any
) -> None:
    holding = hold(lambda *_: True)
    library = tmp_path / "found"
    hands.find("library_path").setText(str(library))
    hands.click("extract")
    hands.wait(lambda: work_folder(library).exists())
    hands.click("cancel")
    holding.go_on.set()
    hands.wait(lambda: hands.find("extract").isEnabled())
    assert "Extract goes on where it stopped" in hands.status
    assert len(viewer.layers) == 1
    extract(hands)
    assert not hands.complains, hands.status
    assert len(ShapeLibrary.open(library)) == 4
    assert not work_folder(library).exists()


def test_a_place_is_needed(hands: Hands) -> None:
    hands.find("library_path").setText("")
    hands.click("extract")
    assert "type a new folder" in hands.status
    assert hands.complains
