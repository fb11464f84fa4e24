"""The base of every settings object: frozen, validated in one clear line, read from files."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError


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
        """Return the same problem of settings that are part of others."""
        named = self.path and self.text.startswith(".".join(self.path))
        before = ".".join(path) + ("." if named else ": ")
        return Problem((*path, *self.path), before + self.text if path else self.text)


class SettingsError(ValueError):
    """Settings that cannot be used.

    Attributes
    ----------
    problems : list of Problem
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.text for problem in problems))
        self.problems = problems

    def __reduce__(self) -> tuple[type[Self], tuple[list[Problem]]]:
        """Pass between processes whole."""
        return type(self), (self.problems,)


class Settings(BaseModel):
    """Frozen, validated settings.

    Raises
    ------
    SettingsError
        A ``ValueError`` of one line that names the field, the value given and what is allowed.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(problems_of(error, type(self).__name__)) from None

    def replace(self, **changes: Any) -> Self:
        """Return a validated copy with some fields changed."""
        return type(self)(**{**self.model_dump(), **changes})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read settings from a ``.json`` or ``.toml`` file.

        Raises
        ------
        ValueError
            When the file is not valid JSON or TOML, or a field is wrong.
        OSError
            When the file cannot be read.
        """
        path = Path(path)
        values = parse_settings(path.read_text(encoding="utf-8"), path)
        try:
            return cls(**values)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


def parse_settings(text: str, path: Path) -> dict[str, Any]:
    """Parse TOML if the name ends so, else JSON; it must hold a table.

    Raises
    ------
    ValueError
        One line that names the file.
    """
    try:
        values = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path}: not valid {path.suffix[1:].upper()}: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected a table of settings, found {type(values).__name__}")
    return values


def problems_of(error: ValidationError, owner: str) -> list[Problem]:
    """Say of each wrong field what it is, the value given and what is allowed."""
    problems = []
    for problem in error.errors():
        path = tuple(str(part) for part in problem["loc"])
        field = ".".join(path)
        message = problem["msg"].removeprefix("Value error, ")
        inner = problem.get("ctx", {}).get("error")
        if isinstance(inner, SettingsError):
            problems += [found.inside(path) for found in inner.problems]
        elif problem["type"] == "extra_forbidden":
            problems.append(Problem(path, f"{owner} has no setting '{field}'"))
        elif problem["type"] == "missing":
            problems.append(Problem(path, f"{field}: missing"))
        elif field:
            reason = f"{message[0].lower()}{message[1:]}"
            problems.append(Problem(path, f"{field} = {problem['input']!r}: {reason}"))
        else:
            problems.append(Problem((), message))
    return problems
