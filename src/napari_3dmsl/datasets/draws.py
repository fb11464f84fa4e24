"""Numbers that a recipe leaves open: a range instead of a number is drawn from for each image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import AfterValidator

from napari_3dmsl.settings import Problem, Settings, SettingsError

Range = tuple[float, float] | tuple[float, float, Literal["log"]]
AnySettings = TypeVar("AnySettings", bound=Settings)


def _check_range(number: float | Range | None) -> float | Range | None:
    if isinstance(number, tuple):
        low, high = number[:2]
        if low > high:
            raise ValueError(f"a range from {low:g} down to {high:g}; give the lower number first")
        if len(number) == 3 and low <= 0:
            raise ValueError(f"a logarithmic range from {low:g}; it must begin above 0")
    return number


Open = Annotated[float | Range, AfterValidator(_check_range)]
"""A number, ``[low, high]`` to draw evenly between, or ``[low, high, "log"]``."""


def draw(number: float | Range, rng: np.random.Generator) -> float:
    """Return a number, or one drawn from its range."""
    if not isinstance(number, tuple | list):
        return float(number)
    low, high = number[:2]
    if len(number) == 3:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(rng.uniform(low, high))


def ends(number: float | Range) -> tuple[float, float]:
    """Return the lowest and the highest value that can come."""
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
    """Make settings whose ranges are drawn from, in the order of their names' alphabet."""
    ranges = [name for name in sorted(values) if _is_range(kind, name, values[name])]
    return kind(**{**values, **{name: draw(values[name], rng) for name in ranges}})


def _is_range(kind: type[Settings], name: str, value: Any) -> bool:
    known = kind.model_fields.get(name)
    return isinstance(value, list | tuple) and known is not None and known.annotation is float


def _as_range(name: str, value: Any) -> Range:
    """Return a checked range."""
    numbers = all(isinstance(end, int | float) for end in value[:2])
    if not numbers or len(value) not in (2, 3) or list(value[2:]) not in ([], ["log"]):
        text = f'{name} = {value!r}: a range is [low, high], or [low, high, "log"]'
        raise SettingsError([Problem((name,), text)])
    given: Range = tuple(value)
    try:
        _check_range(given)
    except ValueError as error:
        raise SettingsError([Problem((name,), f"{name} = {value!r}: {error}")]) from None
    return given
