"""Ground truth as files of its own: fluorophores, surfaces, points and tracks."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.ground_truth.image_coordinates import (
    cloud_in_image,
    emitters_in_image,
    mesh_in_image,
    occupancies_in_image,
)
from napari_3dmsl.shapes.mesh import write_mesh
from napari_3dmsl.shapes.sampling import SampleSettings
from napari_3dmsl.timelapse.lineage import lineage_of, write_lineage, write_man_track
from napari_3dmsl.writing import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject
    from napari_3dmsl.timelapse.motion import Frame


def write_emitters(path: Path, film: Sequence[Frame], view: FieldOfView) -> None:
    """Write a row for each fluorophore of each frame, see `emitters_in_image`.

    Where some objects lie out of focus in a cell, a column ``haze`` is 1 for theirs, else 0.

    Parameters
    ----------
    path
        ``.csv``.
    film
        All frames; one where nothing moves.
    view
        The pixels of the image, and where they lie.
    """
    layered = any(placed.haze for frame in film for placed in frame.objects)
    with whole_file(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = ["frame", "label", "z_um", "y_um", "x_um", "photons"]
        writer.writerow([*names, "haze"] if layered else names)
        for number, frame in enumerate(film):
            found = emitters_in_image(frame.objects, view)
            haze = {placed.label: int(placed.haze) for placed in frame.objects}
            for label, place, photons in zip(
                found.label.tolist(),
                found.positions_um.tolist(),
                found.photons.tolist(),
                strict=True,
            ):
                row = [number, label, *(f"{x:.6f}" for x in place), f"{photons:.6g}"]
                writer.writerow([*row, haze[label]] if layered else row)


def write_tracks(path: Path, film: Sequence[Frame], view: FieldOfView) -> None:
    """Write the tracks of a time-lapse into a folder, with all parents and as CTC does.

    Parameters
    ----------
    path
        Of the folder.
    film
        All frames.
    view
        Not used: tracks have no place.
    """
    path.mkdir(exist_ok=True)
    tracks = lineage_of(film)
    write_lineage(tracks, path / "lineage.csv")
    write_man_track(tracks, path / "man_track.txt")


def write_surface(
    path: Path, placed: PlacedObject, view: FieldOfView, rng: np.random.Generator
) -> None:
    """Write the surface of an object, see `mesh_in_image`.

    Parameters
    ----------
    path
        ``.off``.
    placed
        In the frame of the field.
    view
        The pixels of the image, and where they lie.
    rng
        Not used: nothing is drawn.
    """
    write_mesh(mesh_in_image(placed, view), path, 1.0)


def write_cloud(
    path: Path, placed: PlacedObject, view: FieldOfView, rng: np.random.Generator
) -> None:
    """Write points on the surface of an object, see `cloud_in_image`.

    Parameters
    ----------
    path
        ``.ply``.
    placed
        In the frame of the field.
    view
        The pixels of the image, and where they lie.
    rng
        Draws the points.
    """
    points, normals = cloud_in_image(placed, view, SampleSettings().surface_points, rng)
    _write_arrays(path, points_um=points, normals=normals)


def write_occupancies(
    path: Path, placed: PlacedObject, view: FieldOfView, rng: np.random.Generator
) -> None:
    """Write points around an object and which are inside, see `occupancies_in_image`.

    Parameters
    ----------
    path
        ``.npz``.
    placed
        In the frame of the field.
    view
        The pixels of the image, and where they lie.
    rng
        Draws the points.
    """
    points, inside = occupancies_in_image(placed, view, rng)
    _write_arrays(path, points_um=points, inside=inside)


def _write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
