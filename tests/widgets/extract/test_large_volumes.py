"""The *Extract shapes* panel on volumes that are read in parts: containers, paths and URLs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from containers import cremi, ome_zarr_05, plain_zarr, precomputed
from file_server import serving_files
from hands import VOXEL_NM, Hands

from napari_3dmsl.layers.classes import shapes_of
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.labels import stored_labels

PANEL = "Extract shapes"


def give(hands: Hands, address: object) -> None:
    """Type a path or URL and press Enter."""
    field = hands.find("address")
    field.setText(str(address))
    field.returnPressed.emit()


def extract(hands: Hands) -> Any:
    hands.click("extract")
    hands.wait(lambda: hands.find("extract").isEnabled())


@pytest.mark.parametrize("write", [plain_zarr, cremi])
def test_a_container_gives_the_shapes_of_its_labels(
    viewer: Any, open_panel: Any, labels: Any, shapes: Any, tmp_path: Path, write: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    path = write(tmp_path, labels.astype(np.uint16), VOXEL_NM)
    give(hands, path)
    [layer] = viewer.layers
    assert stored_labels(layer) is not None
    assert hands.find("labels").currentText() == layer.name
    for axis in "zyx":
        hands.find(f"downsample_{axis}").setValue(1)
    extract(hands)
    found = shapes_of(viewer.layers[INSTANCES])
    assert found.table["shape_class"] == shapes.table["shape_class"]
    assert found.table["volume_um3"] == shapes.table["volume_um3"]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server that outlives the window: what is drawn last is read from it, too."""
    with serving_files(tmp_path) as address:
        yield address


def test_a_url_is_opened_beside_the_window(
    address: str, viewer: Any, open_panel: Any, labels: Any, tmp_path: Path
) -> None:
    hands = open_panel(viewer, PANEL)
    path = precomputed(tmp_path, labels.astype(np.uint16), VOXEL_NM)
    give(hands, f"precomputed://{address}/{path.name}")
    assert "Asking the server" in hands.status
    hands.wait(lambda: len(viewer.layers) == 1)
    layer = viewer.layers[0]
    np.testing.assert_array_equal(np.asarray(stored_labels(layer)[3:5]), labels[3:5])
    np.testing.assert_allclose(layer.scale, np.array(VOXEL_NM) / 1000)


def test_what_a_server_lacks_is_told(viewer: Any, open_panel: Any, tmp_path: Path) -> None:
    hands = open_panel(viewer, PANEL)
    with serving_files(tmp_path) as address:
        give(hands, f"{address}/nothing.zarr")
        hands.wait(lambda: "no Zarr, N5 or precomputed" in hands.status)
    assert len(viewer.layers) == 0


def test_levels_of_a_pyramid_are_those_of_the_layer(
    viewer: Any, open_panel: Any, labels: Any, tmp_path: Path
) -> None:
    hands = open_panel(viewer, PANEL)
    give(hands, ome_zarr_05(tmp_path, labels.astype(np.uint16), VOXEL_NM))
    [layer] = viewer.layers
    assert layer.multiscale
    assert "read where you look at it" in hands.status


def test_a_file_larger_than_memory_is_opened_lazily(
    viewer: Any, open_panel: Any, labels: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    np.save(tmp_path / "a.npy", labels)
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", str(2 * labels.nbytes / 1e9))
    give(hands, tmp_path / "a.npy")
    [layer] = viewer.layers
    assert stored_labels(layer) is not None


def test_what_is_improbable_is_told_of_lazy_layers_too(
    viewer: Any, open_panel: Any, labels: Any, tmp_path: Path
) -> None:
    hands = open_panel(viewer, PANEL)
    give(hands, ome_zarr_05(tmp_path, labels.astype(np.uint16), VOXEL_NM))
    for axis in "zyx":
        hands.find(f"voxel_nm_{axis}").setValue(2400)
    hands.wait(lambda: "thick" in hands.find("doubts").text())
