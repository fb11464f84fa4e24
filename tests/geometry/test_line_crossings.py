"""Lines along z through closed surfaces, on a grid that lies anywhere."""

import numpy as np
import pytest
import trimesh

from napari_3dmsl.geometry.inside import winding_numbers
from napari_3dmsl.geometry.line_crossings import LineGrid, lines_on_grid

TORUS = trimesh.creation.torus(1.0, 0.4, major_sections=60, minor_sections=40)
TORUS.apply_transform(trimesh.transformations.rotation_matrix(0.8, [1, 2, 3]))


def grid_at(origin, step, shape):
    return LineGrid(np.array(origin, float), np.array([step, step]), shape)


def heights_inside(found, grid, heights):
    """Which points of all lines at these heights lie in a piece, (heights, rows * columns)."""
    inside = np.zeros((len(heights), grid.shape[0] * grid.shape[1]), dtype=int)
    for line, low, high in zip(found.line, found.low_um, found.high_um, strict=True):
        inside[:, line] += (low <= heights) & (heights < high)
    return inside


@pytest.mark.parametrize(
    ("origin", "step", "shape"),
    [((-1.6, -1.6), 0.1, (32, 33)), ((-0.31, 0.2), 0.013, (40, 20)), ((-9.0, -1.2), 0.5, (40, 3))],
)
def test_pieces_are_where_points_lie_inside(origin, step, shape):
    grid = grid_at(origin, step, shape)
    vertices = np.asarray(TORUS.vertices)
    heights = np.random.default_rng(0).uniform(-1.5, 1.5, 25)
    found = lines_on_grid(vertices, TORUS.faces, grid)
    row, column = np.divmod(np.arange(shape[0] * shape[1]), shape[1])
    lines = grid.origin_um + step * np.stack([row, column], axis=1)
    points = np.column_stack([np.repeat(heights, len(lines)), np.tile(lines, (len(heights), 1))])
    expected = winding_numbers(vertices[TORUS.faces], points).reshape(len(heights), -1) != 0
    assert expected.any()
    assert np.array_equal(heights_inside(found, grid, heights), expected)
    assert (np.diff(found.line) >= 0).all()


def test_a_grid_beside_the_surface_meets_nothing():
    found = lines_on_grid(np.asarray(TORUS.vertices), TORUS.faces, grid_at((5, 5), 0.1, (9, 9)))
    assert len(found.line) == len(found.low_um) == len(found.high_um) == 0


def test_a_line_through_a_hole_is_refused():
    with pytest.raises(ValueError, match="a hole.*close the mesh"):
        lines_on_grid(
            np.asarray(TORUS.vertices), TORUS.faces[:-40], grid_at((-1.6, -1.6), 0.05, (64, 64))
        )
