"""A procedural label volume of mitochondria of all six classes, with known truth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.volumes.labels import VoxelNm, check_voxel_nm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Curve = tuple["NDArray[np.float64]", "NDArray[np.float64]"]  # points (k, 3) in µm, radii (k,)

SIZE_UM = (3.36, 9.0, 9.0)
LARGEST_HEIGHT_UM = 2.2  # of a centreline that is placed anyhow: leaves room to shift it
FINEST_NM = 24.0
GAP_UM = 0.14  # between objects and to the border: open also on a grid of 48 nm
PAIR_CELL_UM = (3.4, 3.4, 3.4)  # room for a pair of rods at any angle
TRIALS = 5000
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
    """

    id: int
    shape_class: ShapeClass
    length_um: float
    branches: int
    loops: int
    volume_um3: float


@dataclass(frozen=True, eq=False)
class Phantom:
    """A label volume (Z, Y, X) uint16 with instances 1..n, and the truth about each."""

    labels: NDArray[np.uint16]
    voxel_nm: VoxelNm
    truth: list[PhantomTruth]


@dataclass(frozen=True)
class _Plan:
    """An object before it has a place."""

    shape_class: ShapeClass
    curves: list[Curve]
    branches: int
    loops: int

    @property
    def length_um(self) -> float:
        return sum(float(_lengths(points).sum()) for points, _ in self.curves)


