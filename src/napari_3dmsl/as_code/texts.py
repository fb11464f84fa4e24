"""Values and settings as Python and the shell write them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from napari_3dmsl.settings import Settings

_LINE = 88
_INDENT = "    "


def call(name: str, arguments: Mapping[str, Any]) -> str:
    """Return a call with keywords; on several lines when one is too long.

    Parameters
    ----------
    name
        What is called.
    arguments
        Values, or calls that are text already (`Code`).
    """
    texts = [f"{key}={python_text(value)}" for key, value in arguments.items()]
    line = f"{name}({', '.join(texts)})"
    if len(line) <= _LINE and "\n" not in line:
        return line
    inside = "".join(f"{text},\n" for text in texts)
    return f"{name}(\n{_indented(inside)})"


class Code(str):
    """Python that stands as it is."""

    __slots__ = ()


def python_text(value: Any) -> str:
    """Return a value as Python writes it; settings as a dictionary, which their owners take.

    Parameters
    ----------
    value
        Of a setting.
    """
    if isinstance(value, Code):
        return value
    if isinstance(value, Settings):
        return repr(value.model_dump())
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # with the quotes of our scripts
    return repr(value)


def setting_options(owner: str, values: Mapping[str, Any]) -> list[str]:
    """Return ``--set OWNER.NAME=VALUE`` for each value.

    Parameters
    ----------
    owner
        Such as ``microscope``.
    values
        By the name of the setting.
    """
    words = []
    for name, value in values.items():
        words += ["--set", f"{owner}.{name}={_json_or_text(value)}"]
    return words


def option_text(value: Any) -> str:
    """Return a number or word as an option takes it: 24 for 24.0.

    Parameters
    ----------
    value
        Of a setting.
    """
    return repr(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def command_text(words: Sequence[str]) -> str:
    """Return a command line as one pastes it into the shell of this system.

    Parameters
    ----------
    words
        Program and arguments.
    """
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _json_or_text(value: Any) -> str:
    """Return text that `parsed_value` reads back."""
    if isinstance(value, Settings):
        return value.model_dump_json()
    if not isinstance(value, str):
        return json.dumps(value)
    return value if parsed_value(value) == value else json.dumps(value)


def parsed_value(text: str) -> Any:
    """Return the value that a text means: JSON where it is, else the text.

    Parameters
    ----------
    text
        Behind the equals sign of ``--set``.
    """
    try:
        return json.loads(text)
    except ValueError:
        return text


def _indented(text: str) -> str:
    return "".join(_INDENT + line for line in text.splitlines(keepends=True))
