"""The instrument that was chosen: a microscope, perhaps with another objective, and a camera."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from napari_3dmsl.image_io.microscope_metadata import (
    ReadMicroscope,
    camera_from,
    microscope_from,
)
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.objectives import with_objective
from napari_3dmsl.microscope.presets import (
    camera_names,
    load_camera,
    load_microscope,
    load_objective,
    microscope_names,
    objective_names,
    usual_camera,
)
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.widgets.common.remembered import fitted

OWN_OBJECTIVE = "the microscope's own"
_FIRST = "con1"
_CAMERAS_WITH_PIXELS = {"widefield", "light_sheet"}


@dataclass(frozen=True)
class Instrument:
    """What was chosen, as it was before anybody turned a knob.

    Attributes
    ----------
    own : Microscope
        Of the preset or file, with the objective that it has there.
    objective : str
        Name of the objective that is turned in, or `OWN_OBJECTIVE`.
    microscope : Microscope
        With that objective.
    camera : Camera
    preset : str
        Name of the preset; empty for a microscope of a file.
    """

    own: Microscope
    objective: str
    microscope: Microscope
    camera: Camera
    preset: str = ""

    @classmethod
    def of_preset(cls, name: str = _FIRST) -> Self:
        """Return a preset with its usual camera; ValueError when there is none or it is wrong.

        Parameters
        ----------
        name
            Of a microscope.
        """
        own = load_microscope(name)
        return cls(own, OWN_OBJECTIVE, own, usual_camera(own), name)

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Return the microscope of a file; ValueError or OSError when it cannot be read.

        Parameters
        ----------
        path
            ``.json`` or ``.toml``.
        """
        own = Microscope.load(path)
        return cls(own, OWN_OBJECTIVE, own, usual_camera(own))

    @classmethod
    def of_image(cls, read: ReadMicroscope, shown: Microscope, camera: Camera) -> Self:
        """Return what took an image, with what its file does not tell as it is shown.

        Parameters
        ----------
        read
            From the image.
        shown, camera
            The microscope and camera that the fields show.
        """
        own = microscope_from(read, shown)
        if own.modality != shown.modality:
            camera = usual_camera(own)
        return cls(own, OWN_OBJECTIVE, own, camera_from(read, camera))

    @classmethod
    def remembered(cls, kept: Mapping[str, Any]) -> Self:
        """Return what `as_remembered` gave; what cannot be had any more is left out.

        Parameters
        ----------
        kept
            As from `as_remembered`.
        """
        found, name, base = cls.of_preset(), kept.get("microscope"), kept.get("base")
        if name in microscope_names():
            found = cls.of_preset(str(name))
        if isinstance(base, dict):
            own = fitted(found.own, base)
            found = cls(own, OWN_OBJECTIVE, own, usual_camera(own))
        if kept.get("objective") in objective_names():
            with suppress(ValueError):
                found = found.with_objective(str(kept["objective"]))
        if kept.get("camera") in camera_names():
            found = found.with_camera(load_camera(str(kept["camera"])))
        elif isinstance(kept.get("camera_base"), dict):
            found = found.with_camera(fitted(found.camera, kept["camera_base"]))
        return found

    def as_remembered(self) -> dict[str, Any]:
        """Return plain values for `remembered`."""
        listed = self.camera.name in camera_names()
        return {
            "microscope": self.preset,
            "base": None if self.preset else self.own.model_dump(mode="json"),
            "objective": self.objective,
            "camera": self.camera.name,
            "camera_base": None if listed else self.camera.model_dump(mode="json"),
        }

    def with_objective(self, name: str) -> Self:
        """Return it with another objective; ValueError when that does not fit.

        Parameters
        ----------
        name
            Of a preset.
        """
        microscope = self.own
        if name != OWN_OBJECTIVE:
            microscope = with_objective(self.own, load_objective(name))
        return replace(self, objective=name, microscope=microscope)

    def with_camera(self, camera: Camera) -> Self:
        """Return it with another camera.

        Parameters
        ----------
        camera
            Instead of the present one.
        """
        return replace(self, camera=camera)

    def changed(self, values: Mapping[str, Any]) -> Microscope:
        """Return its microscope with some settings changed, named so; it is the same if none is.

        Parameters
        ----------
        values
            Of its settings, by name.

        Raises
        ------
        ValueError
            When they do not go together.
        """
        chosen = self.microscope
        shown = chosen.replace(**values)
        if shown.modality != chosen.modality:  # a camera has pixels, a scan has points
            shown = shown.replace(pixel_integration=shown.modality in _CAMERAS_WITH_PIXELS)
        return chosen if shown == chosen else shown.replace(name=f"{chosen.name}, changed")

    def differing(self, values: Mapping[str, Any]) -> list[str]:
        """Return the names of the settings that are not as chosen.

        Parameters
        ----------
        values
            Of its settings, by name.
        """
        return [name for name, value in values.items() if value != getattr(self.microscope, name)]
