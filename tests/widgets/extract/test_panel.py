"""The *Extract shapes* panel: voxel sizes, a run, Cancel, and refusals that change nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hands import PATIENCE_MS, VOXEL_NM, Hands, running

from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.classes import shapes_of
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.layers.labels import voxel_nm_of
from napari_3dmsl.layers.placement import box_um_of
from napari_3dmsl.layers.surfaces import mesh_of_layer
from napari_3dmsl.shapes.classification import ClassRules
from napari_3dmsl.shapes.extraction import ExtractionSettings

PANEL = "Extract shapes"
VOXEL_FIELDS = tuple(f"voxel_nm_{axis}" for axis in "zyx")


def add_labels(viewer: Any, labels: np.ndarray, **attributes: Any) -> Any:
    """Add labels of 24 nm voxels in µm, unless told otherwise."""
    attributes = {"name": "volume", "scale": (0.024,) * 3, "units": "µm"} | attributes
    return viewer.add_labels(labels, **attributes)


def state(viewer: Any) -> list[tuple[Any, ...]]:
    """Everything about the layers that a failed extraction must not touch."""
    return [
        (
            id(layer),
            layer.name,
            layer.visible,
            *layer.scale,
            *layer.translate,
            *map(str, layer.units),
        )
        for layer in viewer.layers
    ]


def voxel_nm(hands: Hands) -> tuple[float, ...]:
    return tuple(hands.find(name).value() for name in VOXEL_FIELDS)


def extract(hands: Hands) -> None:
    """Press Extract and wait for the end."""
    hands.click("extract")
    hands.wait(lambda: hands.find("extract").isEnabled())


def kinds(viewer: Any) -> list[str]:
    return [about(layer).get("kind", "") for layer in viewer.layers]


def test_the_voxel_size_is_that_of_the_layer(viewer: Any, open_panel: Any, labels: Any) -> None:
    hands = open_panel(viewer, PANEL)
    assert voxel_nm(hands) == (0, 0, 0)
    fine = add_labels(viewer, labels, name="fine", scale=(0.030, 0.008, 0.008))
    assert voxel_nm(hands) == pytest.approx((30, 8, 8))
    assert [hands.find(f"downsample_{axis}").value() for axis in "zyx"] == [1, 3, 3]
    assert "30 × 24 × 24 nm" in hands.find("limit").text()
    assert hands.find("set_scale").isEnabled()  # what a file says may be wrong
    add_labels(viewer, labels, name="in nm", scale=(8, 8, 8), units="nm")
    assert voxel_nm(hands) == pytest.approx((30, 8, 8))
    hands.choose("labels", "in nm")
    assert voxel_nm(hands) == pytest.approx((8, 8, 8))
    assert [hands.find(f"downsample_{axis}").value() for axis in "zyx"] == [3, 3, 3]
    assert "24 × 24 × 24 nm" in hands.find("limit").text()
    viewer.layers.remove(viewer.layers["in nm"])
    assert voxel_nm(hands) == pytest.approx((30, 8, 8))
    fine.name = "renamed"
    assert hands.find("labels").currentText() == "renamed"


def test_a_typed_voxel_size_stays_when_layers_come_and_go(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    viewer.add_labels(labels, name="in pixels")
    for name in VOXEL_FIELDS:
        hands.type(name, 24)
    other = viewer.add_labels(labels, name="other")
    assert voxel_nm(hands) == (24, 24, 24)
    viewer.layers.remove(other)
    assert voxel_nm(hands) == (24, 24, 24)


def test_extraction_adds_labels_and_a_surface_a_class(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    source = add_labels(viewer, labels)
    texts = hands.texts()
    progress = hands.find("progress")
    hands.click("extract")
    assert not hands.find("extract").isEnabled()
    assert hands.find("cancel").isEnabled()
    assert not progress.isHidden()
    hands.wait(lambda: hands.find("extract").isEnabled())
    assert progress.isHidden()
    assert not hands.find("cancel").isEnabled()
    assert any(" of " in text for text in texts)
    names = [layer.name for layer in viewer.layers]
    assert names == ["volume", "instances", "dot (2)", "rod (1)", "donut (1)"]
    for layer in viewer.layers:
        assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert viewer.layers.selection.active.name == "instances"
    assert viewer.dims.ndisplay == 3
    assert not source.visible
    assert not hands.complains
    assert "4 shapes" in hands.status
    assert "2 dot" in hands.status
    assert about(viewer.layers["instances"])["source"] == "volume"


def test_the_window_stays_alive_during_an_extraction(
    viewer: Any, open_panel: Any, labels: Any, qtbot: Any
) -> None:
    from qtpy.QtCore import QTimer

    hands = open_panel(viewer, PANEL)
    add_labels(viewer, np.tile(labels, (1, 2, 2)))
    ticks: list[float] = []  # in time that this process, all its threads, has worked
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.process_time()))
    timer.start(5)
    hands.click("extract")
    hands.wait(lambda: viewer.layers[-1].name != "volume" or hands.complains)
    timer.stop()
    assert not hands.complains
    assert len(ticks) > 10
    # The last gap is napari drawing new layers; before it the window only watches.
    assert np.diff(ticks[:-1]).max() < 1.0


def test_cancel_leaves_every_layer_as_it_was(
    viewer: Any, open_panel: Any, labels: Any, hold: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    before = state(viewer)
    for moment, when in (("Starting", None), (" of ", lambda *_: True)):
        hold(when)
        hands.click("extract")
        hands.wait(lambda moment=moment: moment in hands.status)
        hands.click("cancel")
        hands.wait(lambda: hands.find("extract").isEnabled())
        assert hands.status == "Cancelled; no layer was changed."
        assert not hands.find("cancel").isEnabled()
        assert hands.find("progress").isHidden()
        assert state(viewer) == before
        hands.wait(lambda: not [x for x in running() if "live" not in x])  # ends after it has told


def test_a_second_extraction_replaces_the_first(
    viewer: Any, open_panel: Any, labels: Any, shapes: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    other = viewer.add_points(np.zeros((1, 3)), name="mine", scale=(1, 1, 1), units="µm")
    extract(hands)
    first = viewer.layers["instances"]
    # The smallest ball has 0.029 µm³.
    hands.type("min_volume_um3", 0.035)
    extract(hands)
    assert kinds(viewer).count(INSTANCES) == 1
    assert kinds(viewer).count("class") == 3
    assert viewer.layers["instances"] is not first
    assert viewer.layers["instances"].data.max() == 3
    assert viewer.layers["dot (1)"]
    hands.type("min_volume_um3", 1)
    extract(hands)
    assert "0 shapes" in hands.status
    assert "4 too small" in hands.status
    assert not viewer.layers["instances"].data.any()
    assert "class" not in kinds(viewer)
    assert other in viewer.layers
    assert "volume" in viewer.layers


@pytest.mark.parametrize("set_scale", [True, False])
def test_without_a_voxel_size_the_panel_asks(
    viewer: Any, open_panel: Any, labels: Any, set_scale: bool
) -> None:
    hands = open_panel(viewer, PANEL)
    source = viewer.add_labels(labels, name="in pixels")
    before = state(viewer)
    assert "type the size of a voxel" in hands.find("limit").text()
    hands.click("extract")
    assert hands.complains
    assert "no voxel size" in hands.status
    assert hands.find("extract").isEnabled()
    assert state(viewer) == before
    assert not hands.panel._job.is_running
    for name, size in zip(VOXEL_FIELDS, (24, 24, 16), strict=True):
        hands.type(name, size)
    if not set_scale:
        hands.click("set_scale")
    extract(hands)
    assert not hands.complains
    np.testing.assert_allclose(viewer.layers["instances"].scale, (0.024, 0.024, 0.016))
    if set_scale:
        np.testing.assert_allclose(source.scale, (0.024, 0.024, 0.016))
        assert {str(unit) for unit in source.units} == {"micrometer"}
        assert {str(unit) for unit in viewer.layers.units} == {"micrometer"}
    else:
        np.testing.assert_allclose(source.scale, 1)
        assert {str(unit) for unit in source.units} == {"pixel"}


@pytest.mark.parametrize("given", [{}, {"scale": (150, 160, 160), "units": "nm"}])
def test_a_wrong_voxel_size_is_corrected_on_the_layer_too(
    viewer: Any, open_panel: Any, labels: Any, given: dict[str, Any]
) -> None:
    """Typed wrong and extracted, or wrong in the file: typed right, it is right everywhere."""
    hands = open_panel(viewer, PANEL)
    source = viewer.add_labels(labels, name="volume", **given)
    for sizes in ((150, 160, 160), (15, 16, 16)):
        for name, size in zip(VOXEL_FIELDS, sizes, strict=True):
            hands.type(name, size)
        extract(hands)
        assert voxel_nm_of(source) == pytest.approx(sizes)
        np.testing.assert_allclose(
            box_um_of(viewer.layers["instances"]), box_um_of(source), atol=1e-9
        )


def test_a_voxel_size_keeps_all_its_digits(viewer: Any, open_panel: Any, labels: Any) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels, scale=(0.05, 0.003125, 0.0031234567891))
    assert hands.find("voxel_nm_y").text() == "3.125 nm"
    assert hands.panel.settings().voxel_nm == (50.0, 3.125, 3.1234567891)
    hands.type("voxel_nm_z", "30.00625")
    assert hands.panel.settings().voxel_nm == (30.00625, 3.125, 3.1234567891)
    extract(hands)
    scale = viewer.layers[INSTANCES].scale
    np.testing.assert_allclose(scale, [0.03000625, 7 * 0.003125, 7 * 0.0031234567891], rtol=1e-12)


def test_the_downsampling_is_suggested_for_a_size_that_is_typed(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    viewer.add_labels(labels, name="in pixels")
    assert hands.find("downsample_x").text() == "suggested"
    for name, size in zip(VOXEL_FIELDS, (50, 4.6, 12), strict=True):
        hands.type(name, size)
    assert hands.panel.settings().downsample == (1, 5, 2)
    assert "50 × 23 × 24 nm" in hands.find("limit").text()
    hands.type("downsample_x", 1)
    assert hands.panel.settings().downsample == (1, 5, 1)


def test_a_field_without_effect_says_why(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, PANEL)
    assert not hands.find("split_pieces").isEnabled()
    hands.click("instances")
    assert hands.find("split_pieces").isEnabled()
    assert "No effect" not in hands.find("split_pieces").toolTip()
    neck = hands.find("neck")
    assert not neck.isEnabled()
    assert "No effect now: instances are not parted" in neck.toolTip()


def test_numbers_that_a_voxel_size_cannot_be_are_told(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    viewer.add_labels(labels, name="volume")
    hands.type("voxel_nm_z", "15000000")
    told = "Voxel size z: 15000000 nm is not a number above 0, below 1,000,000 nm"
    assert hands.status == told
    assert hands.complains
    hands.type("voxel_nm_z", "0.015")  # µm, by habit
    assert hands.find("voxel_nm_z").text() == "0.015 nm"
    assert hands.find("voxel_nm_z").value() == 0.015


@pytest.mark.parametrize(
    "place",
    [
        {"affine": np.diag([24, 24, 24, 1.0]), "scale": (1, 1, 1)},
        {"affine": np.diag([2, 2, 2, 1.0]), "translate": (100, 0, 7)},
        {"scale": (24, -24, 24)},
    ],
)
def test_a_scale_of_a_layer_counts_wherever_it_is_written(
    viewer: Any, open_panel: Any, labels: Any, place: dict[str, Any]
) -> None:
    hands = open_panel(viewer, PANEL)
    source = add_labels(viewer, labels, units="nm", **({"scale": (12, 12, 12)} | place))
    assert voxel_nm(hands) == pytest.approx((24, 24, 24))
    extract(hands)
    assert "4 shapes" in hands.status
    rod = mesh_of_layer(viewer.layers["rod (1)"]).bounds_um.mean(axis=0)
    seen = np.array(source.data_to_world((20, 16, 61))) / 1000
    np.testing.assert_allclose(rod, seen, atol=0.01)


@pytest.mark.parametrize("skew", [{"rotate": (0, 0, 30)}, {"shear": (0.2, 0, 0)}])
def test_labels_that_lie_askew_are_refused_in_words(
    viewer: Any, open_panel: Any, labels: Any, skew: dict[str, Any]
) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels, **skew)
    before = state(viewer)
    for name in VOXEL_FIELDS:
        hands.type(name, 24)
    hands.click("extract")
    assert hands.complains
    assert "layer 'volume' is rotated or sheared" in hands.status
    assert "reset its rotate, shear and affine" in hands.status
    assert state(viewer) == before


def test_fields_changed_during_a_run_belong_to_the_next(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    source = viewer.add_labels(labels, name="in pixels")
    for name in VOXEL_FIELDS:
        hands.type(name, 24)
    hands.click("extract")
    other = viewer.add_labels(labels, name="other")
    hands.choose("labels", "other")
    assert voxel_nm(hands) == (0, 0, 0)
    hands.wait(lambda: hands.find("extract").isEnabled())
    assert not hands.complains
    np.testing.assert_allclose(viewer.layers["instances"].scale, 0.024)
    np.testing.assert_allclose(source.scale, 0.024)
    np.testing.assert_allclose(other.scale, 1)


def test_a_source_that_is_removed_during_a_run_still_gives_its_shapes(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    source = add_labels(viewer, labels, translate=(0, 0, 2))
    hands.click("extract")
    viewer.layers.remove(source)
    hands.wait(lambda: hands.find("extract").isEnabled())
    assert "4 shapes" in hands.status
    np.testing.assert_allclose(viewer.layers["instances"].translate, (0, 0, 2))


def test_shapes_lie_where_their_labels_lie_in_nanometres_too(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels, units="nm", scale=(24,) * 3, translate=(1000, 2000, 3000))
    extract(hands)
    np.testing.assert_allclose(viewer.layers["instances"].translate, (1, 2, 3))
    rod = viewer.layers["rod (1)"]
    middle = mesh_of_layer(rod).bounds_um.mean(axis=0)
    expected = np.array([20, 16, 61]) * 0.024 + np.array([1, 2, 3])
    np.testing.assert_allclose(middle, expected, atol=0.01)


def test_volumes_with_one_time_point_and_pyramids_are_volumes(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    viewer.add_labels(labels[None], name="4D", scale=(1, 0.024, 0.024, 0.024), units="µm")
    assert voxel_nm(hands) == pytest.approx(VOXEL_NM)
    extract(hands)
    assert not hands.complains
    np.testing.assert_allclose(viewer.layers["instances"].translate, 0)
    viewer.layers.clear()
    add_labels(viewer, [labels, labels[::2, ::2, ::2]], multiscale=True)
    extract(hands)
    assert viewer.layers["instances"].data.shape == labels.shape  # the finest level


def rejected() -> dict[str, tuple[Callable[[Any, Any], Any], str]]:
    """Input that is no label volume, and words that the panel says about it."""
    um = {"units": "µm"}
    scale = {"scale": (0.024,) * 3, **um}
    return {
        "fractions": (
            lambda viewer, labels: viewer.add_image(labels * np.float32(0.3), **scale),
            "labels must be whole numbers",
        ),
        "nothing": (
            lambda viewer, labels: viewer.add_labels(np.zeros_like(labels), **scale),
            "labels are all 0",
        ),
        "negative": (
            lambda viewer, labels: viewer.add_image(labels.astype(np.int16) - 1, **scale),
            "labels must be 0 (background) or more",
        ),
        "2D": (
            lambda viewer, labels: viewer.add_labels(labels[0] + 1, scale=(0.024,) * 2, **um),
            "labels must be 3D",
        ),
        "colour": (
            lambda viewer, labels: viewer.add_image(
                np.ones((20, 20, 3), np.uint8), rgb=True, scale=(0.024,) * 2, **um
            ),
            "colour",
        ),
    }


def test_bad_input_is_told_in_one_line(viewer: Any, open_panel: Any, labels: Any) -> None:
    hands = open_panel(viewer, PANEL)
    hands.click("extract")
    assert hands.complains
    assert hands.status.startswith("No label layer: open")
    assert hands.find("limit").text().startswith("Open a label volume")
    for what, (add, words) in rejected().items():
        layer = add(viewer, labels)
        if hands.find("voxel_nm_z").value() == 0:
            for name in VOXEL_FIELDS:
                hands.type(name, 24)
        before = state(viewer)
        hands.click("extract")
        assert hands.complains, what
        assert words in hands.status
        assert "\n" not in hands.status
        assert hands.find("extract").isEnabled()
        assert state(viewer) == before
        assert not hands.panel._job.is_running
        viewer.layers.remove(layer)


def test_an_error_in_the_process_is_told(viewer: Any, open_panel: Any, labels: Any) -> None:
    hands = open_panel(viewer, PANEL)
    thin = np.zeros((40, 40, 40), np.uint8)
    thin[20, 20, :] = 1
    add_labels(viewer, thin)
    before = state(viewer)
    hands.type("downsample_y", 4)
    extract(hands)
    assert hands.complains
    assert "nothing is left" in hands.status
    assert state(viewer) == before


def choose_file(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    from qtpy.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))


def test_files_are_opened_chosen_and_asked_about(
    viewer: Any, open_panel: Any, labels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = open_panel(viewer, PANEL)
    choose_file(monkeypatch, "")
    hands.click("open")
    assert hands.status == ""
    assert len(viewer.layers) == 0
    viewer.add_labels(labels, name="other")
    np.save(tmp_path / "cell.npy", labels)
    choose_file(monkeypatch, tmp_path / "cell.npy")
    hands.click("open")
    assert not hands.complains
    assert "40 × 96 × 96 voxels" in hands.status
    assert hands.find("labels").currentText() == "cell"
    assert voxel_nm(hands) == (0, 0, 0)
    assert hands.find("set_scale").isEnabled()
    metadata = {
        "axes": "ZYX",
        **{f"PhysicalSize{axis}": 0.024 for axis in "ZYX"},
        **{f"PhysicalSize{axis}Unit": "µm" for axis in "ZYX"},
    }
    tifffile.imwrite(tmp_path / "sized.ome.tif", labels, ome=True, metadata=metadata)
    choose_file(monkeypatch, tmp_path / "sized.ome.tif")
    hands.click("open")
    assert hands.find("labels").currentText() == "sized"
    assert voxel_nm(hands) == pytest.approx(VOXEL_NM)


def doubts(hands: Hands) -> str:
    """What the panel finds improbable, after it has looked."""
    hands.wait(lambda: not hands.panel.doubts.checks.is_running)
    return hands.find("doubts").text()


def test_improbable_labels_are_told_before_and_after_the_extraction(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels, name="right")
    assert doubts(hands) == ""
    add_labels(viewer, (labels == 0).astype(np.uint8), name="inverted")
    hands.choose("labels", "inverted")
    assert "Mitochondria must be above 0" in doubts(hands)
    add_labels(viewer, np.where(labels > 0, 2, 1).astype(np.uint8), name="two")
    hands.choose("labels", "two")
    assert "Label 1 encloses the other labels" in doubts(hands)
    assert "(Background: 1)" in doubts(hands)
    hands.type("background", "1")
    assert doubts(hands) == ""
    hands.type("background", "none")
    assert hands.complains
    assert "Background: 'none': expected a whole number, max, or nothing" in hands.status
    hands.empty("background")
    grey = np.random.default_rng(1).integers(1, 255, labels.shape).astype(np.uint8)
    add_labels(viewer, grey, name="grey")
    hands.choose("labels", "grey")
    assert "many values of a grey image" in doubts(hands)
    hands.choose("labels", "right")
    for name in VOXEL_FIELDS:
        hands.type(name, 0.3)
    assert "your mitochondria would be 3.2 nm thick" in doubts(hands)
    hands.choose("labels", "two")
    hands.type("min_volume_um3", 0)
    extract(hands)
    assert "Mind: label 1 encloses the other labels" in hands.status


def test_many_labels_without_are_instances_are_told(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, PANEL)
    several = np.zeros((20, 40, 40), np.uint16)
    several[4:16, 4:16, 4:16], several[4:16, 4:16, 16:28] = 7, 9
    add_labels(viewer, several)
    assert "2 labels, which are merged where they touch" in doubts(hands)
    assert "tick 'Are instances'" in doubts(hands)
    assert "--" not in doubts(hands)
    hands.click("instances")
    assert doubts(hands) == ""


def test_of_several_images_in_a_file_the_labels_are_taken_or_asked_for(
    viewer: Any, open_panel: Any, labels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = open_panel(viewer, PANEL)
    np.savez(tmp_path / "one.npz", labels)
    choose_file(monkeypatch, tmp_path / "one.npz")
    hands.click("open")
    assert hands.find("labels").currentText() == "one"
    assert hands.find("series").isHidden()
    np.savez(tmp_path / "two.npz", cell=labels, mitochondria=2 * labels)
    choose_file(monkeypatch, tmp_path / "two.npz")
    hands.click("open")
    assert hands.complains
    assert "choose one below" in hands.status
    hands.find("series").setCurrentIndex(2)
    hands.find("series").activated.emit(2)
    assert not hands.complains
    np.testing.assert_array_equal(viewer.layers["two"].data, 2 * labels)


def test_numbers_that_stand_for_background_are_taken_as_told(
    viewer: Any, open_panel: Any, labels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = open_panel(viewer, PANEL)
    np.save(tmp_path / "ignored.npy", np.where(labels > 0, labels.astype(np.int16), -1))
    choose_file(monkeypatch, tmp_path / "ignored.npy")
    hands.click("open")
    assert hands.complains
    assert "have it extracted with Background: -1" in hands.status
    hands.type("background", "-1")
    hands.click("open")
    assert not hands.complains
    np.testing.assert_array_equal(viewer.layers["ignored"].data, labels)
    assert hands.find("background").text() == ""


def test_a_folder_of_sections_is_opened(
    viewer: Any, open_panel: Any, labels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qtpy.QtWidgets import QFileDialog

    for number, section in enumerate(labels):
        tifffile.imwrite(tmp_path / f"z{number}.tif", section)
    hands = open_panel(viewer, PANEL)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path))
    hands.click("open_folder")
    assert not hands.complains
    np.testing.assert_array_equal(viewer.layers[tmp_path.name].data, labels)


def test_a_truncated_tiff_is_told(
    viewer: Any, open_panel: Any, labels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    before = state(viewer)
    path = tmp_path / "cell.tif"
    tifffile.imwrite(path, labels)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    choose_file(monkeypatch, path)
    hands.click("open")
    assert hands.complains
    assert "truncated" in hands.status
    assert "\n" not in hands.status
    assert state(viewer) == before


def test_all_of_the_protocol_reaches_the_extraction(
    viewer: Any, open_panel: Any, labels: np.ndarray
) -> None:
    hollow = labels.copy()
    hollow[18:23, 68:73, 73:78] = 0  # a cavity in the largest ball
    viewer.add_labels(hollow, scale=[0.024] * 3, units="µm", name="volume")
    hands = open_panel(viewer, PANEL)
    panel = hands.panel
    defaults = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1)
    assert panel.settings() == defaults
    rows = {name.removesuffix(f"_{axis}") for name in panel.protocol.values() for axis in "zyx"}
    assert rows | {"voxel_nm"} >= set(ExtractionSettings.model_fields)
    assert panel.classes.values() == {"length_to": ClassRules().length_to}

    def extracted() -> dict[str, Any]:
        hands.click("extract")
        hands.wait(hands.find("extract").isEnabled)
        assert not hands.complains, hands.status
        return shapes_of(viewer.layers[INSTANCES]).table

    plain = extracted()
    hands.click("fill_holes")
    hands.choose("downsample_method", "what its middle voxel is")
    hands.choose("length_to", "at the tip")
    assert panel.settings().downsample_method == "stride"
    changed = extracted()
    assert sum(changed["volume_um3"]) - sum(plain["volume_um3"]) == pytest.approx(125 * 0.024**3)
    rods = [table["length_um"][table["shape_class"].index("rod")] for table in (plain, changed)]
    assert rods[1] - rods[0] == pytest.approx(2 * 5 * 0.024, rel=0.2)  # a radius at either end


def test_the_protocol_says_what_becomes_of_thin_tubes(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    limit = hands.find("limit")
    assert "thinner than 210 nm" in limit.text()
    assert "kept whole" in limit.text()
    hands.choose("regrow", "dilation (paper)")
    assert "lost or broken up" in limit.text()
    hands.click("instances")
    assert "taken as they are" in limit.text()


@pytest.mark.parametrize("how", ["panel", "viewer"])
def test_closing_during_a_run_ends_it(
    viewer: Any, open_panel: Any, labels: Any, qtbot: Any, hold: Any, how: str
) -> None:
    hold(lambda *_: True)
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    hands.click("extract")
    hands.wait(lambda: hands.status != "Starting…")
    if how == "panel":
        hands.dock.destroyOnClose()
    else:
        viewer.close()
    qtbot.waitUntil(lambda: running() == [], timeout=PATIENCE_MS)
    qtbot.wait(20)
    if how == "panel":
        assert [layer.name for layer in viewer.layers] == ["volume"]
        viewer.add_labels(labels, name="later")
        viewer.layers.clear()


@pytest.mark.parametrize("how", ["panel", "viewer"])
def test_closing_while_the_shapes_are_drawn_leaves_all_of_them(
    viewer: Any, open_panel: Any, labels: Any, qtbot: Any, how: str
) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    hands.click("extract")
    hands.wait(lambda: hands.status == "Drawing…")
    assert INSTANCES not in viewer.layers
    with qtbot.captureExceptions() as raised:
        if how == "panel":
            hands.dock.destroyOnClose()
        else:
            viewer.close()
        qtbot.waitUntil(lambda: running() == [], timeout=PATIENCE_MS)
        qtbot.wait(50)
    assert not raised
    if how == "panel":
        assert kinds(viewer) == ["", INSTANCES, "class", "class", "class"]
        shown = [layer.name for layer in viewer.layers if layer.visible]
        assert shown == ["dot (2)", "rod (1)", "donut (1)"]


def test_a_closed_panel_is_gone(viewer: Any, open_panel: Any, qtbot: Any) -> None:
    hands = open_panel(viewer, PANEL)
    hands.close()


def test_undo_brings_the_replaced_shapes_back_with_their_classes(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    viewer.add_labels(labels, scale=(0.024,) * 3, units="µm", name="volume")
    hands = open_panel(viewer, PANEL)

    def extract() -> Any:
        hands.click("extract")
        hands.wait(lambda: hands.find("extract").isEnabled())
        assert not hands.complains, hands.status
        return shapes_of(viewer.layers[INSTANCES])

    first = extract()
    assert hands.find("undo").isHidden()
    first.set_classes({1: "mega"})
    names = [layer.name for layer in viewer.layers]
    hands.type("min_volume_um3", 0.1)
    second = extract()
    assert len(second.ids) < len(first.ids)
    hands.click("undo")
    assert hands.find("undo").isHidden()
    assert [layer.name for layer in viewer.layers] == names
    assert shapes_of(viewer.layers[INSTANCES]) is first
    assert first.table["shape_class"][0] == "mega"
    assert viewer.layers.selection.active is viewer.layers[INSTANCES]
