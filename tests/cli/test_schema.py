"""``napari-3dmsl schema``: an independent validator takes what we ship and refuses the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from napari_3dmsl import cli
from napari_3dmsl.cli._options import CLASSES

PRESETS = Path(cli.__file__).parents[1] / "microscope" / "presets"
SHIPPED = sorted(PRESETS.glob("*/*.json"))


def validator(kind: str, capsys: pytest.CaptureFixture[str]) -> jsonschema.Draft202012Validator:
    assert cli.main(["schema", kind]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind != "recipe"])
def test_every_field_says_label_and_meaning(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    fields = validator(kind, capsys).schema["properties"]
    assert [name for name, told in fields.items() if not told.get("title")] == []
    assert [name for name, told in fields.items() if not told.get("description")] == []


@pytest.mark.parametrize("preset", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_presets_are_right_by_their_schema(
    preset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = preset.parent.name.removesuffix("s")
    validator(kind, capsys).validate(json.loads(preset.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("microscope", {"emission_nm": 200}),
        ("microscope", {"emission_nm": "red"}),
        ("microscope", {"modality": "electron"}),
        ("microscope", {"image_size": [128]}),
        ("microscope", {"emision_nm": 600}),
        ("objective", {"numerical_aperture": 1.8}),
        ("camera", {"quantum_efficiency": 1.5}),
        ("camera", {"exposure_s": 0}),
        ("acquisition", {"planes": 2.5}),
        ("labelling", {"target": "matrix"}),
        ("extraction", {"voxel_nm": [8, 8, 8], "connectivity": 7}),
        ("extraction", {}),
    ],
)
def test_what_the_settings_refuse_the_schema_refuses_too(
    kind: str, values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not validator(kind, capsys).is_valid(values)


def test_unit_and_source_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    emission = validator("microscope", capsys).schema["properties"]["emission_nm"]
    assert (emission["unit"], emission["minimum"], emission["maximum"]) == ("nm", 300, 1200)
    assert "Table 2" in emission["source"]


def test_another_kind_is_refused_with_those_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["schema", "telescope"]) == 2
    assert "'telescope' is not one of 'recipe', 'microscope'" in capsys.readouterr().err
