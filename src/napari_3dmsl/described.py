"""What settings classes say of their fields, for panels, command line, docs and messages.

Range, unit, words and source stand on the class alone (see `napari_3dmsl.settings.Show`); whoever
shows a setting asks here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, reduce
from operator import or_
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema


@dataclass(frozen=True)
class Show:
    """How a setting is shown: what its type, range and description do not tell.

    Attributes
    ----------
    label : str
        Two or three words; what the field is called in a panel and in its messages.
    unit : str
        As written behind the number; empty for pure numbers and words.
    decimals : int
        Digits behind the point that a field shows at least; a value keeps all of its digits.
    step : float
        What one turn of the wheel or one key changes.
    slider : (low, high), optional
        What the hand reaches with a slider; files and typed numbers reach the whole range.
    logarithmic : bool
        For sliders over decades.
    words : mapping, optional
        What people read for each value of a choice; the value itself where it is missing. For a
        number: values that have a name, such as the index of water.
    lowest : str
        What the field reads at its low end, or when nothing is given where that is possible.
    source : str
        Where the default is from, in a sentence: a table of the paper, a data sheet, our choice.
    """

    label: str
    unit: str = ""
    decimals: int = 0
    step: float = 1.0
    slider: tuple[float, float] | None = None
    logarithmic: bool = False
    words: Mapping[Any, str] = field(default_factory=dict)
    lowest: str = ""
    source: str = ""


@dataclass(frozen=True)
class Range:
    """What a number may be; an end that is open is not reached itself.

    Attributes
    ----------
    low, high : float or None
        None without a limit.
    above, below : bool
        Whether the low and the high end are themselves excluded.
    """

    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False

    def __contains__(self, number: float) -> bool:
        """Whether a number lies in it; NaN lies in none."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return (low < number if self.above else low <= number) and (
            number < high if self.below else number <= high
        )

    def __str__(self) -> str:
        """Write it as people do: ``300 to 1,200``, ``above 0``, ``0 or more``."""
        if self.low is None and self.high is None:
            return ""
        least = "" if self.low is None else _written(self.low)
        if self.high is None:
            return f"above {least}" if self.above else f"{least} or more"
        if self.low is None:
            return f"{'below' if self.below else 'at most'} {_written(self.high)}"
        if self.below:
            least = f"above {least}" if self.above else f"{least} or more"
            return f"{least}, below {_written(self.high)}"
        return f"{'above ' if self.above else ''}{least} to {_written(self.high)}"


def _written(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:,.12g}"


@dataclass(frozen=True)
class Described:
    """A setting and all that is said of it on its class.

    Attributes
    ----------
    name : str
    kind : type
        ``bool``, ``int``, ``float`` or ``str``; of each entry where there are several; for
        anything else the type itself.
    entries : int
        How many values it holds: 3 for one for each axis, 0 for any number of them.
    choices : tuple
        The values that it may have, where there are only a few.
    optional : bool
        Whether it may be left out (None).
    default : Any
        ``PydanticUndefined`` where it must be given.
    open : bool
        Whether two numbers may be given instead, to draw between.
    range : Range
        Of a number, or of each entry.
    description : str
        What it means, in a sentence.
    show : Show
        Label, unit, source of the default and the rest.
    least_entries : int
        Of a list.
    """

    name: str
    kind: Any
    entries: int
    choices: tuple[Any, ...]
    optional: bool
    default: Any
    open: bool
    range: Range
    description: str
    show: Show
    least_entries: int = 0

    @property
    def tip(self) -> str:
        """What it means, and where its default is from."""
        return " ".join(filter(None, (self.description, self.show.source)))

    @property
    def help(self) -> str:
        """The words of a tooltip or of an option: the tip, and what may be given unless listed."""
        listed = self.choices or self.show.words
        allowed = f"Allowed: {self.allowed}." if self.allowed and not listed else ""
        return " ".join(filter(None, (self.tip, allowed)))

    @property
    def allowed(self) -> str:
        """What may be given, with the unit: ``300 to 1,200 nm``, ``pinhole or squared``."""
        if self.choices:
            return " or ".join(map(str, self.choices))
        return f"{self.range} {self.show.unit}".strip() if str(self.range) else ""


@cache
def described(kind: type[BaseModel]) -> Mapping[str, Described]:
    """Return all settings of a class by name, in their order; each class is read once.

    Parameters
    ----------
    kind
        A settings class.
    """
    found = {name: _described(name, info) for name, info in kind.model_fields.items()}
    return MappingProxyType(found)  # all who ask share it


