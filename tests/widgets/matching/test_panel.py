"""The *Match my microscope* panel, worked as a person does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from camera_scenes import photons, recorded
from hands import Hands
from PIL import Image

from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.matching.distances import Distance
from napari_3dmsl.matching.fitted_scene import Fitted, SceneFit
from napari_3dmsl.microscope.presets import load_camera
from napari_3dmsl.progress import Progress
from napari_3dmsl.widgets.image_set.panel import ImageSetPanel
from napari_3dmsl.widgets.matching import panel
from napari_3dmsl.widgets.matching.match import Match

PANEL = "Match my microscope"
GAIN, READ = 0.46, 1.6


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an image and a dark frame; neither tells its microscope."""
    folder = tmp_path_factory.mktemp("real")
    rng = np.random.default_rng(0)
    for name, light in (("image.tif", photons(400.0)), ("dark.tif", np.zeros((256, 256)))):
        counts = recorded(light, rng, GAIN, READ).astype(np.uint16)
        tifffile.imwrite(folder / name, counts)
    return folder


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answers the next question for files."""
    from qtpy.QtWidgets import QFileDialog

    def give(path: Path) -> None:
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
        monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_, **__: ([str(path)], ""))
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(path))

    return give


@pytest.fixture
def hands(viewer: Any, open_panel: Any) -> Hands:
    return open_panel(viewer, PANEL)


def choose(hands: Hands, answer: Any, path: Path, what: str = "real_images") -> None:
    answer(path)
    hands.click(f"{what}_files")
    hands.wait(lambda: not hands.find("cancel").isEnabled())


def set_optics(hands: Hands) -> None:
    for name, value in (("numerical_aperture", 1.4), ("emission_nm", 600), ("pixel_nm", 80)):
        hands.type(name, value)


def work(hands: Hands, button: str, result: str) -> str:
    """Press a button and wait; what is told then, without its tags."""
    hands.click(button)
    hands.wait(lambda: not hands.find("cancel").isEnabled())
    return re.sub(r"(<[^>]*>|&nbsp;)+", " ", hands.find(result).text())


def calibrate(hands: Hands) -> str:
    return work(hands, "calibrate", "calibration")


def test_from_an_image_and_a_dark_frame_to_an_image_set(
    hands: Hands, viewer: Any, files: Path, answer: Any, tmp_path: Path
) -> None:
    assert not hands.find("calibrate").isEnabled()
    choose(hands, answer, files / "image.tif")
    assert "image.tif: 1 image, 256 × 256 pixels, uint16" in hands.find("real_images").text()
    assert "does not tell, so please check: Modality, Numerical apert." in hands.find("told").text()
    set_optics(hands)
    choose(hands, answer, files / "dark.tif", "dark_images")
    found = calibrate(hands)
    assert "Conversion 0.4" in found
    assert "Offset 100" in found
    assert not hands.panel.calibration_picture.isHidden()
    for name in ("camera.json", "picture.png"):
        answer(tmp_path / name)
        hands.click("save_camera" if name == "camera.json" else "save_calibration_picture")
        assert hands.status == f"Saved {tmp_path / name}"
    camera = load_camera(str(tmp_path / "camera.json"))
    assert camera.e_per_adu == pytest.approx(GAIN, rel=0.05)
    assert camera.read_noise_e == pytest.approx(READ, rel=0.1)
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.width > 400
    hands.click("use")
    docks = viewer.window.dock_widgets.values()
    [recipes] = [each for each in docks if isinstance(each, ImageSetPanel)]
    told = json.dumps(recipes.values()["microscopes"])
    assert '"name": "matched"' in told
    assert f'"e_per_adu": {camera.e_per_adu}' in told


def test_hot_pixels_of_the_dark_frame_are_left_out_and_told(
    hands: Hands, answer: Any, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    hot = np.zeros((256, 256), bool)
    hot[rng.integers(0, 256, 40), rng.integers(0, 256, 40)] = True
    for name, light in (("image.tif", photons(400.0)), ("dark.tif", np.zeros(hot.shape))):
        planes = [recorded(light, rng, GAIN, READ) + 3000 * hot for _ in range(3)]
        tifffile.imwrite(tmp_path / name, np.stack(planes).astype(np.uint16))
    choose(hands, answer, tmp_path / "image.tif")
    set_optics(hands)
    choose(hands, answer, tmp_path / "dark.tif", "dark_images")
    found = calibrate(hands)
    assert f"Hot pixels {hot.sum()} left out" in found
    told = re.search(r"Conversion ([\d.]+)", found)
    assert told is not None
    assert float(told[1]) == pytest.approx(GAIN, rel=0.05)


def test_each_step_can_be_taken_back(hands: Hands, files: Path, answer: Any) -> None:
    choose(hands, answer, files / "image.tif")
    set_optics(hands)
    calibrate(hands)
    hands.click("undo")
    assert hands.find("calibration").text() == ""
    assert hands.panel.calibration_picture.isHidden()
    assert "image.tif" in hands.find("real_images").text()
    assert hands.find("pixel_nm").value() == 80
    hands.click("undo")
    assert "Drop images" in hands.find("real_images").text()
    assert not hands.find("undo").isEnabled()


def test_another_microscope_needs_another_calibration(
    hands: Hands, files: Path, answer: Any
) -> None:
    choose(hands, answer, files / "image.tif")
    set_optics(hands)
    calibrate(hands)
    hands.type("pixel_nm", 90)
    assert hands.find("calibration").text() == ""
    assert "Calibrate again" in hands.status


def test_an_open_layer_is_taken_too(hands: Hands, viewer: Any, files: Path) -> None:
    assert not hands.find("take_layer").isEnabled()
    viewer.add_image(tifffile.imread(files / "image.tif"), name="mine")
    hands.click("take_layer")
    assert "mine: 1 image, 256 × 256 pixels" in hands.find("real_images").text()
    assert "No file tells the microscope" in hands.find("told").text()


def test_files_dropped_on_the_panel_are_read(hands: Hands, files: Path) -> None:
    from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
    from qtpy.QtGui import QDropEvent

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(files / "image.tif"))])
    nothing = Qt.KeyboardModifier.NoModifier
    action, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    event = QDropEvent(QPointF(5, 5), action, data, left, nothing)
    hands.panel.images.dropEvent(event)
    hands.wait(lambda: "image.tif" in hands.find("real_images").text())


def test_what_the_file_tells_is_marked_and_taken(
    hands: Hands, answer: Any, tmp_path: Path, files: Path
) -> None:
    pixels = tifffile.imread(files / "image.tif")
    tifffile.imwrite(
        tmp_path / "told.ome.tif",
        pixels,
        metadata={
            "axes": "YX",
            "PhysicalSizeX": 0.08,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": 0.08,
            "PhysicalSizeYUnit": "µm",
        },
    )
    choose(hands, answer, tmp_path / "told.ome.tif")
    assert "✓ Pixel size" in hands.find("told").text()
    assert hands.find("pixel_nm").value() == pytest.approx(80.0)


def test_a_refusal_is_one_line_that_says_why(hands: Hands, files: Path, answer: Any) -> None:
    choose(hands, answer, files / "dark.tif")
    set_optics(hands)
    calibrate(hands)
    assert hands.complains
    assert hands.status.startswith("Not calibrated: too little signal")
    assert hands.find("save_camera").isHidden()


def test_what_cannot_be_read_is_told_and_changes_nothing(
    hands: Hands, answer: Any, tmp_path: Path, files: Path
) -> None:
    choose(hands, answer, files / "image.tif")
    (tmp_path / "broken.tif").write_bytes(b"II*\0nothing")
    choose(hands, answer, tmp_path / "broken.tif")
    assert hands.complains
    assert "broken.tif" in hands.status
    assert "\n" not in hands.status
    assert "image.tif" in hands.find("real_images").text()


def known_fit(match: Match, progress: Progress) -> SceneFit:
    """Return a fit, as if it had been found."""
    progress(0, 1, "scenes")
    recipe = Recipe(
        source={"library": "tubes", "tube_count": 10},
        split={"train": 1.0, "val": 0.0, "test": 0.0},
        repeats=20,
        microscopes=[{"microscope": match.microscope, "camera": match.camera.model_dump()}],
        image_size=(64, 64),
        scene={"kind": "cell", "cell": {"coverage": 1.0, "haze": 0.0}},
    )
    return SceneFit(
        recipe.model_dump(mode="json"),
        (Fitted("coverage", "cell covers", "", 0.5, 1.0),),
        Distance(20.0, 2.0, 16.0, 24.0),
        tiles=8,
        tile_size=64,
    )


def test_a_scene_is_fitted_compared_and_opened(
    hands: Hands,
    viewer: Any,
    answer: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a fit that is known: how good those are, their own tests tell."""
    monkeypatch.setattr(panel, "fitted_match", known_fit)
    rng = np.random.default_rng(0)
    counts = [recorded(photons(300.0, n, 64), rng, GAIN, READ) for n in range(8)]
    tifffile.imwrite(tmp_path / "cells.tif", np.array(counts).astype(np.uint16))
    assert not hands.find("fit").isEnabled()
    choose(hands, answer, tmp_path / "cells.tif")
    set_optics(hands)
    assert not hands.find("compare").isEnabled()
    assert "cell covers" in work(hands, "fit", "fitted")
    answer(tmp_path / "matched.toml")
    hands.click("save_recipe")
    assert Recipe.load(tmp_path / "matched.toml").scene.kind == "cell"  # type: ignore[union-attr]
    told = work(hands, "compare", "compared")
    assert "distance from the real tiles" in told
    answer(tmp_path / "compared.png")
    hands.click("save_comparison_picture")
    assert (tmp_path / "compared.png").exists()
    hands.click("larger_comparison_picture")
    assert hands.find("large_comparison_picture").isVisible()
    hands.find("large_comparison_picture").close()
    hands.click("use")
    docks = viewer.window.dock_widgets.values()
    [recipes] = [each for each in docks if isinstance(each, ImageSetPanel)]
    assert recipes.values()["scene"]["kind"] == "cell"
    hands.click("undo")
    assert hands.find("compared").text() == ""
    assert "cell covers" in hands.find("fitted").text()
    hands.click("undo")
    assert hands.find("fitted").text() == ""


def test_a_fit_can_be_cancelled(hands: Hands, answer: Any, files: Path) -> None:
    choose(hands, answer, files / "image.tif")
    set_optics(hands)
    hands.click("fit")
    hands.click("cancel")
    hands.wait(lambda: not hands.find("cancel").isEnabled())
    assert hands.find("fitted").text() == ""


def test_work_can_be_cancelled(hands: Hands, files: Path, answer: Any) -> None:
    choose(hands, answer, files / "image.tif")
    set_optics(hands)
    hands.click("calibrate")
    hands.click("cancel")
    hands.wait(lambda: not hands.find("cancel").isEnabled())
    assert hands.status == "Cancelled; nothing has changed."
    assert hands.find("calibration").text() == ""
    assert "Conversion" in calibrate(hands)
