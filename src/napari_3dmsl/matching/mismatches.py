"""In what simulated images differ from real ones, in words, each with the settings that move it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_3dmsl.matching.distances import Features
from napari_3dmsl.matching.features import FEATURE_NAMES

TOLD = 3
_SMALLEST = 0.3  # standard deviations between real tiles: less is not worth a word
_CHANCE = 2.0  # standard errors
_COLUMN = {name: column for column, name in enumerate(FEATURE_NAMES)}


@dataclass(frozen=True)
class Topic:
    """Something that people see, and the features that tell it.

    Attributes
    ----------
    name
        For programs.
    features
        They count alike.
    more, less
        What the simulated images are like where the features are larger, or smaller.
    knobs
        Settings of a recipe that move it, the first more than the others.
    minus
        Features that are taken away: the topic is then a difference.
    octaves
        Whether the features are logarithms to base 2, so that factors can be told.
    """

    name: str
    features: tuple[str, ...]
    more: str
    less: str
    knobs: tuple[str, ...]
    minus: tuple[str, ...] = ()
    octaves: bool = False

    def of(self, features: Features) -> Features:
        """Return the topic's number for each tile.

        Parameters
        ----------
        features : (N, 46) array
            As of `own_features`.
        """
        plus = features[:, [_COLUMN[name] for name in self.features]].mean(axis=1)
        if not self.minus:
            return np.asarray(plus)
        return np.asarray(plus - features[:, [_COLUMN[name] for name in self.minus]].mean(axis=1))


@dataclass(frozen=True)
class Mismatch:
    """One thing in which the simulated images differ.

    Attributes
    ----------
    topic
        Name of the `Topic`.
    words
        One sentence for people, with the knobs.
    size
        Standard deviations between real tiles, above 0.
    real, simulated
        Means of the topic's number.
    knobs
        Settings of a recipe, such as ``scene.cell.haze``.
    """

    topic: str
    words: str
    size: float
    real: float
    simulated: float
    knobs: tuple[str, ...]


def _named(stem: str, *ends: object) -> tuple[str, ...]:
    return tuple(f"{stem}_{end}" for end in ends)


_NOISE = _named("noise", *range(5))

TOPICS = (
    Topic(
        "ground",
        _named("level", 1, 5, 10),
        "the ground between objects is brighter",
        "the ground between objects is darker",
        ("camera.background_photons", "scene.cell.glow_photons"),
    ),
    Topic(
        "filling",
        _named("level", 25, 50, 75),
        "more of each image is bright",
        "less of each image is bright",
        ("scene.cell.coverage", "scene.cell.density_per_um2", "scene.cell.haze"),
    ),
    Topic(
        "peaks",
        _named("level", 95, 99, 99.9),
        "the brightest objects stand out more",
        "the brightest objects stand out less",
        ("scene.cell.peak_photons", "scene.cell.brightness_spread"),
    ),
    Topic(
        "uneven",
        _named("spectrum", 0, 1, 2),
        "brightness changes more from one end of an image to the other",
        "brightness changes less from one end of an image to the other",
        ("scene.cell.coverage", "scene.cell.density_spread", "scene.cell.glow_photons"),
    ),
    Topic(
        "sharp",
        _named("spectrum", 4, 5, 6),
        "details are sharper",
        "details are blurrier",
        ("microscope.numerical_aperture", "scene.cell.layer_um", "scene.cell.haze"),
        minus=_named("spectrum", 8, 9),
        octaves=True,
    ),
    Topic(
        "sparse",
        _named("peaks", 2, 4, 8),
        "a few objects stand out of much empty ground",
        "objects fill the ground more evenly",
        ("scene.cell.density_per_um2", "scene.cell.coverage"),
    ),
    Topic(
        "lines",
        _named("ridge", 1.5, 4),
        "lines stand out more from what lies around them",
        "lines stand out less from what lies around them",
        ("scene.cell.haze", "scene.cell.glow_photons"),
        octaves=True,
    ),
    Topic(
        "long",
        _named("elongation", 1.5, 4),
        "objects are longer, or straighter",
        "objects are rounder, more like spots",
        ("source.tubes.length_um", "source.tubes.bend_radius_um", "scene.cell.tilt_deg"),
    ),
    Topic(
        "filled",
        ("filled",),
        "tubes are filled more, their rims show less",
        "the rims are hollower",
        ("labelling.target", "source.tubes.radius_um"),
    ),
    Topic(
        "parallel",
        ("parallel",),
        "neighbours run more in the same direction",
        "neighbours run more across each other",
        ("source.tubes.bend_radius_um", "scene.cell.density_per_um2"),
    ),
    Topic(
        "noise",
        _NOISE,
        "noise is stronger",
        "noise is weaker",
        ("scene.cell.peak_photons", "camera.read_noise_e", "camera.background_photons"),
        octaves=True,
    ),
    Topic(
        "shot_noise",
        _named("noise", 4),
        "noise grows more with the light",
        "noise grows less with the light",
        ("camera.e_per_adu", "scene.cell.peak_photons"),
        minus=_named("noise", 0),
        octaves=True,
    ),
    Topic(
        "rows",
        ("row_noise",),
        "rows differ more from one another",
        "rows differ less from one another",
        ("camera.row_noise_e",),
        minus=("column_noise",),
        octaves=True,
    ),
    Topic(
        "empty",
        ("empty",),
        "more of each image is empty",
        "less of each image is empty",
        ("scene.cell.coverage",),
    ),
)
_VARIETY = ("level_50", "level_99", "empty", "noise_0")


def mismatches_of(real: Features, simulated: Features, most: int = TOLD) -> tuple[Mismatch, ...]:
    """Return the largest mismatches first; fewer, or none, where only chance is left.

    Parameters
    ----------
    real : (N, 46) array
        Own features of real tiles.
    simulated : (M, 46) array
        The same of simulated ones, with the same levels.
    most
        So many at most.
    """
    found = [_mismatch(topic, topic.of(real), topic.of(simulated)) for topic in TOPICS]
    found.append(_variety(real, simulated))
    told = [mismatch for mismatch in found if mismatch is not None]
    return tuple(sorted(told, key=lambda mismatch: -mismatch.size)[:most])


def _mismatch(topic: Topic, real: Features, simulated: Features) -> Mismatch | None:
    spread = max(float(real.std()), 1e-6)
    apart = float(simulated.mean() - real.mean())
    chance = np.hypot(spread / np.sqrt(len(real)), simulated.std() / np.sqrt(len(simulated)))
    size = abs(apart) / spread
    if size < _SMALLEST or abs(apart) < _CHANCE * chance:
        return None
    how = f" ({2 ** abs(apart):.1f} ×)" if topic.octaves else ""
    return Mismatch(
        topic.name,
        _sentence(f"{topic.more if apart > 0 else topic.less}{how}", size, topic.knobs),
        size,
        float(real.mean()),
        float(simulated.mean()),
        topic.knobs,
    )


def _sentence(what: str, size: float, knobs: tuple[str, ...]) -> str:
    by = f"{size:.1f} × the spread between real tiles"
    return f"In the simulated images {what}; {by}. Change {' or '.join(knobs)}."


def _variety(real: Features, simulated: Features) -> Mismatch | None:
    """Whether simulated images are more alike, or less, than real ones are."""
    columns = [_COLUMN[name] for name in _VARIETY]
    spreads = [np.maximum(set_[:, columns].std(axis=0), 1e-6) for set_ in (real, simulated)]
    octaves = float(np.log2(spreads[1] / spreads[0]).mean())
    fewest = min(len(real), len(simulated))
    if abs(octaves) < max(2 * _SMALLEST, _CHANCE / np.sqrt(fewest)):
        return None
    knobs = ("scene.cell.coverage", "scene.cell.peak_photons", "camera.background_photons")
    more = "less" if octaves < 0 else "more"
    words = (
        f"The simulated images differ {more} from one another than real ones do "
        f"({2**octaves:.1f} × the spread). Give {', '.join(knobs)} as "
        f"{'wider' if octaves < 0 else 'narrower'} ranges."
    )
    return Mismatch("variety", words, abs(octaves), 1.0, float(2**octaves), knobs)
