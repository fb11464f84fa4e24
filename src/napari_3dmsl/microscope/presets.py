"""Presets: microscopes and cameras that ship as files, or that lie in files of yours."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.instruments import Microscope
from napari_3dmsl.settings import Settings

AnySettings = TypeVar("AnySettings", bound=Settings)


def microscope_names() -> list[str]:
    """Names of the microscopes that ship with the package."""
    return _preset_names("microscopes")


def camera_names() -> list[str]:
    """Names of the cameras that ship with the package."""
    return _preset_names("cameras")


def load_microscope(name: str | Path) -> Microscope:
    """Load a microscope by preset name or from a JSON or TOML file.

    Raises
    ------
    ValueError
        When no preset has that name, or the file holds a wrong setting.
    """
    return _load(Microscope, "microscopes", name)


def load_camera(name: str | Path) -> Camera:
    """Load a camera by preset name or from a JSON or TOML file (see `load_microscope`)."""
    return _load(Camera, "cameras", name)


def usual_camera(microscope: Microscope) -> Camera:
    """Return the preset that goes with a modality: a photomultiplier or an sCMOS camera."""
    return load_camera("pmt" if microscope.modality == "confocal" else "scmos")


def _preset_folder(kind: str) -> Any:
    return files("napari_3dmsl.microscope") / "presets" / kind


def _preset_names(kind: str) -> list[str]:
    names = (item.name for item in _preset_folder(kind).iterdir())
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def _load(settings: type[AnySettings], kind: str, name: str | Path) -> AnySettings:
    if str(name) in _preset_names(kind):
        return settings.load(str(_preset_folder(kind) / f"{name}.json"))
    path = Path(name)
    if path.suffix not in {".json", ".toml"}:
        known = ", ".join(_preset_names(kind))
        raise ValueError(
            f"no {settings.__name__.lower()} '{name}': use one of {known}, or a .json or .toml file"
        )
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    return settings.load(path)
