"""Centrelines as living mitochondria have them: wavy, almost flat, never touching themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Clear = Callable[[NDArray[np.float64]], NDArray[np.bool_]]
"""Tells for points (lines, points, 3) which of the lines may go there."""

STEP_UM = 0.025  # between the points of a centreline
PIECE = 24  # points that are tried at once
TRIED = 8  # ways to go on
MOST_STUCK = 60  # times that a line may find no way before it is begun anew
COARSE = 4  # points of which one is asked how far it is from the others
SHARPEST = 0.55  # of a bend: its curvature times the tube's radius
STEEPEST = np.deg2rad(60)
NEAR_RADII = 3.2  # along a line: a bend cannot bring it back to itself within so many radii
GAP_UM = 0.14  # between surfaces: open also on a grid of 48 nm
HOLE_UM = 0.2  # across the smallest hole of a ring
FORMS = 8  # of rings of a length that are tried
WAVES = (2, 3, 4)  # periods around a ring
WAVE = 0.13  # height of the longest, of the ring's radius


@dataclass(frozen=True, eq=False)
class Curve:
    """A centreline and the radius of the tube around it.

    Attributes
    ----------
    points
        (N, 3) µm (z, y, x), 25 nm apart; the first is the last again where it is closed.
    radii
        (N,) µm.
    """

    points: NDArray[np.float64]
    radii: NDArray[np.float64]

    @property
    def length_um(self) -> float:
        """Length of the line."""
        return float(self.arc[-1])

    @property
    def arc(self) -> NDArray[np.float64]:
        """(N,): length from the first point to each, in µm."""
        steps = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return np.append(0.0, np.cumsum(steps))

    @property
    def is_closed(self) -> bool:
        """Whether it ends where it begins."""
        return bool((self.points[0] == self.points[-1]).all())

    def moved(self, by_um: NDArray[np.float64]) -> Curve:
        """Return it elsewhere.

        Parameters
        ----------
        by_um
            (3,) (z, y, x).
        """
        return Curve(self.points + by_um, self.radii)


@dataclass(frozen=True)
class Wander:
    """How a line wanders.

    Attributes
    ----------
    curvature
        Standard deviation of its curvature in the plane, in 1/µm.
    memory_um
        Length over which the curvature stays alike.
    tilt
        Standard deviation of its angle to the plane, in rad.
    """

    curvature: float
    memory_um: float
    tilt: float


@dataclass(frozen=True, eq=False)
class Root:
    """Where a branch begins: at a point of a curve, into a direction of the plane.

    Attributes
    ----------
    curve
        That it grows from.
    place
        Index of the point.
    heading
        Angle from x to y in rad.
    """

    curve: Curve
    place: int
    heading: float


@dataclass(frozen=True, eq=False)
class _State:
    """The end of lines that are grown side by side: (lines, ...)."""

    point: NDArray[np.float64]
    heading: NDArray[np.float64]
    noise: NDArray[np.float64]  # (2, lines, 2), of curvature and tilt

    def of(self, number: int) -> _State:
        """Return one of them, as often as lines are tried."""
        return _State(
            np.repeat(self.point[number, None], TRIED, axis=0),
            np.repeat(self.heading[number], TRIED),
            np.repeat(self.noise[:, number, None], TRIED, axis=1),
        )


def wavering(
    rng: np.random.Generator, count: int, radius_um: float, share: float, closed: bool = False
) -> NDArray[np.float64]:
    """Draw the radii along a line: log-normal, smooth over about two radii and more.

    Parameters
    ----------
    rng
        Draws.
    count
        Of the points, 25 nm apart.
    radius_um
        Their median.
    share
        Standard deviation over the median.
    closed
        Whether the line is; the first radius is the last again then.
    """
    scale = 2.5 * radius_um / STEP_UM
    mode: Literal["wrap", "reflect"] = "wrap" if closed else "reflect"
    noise: NDArray[np.float64] = ndimage.gaussian_filter1d(
        rng.normal(size=count - closed), scale, mode=mode
    )
    # The height of white noise after a Gaussian of this width.
    noise *= share * np.sqrt(2 * np.sqrt(np.pi) * scale)
    radii = radius_um * np.exp(np.clip(noise, -2 * share, 2 * share))
    return np.append(radii, radii[0]) if closed else radii


def wander(
    rng: np.random.Generator,
    radii: NDArray[np.float64],
    how: Wander,
    root: Root | None = None,
    others: Sequence[Curve] = (),
    clear: Clear | None = None,
    start_um: NDArray[np.float64] | None = None,
) -> Curve | None:
    """Grow a line as long as its radii reach that stays off itself and off others.

    Curvature and tilt are random processes along the line with a derivative (white noise through
    two equal first-order filters). Where the line would come too near to anything it is taken back
    for a piece and goes another way.

    Parameters
    ----------
    rng
        Draws.
    radii
        (N,) µm at points 25 nm apart.
    how
        It wanders.
    root
        Where it begins on another curve; else at ``start_um`` into any direction.
    others
        Curves that it keeps off beside that of the root.
    clear
        Tells for points (lines, points, 3) which of the lines may go there.
    start_um
        (3,), the origin where it is left out.

    Returns
    -------
    Curve or None
        None when there was no way.
    """
    state = _start(rng, how, root, start_um)
    sharpest = SHARPEST / float(radii.max())
    states, pieces = [state], [state.point[:1]]
    stuck = 0
    while (grown := 1 + PIECE * (len(pieces) - 1)) < len(radii):
        last = states[-1]
        points, state = _go_on(rng, last, how, sharpest)
        points = points[:, : len(radii) - grown]
        line = Curve(np.concatenate(pieces), radii[:grown])
        own = radii[grown : grown + points.shape[1]]
        free = _keeps_off(points[:, ::COARSE], own[::COARSE], line, root, others)
        if clear is not None:
            free &= clear(points[:, ::COARSE])
        if free.any():
            chosen = int(np.argmax(free))
            pieces.append(points[chosen])
            states.append(state.of(chosen))
            continue
        stuck += 1
        if stuck > MOST_STUCK:
            return None
        back = max(1, len(pieces) - 1 - stuck % 4)
        del pieces[back:], states[back:]
    return Curve(np.concatenate(pieces), radii)


def _start(
    rng: np.random.Generator, how: Wander, root: Root | None, start_um: NDArray[np.float64] | None
) -> _State:
    """Return the first point of lines that have wandered for long."""
    point = np.zeros(3) if start_um is None else np.asarray(start_um, dtype=float)
    heading = float(rng.uniform(0, 2 * np.pi))
    if root is not None:
        point, heading = root.curve.points[root.place], root.heading
    before = rng.normal(size=(2, 1, int(10 * how.memory_um / STEP_UM)))
    noise = np.stack([_smooth(part, how, np.zeros((1, 2)))[1] for part in before])
    return _State(point[None], np.array([heading]), noise).of(0)


def _smooth(
    white: NDArray[np.float64], how: Wander, before: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make white noise (lines, N) smooth, of variance 1, going on from a state (lines, 2).

    To the last digit as SciPy's linear filter, in less time for pieces as short as these; and
    importing that takes longer than all the rest of the shapes.
    """
    kept = float(np.exp(-2 * STEP_UM / how.memory_um))  # a factor of two filters after each other
    height = float(np.sqrt((1 - kept**2) ** 3 / (1 + kept**2)))
    once, twice = 2 * kept, -(kept**2)
    lines, after = [], []
    for line, (first, second) in zip(white.tolist(), before.tolist(), strict=True):
        smooth = []
        for value in line:
            found = height * value + first
            first, second = once * found + second, twice * found
            smooth.append(found)
        lines.append(smooth)
        after.append((first, second))
    return np.array(lines), np.array(after)


