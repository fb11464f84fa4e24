"""The *Score* panel, worked as people work it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hands import Hands
from label_blocks import blobs

from napari_3dmsl import ScoreSettings, error_map, score_images
from napari_3dmsl.layers.score_errors import SCORE_ERRORS
from napari_3dmsl.layers.show import find
from napari_3dmsl.scoring.measures import MEASURES
from napari_3dmsl.widgets.scoring.panel import ScorePanel, task_of

TRUTH = blobs(np.random.default_rng(0), (24, 30), 5)
FOUND = np.roll(TRUTH, 1, 0)


@pytest.fixture
def panel(viewer: Any, qtbot: Any) -> Hands:
    """The panel beside a truth and a prediction."""
    viewer.add_labels(TRUTH, name="truth", scale=(0.1, 0.1), translate=(3, 4))
    viewer.add_labels(FOUND, name="found", scale=(0.1, 0.1), translate=(3, 4))
    panel = ScorePanel(viewer, remember=False)
    return Hands(qtbot, panel, viewer.window.add_dock_widget(panel))


def scored(panel: Hands) -> dict[str, str]:
    """Press Score, wait, and read the table."""
    panel.click("score")
    panel.wait(lambda: not panel.panel.progress.isVisibleTo(panel.panel))
    rows = panel.panel.view.rows
    return {rows.item(row, 0).text(): rows.item(row, 1).text() for row in range(rows.rowCount())}


def test_two_layers_are_scored_as_their_arrays_with_each_number_explained(panel: Hands) -> None:
    table = scored(panel)
    expected = score_images(TRUTH, FOUND).values
    assert table == {MEASURES[n].label: MEASURES[n].written(v) for n, v in expected.items()}
    rows = panel.panel.view.rows
    assert "Dice 1945" in rows.item(0, 0).toolTip()
    rows.setCurrentCell(2, 0)
    assert panel.find("meaning").text().startswith("clDice: Harmonic mean")
    assert panel.status.startswith(f"Dice {expected['dice']:.3f}, IoU ")
    assert " of 5 objects found at an IoU above 0.5" in panel.status
    panel.click("copy")
    from qtpy.QtWidgets import QApplication

    assert QApplication.clipboard().text().splitlines()[1].split("\t")[:2] == [
        "Dice",
        f"{expected['dice']:.4f}",
    ]


def test_errors_lie_over_the_truth_in_the_colours_of_the_paper(panel: Hands) -> None:
    viewer = panel.panel.viewer
    scored(panel)
    layer = find(viewer, SCORE_ERRORS)
    assert np.array_equal(layer.data, error_map(TRUTH, FOUND))
    assert layer.scale.tolist() == [0.1, 0.1]
    assert layer.translate.tolist() == [3, 4]
    green, pink = layer.get_color(1), layer.get_color(2)
    assert green[1] > max(green[0], green[2])
    assert pink[0] > pink[2] > pink[1]
    assert "missed" in layer.get_status((3.0, 4.0), world=True)["value"] or layer.data[0, 0] != 1
    assert layer not in panel.panel.truth.choices
    scored(panel)
    assert len(viewer.layers) == 3
    panel.click("show_errors")
    assert find(viewer, SCORE_ERRORS) is None
    panel.click("show_errors")
    assert find(viewer, SCORE_ERRORS) is not None


def test_settings_of_the_fields_are_used(panel: Hands) -> None:
    panel.click("centrelines")
    panel.type("patch", 0)
    panel.choose("objects", "none, one mask")
    settings = ScoreSettings(objects="mask", patch=0, centrelines=False)
    assert set(scored(panel)) == {
        MEASURES[name].label for name in score_images(TRUTH, FOUND, settings).values
    }
    assert not panel.find("surfaces").isEnabled()
    assert "only volumes have surfaces" in panel.find("surfaces").toolTip()


def test_unequal_shapes_give_one_clear_line(panel: Hands) -> None:
    panel.panel.viewer.add_labels(TRUTH[1:], name="other")
    panel.panel.prediction.choose(panel.panel.viewer.layers["other"])
    scored(panel)
    assert panel.complains
    assert panel.status == (
        "the truth has 24 × 30 pixels and the prediction 23 × 30; expected the same: crop or "
        "resample one of them"
    )
    assert panel.find("score").isEnabled()


def test_one_layer_alone_cannot_be_scored_and_the_button_says_why(viewer: Any, qtbot: Any) -> None:
    panel = ScorePanel(viewer, remember=False)
    hands = Hands(qtbot, panel, viewer.window.add_dock_widget(panel))
    assert not panel.first_steps.isHidden()
    viewer.add_labels(TRUTH, name="truth")
    viewer.add_image(np.ones((24, 30), np.float32), name="no labels")
    button = hands.find("score")
    assert not button.isEnabled()
    assert button.toolTip().startswith("Needs two layers")
    viewer.add_image(FOUND.astype(np.uint8), name="a mask that napari opened as an image")
    assert button.isEnabled()
    assert panel.first_steps.isHidden()
    assert panel.prediction.layer is viewer.layers[-1]
    viewer.layers.remove("truth")
    assert not button.isEnabled()
    with pytest.raises(ValueError, match="two different layers"):
        task_of(panel.truth.layer, panel.truth.layer)


def test_a_film_is_scored_frame_by_frame(panel: Hands) -> None:
    viewer = panel.panel.viewer
    viewer.layers.clear()
    film, moved = np.stack([TRUTH, FOUND, TRUTH]), np.stack([TRUTH, TRUTH, FOUND])
    for name, data in (("truth", film), ("found", moved)):
        viewer.add_labels(data, name=name, axis_labels=("t", "y", "x"))
    table = scored(panel)
    each = [score_images(*pair).values["dice"] for pair in zip(film, moved, strict=True)]
    assert table["Dice"] == f"{np.mean(each):.4f}"
    assert not panel.panel.view.rows.isColumnHidden(2)
    assert panel.status.endswith("means of 3 frames.")


def test_a_volume_has_the_distance_of_its_surfaces_in_um(panel: Hands) -> None:
    viewer = panel.panel.viewer
    viewer.layers.clear()
    solid = np.zeros((12, 24, 24), np.uint8)
    solid[3:9, 6:18, 6:18] = 1
    scale, units = (0.2, 0.1, 0.1), ("um",) * 3
    viewer.add_labels(solid, name="truth", scale=scale, units=units)
    viewer.add_labels(np.roll(solid, 2, 0), name="found", scale=(1, 1, 1), units=units)
    panel.click("surfaces")
    table = scored(panel)
    assert table["Chamfer distance"].endswith(" µm")
    assert 0.03 < float(table["Chamfer distance"].split()[0]) < 0.4
    assert "compared pixel by pixel all the same" in panel.find("notes").text()


def test_work_can_be_cancelled(panel: Hands, hold: Any) -> None:
    hold(lambda done, total, what: what == "Centrelines")
    panel.click("score")
    panel.wait(lambda: panel.status == "Centrelines…")
    assert not panel.find("score").isEnabled()
    panel.click("cancel")
    panel.wait(lambda: panel.status.startswith("Cancelled"))
    assert find(panel.panel.viewer, SCORE_ERRORS) is None
    assert panel.find("score").isEnabled()


def test_labels_called_truth_are_proposed_and_a_choice_by_hand_stays(
    viewer: Any, qtbot: Any
) -> None:
    panel = ScorePanel(viewer, remember=False)
    Hands(qtbot, panel, viewer.window.add_dock_widget(panel))
    viewer.add_image(TRUTH.astype(np.uint16), name="grey values")
    viewer.add_labels(FOUND, name="found")
    viewer.add_labels(TRUTH, name="Ground truth")
    assert panel.truth.layer is viewer.layers["Ground truth"]
    assert panel.prediction.layer is viewer.layers["found"]
    panel.prediction.choose(viewer.layers["grey values"])
    viewer.add_labels(FOUND, name="the truth of another")
    assert panel.truth.layer is viewer.layers["Ground truth"]
    assert panel.prediction.layer is viewer.layers["grey values"]
