"""Fluorophores: where they bind on a surface and how many photons each one gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.geometry import draw_on_triangles, triangle_areas
from napari_3dmsl.settings import Settings


class Labelling(Settings):
    """How a surface is labelled.

    ``density_per_um2`` is 30 molecules per µm² in the 3DMSL paper (Table 3). ``efficiency`` is the
    fraction of them that shine. ``photons_per_fluorophore`` is what one fluorophore sends to the
    detector during the recording of one plane, summed over the image, with the pinhole open.
    """

    density_per_um2: float = Field(30.0, gt=0.0, le=1e5)
    efficiency: float = Field(1.0, gt=0.0, le=1.0)
    photons_per_fluorophore: float = Field(300.0, gt=0.0, le=1e9)


@dataclass(frozen=True)
class Emitters:
    """Point emitters.

    Attributes
    ----------
    positions_um : (n, 3) float64
        (z, y, x) in µm.
    photons : (n,) float64
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

    def __len__(self) -> int:
        return len(self.positions_um)


class Surface:
    """A triangle mesh as something to label: what labelling it needs is computed once.

    Parameters
    ----------
    vertices_um : (v, 3) array
        (z, y, x) in µm.
    faces : (f, 3) integer array

    Attributes
    ----------
    area_um2 : float
    centroid_um : (3,) float64
        Mean position by area, (z, y, x): where the fluorophores are on average.

    Raises
    ------
    ValueError
        When the mesh has no triangles or no area.
    """

    def __init__(self, vertices_um: ArrayLike, faces: ArrayLike) -> None:
        self.corners = _triangles(vertices_um, faces)
        self.areas = triangle_areas(self.corners)
        self.area_um2 = float(self.areas.sum())
        if not self.area_um2 > 0:
            raise ValueError("faces: the mesh has no area, so no surface to label")
        middles = self.corners.mean(axis=1)
        self.centroid_um: FloatArray = np.average(middles, axis=0, weights=self.areas)


def label_surface(surface: Surface, labelling: Labelling, rng: np.random.Generator) -> Emitters:
    """Bind fluorophores to a surface, uniformly by area.

    Returns
    -------
    Emitters
        ``round(density * area)`` binding sites (at least one), thinned by the efficiency.
    """
    count = max(1, round(labelling.density_per_um2 * surface.area_um2))
    shining = max(1, int(rng.binomial(count, labelling.efficiency)))
    positions = sample_triangles(surface.corners, surface.areas, shining, rng)
    photons = np.full(shining, labelling.photons_per_fluorophore)
    return Emitters(positions, photons)


def sample_triangles(
    corners: FloatArray, areas: FloatArray, count: int, rng: np.random.Generator
) -> FloatArray:
    """Draw points uniformly by area, see `draw_on_triangles`."""
    points, _ = draw_on_triangles(corners, areas, count, rng)
    return points


def _triangles(vertices_um: ArrayLike, faces: ArrayLike) -> FloatArray:
    vertices = np.asarray(vertices_um, dtype=np.float64)
    indices = np.asarray(faces)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or not np.isfinite(vertices).all():
        raise ValueError("vertices_um: expected finite numbers in shape (n, 3)")
    if indices.ndim != 2 or indices.shape[1] != 3 or len(indices) == 0:
        raise ValueError("faces: the mesh has no triangles, so no surface to label")
    corners: FloatArray = vertices[indices]
    return corners
