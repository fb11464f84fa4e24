"""Real or simulated? A test of some two minutes, as in the paper's user study, and what it shows.

People see crops of real and simulated images in random order, at the same contrast, and say of each
whether it is real. The study of the paper showed ten of each set, after two examples of each kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from napari_3dmsl.matching.grey_levels import SMALLEST_TILE, check_tiles, grey_levels
from napari_3dmsl.matching.tiles import LARGEST_TILE, read_tiles, smallest_side
from napari_3dmsl.progress import Progress
from napari_3dmsl.quiet import without_warnings
from napari_3dmsl.settings import Settings, Show

REAL = "real"
CROP = 128  # pixels
EACH = 10  # crops of each set: as in the paper's study
EXAMPLES = 2  # labelled ones of real and of simulated images before the test: as there
CONFIDENCE = 0.95
_EMPTY = 0.1  # of black to white: a crop that never gets so bright says nothing
_ROUNDS = 4  # through all tiles, to find crops that show something
_PLACES = 4  # random places in a tile, of which the one with most to see is shown


class QuizSettings(Settings):
    """How long the test is, and which crops it shows."""

    each: Annotated[
        int,
        Field(ge=1, le=100, description="Crops of each set."),
        Show("Crops a set", "images", source="Default: 10, as in the study of the 3DMSL paper."),
    ] = EACH
    size: Annotated[
        int,
        Field(ge=32, le=1024, description="Rows and columns of a crop."),
        Show("Crop", "px", source="Default: 128, the size of the images of the 3DMSL release."),
    ] = CROP
    seed: Annotated[
        int,
        Field(
            ge=0,
            le=2**31 - 1,
            description="Decides which crops are shown and in which order. People whose answers "
            "are merged may share it, or take one each.",
        ),
        Show("Which test", source="Default: 0, our choice."),
    ] = 0


@dataclass(frozen=True, eq=False)
class Crop:
    """A part of an image, as it is shown.

    Attributes
    ----------
    set_name
        ``real``, or the name of the simulated set.
    name
        Which crop of that set, such as ``12 at 40, 96``.
    grey : (C, C) uint8 array
        From black to white at the contrast of its set.
    """

    set_name: str
    name: str
    grey: NDArray[np.uint8]

    @property
    def is_real(self) -> bool:
        """Whether it is of a real image."""
        return self.set_name == REAL


@dataclass(frozen=True, eq=False)
class Quiz:
    """A test: examples that are labelled, then questions in random order.

    Attributes
    ----------
    examples
        Two real crops and two simulated ones, none of which is asked for.
    questions
        To be shown one after the other.
    seed
        Gives the same test again.
    """

    examples: tuple[Crop, ...]
    questions: tuple[Crop, ...]
    seed: int


@dataclass(frozen=True)
class Answer:
    """What somebody said of one crop.

    Attributes
    ----------
    person
        Any name; answers of one name are those of one person.
    seed
        Of the test.
    question
        Its place in the test, from 1.
    set_name, crop
        What was shown.
    said_real
        What was answered.
    seconds
        How long it took.
    """

    person: str
    seed: int
    question: int
    set_name: str
    crop: str
    said_real: bool
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether the person was right."""
        return self.said_real == (self.set_name == REAL)


