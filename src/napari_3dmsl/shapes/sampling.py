"""Samples of a shape: points on its surface, noisy point clouds, occupancies of space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from napari_3dmsl.geometry.inside import inside_mesh
from napari_3dmsl.geometry.triangles import draw_on_triangles, triangle_normals
from napari_3dmsl.settings import Settings, Show
from napari_3dmsl.shapes.smoothed_mask import inside_field

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_3dmsl.shapes.mesh import Mesh
    from napari_3dmsl.shapes.smoothed_mask import SmoothedMask

MOST_POINTS = 1_000_000


Points = Annotated[int, Field(ge=1, le=MOST_POINTS)]


class SampleSettings(Settings):
    """How a shape is sampled; the defaults are those of the released files."""

    surface_points: Annotated[
        Points,
        Field(description="Points with normals on the surface."),
        Show("Surface points", "points", step=1000.0, source="Release: 100,000."),
    ] = 100_000
    occupancy_points: Annotated[
        Points,
        Field(description="Points of the cube around the shape, told inside from outside."),
        Show(
            "Occupancies",
            "points",
            step=1000.0,
            source="Release: 100,000; the paper speaks of 10,000 (Table 3).",
        ),
    ] = 100_000
    padding: Annotated[
        float,
        Field(
            ge=0.0,
            le=10.0,
            description="How much wider than the shape's longest side that cube is, in such sides.",
        ),
        Show("Padding", "", 2, 0.01, source="Release: 0.1."),
    ] = 0.1
    cloud_points: Annotated[
        Points,
        Field(description="Points of the noisy point cloud."),
        Show("Cloud points", "points", step=10.0, source="Paper: 300 (Table 3)."),
    ] = 300
    cloud_noise: Annotated[
        float,
        Field(
            ge=0.0,
            le=1.0,
            description="Standard deviation by which they are moved, in longest sides of the "
            "shape.",
        ),
        Show("Cloud noise", "", 3, 0.01, source="Paper: 0.05 (Table 3)."),
    ] = 0.05


@dataclass(frozen=True, eq=False)
class UnitCube:
    """The frame in which a shape fills a cube of side 1 around the origin: moved and scaled only.

    Attributes
    ----------
    loc_um
        (3,): middle of the shape's box, world µm (z, y, x).
    scale_um
        Longest side of that box in µm.
    """

    loc_um: NDArray[np.float64]
    scale_um: float

    @classmethod
    def of(cls, mesh: Mesh) -> UnitCube:
        """Return the frame of a mesh, from the box of its vertices.

        Parameters
        ----------
        mesh
            In world µm.

        Raises
        ------
        ValueError
            When the mesh has no extent.
        """
        low, high = mesh.bounds_um
        scale = float((high - low).max())
        if not scale > 0:
            raise ValueError("the mesh is a single point, so it has no size to scale by")
        return cls((low + high) / 2, scale)

    def to_world(self, points: ArrayLike) -> NDArray[np.float64]:
        """Turn points of the cube into world µm.

        Parameters
        ----------
        points
            (N, 3), (z, y, x).

        Returns
        -------
        (N, 3) float64
        """
        world: NDArray[np.float64] = (
            np.asarray(points, dtype=np.float64) * self.scale_um + self.loc_um
        )
        return world

    def from_world(self, points_um: ArrayLike) -> NDArray[np.float64]:
        """Turn points in world µm into those of the cube.

        Parameters
        ----------
        points_um
            (N, 3), (z, y, x).

        Returns
        -------
        (N, 3) float64
        """
        points: NDArray[np.float64] = (
            np.asarray(points_um, dtype=np.float64) - self.loc_um
        ) / self.scale_um
        return points


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points on or near a surface.

    Attributes
    ----------
    points
        (N, 3) float32 in the unit cube, (z, y, x).
    normals
        (N, 3) float32: outward normal of the face that each point was drawn on.
    cube
        Where the unit cube lies in the world.
    """

    points: NDArray[np.float32]
    normals: NDArray[np.float32]
    cube: UnitCube


