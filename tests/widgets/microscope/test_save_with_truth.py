"""*Save with ground truth*: image and truths of whatever is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import Hands
from live_image import IMAGE
from qtpy.QtWidgets import QFileDialog, QMessageBox, QPushButton

from napari_3dmsl.ground_truth.field_truths import truths_of_field
from napari_3dmsl.ground_truth.image_with_truths import SAVED, truth_path
from napari_3dmsl.image_io.ome_tiff import read_image
from napari_3dmsl.scenes.field_imager import simulate_field


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the dialog says that the image shall lie."""
    path = tmp_path / "seen.ome.tif"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    return path


def save(hands: Hands) -> None:
    hands.wait(lambda: hands.panel.is_at_rest)
    hands.click("save_with_truth")
    hands.wait(lambda: "ground truths beside it" in hands.status)


def test_a_field_is_saved_with_all_that_lies_in_it(
    window: Any, open_panel: Any, shapes: Any, target: Path
) -> None:
    hands = open_panel(window, "Microscope")
    hands.type("image_size", 48)
    hands.panel.sample.choose("field")
    save(hands)
    image = simulate_field(shapes, hands.panel.simulation())
    pixels, settings = read_image(target)
    np.testing.assert_array_equal(pixels, image.counts[0])
    np.testing.assert_array_equal(pixels, window.layers[IMAGE].data)
    expected = truths_of_field(shapes, image, SAVED)
    assert len(np.unique(expected["instances"])) > 2
    for name, truth in expected.items():
        found, story = read_image(truth_path(target, name))
        np.testing.assert_array_equal(found, truth)
        assert story["seed"] == settings["seed"]


def test_a_cell_has_its_haze_and_files_that_are_there_are_asked_for(
    window: Any, open_panel: Any, target: Path
) -> None:
    hands = open_panel(window, "Microscope")
    hands.type("image_size", 48)
    hands.panel.sample.choose("cell")
    save(hands)
    assert truth_path(target, "haze_mask").exists()
    written = truth_path(target, "mask")
    written.write_text("drawn by hand")
    hands.click("save_with_truth")
    box = hands.panel.findChild(QMessageBox, "ask_to_replace")
    assert "seen_mask.ome.tif" in box.text()
    box.findChild(QPushButton, "replace").click()
    hands.wait(lambda: "ground truths beside it" in hands.status)
    assert read_image(written)[0].max() == 1


def test_without_an_image_it_says_what_to_do(window: Any, open_panel: Any) -> None:
    hands = open_panel(window, "Microscope")
    hands.click("save_with_truth")
    assert hands.status == "No image to save yet: select a shape first."