def _go_on(
    rng: np.random.Generator, last: _State, how: Wander, sharpest: float
) -> tuple[NDArray[np.float64], _State]:
    """Return the points (lines, PIECE, 3) of lines that go on in different ways."""
    white = rng.normal(size=(2, TRIED, PIECE))
    curvature, curvature_state = _smooth(white[0], how, last.noise[0])
    tilt, tilt_state = _smooth(white[1], how, last.noise[1])
    curvature = sharpest * np.tanh(how.curvature * curvature / sharpest)
    tilt = np.clip(how.tilt * tilt, -STEEPEST, STEEPEST)
    after = last.heading[:, None] + np.cumsum(curvature, axis=1) * STEP_UM
    heading = after - 0.5 * STEP_UM * curvature
    steps = np.stack(
        [np.sin(tilt), np.cos(tilt) * np.sin(heading), np.cos(tilt) * np.cos(heading)], axis=2
    )
    points = last.point[:, None] + STEP_UM * np.cumsum(steps, axis=1)
    noise = np.stack([curvature_state, tilt_state])
    return points, _State(points[:, -1], after[:, -1], noise)


def _keeps_off(
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    line: Curve,
    root: Root | None,
    others: Sequence[Curve],
) -> NDArray[np.bool_]:
    """Tell which pieces (lines, points, 3) come too near neither to their line nor to others."""
    count = len(line.points)
    arc = (count + COARSE * np.arange(points.shape[1])) * STEP_UM
    behind = arc[:, None] - np.arange(0, count, COARSE) * STEP_UM
    near = NEAR_RADII * max(radii.max(), line.radii.max()) + GAP_UM
    free = _apart(points, radii, line, behind > near)
    for other in others:
        free &= _apart(points, radii, other)
    if root is not None:
        places = np.arange(0, len(root.curve.points), COARSE)
        back = np.abs(places - root.place)
        if root.curve.is_closed:
            back = np.minimum(back, len(root.curve.points) - back)
        around = arc[:, None] + back * STEP_UM
        widest = radii.max() + root.curve.radii.max() + GAP_UM
        free &= _apart(points, radii, root.curve, around > 2 * widest)
    return free


