"""A panel of two depths: what is turned daily in sight, the rest found, everything taken back."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hands import Hands, show
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel, QWidget
from tab_stops import tab_stops

from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.presets import load_labelling, load_microscope
from napari_3dmsl.widgets.common.form import forms_in

DAILY = {
    "microscope",
    "focus_um",
    "view",
    "rotation_deg_z",
    "density_per_um2",
    "photons_per_fluorophore",
    "stack",
    "noise",
}


@pytest.fixture
def shown(viewer: Any, open_panel: Any, qtbot: Any) -> Hands:
    """The panel in a window as large as that of a small laptop."""
    show(viewer, 1366, 768, qtbot)
    hands = open_panel(viewer, "Microscope")
    window = hands.panel.window()
    window.activateWindow()  # keys of a panel count in the window that is worked in
    qtbot.waitUntil(window.isActiveWindow)
    return hands


def find(hands: Hands, typed: str) -> None:
    """Type into the line that finds settings, and press Enter."""
    hands.qtbot.keyClicks(hands.find("search"), typed)
    hands.press("search", "Return")


def test_what_is_turned_daily_is_in_sight_and_folded_fields_are_no_tab_stops(shown: Hands) -> None:
    stops = tab_stops(shown.panel)
    assert set(stops) >= DAILY
    assert len(stops) <= 30  # 95 before there were pages
    pages = shown.panel.pages
    for at in range(1, pages.count()):
        pages.show_page(at)
        assert len(tab_stops(shown.panel)) <= 42, pages.titles()[at]
    for form in forms_in(shown.panel):
        for row in form:
            assert pages.page_of(row.native) >= 0, row.name


@pytest.mark.parametrize(
    ("typed", "name", "page"),
    [
        ("pinhole", "pinhole_airy", "Optics"),
        ("Emission", "emission_nm", "Optics"),
        ("read_noise_e", "read_noise_e", "Camera"),
        ("speckle", "continuous", "Label"),
        ("wavelength", "emission_nm", "Optics"),  # a word of its description
        ("blinking", "off_time_s", "Label"),
        ("vigneting", "vignetting", "Camera"),  # misspelt
        ("ground-truth", "truth", "Beside it"),
        ("focus", "focus_um", "Basics"),
    ],
)
def test_a_setting_is_found_by_its_name_and_by_words_of_what_it_does(
    shown: Hands, typed: str, name: str, page: str
) -> None:
    find(shown, typed)
    pages = shown.panel.pages
    assert pages.titles()[pages.bar.currentIndex()] == page
    field = shown.find(name)
    assert field.isVisibleTo(shown.panel)
    assert shown.panel.focusWidget() is field
    assert shown.find("search").text() == ""


def test_a_setting_without_effect_is_found_with_the_reason(shown: Hands) -> None:
    find(shown, "sheet thickness")
    idle = shown.panel.pages.idle["Optics"]
    assert not shown.find("sheet_fwhm_um").isVisibleTo(shown.panel)
    assert idle.text.isVisibleTo(shown.panel)
    assert "Sheet thickness: only a light sheet has one" in idle.text.text()
    assert shown.panel.focusWidget() is idle.heading
    shown.choose("modality", "light-sheet")
    assert shown.find("sheet_fwhm_um").isVisibleTo(shown.panel)
    assert "Sheet thickness" not in idle.text.text()
    assert "Pinhole" in idle.text.text()


def test_every_knob_is_taken_back_by_a_key_and_made_again(shown: Hands) -> None:
    panel = shown.panel
    states = [panel.steps.snapshot()]

    def step(work: Any, *what: Any) -> None:
        work(*what)
        panel.history.close_step()  # as after a rest
        if panel.steps.snapshot() != states[-1]:
            states.append(panel.steps.snapshot())

    step(shown.type, "focus_um", 1.5)
    step(shown.press, "rotation_deg_y_slider", "PageUp")
    step(shown.choose, "view", "x180")
    step(shown.choose, "microscope", "epi1")
    step(shown.type, "numerical_aperture", 1.1)
    step(shown.click, "stack")
    step(shown.type, "planes", 7)
    step(shown.choose, "noise", "none (photons)")
    step(shown.click, "photons")
    step(shown.choose, "compare_1", "epi1")
    step(shown.type, "image_size", 64)
    step(shown.click, "defaults")
    assert len(states) >= 12
    for expected in reversed(states[:-1]):
        press(shown, shown.find("focus_um"), "Z")
        assert panel.steps.snapshot() == expected
    assert not shown.find("undo").isEnabled()
    for expected in states[1:]:
        shown.click("redo")
        assert panel.steps.snapshot() == expected
    assert not shown.find("redo").isEnabled()


def press(hands: Hands, field: QWidget, letter: str) -> None:
    """Press Ctrl and a letter while a field has the keyboard."""
    field.setFocus()
    hands.qtbot.keyClick(
        field, getattr(Qt.Key, f"Key_{letter}"), Qt.KeyboardModifier.ControlModifier
    )


def test_a_drag_of_a_slider_is_one_step_that_is_told_by_its_name(shown: Hands) -> None:
    slider = shown.find("focus_um_slider")
    for position in range(500, 600, 5):
        slider.setValue(position)
    focus = f"focus {shown.find('focus_um').value():g} µm"
    assert shown.find("undo").toolTip().startswith(f"Undo {focus} (")
    shown.click("undo")
    assert shown.find("focus_um").value() == 0.0
    assert shown.status.startswith(f"Undone: {focus}")
    assert shown.find("redo").toolTip().startswith(f"Redo {focus} (")
    assert not shown.find("undo").isEnabled()


def test_letters_that_are_half_typed_come_back_before_steps_do(shown: Hands) -> None:
    shown.type("focus_um", 1)
    box = shown.find("focus_um")
    box.setFocus()
    box.selectAll()
    shown.qtbot.keyClicks(box, "2")
    press(shown, box, "Z")
    assert box.value() == 1.0
    assert shown.panel.history.undo_names == {"focus_um"}


def check_labels_are_whole(panel: QWidget) -> None:
    for label in panel.findChildren(QLabel):
        if label.isVisible() and label.text():
            room = label.contentsRect().size()
            needed = label.fontMetrics().boundingRect(
                label.contentsRect(), int(Qt.TextFlag.TextWordWrap.value), label.text()
            )
            assert needed.width() <= room.width() + 1, label.text()
            assert needed.height() <= room.height() + 1, label.text()


def test_labels_are_whole_at_a_large_font_and_the_panel_fits_a_laptop(
    shown: Hands, qtbot: Any
) -> None:
    from napari.settings import get_settings

    get_settings().appearance.font_size = 16
    try:
        qtbot.wait(50)
        pages = shown.panel.pages
        for at in range(pages.count()):
            pages.show_page(at)
            qtbot.wait(20)
            qtbot.waitUntil(partial(check_labels_are_whole, shown.panel))  # read-outs come later
        window = shown.panel.window()
        assert window.width() <= 1366
        assert window.height() <= 768
        column = shown.panel.findChild(QWidget, "column")
        assert column.width() >= column.minimumSizeHint().width()
    finally:
        get_settings().appearance.font_size = 9
        QApplication.processEvents()


def test_presets_say_what_they_are_and_as_released_is_a_switch(shown: Hands) -> None:
    box, released = shown.find("microscope"), shown.find("as_released")
    words = [box.itemText(at) for at in range(box.count())]
    assert "Confocal 1.40 oil, 600 nm (con1)" in words
    assert not [text for text in words if "released" in text]
    assert box.currentData() == "con1"
    form = shown.panel.form
    shown.click("as_released")
    assert form.microscope() == load_microscope("con1-released")
    assert box.currentData() == "con1"
    shown.choose("microscope", "conf2")
    assert form.microscope() == load_microscope("conf2-released")
    assert form.state()["instrument"]["microscope"] == "conf2-released"  # as files have it
    shown.choose("microscope", "light-sheet")
    assert released.isHidden()  # the release has none
    assert form.microscope() == load_microscope("light-sheet")
    form.take_preset("epi1-released")
    assert (box.currentData(), released.isChecked()) == ("epi1", True)
    shown.click("as_released")
    assert form.microscope() == load_microscope("epi1")


def test_the_panel_opens_with_a_real_label_and_the_papers_is_a_click_away(shown: Hands) -> None:
    def labelling() -> Labelling:
        return shown.panel.simulation().labelling

    box = shown.find("labelling")
    assert labelling() == load_labelling("antibody").labelling
    assert "doi:10.1007/s00216-013-7593-7" in box.toolTip()
    shown.choose("labelling", "paper")
    assert labelling() == Labelling()
    assert "Table 3" in box.toolTip()
    assert "Table 3" in shown.find("numbers_from").text()
    shown.type("density_per_um2", 31)
    assert box.currentIndex() == -1
    assert box.placeholderText() == "own numbers"
    shown.type("efficiency", 0.5)
    shown.choose("labelling", "antibody")
    assert labelling() == load_labelling("antibody").labelling.replace(efficiency=0.5)
    shown.panel.history.undo()
    assert labelling().density_per_um2 == 31
