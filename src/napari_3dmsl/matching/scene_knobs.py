"""The settings that a fit turns: where each stands in a recipe, how far it may go, its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TUBES = "tubes"
"""Where the settings of the tubes stand: they decide over the shapes, not over an image."""


_OF_LIGHT = ("peak_photons", "glow_photons")


@dataclass(frozen=True)
class Knob:
    """A setting that a fit turns.

    Attributes
    ----------
    name
        Of the setting.
    path
        Names that lead to it in the recipe; ``microscope`` and ``camera`` are those of the first
        instrument, ``tubes`` the settings of the shapes.
    low, high
        How far it may go.
    words, unit
        For people.
    log
        Whether it counts by its logarithm.
    choices
        What stands for a share below and above one half, of what is no number.
    drawn
        Whether a recipe draws it from a range for each image; else all images share it.
    together
        Whether it is drawn together with others, as tiles have them.
    """

    name: str
    path: tuple[str, ...]
    low: float
    high: float
    words: str
    unit: str = ""
    log: bool = False
    drawn: bool = False
    choices: tuple[str, str] | None = None
    together: bool = False

    def value(self, share: NDArray[np.float64] | float) -> Any:
        """Return the value at a share of the way from `low` to `high`.

        Parameters
        ----------
        share
            0 to 1, one or many.
        """
        if self.choices is not None:
            return self.choices[int(np.mean(share) >= 0.5)]
        if self.log:
            return self.low * (self.high / self.low) ** np.asarray(share)
        return self.low + (self.high - self.low) * np.asarray(share)

    def share(self, value: Any) -> Any:
        """Return how far along the way a value lies: the inverse of `value`.

        Parameters
        ----------
        value
            One or many.
        """
        if self.log:
            return np.log(np.asarray(value) / self.low) / np.log(self.high / self.low)
        return (np.asarray(value) - self.low) / (self.high - self.low)

    @property
    def of_kind(self) -> bool:
        """Whether it decides over shapes or optics, which take a while to be made anew."""
        return self.path[0] in (TUBES, "blur", "labelling")

    @property
    def of_light(self) -> bool:
        """Whether a scene need not be rendered again when it changes."""
        return self.path[0] == "camera" or self.name in _OF_LIGHT


def _cell(
    name: str,
    low: float,
    high: float,
    words: str,
    unit: str = "",
    *,
    log: bool = False,
    drawn: bool = False,
) -> Knob:
    return Knob(name, ("scene", "cell", name), low, high, words, unit, log, drawn)


SCENE_KNOBS = (
    _cell("coverage", 0.0, 1.0, "cell covers", drawn=True),
    _cell("density_per_um2", 0.03, 0.8, "shapes in focus", "/µm²", log=True, drawn=True),
    _cell("haze", 0.0, 2.5, "haze", "×", drawn=True),
    _cell("density_spread", 0.0, 1.0, "density varies", "±"),
    _cell("brightness_spread", 0.1, 1.0, "brightness varies", "σ"),
    _cell("layer_um", 0.05, 0.9, "layer ±", "µm"),
    _cell("outline_um", 3.0, 20.0, "outline", "µm", log=True),
    Knob("focus_um", ("focus", "focus_um"), -0.7, 0.7, "focus", "µm", drawn=True),
    Knob("blur", ("blur",), 1.0, 1.7, "point spread as wide as set", "×"),
    Knob(
        "target",
        ("labelling", "target"),
        0.0,
        1.0,
        "label",
        choices=("surface", "volume"),
    ),
    Knob("length_um", (TUBES, "length_um"), 1.2, 7.0, "length of tubes", "µm", log=True),
    Knob("radius_um", (TUBES, "radius_um"), 0.11, 0.36, "radius of tubes", "µm", log=True),
)
"""Those of every fit; the light of the images is added, see `light_knobs`."""


class Knobs(Sequence[Knob]):
    """Knobs in their order, and what they make of a recipe.

    Parameters
    ----------
    knobs
        All that the fit turns.
    """

    def __init__(self, knobs: Sequence[Knob]) -> None:
        self._knobs = tuple(knobs)
        self.drawn = np.array([knob.drawn for knob in knobs])
        self.together = np.array([knob.together for knob in knobs])

    def __len__(self) -> int:
        return len(self._knobs)

    def __getitem__(self, index: Any) -> Any:
        return self._knobs[index]

    def values(self, shares: NDArray[np.float64]) -> dict[tuple[str, ...], Any]:
        """Return the value of each knob by its path.

        Parameters
        ----------
        shares : (K,) array
            0 to 1 each.
        """
        return {
            knob.path: knob.value(share) if knob.choices else float(knob.value(share))
            for knob, share in zip(self._knobs, shares, strict=True)
        }

    def ranges(
        self, low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> dict[tuple[str, ...], Any]:
        """Return ranges of those that are drawn for each image, and the values of the others.

        Parameters
        ----------
        low, high : (K,) arrays
            Shares, 0 to 1.
        """
        found: dict[tuple[str, ...], Any] = {}
        for knob, *ends in zip(self._knobs, low, high, strict=True):
            if knob.choices:
                found[knob.path] = knob.value(np.mean(ends))
                continue
            first, last = (float(f"{float(knob.value(end)):.4g}") for end in ends)
            if knob.together or not knob.drawn:  # what goes together is in variants as well
                found[knob.path] = float(f"{float(knob.value(np.mean(ends))):.4g}")
            elif knob.log:
                found[knob.path] = [first, last, "log"]
            else:
                found[knob.path] = [first, last]
        return found


def with_values(base: Mapping[str, Any], values: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """Return a recipe with other values of knobs; the tubes' settings are left out.

    Parameters
    ----------
    base
        A recipe with one instrument, as from `Recipe.model_dump`.
    values
        By path, as from `Knobs.values` or `Knobs.ranges`.
    """
    (instrument,) = base["microscopes"]
    microscope, camera = dict(instrument["microscope"]), dict(instrument["camera"])
    recipe: dict[str, Any] = _copied(base)
    for path, value in values.items():
        if path[0] == "blur":
            microscope["numerical_aperture"] = float(f"{_aperture(microscope, value):.4g}")
        elif path[0] == "camera":
            camera[path[1]] = value
        elif path[0] != TUBES:
            table = recipe
            for name in path[:-1]:
                table = table.setdefault(name, {})
            table[path[-1]] = value
    recipe["microscopes"] = [{"microscope": microscope, "camera": camera}]
    return recipe


def _aperture(microscope: Mapping[str, Any], blur: float) -> float:
    """Return the aperture whose point spread is so many times as wide."""
    aperture = min(microscope["numerical_aperture"], microscope["specimen_index"])
    return float(aperture / blur)


def _copied(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: _copied(each) for name, each in values.items()}
    return values


def tube_settings(values: Mapping[tuple[str, ...], float]) -> dict[str, Any]:
    """Return the settings of the tubes.

    Parameters
    ----------
    values
        By path, as from `Knobs.values`.
    """
    radius = values[TUBES, "radius_um"]
    return {
        "length_um": round(values[TUBES, "length_um"], 3),
        "radius_um": (round(radius * THINNEST, 4), round(radius * THICKEST, 4)),
    }


THINNEST, THICKEST = 0.78, 1.25
"""Radii of tubes around their middle: 0.17 to 0.28 µm were measured in living cells."""
