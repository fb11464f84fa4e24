from __future__ import annotations

import gc
import json
import math
import weakref
from pathlib import Path
from typing import Annotated, Self

import pytest
from pydantic import Field, model_validator

from napari_3dmsl.settings import Settings, Show


class Light(Settings):
    emission_nm: Annotated[float, Field(gt=0), Show("Emission", "nm")] = 600.0


class Example(Settings):
    voxel_nm: tuple[float, float, float] = (24.0, 24.0, 24.0)
    planes: int = Field(default=1, ge=1)
    light: Light = Light()


def message_of(**values: object) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        Example(**values)
    return str(caught.value)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Example().planes = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"planes": 0}, ["planes = 0: must be 1 or more"]),
        ({"planes": "many"}, ["planes = 'many'", "expected a whole number"]),
        ({"planes": "3"}, ["planes = '3': expected a whole number"]),
        ({"planes": True}, ["planes = True: expected a whole number"]),
        ({"voxel_nm": (1, "2", 3)}, ["voxel_nm = (1, '2', 3): expected a number"]),
        ({"light": {"emission_nm": False}}, ["light.emission_nm = False: expected a number"]),
        ({"voxel_nm": (1, 2)}, ["voxel_nm = (1, 2)", "expected 3 entries, found 2"]),
        ({"voxel_nm": (1, 2, math.nan)}, ["voxel_nm.2", "nan", "finite"]),
        ({"voxel_nm": (1, math.inf, 2)}, ["voxel_nm.1", "inf", "finite"]),
        ({"light": {"emission_nm": -1}}, ["light.emission_nm = -1: must be above 0 nm"]),
        ({"plains": 3}, ["Example has no setting 'plains'"]),
    ],
)
def test_bad_value_is_told_in_one_line(values: dict, parts: list[str]) -> None:
    message = message_of(**values)
    assert "\n" not in message
    assert [part for part in parts if part not in message] == []


def test_all_problems_are_told_at_once() -> None:
    assert message_of(planes=0, plains=3).count(";") == 1


def test_replace_validates() -> None:
    example = Example()
    assert example.replace(planes=3).planes == 3
    assert example.planes == 1
    with pytest.raises(ValueError, match="planes = -1"):
        example.replace(planes=-1)


def test_json_round_trip(tmp_path: Path) -> None:
    example = Example(voxel_nm=(15, 16, 16), light=Light(emission_nm=488))
    file = tmp_path / "example.json"
    file.write_text(example.model_dump_json(), encoding="utf-8")
    assert Example.load(file) == example
    assert json.loads(file.read_text(encoding="utf-8"))["voxel_nm"] == [15, 16, 16]


def test_toml_is_read(tmp_path: Path) -> None:
    file = tmp_path / "example.toml"
    file.write_text("planes = 5\n[light]\nemission_nm = 688.0\n", encoding="utf-8")
    assert Example.load(str(file)) == Example(planes=5, light=Light(emission_nm=688))


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("broken.json", "{", "not valid JSON"),
        ("broken.toml", "planes = ", "not valid TOML"),
        ("list.json", "[1, 2]", "expected a table of settings, found list"),
        ("nan.json", '{"voxel_nm": [1, 2, NaN]}', "finite"),
        ("wrong.toml", "planes = 0", "planes = 0"),
        ("unknown.json", '{"plains": 3}', "has no setting 'plains'"),
    ],
)
def test_load_error_names_the_file(tmp_path: Path, name: str, text: str, reason: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r".") as caught:
        Example.load(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    assert reason in message
    assert "\n" not in message


def test_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Example.load(tmp_path / "absent.json")


@pytest.mark.parametrize("name", ["\n", "a\0b", "\ud800", "x" * 100_000], ids=range(4))
def test_what_can_be_no_name_is_refused_in_one_short_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps({"planes": 2, name: 1}))
    with pytest.raises(ValueError, match="no name of a setting") as told:
        Example.load(path)
    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < len(str(path)) + 200


class Checked(Settings):
    planes: int = 1

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.planes > 1:
            raise ValueError("planes: too many")
        return self


class Held:
    """What a caller has, perhaps something large."""


def test_settings_that_were_refused_hold_nothing_that_their_callers_had() -> None:
    def caller() -> weakref.ref[Held]:
        held, why = Held(), None
        try:
            Checked(planes=2)
        except ValueError as error:
            why = error  # for later, as work in a thread does: it and this frame hold each other
        assert str(why) == "planes: too many"
        return weakref.ref(held)

    held = caller()
    gc.collect()
    assert held() is None
