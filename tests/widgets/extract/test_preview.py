"""The preview of an extraction: three layers on a crop that follow the settings, and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hands import PATIENCE_MS, Hands, running

from napari_3dmsl.layers.attributes import about

PANEL = "Extract shapes"
NAMES = ["preview: before", "preview: instances", "preview: eroded"]


def add_labels(viewer: Any, labels: np.ndarray, **attributes: Any) -> Any:
    attributes = {"name": "volume", "scale": (0.024,) * 3, "units": "µm"} | attributes
    return viewer.add_labels(labels, **attributes)


def preview(hands: Hands) -> None:
    hands.click("preview")
    hands.wait(lambda: hands.status.startswith("Preview of") or hands.complains)


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def touched(layer: Any) -> tuple[Any, ...]:
    return (*layer.scale, *layer.translate, *map(str, layer.units), layer.visible, layer.name)


def test_a_preview_shows_three_steps_upon_the_labels(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    source = add_labels(viewer, labels, translate=(1, 2, 3))
    before = touched(source)
    preview(hands)
    assert names(viewer) == ["volume", *NAMES]
    assert touched(source) == before
    assert hands.find("labels").count() == 1  # the steps are not offered as labels
    steps = {layer.name: layer for layer in viewer.layers}
    for name in NAMES:
        np.testing.assert_allclose(steps[name].extent.world, source.extent.world)
    np.testing.assert_array_equal(steps[NAMES[0]].data > 0, labels > 0)
    assert set(np.unique(steps[NAMES[1]].data)) == {0, 1, 2, 3, 4}
    eroded = steps[NAMES[2]].data > 0
    assert 0 < eroded.sum() < (labels > 0).sum()
    assert not (eroded & (labels == 0)).any()
    assert "4 shapes" in hands.status
    assert " s: " in hands.status
    assert viewer.dims.ndisplay == 2
    assert not hands.find("cancel").isEnabled()


def test_the_outline_is_drawn_where_napari_can(viewer: Any, open_panel: Any, labels: Any) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    preview(hands)
    eroded = viewer.layers[NAMES[2]]
    assert [viewer.layers[name].contour for name in NAMES] == [0, 0, 1]
    viewer.dims.ndisplay = 3  # napari's warning would be an error
    eroded.refresh()
    assert eroded.contour == 0
    viewer.dims.ndisplay = 2
    assert eroded.contour == 1


@pytest.mark.parametrize("units", ["nm", "pixel"])
def test_a_preview_lies_upon_labels_in_other_units(
    viewer: Any, open_panel: Any, labels: Any, units: str
) -> None:
    hands = open_panel(viewer, PANEL)
    source = add_labels(viewer, labels[:-1], scale=(12, 12, 12), units=units)
    if units == "pixel":
        for axis in "zyx":
            hands.type(f"voxel_nm_{axis}", 12)
    for axis in "zyx":
        hands.type(f"downsample_{axis}", 2)
    preview(hands)
    shown = viewer.layers[NAMES[0]]
    assert {str(unit) for unit in shown.units} == {str(unit) for unit in source.units}
    corners = [layer.extent.world[0] - layer.scale / 2 for layer in (shown, source)]
    np.testing.assert_allclose(*corners)
    np.testing.assert_allclose(shown.scale, 24)


def test_the_preview_follows_the_protocol_and_the_run_removes_it(
    viewer: Any, open_panel: Any, labels: Any
) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    preview(hands)
    first = viewer.layers[NAMES[2]]
    large = int((first.data > 0).sum())
    hands.type("erosion_nm", 24)
    hands.type("erosion_nm", 48)
    hands.wait(lambda: (first.data > 0).sum() > large)
    hands.wait(lambda: hands.status.startswith("Preview of"))
    assert viewer.layers[NAMES[2]] is first
    assert len(viewer.layers) == 4
    hands.type("preview_edge", 32)
    hands.wait(lambda: first.data.shape == (32, 32, 32))
    hands.wait(lambda: hands.status.startswith("Preview of"))
    hands.click("extract")
    assert not hands.find("preview").isEnabled()
    hands.wait(lambda: hands.find("extract").isEnabled())
    assert not set(NAMES) & set(names(viewer))
    hands.type("erosion_nm", 72)  # no preview is shown that could follow
    hands.qtbot.wait(400)
    assert not set(NAMES) & set(names(viewer))


def test_the_crop_is_where_one_looks(viewer: Any, open_panel: Any, labels: Any) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, np.tile(labels, (1, 3, 3)))
    hands.choose("preview_place", "the middle of the view")
    hands.type("preview_edge", 64)
    viewer.dims.set_point(0, 20 * 0.024)
    camera = getattr(viewer, "scene", viewer).camera
    camera.center = (0, 200 * 0.024, 100 * 0.024)
    preview(hands)
    low, high = viewer.layers[NAMES[0]].extent.world
    np.testing.assert_allclose((low + high)[1:] / 2, [200 * 0.024, 100 * 0.024], atol=0.03)
    camera.center = (0, 0, 0)
    hands.choose("preview_place", "the densest place")
    hands.wait(lambda: not np.allclose(viewer.layers[NAMES[0]].extent.world[0], low))
    assert set(running()) == {"napari-3dmsl-live_0"}  # threads, of preview and doubts; no process


def test_a_cancelled_preview_changes_nothing(
    viewer: Any, open_panel: Any, labels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from napari_3dmsl.shapes import extraction_preview as science

    begun, go = threading.Event(), threading.Event()
    original = science.erode

    def slow(*arguments: Any) -> Any:
        begun.set()
        go.wait(PATIENCE_MS / 1000)
        return original(*arguments)

    monkeypatch.setattr(science, "erode", slow)
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    hands.click("preview")
    hands.wait(begun.is_set)
    hands.click("cancel")
    go.set()
    hands.wait(lambda: not hands.find("cancel").isEnabled())
    assert hands.status == "Preview cancelled; no layer was changed."
    assert names(viewer) == ["volume"]
    preview(hands)
    assert len(viewer.layers) == 4


def test_what_cannot_be_previewed_is_told(viewer: Any, open_panel: Any, labels: Any) -> None:
    hands = open_panel(viewer, PANEL)
    hands.click("preview")
    assert hands.status.startswith("No label layer: open")
    add_labels(viewer, np.zeros_like(labels))
    preview(hands)
    assert hands.complains
    assert "no labels in this crop" in hands.status
    viewer.layers.clear()
    add_labels(viewer, labels, units="pixel")
    preview(hands)
    assert "no voxel size" in hands.status
    assert names(viewer) == ["volume"]
    assert about(viewer.layers[0]) == {}


def test_closing_during_a_preview_ends_it(viewer: Any, open_panel: Any, labels: Any) -> None:
    hands = open_panel(viewer, PANEL)
    add_labels(viewer, labels)
    hands.click("preview")
    hands.dock.destroyOnClose()
    hands.qtbot.waitUntil(lambda: running() == [], timeout=PATIENCE_MS)
    hands.qtbot.wait(20)
    assert names(viewer) == ["volume"]
