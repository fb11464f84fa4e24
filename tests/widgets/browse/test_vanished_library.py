"""A library that goes while the *Shape browser* has it open: told in words, nothing breaks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import VOXEL_NM
from shape_browser import PANEL, click_row

from napari_3dmsl.layers.attributes import KEY
from napari_3dmsl.layers.extraction import extraction_layers
from napari_3dmsl.library.library import write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings


@pytest.fixture(params=["ours", "released"])
def folder(request: pytest.FixtureRequest, labels: np.ndarray, tmp_path: Path) -> Path:
    settings = ExtractionSettings(voxel_nm=VOXEL_NM, downsample=1)
    shapes = extraction_layers(labels, settings, "volume")[0][1]["metadata"][KEY]["shapes"]
    write_library(shapes.shapes, tmp_path / "library")
    if request.param == "released":
        for name in ("library.json", "meta_locations.csv"):
            (tmp_path / "library" / name).unlink()
    return tmp_path / "library"


def test_what_cannot_be_read_any_more_is_told(viewer: Any, open_panel: Any, folder: Path) -> None:
    viewer.open(folder, plugin="napari-3dmsl")
    hands = open_panel(viewer, PANEL)
    hands.wait(hands.find("progress").isHidden)
    shutil.rmtree(folder)
    layers = list(viewer.layers)
    for row in (2, 4):
        click_row(hands, row)
        hands.wait(lambda: hands.complains)
        assert str(folder) in hands.status
        hands.panel.say("")
    assert list(viewer.layers) == layers
