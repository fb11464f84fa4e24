"""Presets: microscopes, objectives, cameras and labellings that ship as files, or that you add.

Yours are JSON or TOML files in the folders ``microscopes``, ``objectives``, ``cameras`` and
``labellings`` of `user_folder`; the file name is the preset's name.
"""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeVar

import platformdirs

from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.named_labelling import NamedLabelling
from napari_3dmsl.microscope.objectives import Objective
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.settings import Settings, parse_settings, read_text
from napari_3dmsl.writing import whole_file

Kind = Literal["microscopes", "objectives", "cameras", "labellings"]
AnySettings = TypeVar("AnySettings", bound=Settings)

RELEASED = "-released"
"""End of the name of a microscope that repeats what the 3DMSL release did with the one before."""

FOLDER_VARIABLE = "NAPARI_3DMSL_PRESETS"
_LARGEST_FILE = 1 << 20  # bytes; a microscope takes one thousand
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d) *(\.|$)", re.IGNORECASE)
_SUFFIXES = {".json", ".toml"}
_SETTINGS: dict[Kind, type[Settings]] = {
    "microscopes": Microscope,
    "objectives": Objective,
    "cameras": Camera,
    "labellings": NamedLabelling,
}


def user_folder() -> Path:
    """Folder of your presets: the one that ``NAPARI_3DMSL_PRESETS`` names, else the system's."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder)
    return Path(platformdirs.user_config_dir("napari-3dmsl", appauthor=False))


def microscope_names() -> list[str]:
    """Names of the microscopes that ship with the package, then of yours that can be read."""
    return _names("microscopes")


def objective_names() -> list[str]:
    """Names of the objectives, see `microscope_names`."""
    return _names("objectives")


def camera_names() -> list[str]:
    """Names of the cameras, see `microscope_names`."""
    return _names("cameras")


def shipped_names(kind: Kind) -> list[str]:
    """Return the names of the presets that ship with the package, which everybody has.

    Parameters
    ----------
    kind : str
        ``microscopes``, ``objectives`` or ``cameras``.
    """
    return list(_shipped(kind))


def labelling_names() -> list[str]:
    """Names of the labellings, see `microscope_names`."""
    return _names("labellings")


def broken_presets() -> list[str]:
    """Say for each of your preset files that cannot be used, in one line, which and why."""
    return [problem for kind in _SETTINGS for problem in _sorted_out(kind)[1]]


def load_microscope(name: str | Path) -> Microscope:
    """Load a microscope by preset name or from a JSON or TOML file.

    Parameters
    ----------
    name : str or Path
        Of a preset, or the path of a ``.json`` or ``.toml`` file.

    Raises
    ------
    ValueError
        When no preset has that name, or the file holds a wrong setting.
    """
    return _load(Microscope, "microscopes", name)


def load_objective(name: str | Path) -> Objective:
    """Load an objective by preset name or from a JSON or TOML file (see `load_microscope`).

    Parameters
    ----------
    name : str or Path
        Of a preset, or the path of a file.
    """
    return _load(Objective, "objectives", name)


def load_camera(name: str | Path) -> Camera:
    """Load a camera by preset name or from a JSON or TOML file (see `load_microscope`).

    Parameters
    ----------
    name : str or Path
        Of a preset, or the path of a file.
    """
    return _load(Camera, "cameras", name)


def load_labelling(name: str | Path) -> NamedLabelling:
    """Load a labelling by preset name or from a JSON or TOML file (see `load_microscope`).

    Parameters
    ----------
    name : str or Path
        Of a preset, or the path of a file.
    """
    return _load(NamedLabelling, "labellings", name)


def usual_camera(microscope: Microscope) -> Camera:
    """Return the preset that goes with a modality: a photomultiplier or an sCMOS camera.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    """
    return load_camera("pmt" if microscope.modality in {"confocal", "two_photon"} else "scmos")


def may_be_microscope(path: str | Path) -> bool:
    """Whether a JSON or TOML file is meant to be a microscope: most of its names are settings.

    Wrong values do not matter, so that they can be named. A camera, an objective or another
    program's file is no microscope.

    Parameters
    ----------
    path : str or Path
        Of the file.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        return False
    try:
        if path.stat().st_size > _LARGEST_FILE:
            return False
        names = set(parse_settings(read_text(path), path)) - {"name"}
    except (ValueError, OSError):
        return False
    known = names & set(Microscope.model_fields)
    return bool(known - set(Objective.model_fields)) and 2 * len(known) >= len(names)


