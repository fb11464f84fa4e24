"""Films are counted as films, and play when they are opened."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from hands import PATIENCE_MS
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication

from napari_3dmsl.films import FilmPlayer, is_film
from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
from napari_3dmsl.layers.attributes import attributes_for
from napari_3dmsl.microscope.simulation import Simulation
from napari_3dmsl.widgets.image_set.messages import of_frames, result, shown_of


def test_films_are_counted_as_films() -> None:
    assert of_frames(1, 0) == "1 image"
    assert of_frames(1200, 0) == "1,200 images"
    assert of_frames(1, 20) == "1 film of 20 frames"
    assert of_frames(3, 20) == "3 films of 20 frames"
    outcome: Any = SimpleNamespace(images=3, made=3, failed={}, warnings=[], folder="set")
    assert result(outcome, 20) == "3 films of 20 frames in set: 3 made."
    facts = {"microscope": "con1", "samples": ["a", "b"], "images": 3, "frames": 20}
    assert shown_of([facts]) == (
        "Shown, other layers hidden. con1: 2 of 3 films of 20 frames. "
        "The films play; move a slider to stop them."
    )


def film(viewer: Any) -> Any:
    """Two films of five frames."""
    pixels = np.arange(2 * 5 * 8 * 8, dtype=np.uint16).reshape(2, 5, 8, 8)
    facts = {"microscope": "con1", "samples": ["a", "b"], "images": 2, "frames": 5}
    attributes = attributes_for("con1", "image set", "styx", scale=(1, 2.0, 0.1, 0.1), **facts)
    return viewer.add_image(pixels, **attributes)


def test_a_film_goes_round_until_the_slider_is_moved(viewer: Any, qtbot: Any) -> None:
    layer = film(viewer)
    parent = QObject()
    player = FilmPlayer(viewer, parent)
    player.play(layer, 1)
    shown = []
    for _ in range(5):
        shown.append(viewer.dims.current_step[1])
        player.next_frame()
    assert shown == [0, 1, 2, 3, 4]
    assert viewer.dims.current_step[1] == 0
    assert player.plays
    viewer.dims.set_current_step(1, 3)
    player.next_frame()
    assert not player.plays
    assert viewer.dims.current_step[1] == 3
    player.play(layer, 1)
    viewer.layers.clear()
    player.next_frame()
    assert not player.plays


def test_a_set_of_films_is_opened_flat_and_plays(
    viewer: Any, open_panel: Any, monkeypatch: Any
) -> None:
    hands = open_panel(viewer, "Image set")
    viewer.dims.ndisplay = 3
    monkeypatch.setattr(type(viewer), "open", lambda self, folder, plugin: [film(self)])
    hands.panel._open_set()
    assert viewer.dims.ndisplay == 2
    assert hands.panel._player.plays
    assert hands.panel._player._axis == 1
    assert hands.status.endswith("The films play; move a slider to stop them.")
    before = viewer.dims.current_step[1]
    hands.wait(lambda: viewer.dims.current_step[1] != before)
    hands.close()
    assert viewer.dims.current_step[0] == 0


def test_a_film_of_a_file_plays_until_somebody_takes_the_slider(
    viewer: Any, open_panel: Any, tmp_path: Path, qtbot: Any
) -> None:
    open_panel(viewer, "Image set")  # watches what is opened
    path = tmp_path / "film.ome.tif"
    story = {"software": "napari-3dmsl 0.1.0", **Simulation().model_dump(mode="json")}
    pixels = np.arange(5 * 8 * 9, dtype=np.uint16).reshape(5, 8, 9)
    write_ome_tiff(path, pixels, (0.1, 0.1), story, axes="TYX", frame_s=2.0)
    viewer.dims.ndisplay = 3
    viewer.open(path, plugin="napari")  # as File > Open does
    qtbot.waitUntil(lambda: viewer.dims.current_step[0] >= 2, timeout=PATIENCE_MS)
    assert viewer.dims.ndisplay == 2
    [layer] = viewer.layers
    assert layer.scale[0] == 2.0
    [player] = [each for each in QApplication.instance().children() if isinstance(each, FilmPlayer)]
    viewer.dims.set_current_step(0, (viewer.dims.current_step[0] + 2) % 5)
    player.next_frame()
    assert not player.plays


def test_images_and_stacks_do_not_play(viewer: Any) -> None:
    for axes, shape in (("yx", (4, 4)), ("zyx", (3, 4, 4)), ("tyx", (1, 4, 4))):
        attributes = attributes_for("image", "image", axes)
        assert not is_film(viewer.add_image(np.zeros(shape), **attributes))