def make_phantom(seed: int = 0, voxel_nm: Sequence[float] = (24.0, 24.0, 24.0)) -> Phantom:
    """Draw 38 mitochondria that do not touch: a volume of 3.4 x 9 x 9 µm.

    12 dots, 12 rods, 6 donuts (one with a tail), 5 networks, 2 mega-mitochondria (over 10 µm and
    1 µm³) and a nano-tunnel (over 30 µm), with bent centrelines and radii from 110 nm that vary
    along them.

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
    plans = _plans(rng)
    for number, plan in enumerate(plans, start=1):
        _place(labels, number, plan, voxel_um, rng)
    return Phantom(labels, voxel, _truth(labels, plans, voxel_um))


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
            plans.append(_Plan(ShapeClass.ROD, [(curve[0] + middle, curve[1])], 0, 0))
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
        rods.append((turn.apply(middle + along[:, None] * way), np.full(POINTS, radius)))
    return rods[0], rods[1]


def _truth(
    labels: NDArray[np.uint16], plans: list[_Plan], voxel_um: NDArray[np.float64]
) -> list[PhantomTruth]:
    counts = np.bincount(labels.ravel(), minlength=len(plans) + 1)
    volumes = (counts * np.prod(voxel_um)).tolist()
    return [
        PhantomTruth(n, plan.shape_class, plan.length_um, plan.branches, plan.loops, volumes[n])
        for n, plan in enumerate(plans, start=1)
    ]


def _plans(rng: np.random.Generator) -> list[_Plan]:
    """Draw the objects, the large ones first because they are the hardest to place."""
    serpents = [
        _Plan(ShapeClass.NANOTUNNEL, [_serpentine(rng, 11, 2.5, 0.56, 0.12)], 0, 0),
        _Plan(ShapeClass.MEGA, [_serpentine(rng, 4, 2.2, 0.95, 0.27)], 0, 0),
        _Plan(ShapeClass.MEGA, [_serpentine(rng, 5, 1.6, 0.9, 0.25)], 0, 0),
    ]
    networks = [_Plan(ShapeClass.NETWORK, _turned(_fork(rng), rng), 3, 0) for _ in range(3)]
    networks += [_Plan(ShapeClass.NETWORK, _turned(_double_fork(rng), rng), 5, 0) for _ in range(2)]
    donuts = [_Plan(ShapeClass.DONUT, _turned([_ring(rng)], rng), 0, 1) for _ in range(5)]
    donuts.append(_Plan(ShapeClass.DONUT, _turned(_ring_with_tail(rng), rng), 2, 1))
    rods = [
        _Plan(ShapeClass.ROD, _turned([_bent(rng, length, rng.uniform(0.12, 0.2))], rng), 0, 0)
        for length in rng.uniform(1.6, 4.5, 12)
    ]
    dots = [
        _Plan(ShapeClass.DOT, _turned([_bent(rng, length, rng.uniform(0.17, 0.28))], rng), 0, 0)
        for length in rng.uniform(0.05, 0.4, 12)
    ]
    return [*serpents, *networks, *donuts, *rods, *dots]


def _bent(rng: np.random.Generator, length: float, radius: float) -> Curve:
    """Draw a gently bent line from the origin along x."""
    along = np.linspace(0, 1, POINTS)
    bend, wave = rng.uniform(0.05, 0.22) * length, rng.uniform(0.0, 0.05) * length
    phase = rng.uniform(0, 2 * np.pi)
    y = bend * np.sin(np.pi * along)
    z = wave * (np.sin(2 * np.pi * along + phase) - np.sin(phase))
    return np.stack([z, y, along * length], axis=1), _varying(rng, along, radius)


def _varying(
    rng: np.random.Generator, along: NDArray[np.float64], radius: float
) -> NDArray[np.float64]:
    phase, periods = rng.uniform(0, 2 * np.pi), rng.integers(1, 3)
    return radius * (1 + 0.08 * np.sin(2 * np.pi * periods * along + phase))


def _ring(rng: np.random.Generator) -> Curve:
    """Draw a closed, uneven, slightly warped ring."""
    along = np.linspace(0, 1, POINTS)
    angle = 2 * np.pi * along
    y = rng.uniform(0.36, 0.55) * np.sin(angle)
    x = rng.uniform(0.36, 0.55) * np.cos(angle)
    z = rng.uniform(0.0, 0.08) * np.sin(2 * angle)
    return np.stack([z, y, x], axis=1), _varying(rng, along, rng.uniform(0.12, 0.16))


def _ring_with_tail(rng: np.random.Generator) -> list[Curve]:
    points, radii = _ring(rng)
    tail, tail_radii = _bent(rng, rng.uniform(0.9, 1.3), 0.13)
    return [(points, radii), (tail + points[0], tail_radii)]


def _fork(rng: np.random.Generator) -> list[Curve]:
    """Draw three arms from one point, about 120 degrees apart."""
    radius = rng.uniform(0.12, 0.17)
    arms = []
    for angle in np.array([0.0, 120.0, 240.0]) + rng.uniform(-12, 12, 3):
        points, radii = _bent(rng, rng.uniform(0.9, 1.4), radius)
        turn = Rotation.from_rotvec([np.deg2rad(angle), 0, 0])  # about z, the first column
        arms.append((turn.apply(points), radii))
    return arms


def _double_fork(rng: np.random.Generator) -> list[Curve]:
    """Draw a bar with two arms at either end."""
    radius = rng.uniform(0.12, 0.16)
    bar, bar_radii = _bent(rng, rng.uniform(0.9, 1.2), radius)
    curves = [(bar, bar_radii)]
    for root, outward in ((bar[0], 180.0), (bar[-1], 0.0)):
        for side in (-58.0, 58.0):
            arm, arm_radii = _bent(rng, rng.uniform(0.8, 1.2), radius)
            turn = Rotation.from_rotvec([np.deg2rad(outward + side + rng.uniform(-8, 8)), 0, 0])
            curves.append((turn.apply(arm) + root, arm_radii))
    return curves


def _serpentine(
    rng: np.random.Generator, runs: int, run_um: float, pitch_um: float, radius: float
) -> Curve:
    """Draw parallel runs joined by half circles, in the (y, x) plane, with a slow wave in z."""
    corners: list[NDArray[np.float64]] = []
    half_turn = np.linspace(-np.pi / 2, np.pi / 2, 40)
    for run in range(runs):
        direction = 1 if run % 2 == 0 else -1
        x = direction * np.linspace(-run_um / 2, run_um / 2, 60)
        corners.append(np.stack([np.full_like(x, run * pitch_um), x], axis=1))
        if run < runs - 1:
            y = (run + 0.5 + 0.5 * np.sin(half_turn)) * pitch_um
            x = direction * (run_um / 2 + 0.5 * pitch_um * np.cos(half_turn))
            corners.append(np.stack([y, x], axis=1))
    plane = np.concatenate(corners)
    phase = rng.uniform(0, 2 * np.pi)
    z = 0.15 * np.sin(1.1 * plane[:, 1] + phase) * np.cos(0.9 * plane[:, 0])
    along = np.linspace(0, 1, len(plane))
    return np.column_stack([z, plane]), _varying(rng, 7 * along, radius)


def _turned(curves: list[Curve], rng: np.random.Generator) -> list[Curve]:
    """Turn an object at random, again until it is flat enough for the volume."""
    while True:
        turn = Rotation.random(rng=rng)
        turned = [(turn.apply(points), radii) for points, radii in curves]
        if np.ptp(np.concatenate([points for points, _ in turned])[:, 0]) < LARGEST_HEIGHT_UM:
            return turned


def _place(
    labels: NDArray[np.uint16],
    number: int,
    plan: _Plan,
    voxel_um: NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Paint an object at a random free place, at least the gap away from all others."""
    _, solid = _paint(plan.curves, voxel_um, 0.0)
    _, surrounded = _paint(plan.curves, voxel_um, GAP_UM)
    room = np.array(labels.shape) - solid.shape
    if (room < 0).any():
        raise RuntimeError(f"phantom object {number} does not fit into the volume")
    for _ in range(TRIALS):
        corner = rng.integers(0, room + 1)
        place = tuple(slice(c, c + n) for c, n in zip(corner, solid.shape, strict=True))
        if not labels[place][surrounded].any():
            labels[place][solid] = number
            return
    raise RuntimeError(f"phantom object {number} finds no free place")