def save_microscope(microscope: Microscope, name: str) -> Path:
    """Keep a microscope as a preset of yours and return its file; one of that name is replaced.

    Parameters
    ----------
    microscope : Microscope
        Its settings.
    name : str
        What people will type: 1 to 64 letters, digits, spaces or any of ``. , + - _``.

    Raises
    ------
    ValueError
        When the name cannot be that of a file, or is a preset of this package.
    OSError
        When the file cannot be written.
    """
    if not re.fullmatch(r"[\w][\w .,+-]{0,63}", name):
        raise ValueError(
            f"name = {name!r}: 1 to 64 letters, digits, spaces or . , + - _ and no other character"
        )
    if _RESERVED.match(name):
        raise ValueError(f"name = '{name}': Windows keeps this name for a device; choose another")
    if name in _shipped("microscopes"):
        raise ValueError(f"name = '{name}': a preset of this package; choose another name")
    folder = user_folder() / "microscopes"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    with whole_file(path) as temporary:
        temporary.write_text(
            microscope.replace(name=name).model_dump_json(indent=2) + "\n", "utf-8"
        )
    return path


def _shipped(kind: Kind) -> dict[str, str]:
    """Paths of the presets that ship with the package, by name."""
    folder = files("napari_3dmsl.microscope") / "presets" / kind
    stems = (i.name.removesuffix(".json") for i in folder.iterdir() if i.name.endswith(".json"))
    return {stem: str(folder / f"{stem}.json") for stem in sorted(stems)}


def _yours(kind: Kind) -> list[Path]:
    try:
        return sorted(p for p in (user_folder() / kind).iterdir() if p.suffix in _SUFFIXES)
    except OSError:  # no such folder, or none that may be read: no presets of yours
        return []


def _names(kind: Kind) -> list[str]:
    return [*_shipped(kind), *_sorted_out(kind)[0]]


def _sorted_out(kind: Kind) -> tuple[list[str], list[str]]:
    """Names of your presets that can be used, and what is wrong with the others."""
    names: list[str] = []
    problems: list[str] = []
    for path in _yours(kind):
        try:
            if path.stem in names:
                raise ValueError(f"{path}: a second file for the preset '{path.stem}'")
            _load_yours(_SETTINGS[kind], kind, path)
        except (ValueError, OSError, RecursionError) as error:
            said = str(error)
            problems.append(said if str(path) in said else f"{path}: {said}")
        else:
            names.append(path.stem)
    return names, problems


def _load_yours(settings: type[AnySettings], kind: Kind, path: Path) -> AnySettings:
    if path.stem in _shipped(kind):
        raise ValueError(
            f"{path}: '{path.stem}' is a preset of this package; give the file another name"
        )
    loaded = settings.load(path)
    if "name" in loaded.model_fields_set:
        return loaded
    return settings(**{**loaded.model_dump(exclude_unset=True), "name": path.stem})


def _load(settings: type[AnySettings], kind: Kind, name: str | Path) -> AnySettings:
    shipped = _shipped(kind)
    if str(name) in shipped:
        return settings.load(shipped[str(name)])
    for path in _yours(kind):
        if path.stem == str(name):
            return _load_yours(settings, kind, path)
    path = Path(name)
    if path.suffix not in _SUFFIXES:
        known = ", ".join(_names(kind))
        raise ValueError(
            f"no {kind.removesuffix('s')} '{name}': use one of {known}, or a .json or .toml file"
        )
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    return settings.load(path)