def make_quiz(
    sets: Mapping[str, ArrayLike], *, each: int = EACH, size: int = CROP, seed: int = 0
) -> Quiz:
    """Draw crops of each set and put them in random order.

    Parameters
    ----------
    sets
        By name, ``real`` and one or more simulated ones: tiles of shape (N, R, C), grey values.
    each
        Crops of each set.
    size
        Rows and columns of a crop; at most those of the smallest tile.
    seed
        Decides which, where and in which order.

    Raises
    ------
    ValueError
        When a set is missing, too small or shows nothing.
    """
    if REAL not in sets or len(sets) < 2:
        raise ValueError("a test needs real images and at least one set of simulated ones")
    rng = np.random.default_rng(seed)
    tiles = {name: check_tiles(values, name) for name, values in sets.items()}
    smallest = min(min(values.shape[1:]) for values in tiles.values())
    if not SMALLEST_TILE <= size <= smallest:
        raise ValueError(f"size = {size}: expected {SMALLEST_TILE} to {smallest} pixels")
    if each < 1:
        raise ValueError(f"each = {each}: expected 1 or more")
    simulated = len(sets) - 1
    examples: list[Crop] = []
    questions: list[Crop] = []
    for name, values in tiles.items():
        # The examples of simulated images come from all simulated sets in turn.
        spare = EXAMPLES if name == REAL else -(-EXAMPLES // simulated)
        crops = _crops(name, values, each + spare, size, rng)
        examples += crops[each:]
        questions += crops[:each]
    shown = [[crop for crop in examples if crop.is_real is real] for real in (True, False)]
    order = rng.permutation(len(questions))
    return Quiz(
        tuple(crop for kind in shown for crop in kind[:EXAMPLES]),
        tuple(questions[place] for place in order),
        seed,
    )


def quiz_of_files(
    paths: dict[str, Path], settings: QuizSettings, progress: Progress | None = None
) -> Quiz:
    """Read images and put a test together.

    Parameters
    ----------
    paths
        By the name of the set, ``real`` among them; as of `read_tiles`.
    settings
        How long, how large, which.
    progress
        Called with images done, images in all and what is done.

    Raises
    ------
    ValueError
        When images cannot be read or are too few or too small.
    """
    side = min(LARGEST_TILE, smallest_side(list(paths.values()), seed=settings.seed))
    sets = {
        name: read_tiles(path, side, seed=settings.seed, progress=progress).values
        for name, path in paths.items()
    }
    return make_quiz(sets, each=settings.each, size=min(settings.size, side), seed=settings.seed)


def _crops(
    name: str, tiles: NDArray[Any], count: int, size: int, rng: np.random.Generator
) -> list[Crop]:
    levels = grey_levels(tiles, name)
    if len(tiles) * (min(tiles.shape[1:]) // size) ** 2 < count:
        raise ValueError(_too_few(name, len(tiles), count, size))
    rounds = _ROUNDS * -(-count // len(tiles))
    taken: dict[int, list[tuple[int, int]]] = {}
    crops: list[Crop] = []
    empty: list[Crop] = []
    for number in np.concatenate([rng.permutation(len(tiles)) for _ in range(rounds)]):
        row, column = _place(tiles[number], size, taken.setdefault(int(number), []), rng)
        if (row, column) in taken[int(number)]:
            continue
        taken[int(number)].append((row, column))
        part = levels.apply(tiles[number, row : row + size, column : column + size])
        # A square root shows dim objects beside bright ones.
        grey = np.round(255 * np.sqrt(np.clip(part, 0, 1))).astype(np.uint8)
        seen = crops if np.quantile(part, 0.99) > _EMPTY else empty
        seen.append(Crop(name, f"{number} at {row}, {column}", grey))
        if len(crops) == count:
            return crops
    if len(crops) + len(empty) < count:
        raise ValueError(_too_few(name, len(tiles), count, size))
    return [*crops, *empty][:count]


def _too_few(name: str, tiles: int, count: int, size: int) -> str:
    return (
        f"{name}: {tiles} tiles for {count} crops of {size} × {size} pixels; add images, or ask "
        "for fewer or smaller crops"
    )


def _place(
    tile: NDArray[Any], size: int, taken: list[tuple[int, int]], rng: np.random.Generator
) -> tuple[int, int]:
    """Of some random corners the one with most to see; the same rule for all sets."""
    free = [side - size + 1 for side in tile.shape]
    corners = [(int(r), int(c)) for r, c in rng.integers(0, free, (_PLACES, 2))]
    fresh = [corner for corner in corners if corner not in taken] or corners
    return max(fresh, key=lambda at: tile[at[0] : at[0] + size, at[1] : at[1] + size].std())


@dataclass(frozen=True)
class Share:
    """A share of answers with its exact interval (Clopper and Pearson) of 95 %.

    Attributes
    ----------
    count, of
        So many of so many.
    low, high
        The interval.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself."""
        return self.count / self.of

    def __str__(self) -> str:
        """As ``17 of 20, 85 % [62, 97]``."""
        interval = f"[{100 * self.low:.0f}, {100 * self.high:.0f}]"
        return f"{self.count} of {self.of}, {100 * self.value:.0f} % {interval}"


@dataclass(frozen=True)
class SetsApart:
    """Welch's t-test between two sets, on the share of people that called each crop real.

    Attributes
    ----------
    first, second
        Names of the sets.
    t, freedom, p
        Statistic, degrees of freedom and two-sided p-value; NaN where a set has a single crop, or
        all crops of both were judged alike.
    """

    first: str
    second: str
    t: float
    freedom: float
    p: float


@dataclass(frozen=True)
class QuizResult:
    """What answers show.

    Attributes
    ----------
    people
        How many answered.
    right
        Right answers; a coin would have half of them right.
    p_coin
        Two-sided p-value of so many right answers by a coin.
    called_real
        By set: how often its crops were called real.
    sets_apart
        Each pair of sets.
    seconds
        Median of an answer.
    """

    people: int
    right: Share
    p_coin: float
    called_real: dict[str, Share]
    sets_apart: tuple[SetsApart, ...]
    seconds: float

    def lines(self) -> list[str]:
        """Return what people read, line by line."""
        people = "1 person" if self.people == 1 else f"{self.people} people"
        coin = "no better than a coin" if self.p_coin > 0.05 else "not by chance"
        lines = [
            f"{people}, {self.right.of} answers, {self.seconds:.1f} s each",
            f"right: {self.right} ({coin}, p = {self.p_coin:.2g})",
            *(f"called real, {name}: {share}" for name, share in self.called_real.items()),
        ]
        for pair in self.sets_apart:
            told = "cannot be told" if np.isnan(pair.p) else f"t = {pair.t:.2f}, p = {pair.p:.2g}"
            lines.append(f"{pair.first} against {pair.second}: {told}")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Return all of it as numbers and words."""
        shares = {name: _share_json(share) for name, share in self.called_real.items()}
        pairs = [
            {key: None if value != value else value for key, value in asdict(pair).items()}
            for pair in self.sets_apart
        ]
        return {
            "people": self.people,
            "answers": self.right.of,
            "right": _share_json(self.right),
            "p_coin": self.p_coin,
            "called_real": shares,
            "t_tests": pairs,
            "seconds": self.seconds,
        }


def results_of(answers: Sequence[Answer]) -> QuizResult:
    """Work out what answers of one or more people show.

    Intervals take the answers as independent; people who see the same crops are so only roughly.

    Parameters
    ----------
    answers
        Of any number of tests.

    Raises
    ------
    ValueError
        When there is none.
    """
    from scipy.stats import binomtest

    if not answers:
        raise ValueError("no answers: nothing can be told")
    names = sorted({answer.set_name for answer in answers}, key=lambda name: (name != REAL, name))
    right = _share([answer.is_right for answer in answers])
    shares = {
        name: _share([answer.said_real for answer in answers if answer.set_name == name])
        for name in names
    }
    scores = {name: _scores(answers, name) for name in names}
    return QuizResult(
        people=len({answer.person for answer in answers}),
        right=right,
        p_coin=float(binomtest(right.count, right.of, 0.5).pvalue),
        called_real=shares,
        sets_apart=tuple(_apart(a, b, scores[a], scores[b]) for a, b in combinations(names, 2)),
        seconds=float(np.median([answer.seconds for answer in answers])),
    )


def _share(said: Sequence[bool]) -> Share:
    from scipy.stats import binomtest

    count, of = sum(said), len(said)
    interval = binomtest(count, of).proportion_ci(CONFIDENCE, method="exact")
    return Share(count, of, float(interval.low), float(interval.high))


def _share_json(share: Share) -> dict[str, float]:
    return {**asdict(share), "share": share.value}


def _scores(answers: Sequence[Answer], name: str) -> NDArray[np.float64]:
    """Of each crop of a set the share of people that called it real."""
    said: dict[str, list[bool]] = {}
    for answer in answers:
        if answer.set_name == name:
            said.setdefault(answer.crop, []).append(answer.said_real)
    return np.array([np.mean(each) for each in said.values()])


def _apart(first: str, second: str, a: NDArray[np.float64], b: NDArray[np.float64]) -> SetsApart:
    from scipy.stats import ttest_ind

    if min(len(a), len(b)) < 2 or np.ptp(a) + np.ptp(b) == 0:
        return SetsApart(first, second, np.nan, np.nan, np.nan)
    with without_warnings():  # of a set that all see alike
        found: Any = ttest_ind(a, b, equal_var=False)
    return SetsApart(first, second, float(found.statistic), float(found.df), float(found.pvalue))
