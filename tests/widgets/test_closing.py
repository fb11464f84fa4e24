"""A panel or a viewer closed in the middle of its work ends it, tells nobody and leaves nothing.

Extraction, stacks and downloads have tests of their own beside those of their panels.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hands import PATIENCE_MS, Hands, running
from held import Holding
from qtpy.QtWidgets import QFileDialog

from napari_3dmsl.layers.extraction import INSTANCES


@pytest.fixture
def viewer(imported: None, make_napari_viewer: Any) -> Any:
    """A viewer of its own: napari looks for what is left of it."""
    return make_napari_viewer()


def preview(hands: Hands, **_: Any) -> None:
    hands.panel.viewer.add_labels(
        hands.panel.viewer.layers[0].data, scale=(0.024,) * 3, units="µm", name="volume"
    )
    hands.choose("labels", "volume")
    hands.click("preview")


def pictures(hands: Hands, **_: Any) -> None:
    hands.panel.viewer.window.show()  # only rows in sight get pictures
    hands.wait(lambda: running() != [])


def flight(hands: Hands, **_: Any) -> None:
    from qtpy.QtCore import Qt

    hands.panel.viewer.layers[0].selected_label = 3
    hands.qtbot.keyClick(hands.find("shapes"), Qt.Key.Key_Return)


def comparison(hands: Hands, **_: Any) -> None:
    hands.panel.viewer.layers[0].selected_label = 3
    hands.type("image_size", 256)
    for box in ("truth", "point", "photons", "focal_plane"):
        hands.click(box)
    hands.choose("compare_1", "epi1")
    hands.choose("compare_2", "conf2")
    hands.wait(lambda: "simulated image" in hands.panel.viewer.layers)
    hands.type("density_per_um2", 10000)


def saving(hands: Hands, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Holding(monkeypatch, lambda *_: True)
    hands.click("samples")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(path))
    hands.click("save_library")


WORK: dict[str, tuple[str, Callable[..., None]]] = {
    "preview": ("Extract shapes", preview),
    "pictures": ("Shape browser", pictures),
    "flight": ("Shape browser", flight),
    "comparison": ("Microscope", comparison),
    "saving": ("Export images", saving),
}


@pytest.mark.parametrize("how", ["panel", "viewer"])
@pytest.mark.parametrize("work", WORK)
def test_closing_ends_the_work(
    loaded: Any,
    open_panel: Any,
    shapes: Any,
    qtbot: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    work: str,
    how: str,
) -> None:
    read = shapes.mesh

    def slowly(shape_id: int) -> Any:
        time.sleep(0.05)  # as from a slow disk
        return read(shape_id)

    monkeypatch.setattr(shapes, "mesh", slowly)
    name, begin = WORK[work]
    hands = open_panel(loaded, name)
    begin(hands, path=tmp_path / "library", monkeypatch=monkeypatch)
    with qtbot.captureExceptions() as raised:
        if how == "viewer":
            loaded.close()
        else:
            hands.close()
        qtbot.waitUntil(lambda: running() == [], timeout=PATIENCE_MS)
        qtbot.wait(50)
    assert not raised
    assert not (tmp_path / "library").exists()
    if how == "panel":  # whatever comes and goes, nobody listens any more
        loaded.layers[INSTANCES].selected_label = 4
        loaded.layers.clear()
        qtbot.wait(20)
