"""Options of commands, made from what the settings classes say of their fields.

A command names the settings that it takes, one by one or several of a class::

    def simulate(
        rotate: Annotated[Row | None, Setting("pose", "rotation_deg")],
        acquisition: Annotated[Given, SettingsOf("acquisition", "planes", "step_nm")],
    ) -> None: ...

Type, choices, help, unit, range and default of ``--rotate``, ``--planes`` and ``--step-nm`` come
from the classes, which are loaded only when the options of this command are asked for. It receives
a value or None, and of several a mapping of those that were given. What may be given the classes
check: their messages are those of files and scripts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

if TYPE_CHECKING:
    from napari_3dmsl.described import Described
    from napari_3dmsl.settings import Settings

Given = dict[str, Any]
"""Settings that were given, by name; the others keep the defaults of their class."""

CLASSES = {
    "recipe": "datasets.recipe.recipe.Recipe",
    "microscope": "microscope.settings.Microscope",
    "objective": "microscope.objectives.Objective",
    "camera": "microscope.camera.Camera",
    "acquisition": "microscope.settings.Acquisition",
    "cell": "scenes.cell_settings.CellScene",
    "pose": "microscope.pose.Pose",
    "labelling": "microscope.fluorophores.Labelling",
    "named-labelling": "microscope.named_labelling.NamedLabelling",
    "simulation": "microscope.simulation.Simulation",
    "extraction": "shapes.extraction.ExtractionSettings",
    "classification": "shapes.classification.ClassRules",
    "layout": "datasets.training.settings.ToolLayout",
    "score": "scoring.settings.ScoreSettings",
}
"""The settings classes, by what the command line calls them."""


def settings_class(kind: str) -> type[Settings]:
    """Return one of `CLASSES`.

    Parameters
    ----------
    kind
        Its name.
    """
    module, _, name = CLASSES[kind].rpartition(".")
    found: type[Settings] = getattr(import_module(f"napari_3dmsl.{module}"), name)
    return found


class Setting:
    """An option, called like the parameter, for a setting.

    Parameters
    ----------
    kind : str
        Its class, see `CLASSES`.
    *names : str
        Its field; or several, of which the command chooses the one that is meant.
    default : str
        What the help says where a preset or file fills in, not the class: "the camera's".
    metavar : str
        For text that the command takes apart.
    """

    def __init__(self, kind: str, *names: str, default: str = "", metavar: str = "") -> None:
        self._kind, self._names, self._default = kind, names, default
        self._metavar = metavar

    def options(self, parameter: str) -> dict[str, Any]:
        """Return the options for Typer, by name.

        Parameters
        ----------
        parameter
            Of the command.
        """
        settings = _described(self._kind, self._names)
        default = self._default or " or ".join(filter(None, map(_default, settings)))
        shown = typer.Option(
            help=" Or: ".join(setting.help for setting in settings),
            show_default=default or False,
            metavar=self._metavar or _metavar(settings[0]),
        )
        kind = str if self._metavar else _type(settings[0])
        return {parameter: Annotated[kind | None, shown]}

    def take(self, given: Given) -> Any:
        """Return the value for the command, None if it was not given.

        Parameters
        ----------
        given
            Values of the command line by name.
        """
        [value] = given.values()
        return value


class SettingsOf:
    """Options, called like the fields, for some settings of a class.

    Parameters
    ----------
    kind : str
        The class, see `CLASSES`.
    *names : str
        Its fields.
    """

    def __init__(self, kind: str, *names: str) -> None:
        self._kind, self._names = kind, names

    def options(self, _parameter: str) -> dict[str, Any]:
        """Return the options for Typer, by name.

        Parameters
        ----------
        _parameter
            Not used: the settings name their options.
        """
        return {
            name: option
            for each in self._names
            for name, option in Setting(self._kind, each).options(each).items()
        }

    def take(self, given: Given) -> Given:
        """Return for the command those that were given.

        Parameters
        ----------
        given
            Values of the command line by name.
        """
        return {name: value for name, value in given.items() if value is not None}


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command for Typer, with options in the place of the settings that it takes.

    Parameters
    ----------
    command
        Whose defaults are settings.
    """
    taken: dict[str, tuple[Setting | SettingsOf, list[str]]] = {}
    parameters: dict[str, tuple[Any, Any]] = {}
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        settings = [
            found
            for found in get_args(parameter.annotation)
            if isinstance(found, Setting | SettingsOf)
        ]
        if settings:
            options = settings[0].options(name)
            taken[name] = settings[0], list(options)
            parameters |= {option: (annotation, None) for option, annotation in options.items()}
        else:
            parameters[name] = parameter.annotation, parameter.default

    def run(**values: Any) -> None:
        for name, (settings, options) in taken.items():
            values[name] = settings.take({option: values.pop(option) for option in options})
        command(**values)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
            )
            for name, (annotation, default) in parameters.items()
        ]
    )
    return run


def without_effect(settings: Settings, given: Given) -> list[str]:
    """Return for each setting that was given for nothing a line that says why.

    Parameters
    ----------
    settings
        As the command uses them.
    given
        Those of the command line.
    """
    reasons = settings.irrelevant().items()
    return [f"{flag(name)} has no effect: {why}" for name, why in reasons if name in given]


def limit_in_bytes(memory_limit: str | None) -> int | None:
    """Return the bytes of ``--memory-limit``, None when it was not given.

    Parameters
    ----------
    memory_limit
        A size such as ``500MB``.

    Raises
    ------
    ValueError
        When it is no size.
    """
    from napari_3dmsl.memory import size_in_bytes

    if memory_limit is None:
        return None
    try:
        return size_in_bytes(memory_limit)
    except ValueError as error:
        raise ValueError(f"--memory-limit {error}") from None


def flag(name: str) -> str:
    """Return the option that is called like a setting.

    Parameters
    ----------
    name
        Of the setting.
    """
    return f"--{name.replace('_', '-')}"


def _described(kind: str, names: tuple[str, ...]) -> list[Described]:
    from napari_3dmsl.described import described

    settings = described(settings_class(kind))
    return [settings[name] for name in names]


def _type(setting: Described) -> Any:
    if setting.choices and setting.kind is str:
        return Literal[setting.choices]
    if setting.entries > 1:
        return tuple[(setting.kind,) * setting.entries]  # type: ignore[misc]
    return setting.kind


def _metavar(setting: Described) -> str | None:
    if setting.choices and setting.kind is not str:
        return "|".join(map(str, setting.choices))
    return "Z Y X" if setting.entries == 3 else None


def _default(setting: Described) -> str:
    from pydantic_core import PydanticUndefined

    if setting.default is None or setting.default is PydanticUndefined:
        return ""
    if isinstance(setting.default, tuple):
        return " ".join(map(str, setting.default))
    return str(setting.default)
