"""Thumbnails show the outline of the shape, whichever way it lies."""

from __future__ import annotations

import numpy as np
import pytest

from napari_3dmsl.shapes.mesh import Mesh, mesh_from_mask
from napari_3dmsl.shapes.thumbnail import render_thumbnail

SIZE = 48


def mesh_of(inside: np.ndarray, axes: tuple[int, ...] = (0, 1, 2)) -> Mesh:
    return mesh_from_mask(np.transpose(inside, axes), (24.0, 24.0, 24.0))


def ball() -> np.ndarray:
    z, y, x = np.ogrid[:40, :40, :40]
    return (z - 20) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 <= 15**2


def ring() -> np.ndarray:
    z, y, x = np.ogrid[:24, :60, :60]
    return (z - 12) ** 2 + (np.hypot(y - 30, x - 30) - 20) ** 2 <= 6**2


def rod() -> np.ndarray:
    z, y, x = np.ogrid[:24, :24, :80]
    return (z - 12) ** 2 + (y - 12) ** 2 + (x - np.clip(x, 12, 68)) ** 2 <= 5**2


def test_a_ball_covers_a_disk_brightest_at_the_upper_left() -> None:
    picture = render_thumbnail(mesh_of(ball()), SIZE)
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5 - SIZE / 2
    radius = SIZE / 2 - 1
    assert (picture[..., 1][np.hypot(y, x) < radius - 1.5] == 255).all()
    assert (picture[..., 1][np.hypot(y, x) > radius + 1.5] == 0).all()
    shade = picture[..., 0].astype(float)
    assert shade[12:18, 12:18].mean() > 1.3 * shade[30:36, 30:36].mean()


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_a_ring_shows_its_hole_however_it_lies(axes: tuple[int, ...]) -> None:
    cover = render_thumbnail(mesh_of(ring(), axes), SIZE)[..., 1] / 255
    middle = slice(SIZE // 2 - 5, SIZE // 2 + 5)
    assert cover[middle, middle].max() == 0
    # Every pixel that is touched counts, so the outline is a little wide.
    # Outer radius 26 voxels fill the picture, the hole has 14.
    scale = (SIZE - 2) / 52.0
    assert cover.sum() == pytest.approx(np.pi * (26**2 - 14**2) * scale**2, rel=0.1)


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_a_rod_lies_along_the_picture(axes: tuple[int, ...]) -> None:
    cover = render_thumbnail(mesh_of(rod(), axes), SIZE)[..., 1]
    rows, columns = np.nonzero(cover > 127)
    assert np.ptp(columns) >= SIZE - 4
    assert np.ptp(rows) + 1 == pytest.approx(10 / 66 * (SIZE - 2), abs=1.5)


def test_a_few_large_triangles_leave_no_gaps() -> None:
    square = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0]], float)
    mesh = Mesh(square * (1, 1, 2), np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    cover = render_thumbnail(mesh, SIZE)[..., 1]
    rows, columns = np.nonzero(cover)
    assert (cover[rows.min() + 1 : rows.max(), columns.min() + 1 : columns.max()] == 255).all()
