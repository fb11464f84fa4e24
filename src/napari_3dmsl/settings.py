"""The base of every settings object: frozen, validated in one clear line, read from files.

A setting is described once, on its class::

    emission_nm: Annotated[
        float,
        Field(ge=300.0, le=1200.0, description="Wavelength of the light that is detected."),
        Show("Emission", "nm", source="Table 2 of the 3DMSL paper."),
    ] = 600.0

Panels, command line, tables of the docs and messages are made from that, see
`napari_3dmsl.described`. Whether it has an effect beside the others, `Settings.irrelevant` tells.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    model_validator,
)

from napari_3dmsl.described import Show as Show
from napari_3dmsl.described import describe_schema, described
from napari_3dmsl.reading import reading

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails, InitErrorDetails


_MOST_TOLD = 8


@dataclass(frozen=True)
class Problem:
    """What is wrong with one setting.

    Attributes
    ----------
    path : tuple of str
        Names that lead to it, the outermost first; empty when the settings as a whole are wrong.
    text : str
        The whole of it in words, the path included.
    """

    path: tuple[str, ...]
    text: str

    def inside(self, path: tuple[str, ...]) -> Problem:
        """Return the same problem of settings that are part of others.

        Parameters
        ----------
        path
            Names that lead to the part.
        """
        named = self.path and re.match(rf"{re.escape(self.path[0])}[.:\s]", self.text)
        before = ".".join(path) + ("." if named else ": ")
        return Problem((*path, *self.path), before + self.text if path else self.text)


class SettingsError(ValueError):
    """Settings that cannot be used.

    Parameters
    ----------
    problems
        At least one.

    Attributes
    ----------
    problems : list of Problem
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(in_one_line([problem.text for problem in problems]))
        self.problems = problems

    def __reduce__(self) -> tuple[type[Self], tuple[list[Problem]]]:
        """Pass between processes whole."""
        return type(self), (self.problems,)


