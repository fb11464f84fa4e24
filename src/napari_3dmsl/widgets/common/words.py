"""Messages in the words of the window.

Science tells what is wrong by the names of settings, as files and the command line have them. In a
panel people read labels: a name becomes its label, a value its words, and what only a command line
or Python could do about it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from napari_3dmsl.described import Described, described
from napari_3dmsl.settings import Settings

_UNITS = "um|um2|um3|nm|deg|e|adu|s|per_s"
_ALOUD = re.compile(  # what cannot be done in a panel
    r" ?\((?:--[a-z][^()]*|[^()]* in Python [^()]*|[a-z]\w*_\w+|[a-z_.]+ = [\w'\"]+|\[\w+\][^()]*|"
    r"[^()]*\{[^()]*\}[^()]*)\)"
)
_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")
_MARKED = re.compile(r"`([^`]*)`")
_HEAD = re.compile(r"(?:(?<=^)|(?<=; ))(?P<path>(?:\w+\.)*)(?P<name>\w+)(?=( =|:|\[))")
_GIVEN = re.compile(
    r"(?<![\w/\\.'“])(?:\w+\.)*(?P<name>[a-z]\w*) = (?P<value>true|false|True|False|'[^']*')"
)
_QUOTED = re.compile(  # others in quotes may be anybody's words, such as the name of a layer
    r"'([a-z]+_\w+)'|(?:(?<== )|(?<=choose )|(?<= or ))'(\w[\w-]*)'"
)
_TABLE = re.compile(r"\[([a-z_]+)\]")
_NAME = re.compile(r"(?<![\w/\\.'“-])(?:[a-z]\w*\.)*(?P<name>[a-z]\w*)(?![\w/\\'”(]|\.\w|:/)")
_SNAKE = re.compile(r"(?<![\w/\\.'“-])(?:[a-z]\w*\.)*[a-z]+_\w+(?![\w/\\'”(]|\.\w|:/)")
_WITH_UNIT = re.compile(rf"(?<![\w/\\.'“-])[a-z]+(?:_[a-z]+)*?_(?:{_UNITS})(?![\w/\\'”])")

_CODE = (_ALOUD, _OPTION, _MARKED, _GIVEN, _QUOTED, _SNAKE)


def in_words(text: str, labels: Mapping[str, str], *, heads: bool = True) -> str:
    """Return a message without names of settings, options and values of files.

    Parameters
    ----------
    text
        Such as ``microscope.pixel_nm = 0: must be 1 to 10,000 nm; set six = true``.
    labels
        What people read for each setting of the panel, by its name; for all others the labels of
        their classes are taken.
    heads
        Whether the first word of a part may be a setting: of a complaint, not of good news.
    """
    if not any(each.search(text) for each in _CODE) and not (heads and _HEAD.search(text)):
        return text  # nearly always: the classes of all settings take a moment to load
    known = {**_labels(), **labels}

    def label(name: str) -> str:
        return f"“{known[name]}”" if name in known else name

    def head(found: re.Match[str]) -> str:
        return known.get(found["name"]) or found["path"] + _aloud(found["name"])

    def given(found: re.Match[str]) -> str:
        name, value = found["name"], found["value"]
        if value.lower() in ("true", "false"):
            value = "ticked" if value.lower() == "true" else "not ticked"
        else:
            value = _said(value.strip("'"))
        return f"{known.get(name, name)} {value}"

    def value(found: re.Match[str]) -> str:
        quoted = found[1] or found[2]
        return _said(quoted) if quoted in _values() else found[0]

    def option(found: re.Match[str]) -> str:
        return label(found[1].replace("-", "_")).replace("_", " ")

    text = _ALOUD.sub("", text)
    if heads:
        text = _HEAD.sub(head, text)
    text = _GIVEN.sub(given, text)
    text = _OPTION.sub(option, text)
    text = _MARKED.sub(lambda found: _said(found[1]), text)
    text = _QUOTED.sub(value, text)
    text = _TABLE.sub(lambda found: label(found[1]) if found[1] in known else found[0], text)
    text = _NAME.sub(lambda found: label(found["name"]) if "_" in found[0] else found[0], text)
    return _WITH_UNIT.sub(lambda found: _aloud(found[0]), text)


def _aloud(name: str) -> str:
    """Return the name of an argument without underscores and its unit."""
    return re.sub(rf"_(?:{_UNITS})$", "", name).replace("_", " ")


def label_of(name: str) -> str:
    """Return what people read for a setting, in panels of any kind.

    Parameters
    ----------
    name
        Of the setting.
    """
    return _labels().get(name, name.replace("_", " "))


def _said(value: str) -> str:
    return f"“{_values().get(value, value.replace('_', ' '))}”"


@cache
def _labels() -> dict[str, str]:
    """Return the label of each setting that there is, by its name."""
    return {setting.name: setting.show.label for setting in _all_settings() if setting.show.label}


@cache
def _values() -> dict[str, str]:
    """Return the words of each value that a setting may have."""
    found: dict[str, str] = {}
    for setting in _all_settings():
        for choice in setting.choices:
            if isinstance(choice, str):
                found[choice] = setting.show.words.get(choice, choice.replace("_", " "))
    return found


def _all_settings() -> Iterator[Described]:
    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.microscope.objectives import Objective
    from napari_3dmsl.microscope.simulation import Simulation
    from napari_3dmsl.scenes.cell_settings import CellScene
    from napari_3dmsl.shapes.classification import ClassRules
    from napari_3dmsl.shapes.extraction import ExtractionSettings
    from napari_3dmsl.shapes.sampling import SampleSettings

    # The first to name a setting is who people think of.
    kinds = (
        *(Objective, CellScene, SampleSettings, ClassRules, ExtractionSettings),
        *(Recipe, Simulation),
    )
    for kind in kinds:
        yield from _settings_in(kind)


def _settings_in(kind: type[Settings]) -> Iterable[Described]:
    """Yield the settings of a class and those of the tables that it has."""
    for setting in described(kind).values():
        inner = setting.kind
        if isinstance(inner, type) and issubclass(inner, Settings):
            yield from _settings_in(inner)
        yield setting
