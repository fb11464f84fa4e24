"""The microscopes of a recipe with their cameras: how they are named, changed and told apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from napari_3dmsl.datasets.file_layout import file_name, released_sets
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.objectives import with_objective
from napari_3dmsl.microscope.presets import (
    load_camera,
    load_microscope,
    load_objective,
    usual_camera,
)
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.ranges import AnySettings, OpenTable, open_schema, open_settings
from napari_3dmsl.reading import first_line
from napari_3dmsl.settings import Problem, Settings, SettingsError, Show, shown

_LONGEST_NAME = 64


class Instrument(Settings):
    """A microscope with its camera.

    In a recipe it is the name of a preset, or a table with ``preset`` (a name, or a file), and
    optionally ``objective``, ``camera`` (a name, a file or a table) and any setting of the
    microscope that is to differ.
    """

    microscope: Annotated[
        Microscope, Field(description="Optics and detector grid."), Show("Microscope")
    ]
    camera: Annotated[
        dict[str, Any],
        OpenTable(Camera),
        Field(description="From photons to counts; a range is drawn from for each image."),
        Show("Camera"),
    ]

    @property
    def name(self) -> str:
        """Name of the microscope, and so of its images."""
        return self.microscope.name

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema of what stands in a recipe, for editors."""
        microscope = handler(Microscope.__pydantic_core_schema__)
        optics = handler.resolve_ref_schema(microscope)["properties"]
        camera = open_schema(Camera)
        preset = {"type": "string", "description": "Name of a preset, or a file."}
        named = {**camera, "properties": {"preset": preset, **camera["properties"]}}
        table = {
            "preset": preset,
            "objective": {"type": "string", "description": "Name of an objective, or a file."},
            "camera": {"anyOf": [preset, named]},
            **optics,
        }
        return {
            "anyOf": [
                preset,
                {"type": "object", "properties": table, "additionalProperties": False},
                {  # as a recipe is written again
                    "type": "object",
                    "properties": {"microscope": microscope, "camera": camera},
                    "required": ["microscope", "camera"],
                    "additionalProperties": False,
                },
            ]
        }


def check_names(names: list[str], released: bool) -> None:
    """Refuse microscopes whose images would have the same names, or none.

    Parameters
    ----------
    names
        Of the microscopes of a recipe.
    released
        Whether files are named as in the release.

    Raises
    ------
    ValueError
        Or a `SettingsError`, one line: a name that is there twice or cannot be used.
    """
    try:
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(
                f"'{min(twice)}' is there twice; give one another name "
                f"(such as {{ preset = '{min(twice)}', name = 'other' }})"
            )
        files: dict[str, str] = {}
        for name in names:
            file = file_name(name).lower()  # some file systems hold both cases for the same
            if not re.search(r"\w", file) or file[-1] == "." or len(file) > _LONGEST_NAME:
                raise ValueError(
                    f"name = '{name}': becomes part of file names; give one of letters and digits, "
                    f"at most {_LONGEST_NAME}"
                )
            if file in files:
                raise ValueError(
                    f"'{files[file]}' and '{name}' give the same names of files; rename one"
                )
            files[file] = name
        if released:
            released_sets(names)
    except ValueError as error:
        raise SettingsError([Problem(("microscopes",), f"microscopes: {error}")]) from None


def read_instrument(given: Any) -> Any:
    """Return the microscope and camera that an entry of a recipe means.

    Parameters
    ----------
    given
        A name, or a table with ``preset``, ``objective``, ``camera`` and settings.

    Raises
    ------
    ValueError
        One line that names the setting.
    """
    if isinstance(given, Instrument):
        return given
    if isinstance(given, str):
        given = {"preset": given}
    if not isinstance(given, dict):
        raise ValueError(f"{shown(given)}: expected the name of a microscope, or a table")
    if given.keys() == {"microscope", "camera"}:  # as a recipe is written again
        if not isinstance(given["microscope"], Microscope):
            given = {**given, "microscope": Microscope(**_table(given, "microscope"))}
        return {**given, "camera": open_settings(Camera, _table(given, "camera"))}
    if "microscope" in given:
        raise _wrong("microscope", given, "a microscope is named by preset = 'con1', for example")
    changes = {k: v for k, v in given.items() if k not in {"preset", "objective", "camera"}}
    microscope = _loaded(load_microscope, given, "preset") if "preset" in given else Microscope()
    if "objective" in given:
        microscope = with_objective(microscope, _loaded(load_objective, given, "objective"))
    if changes:
        renamed = {"name": f"{microscope.name}, changed"} if "preset" in given else {}
        microscope = microscope.replace(**{**renamed, **changes})
    return {"microscope": microscope, "camera": _camera(given.get("camera"), microscope)}


def _table(given: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a table in a table."""
    found = given[name]
    if not isinstance(found, dict):
        raise _wrong(name, given, "expected a table of settings")
    return found


def _loaded(load: Callable[[str], AnySettings], given: dict[str, Any], name: str) -> AnySettings:
    """Load what a setting names."""
    if not isinstance(given[name], str):
        raise _wrong(name, given, "expected the name of a preset, or of a file")
    try:
        return load(given[name])
    except (ValueError, OSError) as error:
        raise _wrong(name, given, first_line(error)) from None


def _wrong(name: str, given: dict[str, Any], reason: str) -> SettingsError:
    return SettingsError([Problem((name,), f"{name} = {shown(given[name])}: {reason}")])


def _camera(given: Any, microscope: Microscope) -> dict[str, Any]:
    """Return the settings of a camera, ranges included."""
    if given is None:
        return usual_camera(microscope).model_dump(mode="json")
    if isinstance(given, str):
        return _loaded(load_camera, {"camera": given}, "camera").model_dump(mode="json")
    if not isinstance(given, dict):
        raise _wrong("camera", {"camera": given}, "expected the name of a camera, or a table")
    try:
        named = "preset" in given
        base = _loaded(load_camera, given, "preset") if named else usual_camera(microscope)
        renamed = {"name": f"{base.name}, changed"}
        changes = {name: setting for name, setting in given.items() if name != "preset"}
        return open_settings(Camera, {**base.model_dump(), **renamed, **changes})
    except SettingsError as error:
        raise SettingsError([found.inside(("camera",)) for found in error.problems]) from None
