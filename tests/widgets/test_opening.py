"""Files dropped into the window: what is ours opens right, what is others' is left to napari."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_3dmsl.adopt import open_files, watch
from napari_3dmsl.image_io.ome_tiff import write_image, write_ome_tiff
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.microscope.simulation import Simulation, simulate_surface


@pytest.fixture(scope="module")
def simulated(shapes: Any) -> Any:
    mesh = shapes.mesh(shapes.ids[0])
    return simulate_surface(mesh.vertices, mesh.faces, Simulation())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files for which napari asks with which plugin they are to be read."""
    from napari._qt.dialogs import qt_reader_dialog

    paths: list[str] = []

    def ask(dialog: Any) -> tuple[str, bool]:
        paths.append(dialog._current_file)
        return "", False

    monkeypatch.setattr(qt_reader_dialog.QtReaderDialog, "get_user_choices", ask)
    return paths


@pytest.fixture
def drop(viewer: Any, qtbot: Any) -> Any:
    """Drop a file on the canvas; return its layers."""

    def dropped(path: Path) -> list[Any]:
        before = list(viewer.layers)
        viewer.window._qt_viewer._qt_open([str(path)], stack=False)
        qtbot.wait(50)
        return [layer for layer in viewer.layers if layer not in before]

    return dropped


def test_images_of_others_open_as_if_this_plugin_were_not_there(
    drop: Any, asked: list[str], tmp_path: Path
) -> None:
    grey = np.random.default_rng(1).integers(0, 255, (5, 16, 16)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "plain.tif", grey)
    tifffile.imwrite(tmp_path / "foreign.ome.tif", grey, metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "imagej.tiff", grey, imagej=True)
    np.savez(tmp_path / "grey.npz", grey)
    np.save(tmp_path / "grey.npy", grey)
    for path in sorted(tmp_path.iterdir()):
        [layer] = drop(path)
        assert type(layer).__name__ == "Image"
        np.testing.assert_array_equal(layer.data, grey)
    assert asked == []


def test_a_simulated_image_is_dropped_with_its_scale_and_settings(
    drop: Any, viewer: Any, asked: list[str], simulated: Any, tmp_path: Path
) -> None:
    watch(viewer)
    path = write_image(tmp_path / "mine.ome.tif", simulated)
    [layer] = drop(path)
    pixel_um = simulated.simulation.microscope.pixel_um
    np.testing.assert_allclose(layer.scale[-2:], pixel_um)
    assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert about(layer)["settings"] == simulated.metadata()
    assert layer.name == "mine"
    np.testing.assert_allclose(layer.extent.world.mean(axis=0), 0, atol=pixel_um)
    assert asked == []
    [opened] = viewer.open(path)
    np.testing.assert_allclose(opened.scale[-2:], pixel_um)


def test_labels_that_were_written_are_dropped_as_labels_at_their_place(
    drop: Any, viewer: Any, asked: list[str], tmp_path: Path
) -> None:
    watch(viewer)
    path = tmp_path / "labels.ome.tif"
    metadata = {"software": "napari-3dmsl 0.1.0", "extraction": {}, "origin_um": [0.1, 0.2, 0.3]}
    write_ome_tiff(path, np.ones((2, 3, 4), np.uint16), (0.03, 0.02, 0.02), metadata)
    [layer] = drop(path)
    assert type(layer).__name__ == "Labels"
    np.testing.assert_allclose(layer.scale, (0.03, 0.02, 0.02))
    np.testing.assert_allclose(layer.translate, (0.1, 0.2, 0.3))
    assert asked == []


def test_a_panel_makes_images_right_that_were_opened_before_it(
    drop: Any, viewer: Any, open_panel: Any, simulated: Any, tmp_path: Path
) -> None:
    [layer] = drop(write_image(tmp_path / "mine.ome.tif", simulated))
    open_panel(viewer, "Export images")
    np.testing.assert_allclose(layer.scale[-1], simulated.simulation.microscope.pixel_um)


def test_scripts_open_files_with_their_scale(
    viewer: Any, labels: np.ndarray, simulated: Any, tmp_path: Path
) -> None:
    image = write_image(tmp_path / "mine.ome.tif", simulated)
    sizes = {f"PhysicalSize{axis}": 0.024 for axis in "ZYX"}
    metadata = {"axes": "ZYX", **sizes}
    tifffile.imwrite(tmp_path / "cell.ome.tif", labels, ome=True, metadata=metadata)
    first, second = open_files(viewer, image, tmp_path / "cell.ome.tif")
    assert about(first)["kind"] == "image"
    assert type(second).__name__ == "Labels"
    np.testing.assert_allclose(second.scale, 0.024)
    (tmp_path / "note.txt").write_text("no image")
    with pytest.raises(ValueError, match=r"note.txt: none of the files"):
        open_files(viewer, tmp_path / "note.txt")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bigcoord.off", "bigcoord.off: "),
        ("long-mesh-200000.off", "long-mesh-200000.off: "),
        ("jsonbomb.zip", "jsonbomb.zip/library.json: "),
        ("settings-unnamed-0a327154/recipe.json", "recipe.json: "),
    ],
)
def test_a_refused_file_is_told_with_its_reason_in_the_window(
    drop: Any, viewer: Any, cases: Path, qtbot: Any, name: str, reason: str
) -> None:
    """napari's own words are that a reader failed; ours say why, in one line."""
    from napari.errors import ReaderPluginError
    from napari.utils.notifications import notification_manager

    before = len(notification_manager.records)
    with pytest.raises(ReaderPluginError):
        drop(cases / "hostile" / name)
    qtbot.wait(50)
    told = [record.message for record in notification_manager.records[before:]]
    assert len(told) == 1
    assert told[0].startswith(reason)
    assert "\n" not in told[0]
    assert "Traceback" not in told[0]
    assert len(viewer.layers) == 0


def test_a_folder_of_sections_is_read_as_labels_when_this_plugin_is_chosen(
    viewer: Any, labels: np.ndarray, tmp_path: Path
) -> None:
    for number, section in enumerate(labels):
        tifffile.imwrite(tmp_path / f"z{number}.tif", section)
    [layer] = viewer.open(tmp_path, plugin="napari-3dmsl")
    assert type(layer).__name__ == "Labels"
    np.testing.assert_array_equal(layer.data, labels)