@dataclass(frozen=True, eq=False)
class Occupancies:
    """Points in space, and which of them are inside the shape.

    Attributes
    ----------
    points
        (N, 3) float16 in the unit cube, (z, y, x).
    inside
        (N,) bool, true of these very points, rounded as they are.
    cube
        Where the unit cube lies in the world.
    """

    points: NDArray[np.float16]
    inside: NDArray[np.bool_]
    cube: UnitCube

    @property
    def packed(self) -> NDArray[np.uint8]:
        """``inside`` as bits, eight a byte, the first one highest: as released."""
        return np.packbits(self.inside)


def sample_surface(
    mesh: Mesh, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw points on a surface, uniformly by area.

    Parameters
    ----------
    mesh
        The surface.
    count
        How many.
    rng
        Where the randomness comes from.

    Returns
    -------
    points_um
        (count, 3) world µm (z, y, x).
    normals
        (count, 3) unit normals of their faces, outward where the mesh is wound so.

    Raises
    ------
    ValueError
        When the count is below 1 or the mesh has no area.
    """
    if count < 1:
        raise ValueError(f"count = {count}: expected at least 1 point")
    corners = mesh.vertices[mesh.faces]
    normals = triangle_normals(corners)
    lengths = np.linalg.norm(normals, axis=1)  # twice the areas
    if not lengths.sum() > 0:
        raise ValueError("the mesh has no area, so no surface to draw points on")
    points, chosen = draw_on_triangles(corners, lengths / 2, count, rng)
    units = normals / np.where(lengths > 0, lengths, 1.0)[:, None]  # no point lies on an area of 0
    return points.astype(np.float64, copy=False), units.take(chosen, axis=0)


def sample_point_cloud(
    mesh: Mesh, rng: np.random.Generator, settings: SampleSettings | None = None
) -> PointCloud:
    """Draw ``surface_points`` on a mesh, as in the released ``pointcloud.ply``: without noise.

    Parameters
    ----------
    mesh
        In world µm.
    rng
        Draws the points.
    settings
        How many; None takes those of the release.
    """
    return _cloud(mesh, rng, (settings or SampleSettings()).surface_points, 0.0)


def sample_noisy_cloud(
    mesh: Mesh, rng: np.random.Generator, settings: SampleSettings | None = None
) -> PointCloud:
    """Draw ``cloud_points`` on a mesh and move them by Gaussian noise, as the paper says.

    The normals are those of the places where the points were drawn.

    Parameters
    ----------
    mesh
        In world µm.
    rng
        Draws points and noise.
    settings
        How many, and how much noise; None takes what the paper says.
    """
    settings = settings or SampleSettings()
    return _cloud(mesh, rng, settings.cloud_points, settings.cloud_noise)


def sample_occupancies(
    mesh: Mesh,
    rng: np.random.Generator,
    settings: SampleSettings | None = None,
    field: SmoothedMask | None = None,
) -> Occupancies:
    """Draw points uniformly in the padded cube around a shape and tell which are inside.

    Parameters
    ----------
    mesh
        Closed.
    rng
        Where the randomness comes from.
    settings
        ``occupancy_points`` and ``padding``; ``None`` takes those of the release.
    field
        The smoothed mask that the mesh was made of: faster, the same but within a small part of a
        voxel from the surface. Without it the mesh itself is tested, exactly.

    Raises
    ------
    ValueError
        When the mesh has a hole.
    """
    settings = settings or SampleSettings()
    cube = UnitCube.of(mesh)
    half = (1 + settings.padding) / 2
    # Rounded first, tested afterwards: half precision moves points across the surface.
    points = rng.uniform(-half, half, (settings.occupancy_points, 3)).astype(np.float16)
    world = cube.to_world(points)
    inside = inside_mesh(mesh, world) if field is None else inside_field(field, world)
    return Occupancies(points, inside, cube)


def _cloud(mesh: Mesh, rng: np.random.Generator, count: int, noise: float) -> PointCloud:
    cube = UnitCube.of(mesh)
    points_um, normals = sample_surface(mesh, count, rng)
    points = cube.from_world(points_um)
    if noise > 0:
        points = points + rng.normal(0.0, noise, points.shape)
    return PointCloud(points.astype(np.float32), normals.astype(np.float32), cube)