def _apart(
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    other: Curve,
    asked: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Tell which pieces (lines, points, 3) keep off a curve, at the pairs that are asked for."""
    there = other.points[::COARSE]
    least = radii[:, None] + other.radii[::COARSE] + GAP_UM
    # |a - b|² as products of matrices: a tenth of the time.
    squared = (points**2).sum(axis=2)[:, :, None] + (there**2).sum(axis=1)
    squared -= 2 * points @ there.T
    close = squared < least**2
    if asked is not None:
        close &= asked
    free: NDArray[np.bool_] = ~close.any(axis=(1, 2))
    return free


def ring(
    rng: np.random.Generator, length_um: float, radius_um: float, varying: float, tilt: float
) -> Curve:
    """Draw a closed, uneven ring that is almost flat; a longer one where it would have no hole.

    Parameters
    ----------
    rng
        Draws.
    length_um, radius_um
        Of the centreline, and of the tube around it.
    varying
        Standard deviation of the radius along it, over the radius.
    tilt
        Standard deviation of its angle to the plane, in rad.
    """
    while True:
        count = int(np.ceil(length_um / STEP_UM)) + 1
        for _ in range(FORMS):
            points = _closed_line(rng, length_um, tilt, count)
            found = Curve(points, wavering(rng, count, radius_um, varying, closed=True))
            if _has_a_hole(found):
                return found
        length_um *= 1.05


def _closed_line(
    rng: np.random.Generator, length_um: float, tilt: float, count: int
) -> NDArray[np.float64]:
    """Draw evenly spaced points on a closed line of this length."""
    angle = np.linspace(0, 2 * np.pi, 2000)
    distance, height = np.ones_like(angle), np.zeros_like(angle)
    for wave in WAVES:
        size, rise = rng.normal(0, (WAVE / (wave - 1), tilt / wave))
        phases = rng.uniform(0, 2 * np.pi, 2)
        distance += size * np.cos(wave * angle + phases[0])
        height += rise * np.cos(wave * angle + phases[1])
    dense = np.stack([height, distance * np.sin(angle), distance * np.cos(angle)], axis=1)
    arc = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1)))
    places = np.linspace(0, arc[-1], count)
    even = np.stack([np.interp(places, arc, column) for column in dense.T], axis=1)
    even[-1] = even[0]
    scaled: NDArray[np.float64] = even * (length_um / arc[-1])
    return scaled


def _has_a_hole(closed: Curve) -> bool:
    """Tell whether a ring's sides keep off each other and none of its bends is too sharp."""
    points, radii, arc = (part[:-1:COARSE] for part in (closed.points, closed.radii, closed.arc))
    between = np.abs(arc[:, None] - arc)
    between = np.minimum(between, closed.length_um - between)
    widest = float(radii.max())
    # Half of the smallest ring with a hole: circles of any size keep the distance from there on.
    far = between > 0.97 * np.pi * (widest + HOLE_UM / 2)
    if not far.any():
        return False
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    clear = distance[far] - (radii[:, None] + radii)[far]
    # Over two steps: what turns by an angle of a there has a curvature of a over the arc.
    sides = np.diff(np.concatenate([points, points[:1]]), axis=0)
    sides /= np.linalg.norm(sides, axis=1)[:, None]
    turns = np.arccos(np.clip((sides * np.roll(sides, 1, axis=0)).sum(axis=1), -1, 1))
    sharpest = float(turns.max()) / (COARSE * STEP_UM)
    return bool(clear.min() > HOLE_UM) and sharpest * widest < 2 * SHARPEST * 0.8
