"""Numbers that are left open: a range instead of a number is drawn from for each image."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import BeforeValidator

from napari_3dmsl.described import open_number, schema_of
from napari_3dmsl.settings import Problem, Settings, SettingsError, shown

Range = tuple[float, float] | tuple[float, float, Literal["log"]]
AnySettings = TypeVar("AnySettings", bound=Settings)


_EXPECTED = 'a range is [low, high], or [low, high, "log"]'


def _checked(number: Any) -> Any:
    """Check a number or a range, whose kinds are many, with one message for all of them."""
    if isinstance(number, list | tuple):
        number = _checked_range(number)
    elif not _is_number(number):
        raise ValueError(f"expected a number, or a range: {_EXPECTED}")
    if not all(map(math.isfinite, ends(number))):
        raise ValueError("must be finite")
    return number


def _checked_range(given: Sequence[Any]) -> Range:
    if not all(map(_is_number, given[:2])) or len(given) not in (2, 3):
        raise ValueError(_EXPECTED)
    if given[2:] and given[2] != "log":
        raise ValueError(_EXPECTED)
    low, high = given[:2]
    if low > high:
        raise ValueError(f"a range from {low:g} down to {high:g}; give the lower number first")
    if len(given) == 3 and low <= 0:
        raise ValueError(f"a logarithmic range from {low:g}; it must begin above 0")
    return (low, high) if len(given) == 2 else (low, high, "log")


def _is_number(given: Any) -> bool:
    if isinstance(given, int) and not isinstance(given, bool):
        return abs(given) <= sys.float_info.max  # not of 400 digits, which no float holds
    return isinstance(given, float)


Open = Annotated[float | Range, BeforeValidator(_checked)]
"""A number, ``[low, high]`` to draw evenly between, or ``[low, high, "log"]``."""


def open_schema(kind: type[Settings]) -> dict[str, Any]:
    """Return the JSON schema of settings in which ranges may stand for numbers.

    Parameters
    ----------
    kind
        A settings class.
    """
    schema = schema_of(kind)
    fields = {
        name: _open_field(field) if _may_be_open(kind, name) else field
        for name, field in schema["properties"].items()
    }
    return {"type": "object", "properties": fields, "additionalProperties": False}


def _open_field(field: dict[str, Any]) -> dict[str, Any]:
    """Let a range stand in the place of a number."""
    words = {name: field.pop(name) for name in _WORDS if name in field}
    return {**words, **open_number(field)}


_WORDS = ("title", "description", "unit", "source", "default")


@dataclass(frozen=True)
class OpenTable:
    """Says of a table in a recipe which settings it holds, ranges included."""

    kind: type[Settings]

    def __get_pydantic_json_schema__(self, *_: Any) -> dict[str, Any]:
        """Return the schema for editors."""
        return open_schema(self.kind)


def draw(number: float | Range, rng: np.random.Generator) -> float:
    """Return a number, or one drawn from its range.

    Parameters
    ----------
    number
        Or its range.
    rng
        Draws evenly between the ends.
    """
    if not isinstance(number, tuple | list):
        return float(number)
    low, high = number[:2]
    if len(number) == 3:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(rng.uniform(low, high))


def ends(number: float | Range) -> tuple[float, float]:
    """Return the lowest and the highest value that can come.

    Parameters
    ----------
    number
        Or its range.
    """
    return (number[0], number[1]) if isinstance(number, tuple | list) else (number, number)


def open_settings(kind: type[Settings], values: Mapping[str, Any]) -> dict[str, Any]:
    """Check settings in which ranges may stand for numbers, and fill in the defaults.

    Parameters
    ----------
    kind
        The settings that they are to become, such as `Camera`.
    values
        By name; a list of two numbers, or of two and ``"log"``, is a range.

    Returns
    -------
    dict
        Every setting of ``kind`` as JSON has it, ranges as tuples.

    Raises
    ------
    SettingsError
        When a setting is wrong, at either end of a range.
    """
    ranges = {n: _as_range(n, given) for n, given in values.items() if _is_range(kind, n, given)}
    low = kind(**{**values, **{name: found[0] for name, found in ranges.items()}})
    kind(**{**values, **{name: found[1] for name, found in ranges.items()}})
    return {**low.model_dump(mode="json"), **ranges}


def draw_settings(
    kind: type[AnySettings], values: Mapping[str, Any], rng: np.random.Generator
) -> AnySettings:
    """Make settings whose ranges are drawn from, in the order of their names' alphabet.

    Parameters
    ----------
    kind
        A settings class.
    values
        Of its fields; a number may be a range.
    rng
        Draws evenly between the ends.
    """
    ranges = [name for name in sorted(values) if _is_range(kind, name, values[name])]
    return kind(**{**values, **{name: draw(values[name], rng) for name in ranges}})


def _is_range(kind: type[Settings], name: str, value: Any) -> bool:
    return isinstance(value, list | tuple) and _may_be_open(kind, name)


def _may_be_open(kind: type[Settings], name: str) -> bool:
    return name in kind.model_fields and kind.model_fields[name].annotation is float


def _as_range(name: str, value: Any) -> Range:
    """Return a checked range; what is wrong with it names the setting."""
    try:
        return _checked_range(value)
    except ValueError as error:
        raise SettingsError([Problem((name,), f"{name} = {shown(value)}: {error}")]) from None
