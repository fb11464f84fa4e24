"""What several sources tell of one microscope: the first that knows is believed, the rest compared.

Each number is checked against what a microscope can be, so that 72 dots per inch and wavelengths of
0 nm are told and not taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from napari_3dmsl.described import Described, described
from napari_3dmsl.image_io.microscope_words import immersion_index, objective_name
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.settings import Acquisition, Microscope

SAME = 0.01
"""Relative difference up to which two sources say the same; rounding makes 0.5 %."""

MICROSCOPE = (
    "modality",
    "pixel_nm",
    "numerical_aperture",
    "magnification",
    "immersion_index",
    "emission_nm",
    "excitation_nm",
    "pinhole_airy",
)
CAMERA = ("exposure_s", "bit_depth", "e_per_adu", "offset_adu", "em_gain")
STACK = ("step_nm",)
"""Settings of each class that files tell of."""


def setting_of(name: str) -> Described:
    """Return what is said of a setting that a file may tell.

    Parameters
    ----------
    name
        In `MICROSCOPE`, `CAMERA` or `STACK`.
    """
    if name in STACK:
        return described(Acquisition)[name]
    return described(Camera if name in CAMERA else Microscope)[name]


@dataclass(frozen=True)
class Reading:
    """One setting as a file tells it.

    Attributes
    ----------
    value : float, int or str
        In the setting's unit.
    source : str
        The tag that it was read from.
    """

    value: Any
    source: str


@dataclass
class Sources:
    """Gathers readings, the most trusted source first.

    Attributes
    ----------
    readings : dict of Reading
        By name of the setting.
    doubts : list of str
        What cannot be, or is told differently twice; a line each.
    is_stack : bool
        Whether there are several planes, so that their distance is asked for.
    """

    readings: dict[str, Reading] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    is_stack: bool = False

    def tell(self, name: str, value: Any, source: str) -> None:
        """Take a value of a setting, unless another source has told it already.

        Parameters
        ----------
        name
            Of the setting.
        value
            In its unit; None: the source does not tell.
        source
            The tag.
        """
        if value is None:
            return
        setting = setting_of(name)
        if not _possible(setting, value):
            unit = f" {setting.show.unit}".rstrip()
            self.doubt(
                f"{setting.show.label}: {_text(value)}{unit} ({source}) is left out: it must be "
                f"{setting.allowed}"
            )
        elif name not in self.readings:
            self.readings[name] = Reading(value, source)
        elif not _same(self.readings[name].value, value):
            known = self.readings[name]
            self.doubt(
                f"{setting.show.label}: {_text(known.value)} ({known.source}), but "
                f"{_text(value)} ({source}); the first is taken"
            )

    def tell_immersion(self, word: str | None, source: str) -> None:
        """Take the medium by its name; an index that is told already may differ a little.

        Parameters
        ----------
        word
            None: the source does not tell.
        source
            The tag.
        """
        if not word:
            return
        index = immersion_index(word)
        if index is None:
            return
        known = self.readings.get("immersion_index")
        if known is None or abs(known.value - index) > 0.03:  # media of one name differ so much
            self.tell("immersion_index", index, f"{source} = {word}")

    def tell_objective(self, name: str | None, source: str) -> None:
        """Take what the name of an objective tells.

        Parameters
        ----------
        name
            None: the source does not tell.
        source
            The tag.
        """
        for setting, value in objective_name(name or "").items():
            told = f"{source} '{name}'"
            known = self.readings.get(setting)
            near = setting == "immersion_index" and known and abs(known.value - value) <= 0.03
            if not near:
                self.tell(setting, value, told)

    def tell_own(self, metadata: Mapping[str, Any] | None) -> None:
        """Take the settings that this package has written into an image of its own.

        Parameters
        ----------
        metadata
            Of a simulated image; None: it is no image of ours.
        """
        if metadata is None or "microscope" not in metadata:
            return
        software = metadata.get("software", "napari-3dmsl")
        told: dict[str, tuple[str, ...]] = {"microscope": MICROSCOPE}
        if metadata.get("noise") == "camera":
            told["camera"] = CAMERA
        for table, names in told.items():
            for name in names:
                self.tell(name, metadata[table].get(name), f"{software}: {name}")
        if stretch := metadata.get("stretch"):
            low, high = stretch["low"], stretch["high"]
            self.doubt(f"8 bits, stretched between {low:g} and {high:g} ADU: no counts any more")

    def doubt(self, text: str) -> None:
        """Take a line of what is wrong, once.

        Parameters
        ----------
        text
            Without a full stop.
        """
        if text not in self.doubts:
            self.doubts.append(text)


def _possible(setting: Described, value: Any) -> bool:
    if setting.choices:
        return value in setting.choices
    return math.isfinite(value) and value in setting.range


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return math.isclose(one, other, rel_tol=SAME)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,.6g}"
