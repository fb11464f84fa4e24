"""Every setting of every class says what it means, in which unit, and where its default is from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic_core import PydanticUndefined

import napari_3dmsl
from napari_3dmsl.described import Described, described
from napari_3dmsl.settings import Settings

PACKAGE = Path(napari_3dmsl.__file__).parent
CLASS = re.compile(r"^class \w+\((?:\w+\.)?Settings\):", re.MULTILINE)

UNIT_OF_ENDING = {
    "nm": "nm",
    "um": "µm",
    "um2": "µm²",
    "um3": "µm³",
    "deg": "°",
    "s": "s",
    "e": "e⁻",
    "adu": "ADU",
    "photons": "photons",
    "airy": "AU",
    "per_um2": "/µm²",
    "per_um3": "/µm³",
    "per_min": "/min",
    "e_per_s": "e⁻/s",
    "e_per_adu": "e⁻/ADU",
    "um_per_s": "µm/s",
    "um2_per_s": "µm²/s",
    "deg2_per_s": "°²/s",
}
"""The longest ending of a name counts; `_design` is no ending of its own."""

PURE_NUMBERS = {
    "Microscope": {
        "numerical_aperture",
        "immersion_index",
        "immersion_index_design",
        "coverslip_index",
        "coverslip_index_design",
        "specimen_index",
    },
    "Objective": {"numerical_aperture", "immersion_index_design", "coverslip_index_design"},
    "Camera": {"gain_spread", "hot_share", "vignetting", "pattern_seed"},
    "Labelling": {"efficiency"},
    "NamedLabelling": {"efficiency"},
    "CellScene": {"coverage"},
    "Pose": {"rotation_matrix"},
    "Simulation": {"snr", "seed"},
    "ExtractionSettings": {"neck"},
    "SampleSettings": {"padding", "cloud_noise"},
    "SceneSettings": {"volume_share"},
    "Source": {"ids"},
    "TubeSettings": {"length_spread", "radius_variation", "rings", "networks", "branches"},
    "Split": {"train", "val", "test"},
    "QuizSettings": {"seed"},
    "ScoreSettings": {"seed"},
    "Recipe": {"seed", "snr"},
}
"""Ratios, shares, indices, seeds and names that are numbers: they have no unit."""


def settings_classes() -> list[type[Settings]]:
    """Every settings class of the package, its modules being imported."""
    for file in sorted(PACKAGE.rglob("*.py")):
        if CLASS.search(file.read_text(encoding="utf-8")):
            import_module(".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts))
    found = _below(Settings)
    return [kind for kind in found if kind.__module__.startswith("napari_3dmsl.")]


def _below(kind: type[Settings]) -> Iterator[type[Settings]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _below(inner)


CLASSES = settings_classes()
FIELDS = [
    pytest.param(kind, setting, id=f"{kind.__name__}.{setting.name}")
    for kind in CLASSES
    for setting in described(kind).values()
]


def unit_in_name(name: str) -> str:
    """The unit that a name ends with, empty if with none."""
    words = name.removesuffix("_design").split("_")
    endings = ("_".join(words[place:]) for place in range(len(words)))
    return next((UNIT_OF_ENDING[end] for end in endings if end in UNIT_OF_ENDING), "")


def is_number(setting: Described) -> bool:
    """Whether it is a number, some of them, or rows of them."""
    parts = get_args(setting.kind) or (setting.kind,)
    return not setting.choices and {"int", "float"} >= {
        getattr(part, "__origin__", part).__name__ for part in parts
    }


def numbers_in(value: Any) -> list[float]:
    """All numbers of a value, however nested."""
    if isinstance(value, tuple):
        return [number for part in value for number in numbers_in(part)]
    return [value] if isinstance(value, int | float) else []


def test_all_classes_are_found() -> None:
    assert len(CLASSES) >= 20
    assert {"Camera", "Recipe", "Motion", "ClassRules"} < {kind.__name__ for kind in CLASSES}


@pytest.mark.parametrize(("kind", "setting"), FIELDS)
def test_a_setting_says_what_it_means(kind: type[Settings], setting: Described) -> None:
    assert re.fullmatch(r"[A-Z0-9].*\.", setting.description), "a sentence"
    assert setting.show.label
    assert setting.show.label != setting.name.replace("_", " "), "people's words, not ours"
    if is_number(setting):
        assert setting.show.unit or setting.name in PURE_NUMBERS.get(kind.__name__, ())
    if unit := unit_in_name(setting.name):
        assert setting.show.unit == unit


@pytest.mark.parametrize(("kind", "setting"), FIELDS)
def test_a_default_says_where_it_is_from(kind: type[Settings], setting: Described) -> None:
    of_its_own = isinstance(setting.default, Settings)  # whose settings each say it
    if setting.default is not PydanticUndefined and not of_its_own:
        assert re.fullmatch(r"[A-Z].*\.", setting.show.source), "a sentence"


@pytest.mark.parametrize(("kind", "setting"), FIELDS)
def test_defaults_sliders_and_words_keep_to_what_is_allowed(
    kind: type[Settings], setting: Described
) -> None:
    show = setting.show
    given = [] if setting.choices or setting.kind is bool else numbers_in(setting.default)
    for number in (*given, *(show.slider or ())):
        assert number in setting.range
    if show.slider:
        assert show.slider[0] < show.slider[1]
        assert show.slider[0] > 0.0 or not show.logarithmic
    if setting.choices:
        assert not show.words or set(show.words) == set(setting.choices)
    else:
        assert all(value in setting.range for value in show.words)
    assert len(set(show.words.values())) == len(show.words)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_pure_numbers_are_settings(kind: type[Settings]) -> None:
    assert PURE_NUMBERS.get(kind.__name__, set()) <= set(described(kind))
    assert set(PURE_NUMBERS) <= {kind.__name__ for kind in CLASSES}


def every_choice(kind: type[Settings]) -> Iterator[Settings]:
    """Settings with every combination of their choices, and numbers at zero or not given."""
    values: dict[str, tuple[Any, ...]] = {}
    for name, setting in described(kind).items():
        if setting.default is PydanticUndefined or isinstance(setting.default, Settings):
            continue
        if setting.entries != 1:
            continue
        if setting.choices:
            values[name] = setting.choices
        elif setting.kind is bool:
            values[name] = (False, True)
        elif setting.kind in (int, float) and setting.default in (0, 1, None):
            values[name] = (setting.default, 0.25)
    for chosen in product(*values.values()):
        yield kind.model_construct(**dict(zip(values, chosen, strict=True)))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_what_has_no_effect_is_a_setting_with_a_reason(kind: type[Settings]) -> None:
    names = set(described(kind))
    for settings in every_choice(kind):
        without = settings.irrelevant()
        assert set(without) <= names
        assert all(re.fullmatch(r"\w.*[^.]", reason) for reason in without.values())
