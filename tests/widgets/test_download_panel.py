"""The *Download shapes* panel, with a repository on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hands import PATIENCE_MS, running
from repository_server import Repository, serving
from waiting import PATIENCE_S

from napari_3dmsl.layers.library import library_layers
from napari_3dmsl.library.library import write_library

PANEL = "Download shapes"


@pytest.fixture
def server(shapes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    path = tmp_path / "1_1_5.zip"
    write_library(shapes.shapes, path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(tmp_path / "cache"))
    with serving(Repository({"1_1_5.zip": path.read_bytes()})) as found:
        monkeypatch.setenv("NAPARI_3DMSL_REPOSITORY", found.address)
        yield found


def ended(hands: Any) -> bool:
    return bool(hands.find("list").isEnabled())


def test_an_archive_is_listed_fetched_and_opened(
    viewer: Any, open_panel: Any, server: Repository, tmp_path: Path, monkeypatch: Any
) -> None:
    all_of_it = partial(library_layers, seconds=PATIENCE_S)  # a slow machine leaves some out
    monkeypatch.setattr("napari_3dmsl.widgets.download.library_layers", all_of_it)
    hands = open_panel(viewer, PANEL)
    assert "CC BY 4.0" in hands.find("about").text()
    assert str(tmp_path / "cache") in hands.find("about").text()
    assert not hands.find("download").isEnabled()
    hands.click("list")
    hands.wait(lambda: ended(hands))
    assert hands.status == "1 archives."
    assert hands.find("archive").currentText().startswith("1_1_5.zip · ")
    hands.click("download")
    hands.wait(lambda: ended(hands))
    assert not hands.complains, hands.status
    assert "4 shapes; kept in" in hands.status
    assert hands.find("progress").isHidden()
    assert [layer.name for layer in viewer.layers] == ["dot (2)", "rod (1)", "donut (1)"]
    assert (tmp_path / "cache" / "downloads" / "1_1_5.zip").is_file()
    assert hands.find("download").text() == "Open"


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_opening_leaves_out_is_drawn_without_a_browser(
    viewer: Any, open_panel: Any, server: Repository, monkeypatch: Any, hold: Any, cancelled: bool
) -> None:
    glance = partial(library_layers, seconds=0.0)
    monkeypatch.setattr("napari_3dmsl.widgets.download.library_layers", glance)
    hands = open_panel(viewer, PANEL)
    hands.click("list")
    hands.wait(lambda: ended(hands))
    drawing = hold(lambda done, total, what: what == "Drawing" and done == 2)
    hands.click("download")
    hands.wait(lambda: "Drawing 2 of 4" in hands.status)
    assert ended(hands)  # another archive could be fetched
    if cancelled:
        hands.click("cancel")
        assert hands.status.endswith("Stopped; the Shape browser draws the rest.")
    drawing.go_on.set()
    hands.wait(hands.find("progress").isHidden)
    names = [layer.name for layer in viewer.layers]
    assert names == (["dot (1 of 2)"] if cancelled else ["dot (2)", "rod (1)", "donut (1)"])
    assert not hands.find("cancel").isEnabled()
    assert not hands.complains


def test_cancel_and_errors_leave_nothing(
    viewer: Any, open_panel: Any, server: Repository, tmp_path: Path
) -> None:
    hands = open_panel(viewer, PANEL)
    hands.click("list")
    hands.wait(lambda: ended(hands))
    server.go_on.clear()
    hands.click("download")
    hands.wait(lambda: len(server.asked) == 2)
    hands.click("cancel")
    server.go_on.set()
    hands.wait(lambda: ended(hands))
    assert hands.status == "Cancelled; nothing was kept."
    folder = tmp_path / "cache" / "downloads"
    assert list(folder.iterdir()) == []
    server.status = 500
    hands.click("download")
    hands.wait(lambda: ended(hands))
    assert hands.complains
    assert "error 500" in hands.status
    assert list(folder.iterdir()) == []
    assert len(viewer.layers) == 0


@pytest.mark.parametrize("how", ["panel", "viewer"])
def test_closing_does_not_wait_for_a_server_that_hangs(
    viewer: Any, open_panel: Any, server: Repository, tmp_path: Path, qtbot: Any, how: str
) -> None:
    hands = open_panel(viewer, PANEL)
    hands.click("list")
    hands.wait(lambda: ended(hands))
    server.go_on.clear()
    hands.click("download")
    hands.wait(lambda: len(server.asked) == 2)
    if how == "viewer":
        viewer.close()
    else:
        hands.close()
    assert running()  # it waits for the server, and the window did not wait for it
    server.go_on.set()
    qtbot.waitUntil(lambda: running() == [], timeout=PATIENCE_MS)
    assert list((tmp_path / "cache" / "downloads").iterdir()) == []
