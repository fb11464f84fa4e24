"""What settings classes say of their fields, asked from plain examples."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from napari_3dmsl.described import Range, described, schema_of
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.settings import Settings, Show

Edge = Annotated[int, Field(ge=1)]


class Lens(Settings):
    """An example."""

    aperture: Annotated[
        float,
        Field(gt=0.0, le=1.7, description="How wide it is."),
        Show("Aperture", decimals=2, source="Our choice."),
    ] = 1.4
    medium: Literal["oil", "water"] = "oil"
    edges: tuple[Edge, Edge, Edge] | None = None
    names: tuple[Literal["a", "b"], ...] = ()
    clean: bool = True
    zoom: Annotated[float | tuple[float, float] | None, Range(1.0, 2.0)] = None


def test_type_range_words_and_default_are_told() -> None:
    lens = described(Lens)
    aperture = lens["aperture"]
    assert (aperture.kind, aperture.entries, aperture.optional) == (float, 1, False)
    assert aperture.range == Range(0.0, 1.7, above=True)
    assert (aperture.allowed, aperture.default) == ("above 0 to 1.7", 1.4)
    assert aperture.tip == "How wide it is. Our choice."
    assert (lens["medium"].kind, lens["medium"].choices) == (str, ("oil", "water"))
    assert lens["medium"].show.label == "medium"
    assert (lens["edges"].kind, lens["edges"].entries, lens["edges"].optional) == (int, 3, True)
    assert lens["edges"].range == Range(1)
    assert (lens["names"].entries, lens["names"].choices) == (0, ("a", "b"))
    assert (lens["clean"].kind, lens["clean"].allowed) == (bool, "")
    assert (lens["zoom"].kind, lens["zoom"].open, lens["zoom"].optional) == (float, True, True)
    assert (lens["zoom"].allowed, lens["aperture"].open) == ("1 to 2", False)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Range(), ""),
        (Range(0), "0 or more"),
        (Range(0, above=True), "above 0"),
        (Range(None, 5), "at most 5"),
        (Range(300, 1200), "300 to 1,200"),
        (Range(0, 1e6, below=True), "0 or more, below 1,000,000"),
    ],
)
def test_a_range_reads_as_people_write_it(found: Range, words: str) -> None:
    assert str(found) == words


def test_editors_get_meaning_unit_and_source_with_the_schema() -> None:
    schema = schema_of(Lens)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["aperture"] == {
        "type": "number",
        "exclusiveMinimum": 0.0,
        "maximum": 1.7,
        "default": 1.4,
        "title": "Aperture",
        "description": "How wide it is. Our choice.",
        "source": "Our choice.",
    }
    number, evenly, by_logarithm, nothing = schema["properties"]["zoom"]["anyOf"]
    assert number == {"type": "number", "minimum": 1.0, "maximum": 2.0}
    assert evenly["prefixItems"] == [number, number]
    assert by_logarithm["prefixItems"] == [number, number, {"const": "log"}]
    assert nothing == {"type": "null"}
    assert schema_of(Microscope)["properties"]["emission_nm"]["unit"] == "nm"
