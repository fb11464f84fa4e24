"""A procedural label volume of mitochondria of all six classes, with known truth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.shapes.tubes import (
    Tube,
    TubeSettings,
    draw_line,
    draw_network,
    draw_ring,
)
from napari_3dmsl.shapes.wandering import Curve
from napari_3dmsl.volumes.labels import VoxelNm, check_voxel_nm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

SIZE_UM = (3.36, 9.0, 9.0)
ROOM_UM = (0.7, 3.7, 3.7)  # of the largest centrelines: leaves room to shift them
TILT_DEG = 12.0  # of whole objects, as a standard deviation
FINEST_NM = 24.0
GAP_UM = 0.14  # between objects and to the border: open also on a grid of 48 nm
PAIR_CELL_UM = (3.4, 3.4, 3.4)  # room for a pair of rods at any angle
TRIALS = 300  # places of an object
DRAWN = 100  # objects until one finds a place
POINTS = 400


@dataclass(frozen=True)
class PhantomTruth:
    """What an object of the phantom is.

    Attributes
    ----------
    id
        Its label.
    shape_class, branches
        As they were drawn.
    length_um
        Length of the drawn centrelines.
    loops
        Handles of the body (its genus).
    volume_um3
        Volume of its voxels.
    centrelines_um
        The drawn lines, each (N, 3) µm (z, y, x) where the object lies; that of a ring is closed.
    """

    id: int
    shape_class: ShapeClass
    length_um: float
    branches: int
    loops: int
    volume_um3: float
    centrelines_um: tuple[NDArray[np.float64], ...] = field(compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class Phantom:
    """A label volume (Z, Y, X) uint16 with instances 1..n, and the truth about each.

    ``is_usual`` tells whether `make_phantom` draws it when it is told nothing.
    """

    labels: NDArray[np.uint16]
    voxel_nm: VoxelNm
    truth: list[PhantomTruth]
    is_usual: bool = False


@dataclass(frozen=True)
class _Plan:
    """An object before it has a place."""

    shape_class: ShapeClass
    curves: list[Curve]
    branches: int
    loops: int

    @property
    def length_um(self) -> float:
        return sum(curve.length_um for curve in self.curves)

    def moved(self, by_um: NDArray[np.float64]) -> _Plan:
        return replace(self, curves=[curve.moved(by_um) for curve in self.curves])


def make_phantom(seed: int = 0, voxel_nm: Sequence[float] = (24.0, 24.0, 24.0)) -> Phantom:
    """Draw 38 mitochondria that do not touch: a volume of 3.4 x 9 x 9 µm.

    12 dots, 12 rods, 6 donuts (one with a tail), 5 networks, 2 mega-mitochondria (over 10 µm and
    1 µm³) and a nano-tunnel (over 30 µm), wavy as in a living cell and nearly flat, with radii from
    110 nm that vary along them.

    Parameters
    ----------
    seed
        The same seed and voxel size give the same volume.
    voxel_nm
        Voxel size (z, y, x) in nm, 24 or more (the volume has 19 million voxels of 24 nm).

    Raises
    ------
    ValueError
        When the voxels are finer than 24 nm.
    """
    voxel = check_voxel_nm(voxel_nm)
    if min(voxel) < FINEST_NM:
        raise ValueError(f"voxel_nm = {voxel}: the phantom has voxels of {FINEST_NM:g} nm or more")
    voxel_um = np.array(voxel) / 1000
    rng = np.random.default_rng(seed)
    labels = np.zeros(np.round(np.array(SIZE_UM) / voxel_um).astype(int), dtype=np.uint16)
    plans = [
        _place(labels, number, draw, voxel_um, rng) for number, draw in enumerate(_draws(rng), 1)
    ]
    usual = seed == 0 and set(voxel) == {FINEST_NM}
    return Phantom(labels, voxel, _truth(labels, plans, voxel_um), usual)


def make_neighbours(
    gap_nm: float,
    seed: int = 0,
    voxel_nm: Sequence[float] = (24.0, 24.0, 24.0),
    pairs: int = 4,
) -> Phantom:
    """Draw pairs of rods that cross at a chosen gap, to see which of them can be told apart.

    Two straight rods of 1.2 to 2 µm and 100 to 250 nm radius pass each other at a random angle;
    where they are nearest their surfaces are ``gap_nm`` apart. Labels 1 and 2 are the first pair,
    3 and 4 the second. The pairs lie apart along x.

    Parameters
    ----------
    gap_nm
        0: the surfaces touch. Below 0: they overlap by so much, and the lower label has the voxels.
    seed
        The same seed, voxel size and gap give the same volume.
    voxel_nm
        Voxel size (z, y, x) in nm.
    pairs
        Number of pairs.

    Raises
    ------
    ValueError
        When the gap is not between -100 and 500 nm, or there is no pair.
    """
    voxel = check_voxel_nm(voxel_nm)
    if not -100 <= gap_nm <= 500:
        raise ValueError(f"gap_nm = {gap_nm}: expected -100 to 500 nm")
    if pairs < 1:
        raise ValueError(f"pairs = {pairs}: expected 1 or more")
    voxel_um, cell = np.array(voxel) / 1000, np.array(PAIR_CELL_UM)
    rng = np.random.default_rng(seed)
    size = np.ceil(cell * (1, 1, pairs) / voxel_um).astype(int)
    labels = np.zeros(size, dtype=np.uint16)
    plans = []
    for pair in range(pairs):
        middle = cell * (0.5, 0.5, pair + 0.5) + rng.uniform(-0.5, 0.5, 3) * voxel_um
        for curve in _crossing(rng, gap_nm / 1000):
            plans.append(_Plan(ShapeClass.ROD, [curve.moved(middle)], 0, 0))
            low, solid = _paint(plans[-1].curves, voxel_um, 0.0)
            place = tuple(slice(a, a + n) for a, n in zip(low, solid.shape, strict=True))
            labels[place][solid & (labels[place] == 0)] = len(plans)
    return Phantom(labels, voxel, _truth(labels, plans, voxel_um))


def _crossing(rng: np.random.Generator, gap: float) -> tuple[Curve, Curve]:
    """Draw two straight rods around the origin whose surfaces are this far apart."""
    turn = Rotation.random(rng=rng)
    radii = rng.uniform(0.1, 0.25, 2)
    angle = rng.uniform(0, np.pi / 2)
    middles = np.array([(-0.5, 0, 0), (0.5, 0, 0)]) * (radii.sum() + gap)
    ways = np.array([(0, 0, 1), (0, np.sin(angle), np.cos(angle))])
    rods = []
    for middle, way, radius in zip(middles, ways, radii, strict=True):
        along = np.linspace(-0.5, 0.5, POINTS) * rng.uniform(1.2, 2.0)
        line = turn.apply(middle + along[:, None] * way)
        rods.append(Curve(line, np.full(POINTS, radius)))
    return rods[0], rods[1]


def _truth(
    labels: NDArray[np.uint16], plans: list[_Plan], voxel_um: NDArray[np.float64]
) -> list[PhantomTruth]:
    counts = np.bincount(labels.ravel(), minlength=len(plans) + 1)
    volumes = (counts * np.prod(voxel_um)).tolist()
    return [
        PhantomTruth(
            number,
            plan.shape_class,
            plan.length_um,
            plan.branches,
            plan.loops,
            volumes[number],
            tuple(curve.points for curve in plan.curves),
        )
        for number, plan in enumerate(plans, start=1)
    ]


def _draws(rng: np.random.Generator) -> list[Callable[[], _Plan]]:
    """Return how each object is drawn, the large ones first: they are the hardest to place."""
    long, mega, thin, thick = (
        TubeSettings(bend_radius_um=bends, bend_length_um=lasting, radius_variation=varying)
        for bends, lasting, varying in (
            (1.2, 1.0, 0.03),
            (1.0, 1.2, 0.1),
            (1.0, 1.0, 0.08),
            (1.0, 1.0, 0.1),
        )
    )

    def tunnel() -> Tube | None:
        return draw_line(long, rng, rng.uniform(31, 32), 0.125, _in_the_room)

    def giant() -> Tube | None:
        return draw_line(mega, rng, rng.uniform(10.8, 12.5), rng.uniform(0.24, 0.28), _in_the_room)

    def branched(count: int) -> Callable[[], Tube | None]:
        return lambda: draw_network(
            thin, rng, rng.uniform(2.2, 3.2) * (1 + count), rng.uniform(0.13, 0.17), count
        )

    def donut(tail_um: float) -> Callable[[], Tube | None]:
        return lambda: draw_ring(thin, rng, rng.uniform(2.4, 3.6), rng.uniform(0.13, 0.17), tail_um)

    def rod() -> Tube | None:
        return draw_line(thick, rng, rng.uniform(1.6, 4.8), rng.uniform(0.14, 0.22))

    def dot() -> Tube | None:
        return draw_line(thick, rng, rng.uniform(0.05, 0.4), rng.uniform(0.17, 0.28))

    ways: list[tuple[int, ShapeClass, Callable[[], Tube | None]]] = [
        (1, ShapeClass.NANOTUNNEL, tunnel),
        (2, ShapeClass.MEGA, giant),
        (2, ShapeClass.NETWORK, branched(2)),
        (3, ShapeClass.NETWORK, branched(1)),
        (1, ShapeClass.DONUT, donut(1.2)),
        (5, ShapeClass.DONUT, donut(0.0)),
        (12, ShapeClass.ROD, rod),
        (12, ShapeClass.DOT, dot),
    ]
    return [partial(_plan, kind, way, rng) for count, kind, way in ways for _ in range(count)]


def _plan(
    shape_class: ShapeClass, way: Callable[[], Tube | None], rng: np.random.Generator
) -> _Plan:
    """Draw an object until it is what it should be, and turn it a little."""
    tube = None
    while tube is None or not tube.is_sound:
        tube = way()
    large = shape_class in (ShapeClass.NANOTUNNEL, ShapeClass.MEGA)
    tilt = np.deg2rad(0.0 if large else TILT_DEG) * rng.normal(size=2)
    about_z = 0.0 if large else float(rng.uniform(0, 2 * np.pi))  # z is the first column
    turn = Rotation.from_rotvec([0, *tilt]) * Rotation.from_rotvec([about_z, 0, 0])
    curves = [Curve(turn.apply(curve.points), curve.radii) for curve in tube.curves]
    return _Plan(shape_class, curves, tube.branches, tube.loops)


def _in_the_room(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which lines (lines, points, 3) stay where the largest objects fit into the volume."""
    return np.asarray((np.abs(points) < ROOM_UM).all(axis=(1, 2)))


