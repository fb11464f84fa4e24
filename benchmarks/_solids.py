"""Random mitochondria with known centrelines, written apart from the package's own phantom.

An object is a set of curves with a radius; a voxel belongs to it when its signed distance to the
nearest of these tubes is at most 0. All lengths in µm, axes (z, y, x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

STEP = 0.01
GAP = 0.12  # between parts of one object that do not touch: open on every grid used here
CLASSES = ("dot", "rod", "network", "donut", "mega", "nano-tunnel")


@dataclass(frozen=True, eq=False)
class Solid:
    """Curves (k, 3), one radius each, and the truth about the tube around them."""

    name: str
    curves: list[Points]
    radii: list[float]
    branches: int = 0
    loops: int = 0

    @property
    def length(self) -> float:
        return sum(length_of(curve) for curve in self.curves)

    @property
    def volume(self) -> float:
        """Of the tubes and two caps; overlaps at junctions count twice, a few per cent."""
        parts = zip(self.curves, self.radii, strict=True)
        caps = 0.0 if self.loops else 4 / 3 * np.pi * self.radii[0] ** 3
        return float(sum(np.pi * r**2 * length_of(c) for c, r in parts) + caps)


def length_of(points: Points) -> float:
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def distance_field(solid: Solid, voxel_um: Points, rng: Generator, margin: float) -> Points:
    """Signed distance in µm near the solid, turned at random and off the grid; far away 1."""
    turn = Rotation.random(rng=rng)
    curves = [turn.apply(curve) for curve in solid.curves]
    reach = max(solid.radii) + margin
    low = np.min([curve.min(axis=0) for curve in curves], axis=0) - reach
    high = np.max([curve.max(axis=0) for curve in curves], axis=0) + reach
    low -= rng.uniform(0, 1, 3) * voxel_um
    field = np.ones(np.ceil((high - low) / voxel_um).astype(int) + 1)
    for curve, radius in zip(curves, solid.radii, strict=True):
        _sweep(field, resample(curve, voxel_um.min() / 4) - low, radius, voxel_um, margin)
    return field


def _sweep(field: Points, beads: Points, radius: float, voxel: Points, margin: float) -> None:
    first = np.maximum(np.ceil((beads - radius - margin) / voxel), 0).astype(int)
    last = np.floor((beads + radius + margin) / voxel).astype(int) + 1
    for bead, a, b in zip(beads, first, last, strict=True):
        part = tuple(slice(p, q) for p, q in zip(a, b, strict=True))
        z, y, x = (
            (np.arange(p, q) * v - m) ** 2 for p, q, v, m in zip(a, b, voxel, bead, strict=True)
        )
        distance = np.sqrt(z[:, None, None] + y[:, None] + x) - radius
        np.minimum(field[part], distance, out=field[part])


def resample(points: Points, step: float) -> Points:
    along = np.append(0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1)))
    at = np.linspace(0, along[-1], int(along[-1] / step) + 2)
    return np.stack([np.interp(at, along, column) for column in points.T], axis=1)


def roughen(field: Points, voxel_um: Points, sd_voxels: float, rng: Generator) -> Points:
    """Move the surface by noise of a standard deviation in voxels, correlated over 1.5 voxels."""
    noise = ndimage.gaussian_filter(rng.normal(size=field.shape), 1.5)
    noise *= sd_voxels * voxel_um.min() / noise.std()
    return np.asarray(field + noise)


def wiggle(rng: Generator, length: float, radius: float) -> Points:
    """Draw a random smooth curve that bends gently and does not come near itself."""
    sharpest = 1 / max(0.5, 3 * radius)
    while True:
        count = max(int(length / STEP), 2)
        bend = ndimage.gaussian_filter1d(rng.normal(size=(count, 3)), 30, axis=0, mode="nearest")
        bend *= rng.uniform(0.3, 1) * sharpest / max(np.linalg.norm(bend, axis=1).max(), 1e-9)
        heading = np.array([0.0, 0.0, 1.0])
        headings = []
        for turn in bend:
            heading = heading + STEP * np.cross(turn, heading)
            heading /= np.linalg.norm(heading)
            headings.append(heading)
        points = np.concatenate([np.zeros((1, 3)), np.cumsum(headings, axis=0) * length / count])
        if keeps_off_itself([points], [radius]):
            return points


def helix(rng: Generator, length: float, radius: float) -> Points:
    ring = 3 * radius + rng.uniform(0.3, 0.6)
    pitch = 2 * radius + rng.uniform(1.5, 2.5) * GAP
    t = np.linspace(0, length / np.hypot(2 * np.pi * ring, pitch), int(length / STEP))
    wave = 1 + 0.05 * np.sin(2 * np.pi * t * 0.37 + rng.uniform(0, 6))
    points = np.stack([t * pitch, ring * np.sin(2 * np.pi * t), ring * np.cos(2 * np.pi * t)], 1)
    return points * np.stack([np.ones_like(t), wave, wave], 1)


def keeps_off_itself(curves: list[Points], radii: list[float]) -> bool:
    """Whether parts of a curve that are far apart along it stay apart."""
    for curve, radius in zip(curves, radii, strict=True):
        pairs = KDTree(curve).query_pairs(2 * radius + GAP, output_type="ndarray")
        along = np.append(0, np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1)))
        if len(pairs) and np.ptp(along[pairs], axis=1).max() > 4 * radius + 2 * GAP:
            return False
    return True


def ring(rng: Generator, radius: float, hole: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 400)
    a, b = radius + hole * rng.uniform(1, 2, 2)
    warp = rng.uniform(0, 0.3) * radius
    return np.stack([warp * np.sin(2 * angle), a * np.sin(angle), b * np.cos(angle)], axis=1)


def directions(rng: Generator, count: int, apart_deg: float) -> Points:
    while True:
        found = rng.normal(size=(count, 3))
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        cosines = (found @ found.T)[~np.eye(count, dtype=bool)]
        if cosines.max() < np.cos(np.deg2rad(apart_deg)):
            return np.asarray(found)


def straight(start: Points, direction: Points, length: float) -> Points:
    return start + np.linspace(0, length, int(length / STEP) + 2)[:, None] * direction


def star(rng: Generator, radius: float, arm: Callable[[], float]) -> list[Points]:
    arms = 3 if rng.random() < 0.7 else 4
    return [straight(np.zeros(3), way, arm()) for way in directions(rng, arms, 75)]


def ladder(rng: Generator, radius: float, arm: Callable[[], float]) -> list[Points]:
    """Draw a bar with two arms at either end (an H or a double Y)."""
    x = np.array([0.0, 0.0, 1.0])
    bar = straight(np.zeros(3), x, arm())
    curves = [bar]
    for end, out in ((bar[0], -x), (bar[-1], x)):
        around = rng.uniform(0, 2 * np.pi)
        side = np.array([np.cos(around), np.sin(around), 0.0])
        for way in (side, -side):
            mixed = way + rng.uniform(0.0, 0.8) * out
            curves.append(straight(end, mixed / np.linalg.norm(mixed), arm()))
    return curves


def random_solid(name: str, rng: Generator) -> Solid:
    """One object of a class, at least 10 % away from every threshold of the paper."""
    return globals()[f"_{name.replace('-', '')}"](rng)  # type: ignore[no-any-return]


def _dot(rng: Generator) -> Solid:
    radius = rng.uniform(0.06, 0.4)
    length = rng.uniform(0.0, 0.9) if rng.random() < 0.7 else 0.0
    return Solid("dot", [wiggle(rng, length, radius) if length else np.zeros((2, 3))], [radius])


def _rod(rng: Generator) -> Solid:
    radius = rng.uniform(0.06, 0.4)
    length = float(np.exp(rng.uniform(np.log(1.1), np.log(8.5))))
    return Solid("rod", [wiggle(rng, length, radius)], [radius])


def _network(rng: Generator) -> Solid:
    radius = rng.uniform(0.06, 0.25)
    shape = star if rng.random() < 0.6 else ladder
    curves = shape(rng, radius, lambda: 4 * radius + rng.uniform(0.3, 0.9))
    return Solid("network", curves, [radius] * len(curves), branches=len(curves))


def _donut(rng: Generator) -> Solid:
    radius = rng.uniform(0.06, 0.3)
    curves = [ring(rng, radius, rng.uniform(0.1, 0.4))]
    if rng.random() < 0.5:
        return Solid("donut", curves, [radius], loops=1)
    root = curves[0][0]
    way = root / np.linalg.norm(root)
    curves.append(straight(root, way, 4 * radius + rng.uniform(0.3, 0.9)))
    return Solid("donut", curves, [radius] * 2, branches=2, loops=1)


def _mega(rng: Generator) -> Solid:
    length = rng.uniform(11.1, 25)
    thinnest = np.sqrt(1.15 / (np.pi * length))
    radius = rng.uniform(thinnest, max(0.3, thinnest + 0.05))
    return Solid("mega", [helix(rng, length, radius)], [radius])


def _nanotunnel(rng: Generator) -> Solid:
    radius = rng.uniform(0.06, 0.15)
    return Solid("nano-tunnel", [helix(rng, rng.uniform(33.3, 40), radius)], [radius])


def with_handles(genus: int, rng: Generator) -> Solid:
    """Draw a body of 0 to 4 handles: rings that share a part, in a row or around a stem."""
    radius = rng.uniform(0.07, 0.2)
    if genus == 0:
        return Solid("genus 0", [wiggle(rng, rng.uniform(0.5, 3), radius)], [radius])
    size = radius + rng.uniform(0.15, 0.3)
    half = rng.uniform(1.0, 1.6) * size
    if rng.random() < 0.5:  # side by side
        poles = [(0.0, 2 * size * k) for k in range(genus + 1)]
        anchors = poles[:-1]
    else:  # like the pages of a book
        turns = 2 * np.pi * np.arange(genus) / (genus + 1)
        wide = max(2 * size, 1.4 * size / np.sin(np.pi / (genus + 1)))
        poles = [(0.0, 0.0), *((wide * np.sin(turn), wide * np.cos(turn)) for turn in turns)]
        anchors = [poles[0]] * genus
    curves = [np.array([(*poles[0], -half), (*poles[0], half)])]
    for pole, anchor in zip(poles[1:], anchors, strict=True):
        corners = [(*anchor, -half), (*pole, -half), (*pole, half), (*anchor, half)]
        curves.append(np.array(corners))
    return Solid(f"genus {genus}", curves, [radius] * len(curves), loops=genus)


def bumpy_blob(rng: Generator, voxel_um: Points) -> Points:
    """Signed distance (about) of a ball of 0.2 to 0.4 µm with bumps, on a grid; no handles."""
    radius = rng.uniform(0.2, 0.4)
    reach = 1.5 * radius
    axes = [np.arange(-reach, reach + v, v) + rng.uniform(0, 1) * v for v in voxel_um]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    away = np.maximum(np.linalg.norm(grid, axis=-1), 1e-9)
    bumps = np.zeros(away.shape)
    for way in directions(rng, 10, 5):
        sharp = rng.uniform(5, 25)
        bumps += rng.uniform(-0.15, 0.2) * np.exp(sharp * ((grid @ way) / away - 1))
    return np.asarray(away - radius * np.clip(1 + bumps, 0.7, 1.35))
