"""Fluorophores: where they bind on a surface or in a volume, how many photons each one gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.geometry.inside import is_closed
from napari_3dmsl.geometry.quadrature import solid_points, surface_points
from napari_3dmsl.geometry.random_points import Solid
from napari_3dmsl.geometry.triangles import draw_in_triangles, draw_on_triangles, triangle_areas
from napari_3dmsl.settings import Settings, Show

MOST_FLUOROPHORES = 5_000_000
MOST_PHOTONS = 1e15
"""Of all emitters in a plane: a million pixels that each fill the deepest well of a camera (1e9
electrons). Images of so many still fit single precision and the integers of a Poisson law."""


class Labelling(Settings):
    """How a shape is labelled.

    Fluorophores blink when ``off_time_s`` is above 0: each time that one is on or dark follows an
    exponential law (a telegraph process), while the camera exposes for its ``exposure_s``. See
    `napari_3dmsl.microscope.blinking`.
    """

    target: Annotated[
        Literal["surface", "volume"],
        Field(
            description="Fluorophores on the outer membrane, as in the paper, or in the space "
            "within it.",
        ),
        Show(
            "Label",
            words={"surface": "surface (membrane)", "volume": "volume (matrix)"},
            source="Default: the surface, as in the paper.",
        ),
    ] = "surface"
    density_per_um2: Annotated[
        float,
        Field(gt=0.0, le=1e5, description="Fluorophores per area of the outer membrane."),
        Show(
            "Density",
            "/µm²",
            slider=(1.0, 10000.0),
            logarithmic=True,
            source="Paper: 30 per µm² (Table 3), which looks grainy; a few hundred look smooth.",
        ),
    ] = 30.0
    density_per_um3: Annotated[
        float,
        Field(gt=0.0, le=1e6, description="Fluorophores per volume."),
        Show(
            "Density inside",
            "/µm³",
            step=10.0,
            slider=(10.0, 100000.0),
            logarithmic=True,
            source="Default: 602 per µm³, which is 1 µM, usual for a fluorescent protein.",
        ),
    ] = 602.0
    efficiency: Annotated[
        float,
        Field(gt=0.0, le=1.0, description="Fraction of the fluorophores that shine."),
        Show("Efficiency", "", 2, 0.01, slider=(0.01, 1.0), source="Default: 1, all of them."),
    ] = 1.0
    photons_per_fluorophore: Annotated[
        float,
        Field(
            gt=0.0,
            le=1e9,
            description="What one fluorophore sends to the detector for one plane while it shines, "
            "summed over the image, the pinhole being open.",
        ),
        Show(
            "Photons each",
            "photons",
            step=10.0,
            slider=(1.0, 100000.0),
            logarithmic=True,
            source="Default: 300, our choice; the paper does not tell.",
        ),
    ] = 300.0
    photon_distribution: Annotated[
        Literal["fixed", "exponential"],
        Field(
            description="Exponential: each fluorophore draws its own brightness once, with that "
            "mean.",
        ),
        Show(
            "Photons are",
            words={"fixed": "the same for all", "exponential": "exponential"},
            source="Default: the same for all, our choice.",
        ),
    ] = "fixed"
    continuous: Annotated[
        bool,
        Field(
            description="The limit of endlessly many faint fluorophores: the expected image of the "
            "labelling, without its speckle, equally bright on average.",
        ),
        Show("No speckle", source="Default: off; real labels speckle."),
    ] = False
    on_time_s: Annotated[
        float,
        Field(
            gt=0.0,
            le=1e4,
            description="Blinking: mean time that a fluorophore shines, to be compared with the "
            "camera's exposure.",
        ),
        Show("Shines for", "s", 2, 0.1, source="Default: 0.1 s, our choice."),
    ] = 0.1
    off_time_s: Annotated[
        float,
        Field(ge=0.0, le=1e4, description="Blinking: mean time that a fluorophore stays dark."),
        Show("Dark for", "s", 2, 0.1, lowest="no blinking", source="Default: no blinking."),
    ] = 0.0

    def irrelevant(self) -> dict[str, str]:
        """Return the settings of the other target, and of fluorophores where there are none."""
        other = "density_per_um3" if self.target == "surface" else "density_per_um2"
        found = {other: f"the {self.target} is labelled"}
        if self.continuous:
            found["photon_distribution"] = "without speckle there are no single fluorophores"
        if self.off_time_s == 0.0:
            found["on_time_s"] = "nothing blinks"
        return found

    @property
    def blinks(self) -> bool:
        """Whether each fluorophore is dark for a part of the time; a continuous one is even."""
        return self.off_time_s > 0.0 and not self.continuous

    @property
    def on_share(self) -> float:
        """Share of the time that a fluorophore is on, in (0, 1]."""
        return self.on_time_s / (self.on_time_s + self.off_time_s)


@dataclass(frozen=True)
class Emitters:
    """Point emitters.

    Attributes
    ----------
    positions_um : (E, 3) float64
        (z, y, x) in µm.
    photons : (E,) float64
        Photons that each one sends to the detector while one plane is recorded.
    """

    positions_um: FloatArray
    photons: FloatArray

    def __post_init__(self) -> None:
        if self.positions_um.ndim != 2 or self.positions_um.shape[1] != 3:
            raise ValueError(f"positions_um: expected (n, 3), found {self.positions_um.shape}")
        if len(self.positions_um) == 0:
            raise ValueError("positions_um: no emitter; raise the density or give more points")
        if self.photons.shape != (len(self.positions_um),):
            raise ValueError(
                f"photons: expected one per emitter ({len(self.positions_um)}), "
                f"found {self.photons.shape}"
            )
        if not (np.isfinite(self.positions_um).all() and np.isfinite(self.photons).all()):
            raise ValueError("emitters: positions_um and photons must be finite numbers")
        if (self.photons < 0).any():
            raise ValueError("photons: must not be negative")
        if not (total := float(self.photons.sum())) <= MOST_PHOTONS:
            raise ValueError(
                f"photons: {total:.3g} in a plane, at most {MOST_PHOTONS:g}; lower the photons "
                "per fluorophore, the density or the brightness"
            )

    def __len__(self) -> int:
        return len(self.positions_um)

    def split(self, ends: Sequence[int]) -> list[Emitters]:
        """Return parts, which need no check any more, in the time of one.

        Parameters
        ----------
        ends : sequence of int
            Ascending, from 0 to the number of emitters; no part may be empty.
        """
        parts = []
        for start, stop in pairwise(ends):
            part = object.__new__(Emitters)
            object.__setattr__(part, "positions_um", self.positions_um[start:stop])
            object.__setattr__(part, "photons", self.photons[start:stop])
            parts.append(part)
        return parts


class Surface:
    """A triangle mesh as something to label: what labelling it needs is computed once.

    Parameters
    ----------
    vertices_um : (N, 3) array
        (z, y, x) in µm.
    faces : (F, 3) integer array

    Attributes
    ----------
    area_um2 : float
    centroid_um : (3,) float64
        Mean position by area, (z, y, x): where fluorophores on the surface are on average. An
        object is turned about it and focused at it whatever the labelling, so images overlay.

    Raises
    ------
    ValueError
        When the mesh has no triangles or no area.
    """

    def __init__(self, vertices_um: ArrayLike, faces: ArrayLike) -> None:
        self._vertices = np.asarray(vertices_um, dtype=np.float64)
        self._faces = np.asarray(faces)
        self.corners = _triangles(self._vertices, self._faces)
        self.areas = triangle_areas(self.corners)
        self.area_um2 = float(self.areas.sum())
        if not self.area_um2 > 0:
            raise ValueError("faces: the mesh has no area, so no surface to label")
        middles = self.corners.mean(axis=1)
        self.centroid_um: FloatArray = np.average(middles, axis=0, weights=self.areas)

    @cached_property
    def solid(self) -> Solid:
        """The inside; of a closed mesh."""
        return Solid(self.corners)

    @cached_property
    def _area_before_um2(self) -> FloatArray:
        """Area of each triangle and those before it, (F,)."""
        return np.cumsum(self.areas)

    def drawn(self, shares: FloatArray) -> FloatArray:
        """Return the triangles at shares of the area, (N, 3, 3).

        Parameters
        ----------
        shares : (N,) array
            0 to below 1; random ones draw triangles by their areas.
        """
        ends = self._area_before_um2
        chosen = np.searchsorted(ends, shares * ends[-1], side="right")
        # Rounding can put a share on the total itself, behind the last triangle.
        found: FloatArray = self.corners.take(chosen, axis=0, mode="clip")
        return found

    @cached_property
    def volume_um3(self) -> float | None:
        """Volume inside, by the divergence theorem; None when the mesh is not closed."""
        if not is_closed(self._vertices, self._faces):
            return None
        a, b, c = (self.corners - self.centroid_um).transpose(1, 0, 2)
        return abs(float(np.einsum("ij,ij->", a, np.cross(b, c)))) / 6.0


def label(surface: Surface, labelling: Labelling, rng: np.random.Generator) -> Emitters:
    """Label a surface or the volume inside of it.

    Parameters
    ----------
    surface : Surface
        World frame.
    labelling : Labelling
        What is labelled, and how densely.
    rng : numpy.random.Generator
        Not used when the labelling is continuous.

    Returns
    -------
    Emitters
        ``round(density * size)`` binding sites (at least one), thinned by the efficiency; each
        uniformly placed. When the labelling is continuous, the points of a quadrature instead
        (see `napari_3dmsl.geometry.quadrature`), each with the photons of its piece.

    Raises
    ------
    ValueError
        When a volume is asked for and the mesh is not closed or flat, or when there would be more
        than `MOST_FLUOROPHORES`.
    """
    if labelling.continuous:
        return _continuous(surface, labelling)
    return _drawn(surface, labelling, rng)


def label_many(
    surfaces: Sequence[Surface], labelling: Labelling, rng: np.random.Generator
) -> tuple[Emitters, NDArray[np.int64]]:
    """Label many surfaces as `label` does each, in much less time.

    Parameters
    ----------
    surfaces : sequence of Surface
        At least one, each in its own frame.
    labelling : Labelling
        What is labelled, and how densely.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.

    Returns
    -------
    emitters : Emitters
        Surface after surface.
    counts : (surfaces,) int64
        How many of them are on each.

    Raises
    ------
    ValueError
        See `label`.
    """
    if labelling.continuous or labelling.target == "volume":
        each = [label(surface, labelling, rng) for surface in surfaces]
        counts = np.array([len(emitters) for emitters in each])
        positions = np.concatenate([emitters.positions_um for emitters in each])
        return Emitters(positions, np.concatenate([emitters.photons for emitters in each])), counts
    counts = np.array([_shining(surface, labelling, rng) for surface in surfaces])
    drawn = np.split(rng.random(counts.sum()), np.cumsum(counts)[:-1])
    # Triangles of one surface after the other stay near the processor.
    chosen = [surface.drawn(shares) for surface, shares in zip(surfaces, drawn, strict=True)]
    corners = np.concatenate(chosen)
    positions = draw_in_triangles(corners, np.arange(len(corners)), rng)
    return Emitters(positions, _photons(len(corners), labelling, rng)), counts


def expected_fluorophores(surface: Surface, labelling: Labelling) -> float:
    """Mean number of fluorophores that shine: ``density * size * efficiency``.

    Parameters
    ----------
    surface : Surface
        In the world frame.
    labelling : Labelling
        What is labelled, and how densely.
    """
    return _density(labelling) * _size(surface, labelling) * labelling.efficiency


def _drawn(surface: Surface, labelling: Labelling, rng: np.random.Generator) -> Emitters:
    shining = _shining(surface, labelling, rng)
    if labelling.target == "surface":
        positions = sample_triangles(surface.corners, surface.areas, shining, rng)
    else:
        positions = surface.solid.sample(shining, rng)
    return Emitters(positions, _photons(shining, labelling, rng))


def _shining(surface: Surface, labelling: Labelling, rng: np.random.Generator) -> int:
    """Draw how many fluorophores of a surface shine."""
    count = max(1, round(_density(labelling) * _size(surface, labelling)))
    if count > MOST_FLUOROPHORES:
        name = "density_per_um2" if labelling.target == "surface" else "density_per_um3"
        raise ValueError(
            f"{name} = {_density(labelling):g}: gives {count:,} fluorophores, at most "
            f"{MOST_FLUOROPHORES:,} are possible; lower it or choose continuous labelling"
        )
    return max(1, int(rng.binomial(count, labelling.efficiency)))


def _photons(count: int, labelling: Labelling, rng: np.random.Generator) -> FloatArray:
    """Draw the photons of each fluorophore."""
    if labelling.photon_distribution == "exponential":
        return rng.exponential(labelling.photons_per_fluorophore, count)
    return np.full(count, labelling.photons_per_fluorophore)


def _continuous(surface: Surface, labelling: Labelling) -> Emitters:
    size = _size(surface, labelling)
    if labelling.target == "surface":
        positions, sizes = surface_points(surface.corners)
    else:
        positions, sizes = solid_points(surface.corners, size)
    per_size = _density(labelling) * labelling.efficiency * labelling.photons_per_fluorophore
    return Emitters(positions, sizes * per_size * labelling.on_share)


def _density(labelling: Labelling) -> float:
    on_surface = labelling.target == "surface"
    return labelling.density_per_um2 if on_surface else labelling.density_per_um3


def _size(surface: Surface, labelling: Labelling) -> float:
    """Area or volume that is labelled."""
    if labelling.target == "surface":
        return surface.area_um2
    volume = surface.volume_um3
    if volume is None:
        raise ValueError(
            "target = 'volume': the mesh has a hole, so it has no inside to label; close it or "
            "choose 'surface'"
        )
    if not volume > 1e-12:
        raise ValueError("target = 'volume': the mesh is flat, so it has no inside to label")
    return volume


def sample_triangles(
    corners: FloatArray, areas: FloatArray, count: int, rng: np.random.Generator
) -> FloatArray:
    """Draw points uniformly by area, see `draw_on_triangles`.

    Parameters
    ----------
    corners : (F, 3, 3) array
        Corners of the triangles, (z, y, x) in µm.
    areas : (F,) array
        Of the triangles.
    count : int
        How many.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.

    Returns
    -------
    (count, 3) float64
    """
    points, _ = draw_on_triangles(corners, areas, count, rng)
    return points


def _triangles(vertices: FloatArray, indices: ArrayLike) -> FloatArray:
    indices = np.asarray(indices)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or not np.isfinite(vertices).all():
        raise ValueError("vertices_um: expected finite numbers in shape (n, 3)")
    if indices.ndim != 2 or indices.shape[1] != 3 or len(indices) == 0:
        raise ValueError("faces: the mesh has no triangles, so no surface to label")
    corners: FloatArray = vertices[indices]
    return corners
