"""The base of every settings object: frozen, validated in one clear line, read from files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError


class Settings(BaseModel):
    """Frozen, validated settings.

    Raises
    ------
    ValueError
        One line that names the field, the value given and what is allowed.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ValueError(one_line(error, type(self).__name__)) from None

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
        text = path.read_text(encoding="utf-8")
        try:
            values = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        except ValueError as error:
            raise ValueError(f"{path}: not valid {path.suffix[1:].upper()}: {error}") from None
        if not isinstance(values, dict):
            raise ValueError(f"{path}: expected a table of settings, found {type(values).__name__}")
        try:
            return cls(**values)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None


def one_line(error: ValidationError, owner: str) -> str:
    """Say in one line what is wrong: field, value given, what is allowed."""
    problems = []
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            problems.append(f"{owner} has no setting '{field}'")
        elif problem["type"] == "missing":
            problems.append(f"{field}: missing")
        elif field:
            problems.append(f"{field} = {problem['input']!r}: {message[0].lower()}{message[1:]}")
        else:
            problems.append(message)
    return "; ".join(problems)
