"""How like real images simulated ones are: distances beside what they mean, curves, words."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_3dmsl.matching.curves import AXES, Curve, Curves, curves_of
from napari_3dmsl.matching.distances import (
    FEWEST,
    Distance,
    Features,
    Standard,
    frechet16,
    halves_apart,
    kid,
    standard_of,
)
from napari_3dmsl.matching.features import own_features
from napari_3dmsl.matching.grey_levels import GreyLevels, check_tiles, grey_levels
from napari_3dmsl.matching.mismatches import Mismatch, mismatches_of
from napari_3dmsl.matching.network_features import network_features
from napari_3dmsl.progress import Progress

FeatureKind = Literal["own", "lite0", "inception"]
LevelsKind = Literal["own", "real"]
_REAL, _SIMULATED, _OTHER = "real", "simulated", "another real cell"
_HALVES = "real, in halves"


@dataclass(frozen=True)
class Distances:
    """Distances of one set from the real one.

    Attributes
    ----------
    name
        ``simulated``, ``real, in halves`` or ``another real cell``.
    kid
        Kernel distance, times 1,000.
    frechet
        Fréchet distance on at most 16 principal components; None for features of networks.
    """

    name: str
    kid: Distance
    frechet: Distance | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    features
        Which features the distances are of.
    tiles
        How many tiles of each set, by name.
    distances
        Of the simulated set first; then what they are to be read beside.
    curves
        Of the sets, by name: ``real``, ``simulated`` and, if given, ``another real cell``.
    mismatches
        The largest first, at most three.
    levels
        What counted as black and white in each set, by name.
    """

    features: FeatureKind
    tiles: dict[str, int]
    distances: tuple[Distances, ...]
    curves: dict[str, Curves]
    mismatches: tuple[Mismatch, ...]
    levels: dict[str, GreyLevels]

    def lines(self) -> list[str]:
        """Return what people read, line by line."""
        counts = ", ".join(f"{count:,} {name}" for name, count in self.tiles.items())
        title = "own features" if self.features == "own" else f"features of {self.features}"
        lines = [f"tiles: {counts}", f"distance from the real tiles ({title}) [95 %]"]
        for row in self.distances:
            far = "" if row.frechet is None else f"   Fréchet {row.frechet}"
            lines.append(f"  {row.name:<18} KID·10³ {row.kid}{far}")
        if not self.mismatches:
            return [*lines, "no mismatch beyond what differs between real tiles"]
        lines.append("largest mismatches:")
        return lines + [f"  {n}. {m.words}" for n, m in enumerate(self.mismatches, 1)]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as numbers, lists and words."""
        return {
            "features": self.features,
            "tiles": self.tiles,
            "distances": [asdict(row) for row in self.distances],
            "mismatches": [asdict(mismatch) for mismatch in self.mismatches],
            "levels": {name: asdict(levels) for name, levels in self.levels.items()},
            "curves": {
                name: {what: _listed(getattr(curves, what)) for what in AXES}
                for name, curves in self.curves.items()
            },
        }


def compare(
    real: ArrayLike,
    simulated: ArrayLike,
    *,
    other_real: ArrayLike | None = None,
    features: FeatureKind = "own",
    levels: LevelsKind = "own",
    seed: int = 0,
    progress: Progress | None = None,
) -> Comparison:
    """Compare simulated tiles with real ones.

    The distance alone says little: read it beside that of two halves of the real set, which is what
    chance makes, and that of another real cell, which is how far real cells lie apart.

    Parameters
    ----------
    real : (N, R, C) array
        Grey values of at least 8 real tiles; tens are better.
    simulated : (M, R, C) array
        At least 4, of the same size and pixel size.
    other_real : (K, R, C) array
        Tiles of another real cell, to have a distance to compare with; at least 4.
    features
        ``own``, or those of a network whose packages are installed: ``lite0``, ``inception``.
    levels
        ``own``: each set has its own black and white, so that gain, offset and 8-bit stretch of a
        whole set do not matter. ``real``: those of the real set count for all, so grey values shall
        agree.
    seed
        Of the resampling.
    progress
        Called with steps done, steps in all and what is done.

    Raises
    ------
    ValueError
        When sets are too small, tiles differ in size, or the packages of a network are missing.
    """
    sets = _checked(real, simulated, other_real)
    black_white = _levels(sets, levels)
    own: dict[str, Features] = {}
    curves: dict[str, Curves] = {}
    for done, (name, tiles) in enumerate(sets.items()):
        _tell(progress, done, len(sets), f"describing {name}")
        own[name] = own_features(tiles, levels=black_white[name])
        curves[name] = curves_of(tiles, levels=black_white[name])
    standard = standard_of(own[_REAL])
    _tell(progress, len(sets), len(sets), "distances")
    if features == "own":
        rows = _distances(own, standard, seed)
    else:
        judged = {
            name: network_features(tiles, features, levels=black_white[name], progress=progress)
            for name, tiles in sets.items()
        }
        rows = _distances(judged, None, seed)
    mismatches = mismatches_of(own[_REAL], own[_SIMULATED])
    counts = {name: len(tiles) for name, tiles in sets.items()}
    return Comparison(features, counts, rows, curves, mismatches, black_white)


def _tell(progress: Progress | None, done: int, total: int, what: str) -> None:
    if progress is not None:
        progress(done, total, what)


def _checked(
    real: ArrayLike, simulated: ArrayLike, other_real: ArrayLike | None
) -> dict[str, NDArray[Any]]:
    given = {_REAL: real, _SIMULATED: simulated, _OTHER: other_real}
    sets = {name: check_tiles(tiles, name) for name, tiles in given.items() if tiles is not None}
    for name, tiles in sets.items():
        fewest = 2 * FEWEST if name == _REAL else FEWEST
        if len(tiles) < fewest:
            raise ValueError(
                f"{name}: {len(tiles)} tiles; a comparison needs {fewest} or more, and tens to "
                "mean much: add images, or take smaller tiles"
            )
        if tiles.shape[1:] != sets[_REAL].shape[1:]:
            sizes = (" × ".join(map(str, each.shape[1:])) for each in (tiles, sets[_REAL]))
            raise ValueError(f"{name}: tiles of {' beside real ones of '.join(sizes)} pixels")
    return sets


def _levels(sets: dict[str, NDArray[Any]], kind: LevelsKind) -> dict[str, GreyLevels]:
    if kind == "real":
        return dict.fromkeys(sets, grey_levels(sets[_REAL], _REAL))
    if kind != "own":
        raise ValueError(f"levels = {kind!r}: expected own or real")
    return {name: grey_levels(tiles, name) for name, tiles in sets.items()}


def _distances(
    sets: dict[str, Features], standard: Standard | None, seed: int
) -> tuple[Distances, ...]:
    """Distances of all sets; without a `standard` no Fréchet distance."""
    real = sets[_REAL]

    def each(name: str, apart: Callable[..., Distance]) -> Distance:
        if name == _HALVES:
            return halves_apart(real, apart, standard=standard, seed=seed)
        return apart(real, sets[name], standard=standard, seed=seed)

    names = [_SIMULATED, _HALVES, *(name for name in (_OTHER,) if name in sets)]
    return tuple(
        Distances(name, each(name, kid), None if standard is None else each(name, frechet16))
        for name in names
    )


def _listed(curve: Curve) -> dict[str, list[float | None]]:
    """Numbers of a curve for JSON, which has no NaN."""

    def numbers(values: NDArray[np.float64]) -> list[float | None]:
        return [float(f"{value:.6g}") if math.isfinite(value) else None for value in values]

    return {"x": numbers(curve.x), "y": numbers(curve.y)}