def in_one_line(problems: Sequence[str]) -> str:
    """Return problems as one line that can be read: the first ones, and how many more.

    Parameters
    ----------
    problems
        At least one.
    """
    more = len(problems) - _MOST_TOLD
    return "; ".join(problems[:_MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")


class Settings(BaseModel):
    """Frozen, validated settings.

    Parameters
    ----------
    **values
        By name; what is left out takes its default.

    Raises
    ------
    SettingsError
        A ``ValueError`` of one line that names the field, the value given and what is allowed.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        json_schema_extra=describe_schema,
    )

    def __init__(self, **values: Any) -> None:
        wrong = None
        try:
            super().__init__(**values)
        except ValidationError as error:
            wrong = problems_of(error, type(self))
        # Not inside: raised there it would hold pydantic's error, which holds what a check has
        # raised and with it everything that its callers have, hidden from the garbage collector.
        if wrong is not None:
            raise SettingsError(wrong)

    @model_validator(mode="before")
    @classmethod
    def _no_stand_in(cls, given: Any) -> Any:
        """Refuse true, and digits as text, where a number is meant; pydantic takes them for one.

        For all fields at once: a knob that is turned makes settings anew many times a second.
        """
        if isinstance(given, dict):
            wrong: list[InitErrorDetails] = [
                {"type": kind, "loc": (name,), "input": given[name]}
                for name, kind in _numbers_in(cls).items()
                if name in given and _stands_in(given[name])
            ]
            if wrong:
                raise ValidationError.from_exception_data(cls.__name__, wrong)
        return given

    def irrelevant(self) -> dict[str, str]:
        """Return the settings that have no effect beside the others, each with the reason."""
        return {}

    def replace(self, **changes: Any) -> Self:
        """Return a validated copy with some fields changed.

        Parameters
        ----------
        **changes
            New values by name.

        Raises
        ------
        SettingsError
            A ``ValueError`` of one line, when they do not fit.
        """
        return type(self)(**{**self.model_dump(), **changes})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read settings from a ``.json`` or ``.toml`` file.

        Parameters
        ----------
        path
            Of the file.

        Raises
        ------
        ValueError
            When the file is not valid JSON or TOML, or a field is wrong.
        OSError
            When the file cannot be read.
        """
        path = Path(path)
        values = parse_settings(read_text(path), path)
        try:
            return cls(**values)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


@cache
def _numbers_in(kind: type[BaseModel]) -> dict[str, str]:
    """Return the error of each field that holds numbers and nothing else, as pydantic names it."""
    leaves = {
        name: _leaves(Annotated[field.annotation, *field.metadata, None])
        for name, field in kind.model_fields.items()
    }
    return {
        name: "float_type" if float in found else "int_type"
        for name, found in leaves.items()
        if found and found <= {int, float}
    }


def _leaves(annotation: Any) -> frozenset[Any]:
    """Return the types that stand in an annotation in the end, nothing left out."""
    if get_origin(annotation) is Annotated:
        inner, *about = get_args(annotation)
        reads_itself = any(isinstance(each, BeforeValidator) for each in about)
        return frozenset({object}) if reads_itself else _leaves(inner)
    if annotation is NoneType or annotation is Ellipsis:
        return frozenset()
    return frozenset().union(*map(_leaves, get_args(annotation))) or frozenset({annotation})


def _stands_in(given: Any) -> bool:
    """Whether something is no number, though pydantic may read one from it; in lists, too."""
    if isinstance(given, list | tuple):
        return any(map(_stands_in, given))
    return isinstance(given, bool | str)


def read_text(path: Path) -> str:
    """Read a text file, with or without a byte order mark.

    Parameters
    ----------
    path
        Of the file.

    Raises
    ------
    ValueError
        When it is not UTF-8; one line that names the file.
    OSError
        When it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not text in UTF-8 (byte {error.start})") from None


def parse_settings(text: str, path: Path) -> dict[str, Any]:
    """Parse TOML or JSON, as the name ends; it must hold a table.

    Parameters
    ----------
    text
        Of the file.
    path
        Its name tells the kind, and messages name it.

    Raises
    ------
    ValueError
        One line that names the file.
    """
    kind = path.suffix[1:].upper()
    if kind not in ("TOML", "JSON"):
        raise ValueError(f"{path}: settings are read from .toml or .json files")
    with reading(path, f"not valid {kind}"):
        # The end of a line more, for messages that name the last line instead of the end.
        values = tomllib.loads(text + "\n") if kind == "TOML" else _from_json(text)
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected a table of settings, found {type(values).__name__}")
    with reading(path, f"{kind} that holds no settings"):
        _check_text(values)
    return values


def _from_json(text: str) -> Any:
    """Parse JSON in which no name is there twice: which of the values is meant, nobody knows."""

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            times = Counter(name for name, _ in pairs)
            twice = next(name for name, count in times.items() if count > 1)
            raise ValueError(f"{shown(twice)} is there twice in one table; leave one out")
        return found

    return json.loads(text, object_pairs_hook=table)


_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_LONGEST_NAME = 100


def _check_text(value: Any, path: tuple[str, ...] = ()) -> None:
    """Refuse what JSON can write but no name or path can be: NUL, and halves of characters."""
    if isinstance(value, str) and (found := _NO_TEXT.search(value)):
        field = ".".join(path)
        raise ValueError(f"{field}: holds U+{ord(found[0]):04X}, which is not a character of text")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if len(name) > _LONGEST_NAME or not name.isprintable():
                raise ValueError(f"{'.'.join((*path, shown(name)))}: no name of a setting")
            _check_text(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _check_text(inner, (*path, str(place)))


def problems_of(error: ValidationError, kind: type[BaseModel]) -> list[Problem]:
    """Say of each wrong field what it is, the value given and what is allowed.

    Parameters
    ----------
    error
        As pydantic tells it.
    kind
        The class whose settings are wrong.
    """
    problems = []
    for problem in error.errors():
        path = tuple(str(part) for part in problem["loc"])
        field = ".".join(path)
        inner = problem.get("ctx", {}).get("error")
        if isinstance(inner, SettingsError):
            problems += [found.inside(path) for found in inner.problems]
        elif problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(path[-1], kind.model_fields, 1)
            meant = f", is '{near[0]}' meant?" if near else ""
            problems.append(Problem(path, f"{kind.__name__} has no setting '{field}'{meant}"))
        elif problem["type"] == "missing" and isinstance(problem["loc"][-1], str):
            problems.append(Problem(path, f"{field}: missing"))
        elif problem["type"] == "missing":  # in a list
            path, field = path[:-1], ".".join(path[:-1])
            problems = [found for found in problems if found.path != path]
            reason = (
                f"expected {int(problem['loc'][-1]) + 1} entries, found {len(problem['input'])}"
            )
            problems.append(Problem(path, f"{field} = {shown(problem['input'])}: {reason}"))
        elif field:
            line = f"{field} = {shown(problem['input'])}: {_reason(problem, kind)}"
            problems.append(Problem(path, line))
        else:
            problems.append(Problem((), problem["msg"].removeprefix("Value error, ")))
    return problems


_LONGEST_SHOWN = 80


def shown(value: Any) -> str:
    """Return a value as messages show it: numbers of 400 digits are cut short.

    Parameters
    ----------
    value
        Anything.
    """
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


_KINDS = {
    "int": "expected a whole number",
    "float": "expected a number",
    "string": "expected text",
    "bool": "expected true or false",
    "tuple": "expected a list",
    "list": "expected a list",
    "dict": "expected a table of settings",
    "model": "expected a table of settings",
}


_BEYOND = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}


def _reason(problem: ErrorDetails, owner: type[BaseModel]) -> str:
    """Say what is allowed in words that do not need Python."""
    kind, _, what = problem["type"].partition("_")
    if kind in _KINDS and what in ("type", "parsing", "from_float", "attributes_type"):
        return _KINDS[kind]
    if problem["type"] in _BEYOND:
        return f"must be {described(owner)[str(problem['loc'][0])].allowed}"
    if problem["type"] in ("too_short", "too_long"):
        least = "min_length" in problem["ctx"]
        count = problem["ctx"]["min_length" if least else "max_length"]
        found = problem["ctx"]["actual_length"]
        return f"expected {'at least' if least else 'at most'} {count} entries, found {found}"
    message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{message[0].lower()}{message[1:]}"
