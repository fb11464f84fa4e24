"""Settings as few words: the preset that is nearest, and what differs from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.objectives import with_objective
from napari_3dmsl.microscope.presets import (
    load_camera,
    load_microscope,
    load_objective,
    shipped_names,
)
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.settings import Settings

AnySettings = TypeVar("AnySettings", bound=Settings)


@dataclass(frozen=True)
class Nearest(Generic[AnySettings]):
    """A preset, and what has to be changed in it.

    Attributes
    ----------
    preset : str
        Its name; empty for the defaults of the class.
    changes : dict
        Values by the name of the setting.
    objective : str
        Of a microscope: the objective that is turned in, empty for its own.
    """

    preset: str
    changes: dict[str, Any]
    objective: str = ""


def differences(settings: Settings, base: Settings | None = None) -> dict[str, Any]:
    """Return the values of the settings that are not as in others of their class.

    Parameters
    ----------
    settings
        As wanted.
    base
        By default those that the class gives.
    """
    if base is not None:
        return {name: value for name, value in settings if value != getattr(base, name)}
    fields = type(settings).model_fields
    return {
        name: value
        for name, value in settings
        if fields[name].is_required() or value != fields[name].get_default()
    }


def nearest_microscope(microscope: Microscope) -> Nearest[Microscope]:
    """Return the preset of this package that differs in the fewest settings.

    Presets of a person are none of them: the text shall work on other machines, too.

    Parameters
    ----------
    microscope
        As wanted.
    """
    candidates = [("", "", Microscope())]
    for name in shipped_names("microscopes"):
        own = load_microscope(name)
        candidates.append((name, "", own))
        for turned_in in shipped_names("objectives"):
            objective = load_objective(turned_in)
            if microscope.name.startswith(f"{own.name} with {objective.name}"):
                candidates.append((name, turned_in, with_objective(own, objective)))
    found = [
        Nearest[Microscope](name, differences(microscope, base), objective)
        for name, objective, base in candidates
    ]
    return _fewest(found)


def nearest_camera(camera: Camera) -> Nearest[Camera]:
    """Return the preset of this package that differs in the fewest settings.

    Parameters
    ----------
    camera
        As wanted.
    """
    names = shipped_names("cameras")
    presets = [Nearest[Camera](name, differences(camera, load_camera(name))) for name in names]
    return _fewest([Nearest[Camera]("", differences(camera)), *presets])


def _fewest(found: Iterable[Nearest[AnySettings]]) -> Nearest[AnySettings]:
    return min(found, key=lambda each: len(each.changes))
