"""What a new user meets: cards that say what to do first, the docs behind each ?, the samples."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import PATIENCE_MS, Hands
from npe2 import PluginManifest
from qtpy.QtCore import QUrl

from napari_3dmsl import samples
from napari_3dmsl.layers.attributes import attributes_for
from napari_3dmsl.layers.extraction import INSTANCES
from napari_3dmsl.widgets.common import docs_page
from napari_3dmsl.widgets.common.docs_page import docs_folder
from napari_3dmsl.widgets.common.shape_selection import selection_of
from napari_3dmsl.widgets.common.tabs import open_named
from napari_3dmsl.widgets.download import DownloadPanel

REPOSITORY = Path(__file__).resolve().parents[2]
PANELS = [
    widget.display_name
    for widget in PluginManifest.from_distribution("napari-3dmsl").contributions.widgets
]


def one_sample(progress: Any = None) -> list[Any]:
    """A sample that is there at once."""
    labels = np.zeros((12, 12, 12), np.uint8)
    labels[3:9, 3:9, 3:9] = 1
    return [(labels, attributes_for("mitochondria phantom", "volume", scale=0.024), "labels")]


def in_this_process(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the work of a background process at once."""
    monkeypatch.setattr(work, "start", lambda function, *args: work.finished.emit(function(*args)))


@pytest.mark.parametrize("name", PANELS)
def test_each_panel_opens_its_page_of_the_docs(name: str, viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, name)
    hands.click("docs_button")
    shown = hands.panel._docs
    assert shown.page == hands.panel.page
    assert len(shown.toPlainText()) > 500
    assert "|---" not in shown.toPlainText()
    shown._follow(QUrl("index.md#remembered"))
    assert shown.page == "index.md"
    shown.close()


def test_docs_that_are_not_there_are_told(
    viewer: Any, open_panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docs_page, "docs_folder", lambda: None)
    hands = open_panel(viewer, "Microscope")
    hands.click("docs_button")
    assert (
        hands.status
        == "The docs are not installed: read docs/microscope.md of the package's source"
    )


def test_the_wheel_has_all_pages() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    pages = {f"docs/{page.name}" for page in (REPOSITORY / "docs").glob("*.md")}
    assert included == {page: f"napari_3dmsl/{page}" for page in pages}
    assert docs_folder() == REPOSITORY / "docs"


def card(hands: Hands) -> tuple[str, list[str]]:
    """What the card says, and its buttons that are in sight."""
    steps = hands.panel.first_steps
    shown = [name for name, button in steps.buttons.items() if not button.isHidden()]
    return ("" if steps.isHidden() else steps.words.text()), shown


