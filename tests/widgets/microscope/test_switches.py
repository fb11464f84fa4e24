"""What is shown beside the image: each box tells that it was turned, the point's apart."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtWidgets import QWidget

from napari_3dmsl.widgets.microscope.switches import Switches


@pytest.fixture
def panel(qtbot: Any) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def switches(panel: QWidget) -> Switches:
    return Switches(panel)


def test_only_the_point_spread_function_asks_for_no_image(switches: Switches) -> None:
    turned: list[str] = []
    switches.turned.connect(lambda: turned.append("image"))
    switches.point_turned.connect(lambda: turned.append("point"))
    for box in switches.all:
        box.click()
    assert turned == ["image", "point", "image", "image", "image"]
    assert all(switches.ticks.values())


def test_a_switch_is_told_by_its_words(switches: Switches) -> None:
    assert switches.told("truth", True) == "“Ground-truth mask” on"
    assert switches.told("truth", False) == "“Ground-truth mask” off"
    assert switches.told("focus_um", True) is None
