"""Fields of a form: slider and number agree, values come back by the name of their setting."""

from __future__ import annotations

from typing import Any

import pytest

from napari_3dmsl.widgets.common.form import Choice, Form, Number, Switch, by_labels

ROWS = [
    Number("focus_um", "Focus", -5, 5, 0.05, 2, "µm", "Height of the sharp plane"),
    Number("density_per_um2", "Density", 1, 10000, 1, 0, "/µm²", logarithmic=True),
    Number("planes", "Planes", 2, 101, slider=False),
    Choice("connectivity", "Connectivity", {"6 (faces)": 6, "26 (corners)": 26}),
    Switch("stack", "z-stack"),
]


@pytest.fixture
def form(qtbot: Any) -> Form:
    found = Form(ROWS)
    qtbot.addWidget(found)
    return found


@pytest.fixture
def hands(qtbot: Any, form: Form) -> Any:
    from hands import Hands

    return Hands(qtbot, form, None)


def test_values_come_by_the_name_of_their_setting(form: Form) -> None:
    given = {
        "focus_um": 1.25,
        "density_per_um2": 30,
        "planes": 31,
        "connectivity": 26,
        "stack": True,
    }
    form.set_values(given)
    assert form.values() == given
    assert isinstance(form.values()["planes"], int)


def test_a_choice_keeps_a_value_that_its_list_does_not_offer(form: Form) -> None:
    form.set_values({"connectivity": 18})
    assert form.values()["connectivity"] == 18
    form.set_values({"connectivity": 6})
    assert form.field("connectivity").currentText() == "6 (faces)"


def test_names_that_the_form_does_not_know_are_passed_over(form: Form) -> None:
    before = form.values()
    form.set_values({"name": "con1"})
    assert form.values() == before


def test_a_change_of_many_fields_is_told_once(qtbot: Any, form: Form) -> None:
    changes: list[None] = []
    form.changed.connect(lambda: changes.append(None))
    form.set_values({"focus_um": 2.0, "planes": 7, "stack": True})
    assert len(changes) == 1


def test_a_typed_number_is_told_once_when_it_is_complete(form: Form, hands: Any) -> None:
    seen: list[float] = []
    form.changed.connect(lambda: seen.append(form.values()["focus_um"]))
    hands.type("focus_um", "-1.35")
    assert seen == [-1.35]


def test_the_slider_follows_the_number(form: Form, hands: Any) -> None:
    slider = hands.find("focus_um_slider")
    for value, position in ((-5, 0), (0, 500), (5, 1000)):
        hands.type("focus_um", value)
        assert slider.value() == position
    slider = hands.find("density_per_um2_slider")
    for value, position in ((1, 0), (100, 500), (10000, 1000)):
        hands.type("density_per_um2", value)
        assert slider.value() == position


def test_the_number_follows_the_slider_in_its_steps(form: Form, hands: Any) -> None:
    seen: list[float] = []
    form.changed.connect(lambda: seen.append(form.values()["focus_um"]))
    hands.press("focus_um_slider", "Right", times=10)
    assert seen == pytest.approx([0.05, 0.10, 0.15])
    hands.press("focus_um_slider", "End")
    assert form.values()["focus_um"] == 5
    hands.press("density_per_um2_slider", "End")
    assert form.values()["density_per_um2"] == 10000


def test_every_place_of_the_slider_has_its_number(form: Form, hands: Any) -> None:
    slider = hands.find("density_per_um2_slider")
    numbers = []
    for position in range(0, 1001, 50):
        slider.setValue(position)
        numbers.append(form.values()["density_per_um2"])
        assert abs(slider.value() - position) <= 40  # whole numbers are far apart at the low end
    assert numbers == sorted(numbers)
    assert numbers[-1] == 10000


def test_numbers_out_of_range_stay_in_it(form: Form, hands: Any) -> None:
    hands.type("planes", 999)
    assert 2 <= form.values()["planes"] <= 101


def test_fields_show_unit_and_tip(form: Form, hands: Any) -> None:
    assert hands.find("focus_um").text().endswith(" µm")
    assert hands.find("focus_um").toolTip() == "Height of the sharp plane"


def test_fields_without_meaning_are_greyed_out(form: Form, hands: Any) -> None:
    form.show_only(without=["planes", "stack"])
    assert not hands.find("planes").isEnabled()
    assert not hands.find("stack").isEnabled()
    assert hands.find("focus_um").isEnabled()
    form.show_only(without=[])
    assert hands.find("planes").isEnabled()


def test_choices_and_switches_tell_their_value(form: Form, hands: Any) -> None:
    hands.choose("connectivity", "26 (corners)")
    hands.click("stack")
    assert form.values()["connectivity"] == 26
    assert form.values()["stack"] is True


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("planes", "999", "Planes: 999 is not a whole number from 2 to 101"),
        ("planes", "7.5", "Planes: 7.5 is not a whole number from 2 to 101"),
        ("focus_um", "-15", "Focus: -15 µm is not a number from -5 to 5 µm"),
        (
            "density_per_um2",
            "123456",
            "Density: 123456 /µm² is not a whole number from 1 to 10,000 /µm²",
        ),
    ],
)
def test_a_number_out_of_range_is_told_and_not_cut_short(
    form: Form, hands: Any, name: str, typed: str, told: str
) -> None:
    """Qt's own field takes the first digits, which nobody meant."""
    heard: list[str] = []
    form.refused.connect(heard.append)
    form.set_values({"focus_um": 1, "density_per_um2": 30, "planes": 7})
    before = form.values()
    hands.type(name, typed)
    assert heard == [told]
    assert form.values() == before


def test_a_number_keeps_the_digits_that_are_typed(form: Form, hands: Any) -> None:
    hands.type("focus_um", "0.015")
    assert form.values()["focus_um"] == 0.015
    assert hands.find("focus_um").text() == "0.015 µm"
    hands.type("focus_um", "1.5")
    assert hands.find("focus_um").text() == "1.50 µm"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("focus_um = 9: expected 5 or less", "Focus = 9: expected 5 or less"),
        ("microscope.planes: 1: too few; seed = -1: no", "Planes: 1: too few; seed = -1: no"),
        ("voxel_nm = (0, 1, 1): expected", "Voxel size = (0, 1, 1): expected"),
        ("/tmp/planes: no such file", "/tmp/planes: no such file"),
        ("Not saved: planes are full", "Not saved: planes are full"),
    ],
)
def test_what_is_wrong_names_fields_by_their_labels(
    qtbot: Any, form: Form, text: str, told: str
) -> None:
    voxels = Form([Number("voxel_nm_z", "Voxel size z", 0, 1)])
    qtbot.addWidget(voxels)
    assert by_labels(text, [form, voxels]) == told
