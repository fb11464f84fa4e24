"""Surfaces, points and fluorophores in image coordinates: to lay them over the pixels.

Image coordinates are (z, y, x) in µm. z is the height above the coverslip; (y, x) = (0, 0) is the
outer corner of pixel (0, 0), so pixel (i, j) covers ``[i, i + 1) * pixel_um`` along y and
``[j, j + 1) * pixel_um`` along x, and coordinates over ``pixel_um`` count pixels from that corner.
(Viewers that put the centre of a pixel at a whole number, such as napari, want half a pixel less.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.geometry.inside import inside_mesh
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.sampling import SampleSettings, UnitCube, sample_surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject


@dataclass(frozen=True, eq=False)
class EmitterTruth:
    """Fluorophores of all objects, object after object.

    Attributes
    ----------
    positions_um : (N, 3) float64
        Image coordinates (z, y, x).
    row_column : (N, 2) float64
        Place in pixels from the corner of the image; ``floor`` gives the pixel.
    photons : (N,) float64
        Sent to the detector while one plane is recorded.
    label : (N,) uint16
        Of the object.
    """

    positions_um: FloatArray
    row_column: FloatArray
    photons: FloatArray
    label: NDArray[np.uint16]


def field_to_image(view: FieldOfView) -> FloatArray:
    """Return the affine transform (4, 4) from the field to image coordinates.

    Of (z, y, x, 1) column vectors in µm; times an object's ``to_field`` it leads from the world of
    the library to the image.

    Parameters
    ----------
    view : FieldOfView
        The pixels of the image, and where they lie.
    """
    transform = np.eye(4)
    transform[1:3, 3] = 0.5 * view.pixel_um * np.array(view.image_size)
    return transform


def points_in_image(points_um: ArrayLike, view: FieldOfView) -> NDArray[np.float64]:
    """Move points (N, 3) from the frame of the field to image coordinates.

    Parameters
    ----------
    points_um : (N, 3) array
        Frame of the field, (z, y, x) in µm.
    view : FieldOfView
        The pixels of the image, and where they lie.

    Returns
    -------
    (N, 3) float64
        Image coordinates in µm.
    """
    points: NDArray[np.float64] = (
        np.asarray(points_um, dtype=np.float64) + field_to_image(view)[:3, 3]
    )
    return points


def mesh_in_image(placed: PlacedObject, view: FieldOfView) -> Mesh:
    """Return the surface of an object in image coordinates, also what lies beyond the image.

    Parameters
    ----------
    placed : PlacedObject
        In the frame of the field.
    view : FieldOfView
        The pixels of the image, and where they lie.
    """
    return Mesh(points_in_image(placed.vertices_um, view), placed.faces.astype(np.int32))


def cloud_in_image(
    placed: PlacedObject, view: FieldOfView, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw points on the surface of an object, uniformly by area.

    Parameters
    ----------
    placed : PlacedObject
        In the frame of the field.
    view : FieldOfView
        The pixels of the image, and where they lie.
    count : int
        Points, 1 or more.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.

    Returns
    -------
    points_um : (count, 3) float32
        Image coordinates.
    normals : (count, 3) float32
        Outward unit normals.
    """
    points, normals = sample_surface(mesh_in_image(placed, view), count, rng)
    return points.astype(np.float32), normals.astype(np.float32)


def occupancies_in_image(
    placed: PlacedObject,
    view: FieldOfView,
    rng: np.random.Generator,
    settings: SampleSettings | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Draw points uniformly in the padded cube around an object and tell which are inside.

    Parameters
    ----------
    placed : PlacedObject
        In the frame of the field.
    view : FieldOfView
        The pixels of the image, and where they lie.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.
    settings : SampleSettings, optional
        ``occupancy_points`` and ``padding``; ``None`` takes those of the release.

    Returns
    -------
    points_um : (N, 3) float32
        Image coordinates.
    inside : (N,) bool
        True of these very points, rounded as they are.

    Raises
    ------
    ValueError
        When the surface has a hole.
    """
    settings = settings or SampleSettings()
    mesh = mesh_in_image(placed, view)
    half = (1 + settings.padding) / 2
    points = UnitCube.of(mesh).to_world(rng.uniform(-half, half, (settings.occupancy_points, 3)))
    rounded = points.astype(np.float32)
    return rounded, inside_mesh(mesh, rounded)


def emitters_in_image(objects: Sequence[PlacedObject], view: FieldOfView) -> EmitterTruth:
    """Return the fluorophores of all objects, those beyond the image too.

    Parameters
    ----------
    objects : sequence of PlacedObject
        In the frame of the field.
    view : FieldOfView
        The pixels of the image, and where they lie.
    """
    positions = [np.zeros((0, 3)), *(placed.emitters.positions_um for placed in objects)]
    photons = [np.zeros(0), *(placed.emitters.photons for placed in objects)]
    points = points_in_image(np.concatenate(positions), view)
    return EmitterTruth(
        points,
        points[:, 1:] / view.pixel_um,
        np.concatenate(photons),
        np.repeat(
            np.array([placed.label for placed in objects], dtype=np.uint16),
            [len(placed.emitters) for placed in objects],
        ),
    )
