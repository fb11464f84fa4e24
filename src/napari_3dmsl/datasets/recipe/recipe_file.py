"""Recipes as files: read as they were written, changed, and written again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from napari_3dmsl.datasets.recipe.recipe import TUBES, Recipe, resolve_paths
from napari_3dmsl.settings import parse_settings, read_text
from napari_3dmsl.writing import whole_file

_SUFFIXES = (".toml", ".json")


def read_recipe(path: str | Path) -> dict[str, Any]:
    """Return what a recipe's file says, checked; names of files in it are made absolute.

    Parameters
    ----------
    path
        ``.toml`` or ``.json``.

    Raises
    ------
    ValueError
        See `Recipe.load`.
    OSError
        When the file cannot be read.
    """
    path = Path(path)
    Recipe.load(path)
    values = parse_settings(read_text(path), path)
    resolve_paths(values, path.parent)
    return values


def write_recipe(values: Mapping[str, Any], path: str | Path) -> None:
    """Write a recipe as TOML, or as JSON if the name ends so.

    A library that lies in the recipe's folder is named from there, so that both can move.

    Parameters
    ----------
    values
        As from `read_recipe`.
    path
        ``.toml`` or ``.json``.

    Raises
    ------
    ValueError
        When the recipe is wrong, or the name ends otherwise.
    OSError
        When the file cannot be written; an older one stays as it was then.
    """
    path = Path(path)
    if path.suffix not in _SUFFIXES:
        raise ValueError(f"{path}: the name of a recipe ends in .toml or .json")
    Recipe(**values)
    written = _without_nothing(values)
    library = Path(written.get("source", {}).get("library", TUBES))
    if library.is_relative_to(path.parent.resolve()):
        written["source"]["library"] = library.relative_to(path.parent.resolve()).as_posix()
    toml = path.suffix == ".toml"
    text = tomli_w.dumps(written) if toml else json.dumps(written, indent=2) + "\n"
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def settings_in(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """List the settings that are given, each by the names that lead to it.

    Parameters
    ----------
    values
        As from `read_recipe`.
    path
        Names that lead to them.
    """
    for name, content in values.items():
        if isinstance(content, Mapping):
            yield from settings_in(content, (*path, name))
        else:
            yield (*path, name)


def _without_nothing(values: Any) -> Any:
    """Leave out what is None: TOML has no word for it, and it means the same."""
    if isinstance(values, Mapping):
        return {name: _without_nothing(x) for name, x in values.items() if x is not None}
    return [_without_nothing(x) for x in values] if isinstance(values, list | tuple) else values