def _paint(
    curves: list[Curve], voxel_um: NDArray[np.float64], extra_um: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Draw balls along the centrelines, ``extra_um`` larger, into a box that fits the gap too.

    Returns the index of the box's first voxel as well, on the grid whose voxel 0 is at 0.
    """
    everything = np.concatenate([points for points, _ in curves])
    reach = max(float(radii.max()) for _, radii in curves) + GAP_UM
    low = np.floor((everything.min(axis=0) - reach) / voxel_um)
    high = np.ceil((everything.max(axis=0) + reach) / voxel_um)
    box = np.zeros((high - low + 1).astype(int), dtype=bool)
    for points, radii in curves:
        for centre, radius in _beads(points, radii, float(voxel_um.min()) / 2):
            middle, size = centre / voxel_um - low, (radius + extra_um) / voxel_um
            first, last = np.ceil(middle - size).astype(int), np.floor(middle + size).astype(int)
            z, y, x = (
                ((np.arange(a, b + 1) - m) / s) ** 2
                for a, b, m, s in zip(first, last, middle, size, strict=True)
            )
            part = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
            box[part] |= z[:, None, None] + y[:, None] + x <= 1
    return low.astype(np.int64), box


def _beads(
    points: NDArray[np.float64], radii: NDArray[np.float64], spacing: float
) -> list[tuple[NDArray[np.float64], float]]:
    """Resample a centreline to evenly spaced points with their radii."""
    along = np.append(0.0, np.cumsum(_lengths(points)))
    positions = np.linspace(0, along[-1], int(along[-1] / spacing) + 2)
    resampled = np.stack([np.interp(positions, along, column) for column in points.T], axis=1)
    return list(zip(resampled, np.interp(positions, along, radii).tolist(), strict=True))


def _lengths(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([float(np.linalg.norm(b - a)) for a, b in pairwise(points)])
