"""The 3D scene is fitted without the flat images that the pane shows beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QObject

from napari_3dmsl.widgets.common.camera_flight import can_fit_layers
from napari_3dmsl.widgets.microscope import scene_in_sight
from napari_3dmsl.widgets.microscope.scene_in_sight import SceneInSight


@pytest.fixture
def viewer(qapp: Any) -> ViewerModel:
    """A volume of 10 × 10 × 10 and an image far to its right."""
    viewer = ViewerModel(ndisplay=3)
    if not can_fit_layers():
        pytest.skip("this napari cannot fit some of the layers only")
    viewer.add_image(np.zeros((10, 10, 10)), name="volume")
    viewer.add_image(np.zeros((10, 10)), name="image", translate=(0, 100))
    return viewer


def middle_seen(viewer: ViewerModel) -> float:
    """Where the camera looks, along x."""
    viewer.reset_view()
    return float(viewer.scene.camera.center[-1])


def test_the_house_shows_the_scene_large_while_the_pane_shows_the_image(
    viewer: ViewerModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = QObject()
    fitted = SceneInSight(viewer, parent)
    monkeypatch.setattr(scene_in_sight, "images_are_beside", lambda _: False)
    assert middle_seen(viewer) == pytest.approx(54.5)
    zoom = viewer.scene.camera.zoom
    monkeypatch.setattr(scene_in_sight, "images_are_beside", lambda _: True)
    assert middle_seen(viewer) == pytest.approx(4.5)
    assert viewer.scene.camera.zoom > 3 * zoom
    fitted.stop()
    assert middle_seen(viewer) == pytest.approx(54.5)


def test_an_image_that_is_all_there_is_to_see_is_fitted(
    viewer: ViewerModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene_in_sight, "images_are_beside", lambda _: True)
    parent = QObject()
    SceneInSight(viewer, parent)
    viewer.layers["volume"].visible = False
    assert middle_seen(viewer) == pytest.approx(54.5)