def test_extract_opens_the_sample_and_then_offers_what_is_next(
    viewer: Any, open_panel: Any, extracted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = open_panel(viewer, "Extract shapes")
    words, buttons = card(hands)
    assert words.startswith("Start here")
    assert buttons == ["open_sample"]
    in_this_process(hands.panel.steps.drawing, monkeypatch)
    monkeypatch.setattr("napari_3dmsl.widgets.extract.next_steps.mitochondria_phantom", one_sample)
    hands.click("open_sample")
    assert hands.panel.choice.layer.name == "mitochondria phantom"
    assert card(hands)[0] == ""
    in_this_process(hands.panel._job, monkeypatch)
    monkeypatch.setattr(
        "napari_3dmsl.widgets.extract.panel.extraction_layers",
        lambda *args, **options: deepcopy(extracted[:1]),
    )
    hands.click("extract")
    assert not hands.complains, hands.status
    hands.wait(lambda: INSTANCES in viewer.layers and card(hands)[0])
    assert card(hands)[1] == ["image_shape", "browse_shapes"]
    hands.click("image_shape")
    selection = selection_of(viewer)
    assert selection.shape_id == selection.source.ids[0]
    titles = [type(panel).__name__ for panel in viewer.window.dock_widgets.values()]
    assert "MicroscopePanel" in titles
    hands.click("browse_shapes")
    titles = [type(panel).__name__ for panel in viewer.window.dock_widgets.values()]
    assert "BrowsePanel" in titles


def test_browser_and_microscope_lead_to_shapes_until_there_are_some(
    loaded: Any, viewer: Any, open_panel: Any, id_of: Callable[[str], int]
) -> None:
    browse, microscope = open_panel(loaded, "Shape browser"), open_panel(loaded, "Microscope")
    assert card(browse)[0] == ""
    assert card(microscope)[1] == ["go_browse"]
    loaded.layers[INSTANCES].selected_label = id_of("donut")
    assert card(microscope)[0] == ""
    loaded.layers.clear()
    assert card(browse)[1] == ["go_extract", "go_download"]
    assert card(microscope)[1] == ["go_extract"]
    browse.click("go_download")
    assert any(isinstance(p, DownloadPanel) for p in loaded.window.dock_widgets.values())


def test_image_sets_can_begin_with_tubes(viewer: Any, open_panel: Any) -> None:
    hands = open_panel(viewer, "Image set")
    hands.wait(lambda: card(hands)[0])
    hands.click("begin_tubes")
    assert hands.panel.library.path == "tubes"
    hands.wait(lambda: not card(hands)[0])


def test_the_cell_scene_comes_with_its_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "CELL_PIXELS", 96)
    layers = samples.cell_scene()
    names = [attributes["name"] for _, attributes, _ in layers]
    assert names == [
        "cell scene",
        *(f"cell scene: {truth}" for truth in ("mask", "haze mask", "instances")),
    ]
    image, mask, haze, instances = (data for data, *_ in layers)
    assert image.shape == mask.shape == instances.shape
    np.testing.assert_array_equal(mask > 0, instances > 0)
    assert instances.max() > 5
    assert image[(mask > 0)].mean() > 1.5 * image[(mask == 0) & (haze == 0)].mean()


def test_the_cell_scene_comes_when_it_is_drawn_unless_its_place_is_taken_away(
    viewer: Any, qtbot: Any, hold: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_3dmsl.widgets import samples as window_samples

    monkeypatch.setattr(window_samples.samples, "cell_scene", one_sample)
    monkeypatch.setattr(
        window_samples.BackgroundProcess,
        "start",
        lambda work, function: work.finished.emit(function()),
    )
    viewer.open_sample("napari-3dmsl", "cell_scene")
    assert viewer.layers[0].name.startswith("drawing the cell scene")
    qtbot.waitUntil(lambda: [layer.name for layer in viewer.layers] == ["mitochondria phantom"])
    assert not window_samples._at_work
    monkeypatch.setattr(window_samples.BackgroundProcess, "start", lambda *_: None)
    viewer.layers.clear()
    viewer.open_sample("napari-3dmsl", "cell_scene")
    qtbot.waitUntil(lambda: len(window_samples._at_work) == 1)
    viewer.layers.clear()
    assert not window_samples._at_work


def test_the_released_sample_asks_before_it_fetches(
    viewer: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_3dmsl.library.download import RemoteFile
    from napari_3dmsl.widgets import download

    file = RemoteFile("small.zip", 12_000_000, "0" * 32, "")
    monkeypatch.setattr(download, "list_archives", lambda progress: [file])
    viewer.open_sample("napari-3dmsl", "released_subset")
    [panel] = [p for p in viewer.window.dock_widgets.values() if isinstance(p, DownloadPanel)]
    qtbot.waitUntil(lambda: "press Download" in panel.status.text())
    assert panel.status.text() == "The smallest is small.zip, 12.0 MB: press Download to fetch it."
    assert not len(viewer.layers)


def test_without_a_network_the_released_sample_says_one_line(
    viewer: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAPARI_3DMSL_REPOSITORY", "http://127.0.0.1:9")
    viewer.open_sample("napari-3dmsl", "released_subset")
    [panel] = [p for p in viewer.window.dock_widgets.values() if isinstance(p, DownloadPanel)]
    qtbot.waitUntil(lambda: "is this computer online?" in panel.status.text(), timeout=PATIENCE_MS)
    assert "\n" not in panel.status.text()


def test_panels_are_opened_by_their_names(viewer: Any) -> None:
    first = open_named(viewer, "Shape browser")
    assert open_named(viewer, "Shape browser") is first
