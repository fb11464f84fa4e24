"""What holds for every field of every panel: told, with a unit, in reach, in sight, readable."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hands import show
from npe2 import PluginManifest
from panel_fields import fields, name_of
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QPalette, QWheelEvent
from qtpy.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QTabBar,
    QWidget,
)
from tab_stops import tab_stops

MANIFEST = PluginManifest.from_distribution("napari-3dmsl")
PANELS = [widget.display_name for widget in MANIFEST.contributions.widgets]
LAPTOP = (1366, 768)
# Numbers that have no unit.
PURE = {
    "image_size",  # rows × columns: the unit stands behind both
    "neck",
    "efficiency",
    "cell_coverage",
    "numerical_aperture",
    "immersion_index",
    "coverslip_index",
    "specimen_index",
    "snr",
    "seed",
    "train",
    "val",
    "test",
    "volume_share",
    "gain_spread",
    "hot_share",
    "vignetting",
    "pattern_seed",
}
# Words that tell where a default is from.
SOURCE = re.compile(r"default|preset|paper|release|from the layer", re.IGNORECASE)


@pytest.fixture(params=PANELS)
def panel(request: pytest.FixtureRequest, viewer: Any, open_panel: Any, qtbot: Any) -> QWidget:
    """Each panel in a window as large as that of a small laptop."""
    show(viewer, *LAPTOP, qtbot)
    hands = open_panel(viewer, request.param)
    qtbot.wait(50)
    # Qt slides a new panel in, a step at a time.
    hands.wait(lambda: hands.panel.width() >= hands.panel.minimumSizeHint().width())
    return hands.panel


def test_every_field_has_a_name_a_tip_and_a_unit(panel: QWidget) -> None:
    found = fields(panel)
    assert len(found) >= 4
    assert not [field for field in found if len(field.toolTip()) < 12]
    assert not [field for field in found if not name_of(field, panel).strip()]
    nameless = [field for field in found if not field.objectName()]
    assert all(field.toolTip().startswith("Fold or unfold") for field in nameless)
    boxes = [field for field in fields(panel) if isinstance(field, QAbstractSpinBox)]
    without = {box.objectName() for box in boxes if not box.suffix().strip()}
    assert without <= PURE
    assert not [box.objectName() for box in boxes if not SOURCE.search(box.toolTip())]


def test_every_drop_down_and_page_has_a_name_of_its_own(panel: QWidget) -> None:
    """A label beside it is told by some screen readers only."""
    named = [*panel.findChildren(QComboBox), *panel.findChildren(QTabBar)]
    assert not [box.objectName() for box in named if not box.accessibleName().strip()]


def test_folded_sections_hold_no_tab_stop(panel: QWidget, qtbot: Any) -> None:
    from superqt import QCollapsible

    for section in panel.findChildren(QCollapsible):
        section.collapse(animate=False)
        stops = set(tab_stops(panel))
        inside = {field.objectName() for field in section.content().findChildren(QWidget)}
        assert not (stops & inside) - {""}


def test_buttons_are_in_sight_on_a_laptop_and_tab_reaches_all_fields_in_order(
    panel: QWidget, qtbot: Any
) -> None:
    from superqt import QCollapsible

    buttons_are_in_sight(panel)
    for section in panel.findChildren(QCollapsible):
        section.expand(animate=False)
    qtbot.wait(100)
    found = fields(panel)
    assert not [x for x in found if not x.focusPolicy().value & Qt.FocusPolicy.TabFocus.value]
    order, following = [], panel.nextInFocusChain()
    while panel.isAncestorOf(following):  # no farther: PySide6 keeps for ever what it walked by
        if following in found:
            order.append(following)
        following = following.nextInFocusChain()
    assert set(order) == set(found)
    column = panel.findChild(QWidget, "column")
    shown = [x for x in order if x.isVisible() and column.isAncestorOf(x)]
    places = [x.mapTo(column, x.rect().center()) for x in shown]
    for (one, here), (other, there) in zip(
        zip(shown, places, strict=True), zip(shown[1:], places[1:], strict=True), strict=False
    ):
        below, beside = there.y() > here.y(), there.x() > here.x()
        assert below or beside, (one.objectName(), other.objectName())


def buttons_are_in_sight(panel: QWidget) -> None:
    window = panel.window()
    assert window.height() <= LAPTOP[1]
    assert window.width() <= LAPTOP[0]
    assert panel.minimumSizeHint().height() < 300
    assert panel.minimumSizeHint().width() < 460
    column = panel.findChild(QWidget, "column")
    footer = [x for x in fields(panel) if x.isVisible() and not column.isAncestorOf(x)]
    assert footer
    for field in footer:
        corner = field.mapTo(window, field.rect().bottomRight())
        assert window.rect().contains(corner), field.objectName()
        assert not field.visibleRegion().isEmpty()
    # Nothing is cut off on the right: the column fits beside its scroll bar.
    assert column.width() >= column.minimumSizeHint().width()


def contrast(one: QColor, other: QColor) -> float:
    """Ratio of luminances as the WCAG defines it, 1 to 21."""

    def luminance(colour: QColor) -> float:
        parts = [
            x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4
            for x in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_complaints_can_be_read_in_both_themes(panel: Any, qtbot: Any) -> None:
    for theme in ("dark", "light", "dark"):
        panel.viewer.theme = theme
        panel.complain("something is wrong")
        for say in (lambda: None, lambda: panel.say("all is well")):
            say()
            qtbot.wait(20)
            palette = panel.status.palette()
            ink = palette.color(QPalette.ColorRole.WindowText)
            paper = panel.palette().color(QPalette.ColorRole.Window)
            assert contrast(ink, paper) > 4.5, (theme, panel.status.text())
    panel.complain("something is wrong")
    panel.viewer.theme = "light"  # while it is there
    qtbot.wait(20)
    ink = panel.status.palette().color(QPalette.ColorRole.WindowText)
    assert contrast(ink, panel.palette().color(QPalette.ColorRole.Window)) > 4.5


def test_scrolling_over_a_field_changes_nothing(panel: QWidget) -> None:
    for field in fields(panel):
        if not isinstance(field, (QAbstractSpinBox, QComboBox, QAbstractSlider)):
            continue
        field.clearFocus()
        before = field.currentIndex() if isinstance(field, QComboBox) else field.value()
        middle = QPointF(field.rect().center())
        turn = QWheelEvent(
            middle,
            QPointF(field.mapToGlobal(field.rect().center())),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(field, turn)
        after = field.currentIndex() if isinstance(field, QComboBox) else field.value()
        assert after == before, field.objectName()
        assert not turn.isAccepted()
