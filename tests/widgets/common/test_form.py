"""Forms of settings: what a file brought stays to the last digit; slider and number agree."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from napari_3dmsl.described import described
from napari_3dmsl.settings import Settings, Show
from napari_3dmsl.widgets.common.form import Form, by_labels


class Everything(Settings):
    """A setting of each sort."""

    name: str = "no field holds it"
    focus_um: Annotated[
        float,
        Field(ge=-20, le=20, description="Height of the sharp plane."),
        Show("Focus", "µm", 2, 0.05, slider=(-5, 5), source="Our choice."),
    ] = 0.0
    density_per_um2: Annotated[
        float,
        Field(gt=0, le=1e5, description="Fluorophores per area."),
        Show("Density", "/µm²", slider=(1, 10_000), logarithmic=True),
    ] = 30.0
    planes: Annotated[int, Field(ge=2, le=101, description="Of a stack."), Show("Planes")] = 31
    snr: Annotated[
        float | None,
        Field(gt=0, le=1000, description="Of the brightest pixel."),
        Show("Signal to noise", decimals=1, lowest="from the photons"),
    ] = None
    connectivity: Annotated[
        Literal[6, 26],
        Field(description="Which voxels touch."),
        Show("Connectivity", words={6: "6 (faces)", 26: "26 (corners)"}),
    ] = 6
    medium: Annotated[
        float,
        Field(ge=1, le=2, description="Refractive index of the immersion."),
        Show("Objective for", words={1.515: "oil", 1.33: "water"}),
    ] = 1.515
    stack: Annotated[bool, Field(description="Record a stack."), Show("z-stack")] = False
    image_size: Annotated[
        tuple[Annotated[int, Field(ge=8, le=4096)], Annotated[int, Field(ge=8, le=4096)]],
        Field(description="Rows and columns."),
        Show("Image size", "px"),
    ] = (128, 128)
    voxel_nm: Annotated[
        tuple[
            Annotated[float, Field(gt=0, le=1e4)],
            Annotated[float, Field(gt=0, le=1e4)],
            Annotated[float, Field(gt=0, le=1e4)],
        ],
        Field(description="Of the labels."),
        Show("Voxel size", "nm", 2),
    ] = (24.0, 24.0, 24.0)

    def irrelevant(self) -> dict[str, str]:
        """Planes without a stack."""
        return {} if self.stack else {"planes": "there is no stack"}


@pytest.fixture
def form(qtbot: Any) -> Form:
    found = Form(Everything)
    qtbot.addWidget(found.native)
    return found


@pytest.fixture
def hands(qtbot: Any, form: Form) -> Any:
    from hands import Hands

    return Hands(qtbot, form.native, None)


def test_a_form_shows_the_defaults_of_its_class_and_gives_settings_back(form: Form) -> None:
    assert Everything(**form.values()) == Everything()
    assert set(form.names) == set(Everything.model_fields) - {"name"}


def test_values_come_by_the_name_of_their_setting(form: Form) -> None:
    given = Everything(
        focus_um=1.25,
        density_per_um2=7,
        planes=3,
        snr=2,
        connectivity=26,
        medium=1.33,
        stack=True,
        image_size=(1024, 600),
        voxel_nm=(50, 4.6, 4.6),
    ).model_dump(exclude={"name"})
    form.set_values(given)
    assert form.values() == given
    assert isinstance(form.values()["planes"], int)


def test_only_the_named_settings_are_shown_in_their_order(qtbot: Any) -> None:
    form = Form(Everything, ["stack", "planes"])
    qtbot.addWidget(form.native)
    assert list(form.values()) == ["stack", "planes"]


NUMBERS = [48.8, 103.81, 109 * 60 / 63, 1 / 3, 3.125, 1.3345, 0.075, 1e-7 / 3, 12_345.678]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_kept_to_the_last_digit(form: Form, hands: Any, number: float) -> None:
    """Though its field has no decimals, and its slider ends before."""
    form.set_values({"density_per_um2": number})
    assert form.values()["density_per_um2"] == number
    box = hands.find("density_per_um2")
    box.setFocus()
    hands.press("density_per_um2", "Return")  # nothing was typed
    box.clearFocus()
    assert form.values()["density_per_um2"] == number


@pytest.mark.parametrize(
    ("name", "number", "shown"),
    [
        ("density_per_um2", 48.8, "48.8 /µm²"),
        ("density_per_um2", 109 * 60 / 63, "103.81 /µm²"),
        ("density_per_um2", 30.0, "30 /µm²"),
        ("density_per_um2", 20_000.5, "20000.5 /µm²"),
        ("focus_um", 1.5, "1.50 µm"),
        ("focus_um", 0.015, "0.015 µm"),
        ("focus_um", -12.0, "-12.00 µm"),
        ("snr", None, "from the photons"),
        ("snr", 3.125, "3.125"),
    ],
)
def test_a_number_is_shown_with_the_digits_that_it_has(
    form: Form, hands: Any, name: str, number: float, shown: str
) -> None:
    form.set_values({name: number})
    assert hands.find(name).text() == shown
    assert form.values()[name] == number


def test_stepping_and_sliding_begin_at_a_number_that_was_kept(form: Form, hands: Any) -> None:
    form.set_values({"density_per_um2": 48.8, "focus_um": 12.3456})
    hands.press("density_per_um2", "Up")
    assert form.values()["density_per_um2"] == pytest.approx(49.8)
    assert hands.find("focus_um_slider").value() == 1000
    hands.press("focus_um_slider", "Left")
    assert form.values()["focus_um"] == pytest.approx(5.0)


def test_no_step_leads_to_the_end_that_is_left_out(form: Form, hands: Any) -> None:
    form.set_values({"density_per_um2": 1})
    hands.press("density_per_um2", "Down")
    assert form.values()["density_per_um2"] == 1


def test_a_setting_that_may_be_left_out_is_none_at_its_low_end(form: Form, hands: Any) -> None:
    hands.type("snr", 12)
    assert form.values()["snr"] == 12
    hands.type("snr", 0)
    assert form.values()["snr"] is None


def test_both_sides_of_an_image_are_kept_and_a_square_stays_one(form: Form, hands: Any) -> None:
    form.set_values({"image_size": (1024, 600)})
    assert form.values()["image_size"] == (1024, 600)
    hands.type("image_size", 512)
    assert form.values()["image_size"] == (512, 600)
    hands.type("image_size_to", 512)
    hands.type("image_size", 64)
    assert form.values()["image_size"] == (64, 64)


def test_a_setting_for_each_axis_has_three_rows(form: Form, hands: Any) -> None:
    hands.type("voxel_nm_y", 3.125)
    assert form.values()["voxel_nm"] == (24, 3.125, 24)
    assert form.field("voxel_nm_z").label == "Voxel size z"


def test_a_choice_keeps_a_value_that_its_list_does_not_offer(form: Form, hands: Any) -> None:
    form.set_values({"medium": 1.518})
    assert form.values()["medium"] == 1.518
    assert hands.find("medium").currentText() == "1.518"
    form.native.setParent(None)  # magicgui fills its lists anew then
    assert form.values()["medium"] == 1.518
    form.set_values({"medium": 1.33})
    assert hands.find("medium").currentText() == "water"


def test_names_that_the_form_does_not_know_are_passed_over(form: Form) -> None:
    before = form.values()
    form.set_values({"name": "con1", "other": 1})
    assert form.values() == before


def test_a_change_of_many_fields_is_told_once(form: Form) -> None:
    changes: list[Any] = []
    form.changed.connect(changes.append)
    form.set_values({"focus_um": 2.0, "planes": 7, "stack": True, "voxel_nm": (1, 2, 3)})
    assert changes == [form]


def test_a_typed_number_is_told_once_when_it_is_complete(form: Form, hands: Any) -> None:
    seen: list[float] = []
    form.changed.connect(lambda: seen.append(form.values()["focus_um"]))
    hands.type("focus_um", "-1.35")
    assert seen == [-1.35]


def test_the_slider_follows_the_number(form: Form, hands: Any) -> None:
    slider = hands.find("focus_um_slider")
    for value, position in ((-5, 0), (0, 500), (5, 1000), (20, 1000)):
        hands.type("focus_um", value)
        assert slider.value() == position
        assert form.values()["focus_um"] == value
    slider = hands.find("density_per_um2_slider")
    for value, position in ((1, 0), (100, 500), (10000, 1000), (0.5, 0)):
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


def test_fields_tell_unit_meaning_range_and_label_of_their_setting(form: Form, hands: Any) -> None:
    assert hands.find("focus_um").text().endswith(" µm")
    tip = "Height of the sharp plane. Our choice. Allowed: -20 to 20 µm."
    for name in ("focus_um", "focus_um_slider"):
        assert hands.find(name).toolTip() == tip
        assert hands.find(name).accessibleName() == "Focus"
    for name, setting in described(Everything).items():
        if name != "name":
            row = form.field(f"{name}_z" if setting.entries == 3 else name)
            assert row.tooltip.startswith(setting.tip)
            assert row.label.startswith(setting.show.label)


def test_settings_without_effect_are_greyed_out_and_tell_why(form: Form, hands: Any) -> None:
    form.show_only(without=Everything().irrelevant())
    assert not hands.find("planes").isEnabled()
    assert "No effect now: there is no stack." in hands.find("planes").toolTip()
    assert hands.find("focus_um").isEnabled()
    form.show_only(without=Everything(stack=True).irrelevant())
    assert hands.find("planes").isEnabled()
    assert "No effect" not in hands.find("planes").toolTip()
    form.show_only(without={"voxel_nm": "the layer tells"})
    assert not hands.find("voxel_nm_x").isEnabled()


def test_defaults_are_told_in_the_tips_of_numbers(form: Form, hands: Any) -> None:
    form.tell_defaults()
    assert hands.find("planes").toolTip().endswith("Default: 31.")
    form.show_only(without={"planes": "there is no stack"})
    assert "Default: 31." in hands.find("planes").toolTip()


def test_choices_and_switches_tell_their_value(form: Form, hands: Any) -> None:
    hands.choose("connectivity", "26 (corners)")
    hands.click("stack")
    assert form.values()["connectivity"] == 26
    assert form.values()["stack"] is True


def test_of_remembered_values_those_that_do_not_fit_are_left_out(form: Form) -> None:
    before = form.values()
    form.take(
        {
            "focus_um": 21,
            "density_per_um2": 0,
            "planes": 2.5,
            "snr": "12",
            "connectivity": 18,
            "stack": 1,
            "image_size": [64],
            "voxel_nm": [1, 2, True],
            "medium": float("nan"),
            "other": 3,
        }
    )
    assert form.values() == before
    form.take({"snr": 12, "image_size": [64, 32], "voxel_nm": [1, 2.5, 3], "planes": None})
    assert form.values() == {**before, "snr": 12, "image_size": (64, 32), "voxel_nm": (1, 2.5, 3)}
    form.take({"snr": None})
    assert form.values()["snr"] is None


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("planes", "999", "Planes: 999 is not a whole number from 2 to 101"),
        ("planes", "7.5", "Planes: 7.5 is not a whole number from 2 to 101"),
        ("focus_um", "-150", "Focus: -150 µm is not a number from -20 to 20 µm"),
        (
            "density_per_um2",
            "123456",
            "Density: 123456 /µm² is not a number above 0 to 100,000 /µm²",
        ),
        ("density_per_um2", "0", "Density: 0 /µm² is not a number above 0 to 100,000 /µm²"),
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
    hands.type("focus_um", "0.0150625")
    assert form.values()["focus_um"] == 0.0150625
    hands.type("focus_um", "1.5")
    assert hands.find("focus_um").text() == "1.50 µm"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("focus_um = 9: expected 5 or less", "Focus = 9: expected 5 or less"),
        ("microscope.planes: 1: too few; seed = -1: no", "Planes: 1: too few; Seed = -1: no"),
        ("voxel_nm = (0, 1, 1): expected", "Voxel size = (0, 1, 1): expected"),
        ("/tmp/planes: no such file", "/tmp/planes: no such file"),
        ("Not saved: planes are full", "Not saved: planes are full"),
    ],
)
def test_what_is_wrong_names_fields_by_their_labels(form: Form, text: str, told: str) -> None:
    assert by_labels(text, [form]) == told
