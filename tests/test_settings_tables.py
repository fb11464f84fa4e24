"""What the docs say of settings is what their classes say."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import pytest
from pydantic import Field

from napari_3dmsl.settings import Settings, Show

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    """The script that makes the tables."""
    found = importlib.util.spec_from_file_location(
        "settings_tables", REPOSITORY / "scripts" / "settings_tables.py"
    )
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


class Lens(Settings):
    """An example."""

    far_nm: Annotated[
        float,
        Field(gt=0.0, le=1e6, description="How far | how near."),
        Show("Far", "nm", slider=(1.0, 500.0), lowest="near", source="Our choice."),
    ] = 2500.0
    medium: Annotated[
        Literal["oil", "none"], Field(description="Under it."), Show("In", words={"none": "dry"})
    ] = "oil"
    clean: bool = True
    edges: tuple[int, int] | None = None
    name: str


def test_a_table_says_default_range_unit_words_and_source(tables: ModuleType) -> None:
    rows = tables.table(Lens).splitlines()[2:]
    assert rows == [
        "| `far_nm` | Far | 2,500 | above 0 to 1,000,000 nm; slider 1 to 500 "
        "| How far \\| how near. Our choice. |",
        "| `medium` | In | `oil` | `oil`; `none`: dry | Under it. |",
        "| `clean` | clean | `true` | `true`, `false` | |",
        "| `edges` | edges | none | | |",
        "| `name` | name | needed | | |",
    ]
    assert tables.table(Lens, ["clean"]).splitlines()[2:] == rows[2:3]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_of_the_docs_are_those_of_the_classes(tables: ModuleType, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert tables.with_tables(text) == text, "make them anew: python scripts/settings_tables.py"
    assert len(re.findall("<!-- settings: ", text)) == len(tables.MARKED.findall(text))
    assert len(re.findall("<!-- truths", text)) == len(tables.MARKED_TRUTHS.findall(text))
    assert len(re.findall("<!-- measures", text)) == len(tables.MARKED_MEASURES.findall(text))


def test_the_settings_that_people_meet_have_tables() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    marked = set(re.findall(r"<!-- settings: [\w.]+\.(\w+)", text))
    assert {"Microscope", "Objective", "Camera", "Acquisition", "Labelling", "Pose"} <= marked
    assert {"ExtractionSettings", "ClassRules", "Simulation", "Motion", "SceneSettings"} <= marked
    assert {"Recipe", "Source", "Split", "Views", "Focus", "Output"} <= marked
