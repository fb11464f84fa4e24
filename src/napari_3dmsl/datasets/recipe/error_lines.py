"""In which line of a TOML or JSON file a setting stands, so that a message can point at it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""")


def line_of(text: str, path: Sequence[str], *, toml: bool) -> int | None:
    """Return the line, counted from 1, where a setting stands, or the innermost table around it.

    Parameters
    ----------
    text
        A file that parses.
    path
        Names that lead to the setting, the outermost first; tables of a list are numbers.
    toml
        TOML, else JSON.

    Returns
    -------
    int or None
        None when not even the outermost name is there.
    """
    found: tuple[int, int] | None = None
    for line, names in _toml_places(text) if toml else _json_places(text):
        shared = _shared(names, path)
        if shared == len(names) and (found is None or shared > found[1]):
            found = line, shared
    return found[0] if found else None


def _shared(names: Sequence[str], path: Sequence[str]) -> int:
    """How many names from the first on are the same."""
    count = 0
    for name, wanted in zip(names, path, strict=False):
        if name != wanted:
            break
        count += 1
    return count


def _toml_places(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each table and key of a TOML file with the names that lead to it."""
    table: list[str] = []
    repeats: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := _TABLE.match(line):
            *outer, last = _names(heading[2])
            table = []
            for name in outer:  # a table inside of a list belongs to its last entry
                table.append(name)
                if tuple(table) in repeats:
                    table.append(str(repeats[tuple(table)]))
            table.append(last)
            if heading[1] == "[[":
                place = repeats.get(tuple(table), -1) + 1
                repeats[tuple(table)] = place
                table = [*table, str(place)]
            yield number, table
        elif key := _KEY.match(line):
            names = [*table, *_names(key[1])]
            yield number, names
            for inner in re.finditer(r"[{,]\s*([\w-]+)\s*=", line[key.end() :]):
                yield number, [*names, inner[1]]


def _names(dotted: str) -> list[str]:
    return [name.strip().strip("\"'") for name in dotted.split(".")]


def _json_places(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each key and list item of a JSON file with the names that lead to it."""
    names: list[str] = []
    lists: list[bool] = []  # of each open bracket, whether it is a list
    waiting_for_key = False
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]', text):
        mark = token[0]
        if mark in "{[":
            lists.append(mark == "[")
            names.append("0" if mark == "[" else "")
            waiting_for_key = mark == "{"
        elif mark in "}]":
            lists.pop()
            names.pop()
        elif mark == "," and lists:
            waiting_for_key = not lists[-1]
            if lists[-1]:
                names[-1] = str(int(names[-1]) + 1)
        elif mark[0] == '"' and waiting_for_key:
            names[-1] = mark[1:-1]
            waiting_for_key = False
            yield text.count("\n", 0, token.start()) + 1, list(names)
