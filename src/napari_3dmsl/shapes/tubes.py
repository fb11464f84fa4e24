"""Tubes, rings and branched networks as in living cells, drawn at random, exactly known."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from napari_3dmsl.settings import Settings, Show, shown
from napari_3dmsl.shapes.classification import ClassRules, classify
from napari_3dmsl.shapes.collection import ShapeCollection
from napari_3dmsl.shapes.shape import Shape
from napari_3dmsl.shapes.skeleton import Skeleton
from napari_3dmsl.shapes.tube_surface import handles, swept, united
from napari_3dmsl.shapes.wandering import (
    GAP_UM,
    STEP_UM,
    Clear,
    Curve,
    Root,
    Wander,
    ring,
    wander,
    wavering,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_3dmsl.shapes.mesh import Mesh

_MEASURED = "Default: {}, as in live images of mitochondria (PhysSeg's, normoxia)."
_OURS = "Default: {}, our choice."

SHORTEST_UM = 0.05
SHORTEST_BRANCH_UM = 0.8
LONGEST_BRANCH_UM = 2.2
LONGEST_RING_UM = 6.0
_MOST_KEPT = 4000  # shapes in a file, of 20 kB each
WITH_TAIL = 0.25  # of rings
EASED = 1.3  # radius of bends after a trial that failed
BRANCH_DEG = (65.0, 110.0)  # between a branch and what it grows from


class TubeSettings(Settings):
    """How long, thick and wavy tubes are, and how many are rings or branched networks."""

    length_um: Annotated[
        float,
        Field(ge=0.2, le=20.0, description="Mean length of the centrelines of a shape."),
        Show("Length", "µm", 2, 0.1, source=_MEASURED.format("3.5 µm")),
    ] = 3.5
    length_spread: Annotated[
        float,
        Field(
            ge=0.0,
            le=1.0,
            description="Standard deviation of the length over its mean; lengths are "
            "gamma-distributed.",
        ),
        Show("Spread", "", 2, 0.05, source=_OURS.format("0.6")),
    ] = 0.6
    radius_um: Annotated[
        tuple[
            Annotated[float, Field(ge=0.05, le=1.0)],
            Annotated[float, Field(ge=0.05, le=1.0)],
        ],
        Field(description="The thinnest and the thickest tube; drawn for each shape."),
        Show("Radius", "µm", 3, 0.01, source=_MEASURED.format("0.17 to 0.28 µm")),
    ] = (0.17, 0.28)
    radius_variation: Annotated[
        float,
        Field(
            ge=0.0,
            le=0.3,
            description="Standard deviation of the radius along a tube, over its radius.",
        ),
        Show("Varies", "", 2, 0.01, source=_MEASURED.format("0.15")),
    ] = 0.15
    bend_radius_um: Annotated[
        float,
        Field(
            ge=0.5,
            le=1000.0,
            description="Typical radius of the bends: one over the standard deviation of the "
            "curvature. No bend is sharper than the tube allows.",
        ),
        Show("Bends", "µm", 2, 0.1, slider=(0.5, 10.0), logarithmic=True, source=_OURS.format("1")),
    ] = 1.0
    bend_length_um: Annotated[
        float,
        Field(
            ge=0.1,
            le=10.0,
            description="Length over which the curvature stays alike: shorter ones wriggle, "
            "longer ones curl.",
        ),
        Show("Bends last", "µm", 2, 0.1, source=_OURS.format("1 µm")),
    ] = 1.0
    tilt_deg: Annotated[
        float,
        Field(
            ge=0.0,
            le=30.0,
            description="Standard deviation of the angle between a centreline and the plane in "
            "which it wanders.",
        ),
        Show("Out of plane", "°", 1, 1.0, source=_MEASURED.format("8°")),
    ] = 8.0
    rings: Annotated[
        float,
        Field(ge=0.0, le=1.0, description="Share of rings; a quarter of them have a tail."),
        Show("Rings", "", 2, 0.01, source=_MEASURED.format("0.06")),
    ] = 0.06
    networks: Annotated[
        float,
        Field(ge=0.0, le=1.0, description="Share of branched shapes."),
        Show("Networks", "", 2, 0.01, source=_OURS.format("0.15")),
    ] = 0.15
    branches: Annotated[
        tuple[Annotated[int, Field(ge=1, le=6)], Annotated[int, Field(ge=1, le=6)]],
        Field(description="Networks: the fewest and the most side branches, drawn for each."),
        Show("Branches", "", source=_OURS.format("1 to 3")),
    ] = (1, 3)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name in ("radius_um", "branches"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} = {shown((low, high))}: the smaller comes first")
        if self.rings + self.networks > 1:
            raise ValueError(
                f"rings = {self.rings:g}, networks = {self.networks:g}: more than all together"
            )
        return self

    def irrelevant(self) -> dict[str, str]:
        """Return the number of branches where nothing branches."""
        return {} if self.networks else {"branches": "there are no networks"}

    @property
    def wander(self) -> Wander:
        """How the lines wander."""
        return Wander(1 / self.bend_radius_um, self.bend_length_um, np.deg2rad(self.tilt_deg))


@dataclass(frozen=True, eq=False)
class Tube:
    """Centrelines that meet, as they were drawn.

    Attributes
    ----------
    curves
        The trunk, or the ring, first; side branches begin on it.
    places
        Index of the trunk's point where each side branch begins.
    loops
        Rings among the curves.
    """

    curves: tuple[Curve, ...]
    places: tuple[int, ...] = ()
    loops: int = 0

    @property
    def length_um(self) -> float:
        """Length of all centrelines."""
        return sum(curve.length_um for curve in self.curves)

    @property
    def paths(self) -> tuple[NDArray[np.float64], ...]:
        """Centrelines between branch points and ends, as a skeleton has them."""
        trunk, *sides = (curve.points for curve in self.curves)
        cuts = [0, *sorted(self.places), len(trunk) - 1]
        parts = [trunk[a : b + 1] for a, b in pairwise(cuts) if b > a]
        return (*parts, *sides)

    @property
    def branches(self) -> int:
        """0 where nothing branches, else the number of paths."""
        return len(self.paths) if self.places else 0

    @property
    def end_points(self) -> int:
        """Free ends."""
        return len(self.places) + (0 if self.loops else 2)

    @cached_property
    def mesh(self) -> Mesh:
        """Its surface: closed, of as many handles as loops."""
        if len(self.curves) == 1:
            return swept(self.curves[0])
        return united(self.curves)

    @property
    def is_sound(self) -> bool:
        """Whether the surface is what was drawn: where branches touch again, it is not."""
        return self.mesh.is_watertight and handles(self.mesh) == self.loops


def draw_tube(settings: TubeSettings, rng: np.random.Generator) -> Tube:
    """Draw one shape around the origin.

    Parameters
    ----------
    settings
        How it may look.
    rng
        Draws.
    """
    kind = rng.uniform()
    radius = float(rng.uniform(*settings.radius_um))
    length = _length(settings, rng)
    while True:
        if kind < settings.rings:
            tail = max(rng.uniform(SHORTEST_BRANCH_UM, 2.0), 3.5 * radius)
            tail *= rng.uniform() < WITH_TAIL
            tube = draw_ring(settings, rng, min(length, LONGEST_RING_UM), radius, tail)
        elif kind < settings.rings + settings.networks:
            count = int(rng.integers(settings.branches[0], settings.branches[1] + 1))
            tube = draw_network(settings, rng, length, radius, count)
        else:
            tube = draw_line(settings, rng, length, radius)
        if tube is not None and tube.is_sound:
            return tube
        # What bends that much finds no way around itself: straighter, in the end it does.
        bends = min(EASED * settings.bend_radius_um, 1000.0)
        settings = settings.replace(bend_radius_um=bends)


def _length(settings: TubeSettings, rng: np.random.Generator) -> float:
    if not settings.length_spread:
        return settings.length_um
    shape = settings.length_spread**-2
    return max(SHORTEST_UM, float(rng.gamma(shape, settings.length_um / shape)))


def _radii(
    settings: TubeSettings, rng: np.random.Generator, length: float, radius: float
) -> NDArray[np.float64]:
    count = max(round(length / STEP_UM), 2) + 1
    return wavering(rng, count, radius, settings.radius_variation)


def draw_line(
    settings: TubeSettings,
    rng: np.random.Generator,
    length_um: float,
    radius_um: float,
    clear: Clear | None = None,
) -> Tube | None:
    """Draw a tube around the origin that does not branch; None when there was no way.

    Parameters
    ----------
    settings
        How it wanders and how its radius varies.
    rng
        Draws.
    length_um, radius_um
        Of its centreline, and of the tube.
    clear
        Where it may go, see `wander`.
    """
    line = wander(rng, _radii(settings, rng, length_um, radius_um), settings.wander, clear=clear)
    if line is None:
        return None
    middle = 0.5 * (line.points.min(axis=0) + line.points.max(axis=0))
    return Tube((line.moved(-middle),))


def draw_ring(
    settings: TubeSettings,
    rng: np.random.Generator,
    length_um: float,
    radius_um: float,
    tail_um: float = 0.0,
) -> Tube | None:
    """Draw a ring, and maybe a tail; None when the tail found no way.

    Parameters
    ----------
    settings
        How flat it is, how its radius varies and how the tail wanders.
    rng
        Draws.
    length_um, radius_um
        Of its centreline, longer where it would have no hole, and of the tube.
    tail_um
        Length of the tail; 0 for none.
    """
    tilt = float(np.deg2rad(settings.tilt_deg))
    found = ring(rng, length_um, radius_um, settings.radius_variation, tilt)
    if not tail_um:
        return Tube((found,), loops=1)
    # The ring begins at angle 0: outward is along x.
    radii = _radii(settings, rng, tail_um, radius_um)
    tail = wander(rng, radii, settings.wander, Root(found, 0, 0.0))
    return None if tail is None else Tube((found, tail), (0,), 1)


def draw_network(
    settings: TubeSettings,
    rng: np.random.Generator,
    length_um: float,
    radius_um: float,
    count: int,
) -> Tube | None:
    """Draw a trunk with side branches; None when one of them found no way.

    Parameters
    ----------
    settings
        How it wanders and how its radius varies.
    rng
        Draws.
    length_um, radius_um
        Of all centrelines, more where the branches need it, and of the tubes.
    count
        Of the side branches.
    """
    between = max(SHORTEST_BRANCH_UM, 2 * (2.6 * radius_um + GAP_UM))
    shortest = max(SHORTEST_BRANCH_UM, 3.5 * radius_um)  # a shorter one is no branch but a bump
    sides = rng.uniform(shortest, max(LONGEST_BRANCH_UM, 1.5 * shortest), count)
    least = (count + 1) * between
    trunk_um = max(length_um - float(sides.sum()), least * 1.05)
    line = draw_line(settings, rng, trunk_um, radius_um)
    if line is None:
        return None
    trunk = line.curves[0]
    # Evenly drawn among all places that keep the distance from each other and from the ends.
    spare = np.sort(rng.uniform(0, trunk.length_um - least, count))
    roots = spare + between * np.arange(1, count + 1)
    places = np.round(roots / STEP_UM).astype(int).tolist()
    curves = [trunk]
    for place, side in zip(places, sides.tolist(), strict=True):
        away = np.deg2rad(rng.uniform(*BRANCH_DEG)) * rng.choice((-1, 1))
        root = Root(trunk, place, _heading(trunk, place) + float(away))
        radii = _radii(settings, rng, side, radius_um)
        grown = wander(rng, radii, settings.wander, root, curves[1:])
        if grown is None:
            return None
        curves.append(grown)
    return Tube(tuple(curves), tuple(places))


def _heading(curve: Curve, place: int) -> float:
    """Return the angle from x to y of a curve at one of its points."""
    _, y, x = curve.points[place + 2] - curve.points[place - 2]
    return float(np.arctan2(y, x))


def _measured(tube: Tube, shape_id: int) -> Shape:
    """Return a tube with its exact measures."""
    mesh = tube.mesh
    paths = tube.paths
    radii = np.concatenate([curve.radii for curve in tube.curves])
    skeleton = Skeleton(
        points_um=np.concatenate(paths),
        paths=paths,
        length_um=tube.length_um,
        branches=tube.branches,
        end_points=tube.end_points,
        loops=tube.loops,
        mean_radius_um=float(radii.mean()),
    )
    corners = mesh.vertices.take(mesh.faces, axis=0)
    weights = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    centroid = (corners.sum(axis=1) / 4 * weights[:, None]).sum(axis=0) / weights.sum()
    return Shape(
        id=shape_id,
        mesh=mesh,
        skeleton=skeleton,
        classification=classify(
            tube.length_um, tube.branches, tube.loops, mesh.volume_um3, ClassRules()
        ),
        voxel_count=0,
        volume_um3=mesh.volume_um3,
        area_um2=mesh.area_um2,
        bounds_um=mesh.bounds_um,
        centroid_um=centroid,
        touches_border=False,
    )


class TubeShapes:
    """As many tubes as asked for: a source of shapes that needs no file and no memory.

    Shape i is drawn from the seed and i alone, when it is asked for, so every process draws the
    same ones, and a larger number leaves the first ones as they are.

    Parameters
    ----------
    settings
        How they may look; None takes the defaults.
    count
        Their number; ids are 1 to this.
    seed
        The same seed and settings give the same shapes.

    Raises
    ------
    ValueError
        When there are no shapes, or the seed is below 0.
    """

    def __init__(
        self, settings: TubeSettings | None = None, count: int = 1000, seed: int = 0
    ) -> None:
        if count < 1:
            raise ValueError(f"count = {count}: expected 1 or more shapes")
        if seed < 0:
            raise ValueError(f"seed = {seed}: expected 0 or more")
        self.settings = settings or TubeSettings()
        self.count = count
        self.seed = seed
        self.ids = range(1, count + 1)
        self._shapes: dict[int, Shape] = {}
        self._classes: dict[int, str | None] = {}

    def __len__(self) -> int:
        return self.count

    @property
    def nbytes(self) -> int:
        """Bytes of the surfaces that have been drawn."""
        meshes = [shape.mesh for shape in list(self._shapes.values())]
        return sum(mesh.vertices.nbytes + mesh.faces.nbytes for mesh in meshes)

    def __getstate__(self) -> dict[str, Any]:
        """Leave drawn shapes behind: another process draws those it needs."""
        state = {**self.__dict__, "_shapes": {}}
        state.pop("_collection", None)
        return state

    def shape(self, shape_id: int) -> Shape:
        """Return a shape with its exact centrelines, genus and class.

        Parameters
        ----------
        shape_id
            One of `ids`.

        Raises
        ------
        KeyError
            When it is none of them.
        """
        if shape_id not in self.ids:
            raise KeyError(shape_id)
        if shape_id not in self._shapes:
            rng = np.random.default_rng([self.seed, shape_id])
            self._shapes[shape_id] = _measured(draw_tube(self.settings, rng), shape_id)
        return self._shapes[shape_id]

    def keep(self, path: Path) -> None:
        """Write down the shapes drawn so far, if some but not very many are, see `take_up`.

        Parameters
        ----------
        path
            Of a file in a folder of ours.
        """
        if 0 < len(self._shapes) <= _MOST_KEPT:
            path.write_bytes(pickle.dumps(self._shapes, pickle.HIGHEST_PROTOCOL))

    def take_up(self, path: Path) -> None:
        """Take over what another process has drawn of the same shapes, if it has written it down.

        Parameters
        ----------
        path
            See `keep`.
        """
        if not self._shapes and path.is_file():
            self._shapes = pickle.loads(path.read_bytes())

    def mesh(self, shape_id: int) -> Mesh:
        """Surface of one shape, µm around the origin.

        Parameters
        ----------
        shape_id
            One of `ids`.
        """
        return self.shape(shape_id).mesh

    @property
    def table(self) -> dict[str, list[Any]]:
        """Measures as columns, see `feature_table`; draws all shapes when first asked for."""
        return self._collection.table

    @property
    def shapes(self) -> list[Shape]:
        """All shapes, by ascending id."""
        return self._collection.shapes

    @cached_property
    def _collection(self) -> ShapeCollection:
        collection = ShapeCollection(map(self.shape, self.ids))
        collection.set_classes(self._classes)
        return collection

    def set_classes(self, classes: Mapping[int, str | None]) -> None:
        """Set the classes of some shapes by hand; the table and `shapes` follow.

        Parameters
        ----------
        classes
            New class by id.

        Raises
        ------
        ValueError
            When there is no such class; nothing is changed then.
        """
        self._collection.set_classes(classes)
        self._classes |= classes