def schema_of(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of a settings class: what editors need to complete and check a file.

    Beside what every schema has, each field tells ``unit`` and ``source`` (of its default).

    Parameters
    ----------
    kind
        A settings class.
    """
    dialect = "https://json-schema.org/draft/2020-12/schema"
    schema = kind.model_json_schema(schema_generator=_Schema)
    return {"$schema": dialect, **schema}


class _Schema(GenerateJsonSchema):
    """Without titles that repeat the names of the fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def open_number(number: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a number, or of two to draw between: evenly, or by their logarithm.

    Parameters
    ----------
    number
        Schema of the number.
    """
    evenly = {"type": "array", "prefixItems": [number, number], "minItems": 2, "maxItems": 2}
    log = {"prefixItems": [number, number, {"const": "log"}], "minItems": 3, "maxItems": 3}
    return {"anyOf": [number, evenly, {"type": "array", **log}]}


def describe_schema(schema: dict[str, Any], kind: type[BaseModel]) -> None:
    """Tell label, meaning, unit and source of each field in the JSON schema of a class.

    Parameters
    ----------
    schema
        That of the class, changed in place.
    kind
        A settings class.
    """
    for name, setting in described(kind).items():
        words = {
            "title": setting.show.label,
            "description": setting.tip,
            "unit": setting.show.unit,
            "source": setting.show.source,
        }
        field = schema["properties"][name]
        field |= {key: text for key, text in words.items() if text}
        if setting.open:
            number = {"type": "number", **_limits(setting.range)}
            nothing = [{"type": "null"}] if setting.optional else []
            field["anyOf"] = [*open_number(number)["anyOf"], *nothing]


def _limits(found: Range) -> dict[str, float]:
    low = "exclusiveMinimum" if found.above else "minimum"
    high = "exclusiveMaximum" if found.below else "maximum"
    limits = {low: found.low, high: found.high}
    return {key: limit for key, limit in limits.items() if limit is not None}


def _described(name: str, info: FieldInfo) -> Described:
    inner, facts, optional = _unwrapped(info.annotation, info.metadata)
    is_open = get_origin(inner) in (Union, UnionType) and float in get_args(inner)
    if is_open:
        inner = float
    entries = 1
    if get_origin(inner) is tuple:
        parts = get_args(inner)
        entries = 0 if Ellipsis in parts else len(parts)
        inner, more, _ = _unwrapped(parts[0], ())
        facts = [*facts, *more]
    choices = get_args(inner) if get_origin(inner) is Literal else ()
    if isinstance(inner, type) and issubclass(inner, StrEnum):
        choices = tuple(str(member) for member in inner)
    return Described(
        name=name,
        kind=type(choices[0]) if choices else inner,
        entries=entries,
        choices=choices,
        optional=optional,
        default=info.get_default(call_default_factory=True, validated_data={}),
        open=is_open,
        range=_range(facts),
        description=info.description or "",
        least_entries=next((f.min_length for f in facts if isinstance(f, MinLen)), 0),
        show=next((fact for fact in facts if isinstance(fact, Show)), Show(name.replace("_", " "))),
    )


def _unwrapped(annotation: Any, metadata: Iterable[Any]) -> tuple[Any, list[Any], bool]:
    """Take ``Annotated`` and ``| None`` off a type; return it, what they told, and whether None."""
    facts = list(_flat(metadata))
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            facts += _flat(more)
        elif get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation):
            others = [part for part in get_args(annotation) if part is not NoneType]
            optional = True
            annotation = reduce(or_, others)
        else:
            return annotation, facts, optional


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    """Give the parts of nested pydantic fields one by one."""
    for fact in metadata:
        if isinstance(fact, FieldInfo):
            yield from _flat(fact.metadata)
        else:
            yield fact


def _range(facts: Iterable[Any]) -> Range:
    found: dict[str, Any] = {}
    for fact in facts:
        if isinstance(fact, Range):
            return fact
        if isinstance(fact, Ge):
            found |= {"low": fact.ge, "above": False}
        elif isinstance(fact, Gt):
            found |= {"low": fact.gt, "above": True}
        elif isinstance(fact, Le):
            found |= {"high": fact.le, "below": False}
        elif isinstance(fact, Lt):
            found |= {"high": fact.lt, "below": True}
    return Range(**found)