def _place(
    labels: NDArray[np.uint16],
    number: int,
    draw: Callable[[], _Plan],
    voxel_um: NDArray[np.float64],
    rng: np.random.Generator,
) -> _Plan:
    """Paint an object at a random free place, at least the gap away from all others.

    One that finds no place is drawn anew.
    """
    for _ in range(DRAWN):
        plan = draw()
        low, solid = _paint(plan.curves, voxel_um, 0.0)
        _, surrounded = _paint(plan.curves, voxel_um, GAP_UM)
        room = np.array(labels.shape) - solid.shape
        if (room < 0).any():
            continue
        for _ in range(TRIALS):
            corner = rng.integers(0, room + 1)
            place = tuple(slice(c, c + n) for c, n in zip(corner, solid.shape, strict=True))
            if not labels[place][surrounded].any():
                labels[place][solid] = number
                return plan.moved((corner - low) * voxel_um)
    raise RuntimeError(f"phantom object {number} finds no free place")


def _paint(
    curves: list[Curve], voxel_um: NDArray[np.float64], extra_um: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Draw balls along the centrelines, ``extra_um`` larger, into a box that fits the gap too.

    Returns the index of the box's first voxel as well, on the grid whose voxel 0 is at 0.
    """
    everything = np.concatenate([curve.points for curve in curves])
    reach = max(float(curve.radii.max()) for curve in curves) + GAP_UM
    low = np.floor((everything.min(axis=0) - reach) / voxel_um)
    high = np.ceil((everything.max(axis=0) + reach) / voxel_um)
    box = np.zeros((high - low + 1).astype(int), dtype=bool)
    for curve in curves:
        for centre, radius in _beads(curve, float(voxel_um.min()) / 2):
            middle, size = centre / voxel_um - low, (radius + extra_um) / voxel_um
            first, last = np.ceil(middle - size).astype(int), np.floor(middle + size).astype(int)
            z, y, x = (
                ((np.arange(a, b + 1) - m) / s) ** 2
                for a, b, m, s in zip(first, last, middle, size, strict=True)
            )
            part = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
            box[part] |= z[:, None, None] + y[:, None] + x <= 1
    return low.astype(np.int64), box


def _beads(curve: Curve, spacing: float) -> list[tuple[NDArray[np.float64], float]]:
    """Resample a centreline to evenly spaced points with their radii."""
    along = curve.arc
    positions = np.linspace(0, along[-1], int(along[-1] / spacing) + 2)
    resampled = np.stack([np.interp(positions, along, column) for column in curve.points.T], axis=1)
    return list(zip(resampled, np.interp(positions, along, curve.radii).tolist(), strict=True))
