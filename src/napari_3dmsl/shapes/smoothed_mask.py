"""The smoothed mask: one scalar field that gives the surface, the topology and the inside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_3dmsl.shapes.morphology import bounding_box, count_components
from napari_3dmsl.shapes.welds import bridges_gap, open_corners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from napari_3dmsl.shapes.morphology import Box

SIGMA_VOXELS = 1.5
SIGMA_RADII = 0.55  # measured: a wider Gaussian eats the tips of thin tubes and fills small rings
TRUNCATE = 3.0  # the Gaussian ends at 3 sigma; the padding covers it and two voxels more
MARGIN = 2  # voxels around the shape that are kept in the end
FAINT = 0.02  # of the largest value: no surface of a mask lies lower
FIRST_HALVINGS, HALVINGS = 4, 20
SMALL = 5000  # voxels
THIN = 6  # voxels, on average along an axis
CLOSE = 0.005
TRIALS = 16
SLAB = 12  # planes
STAIRS = 1.5  # the faces of voxels have this times the area of the surface, on average over angles
CHORDS = 1 / 6  # measured: flat triangles cut off this part of the second differences


@dataclass(frozen=True, eq=False)
class SmoothedMask:
    """A mask smoothed by a Gaussian, and the level that keeps its volume.

    Attributes
    ----------
    values
        (Z, Y, X) float32, padded so that nothing touches the sides.
    level
        ``values > level`` is the shape.
    voxel_um
        Grid step (z, y, x) in µm.
    origin_um
        World position (z, y, x) in µm of the centre of ``values[0, 0, 0]``.
    """

    values: NDArray[np.float32]
    level: float
    voxel_um: tuple[float, float, float]
    origin_um: tuple[float, float, float]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(Z, Y, X) bool, the shape on the grid."""
        return self.values > self.level


def inside_field(field: SmoothedMask, points_um: ArrayLike) -> NDArray[np.bool_]:
    """Tell which points lie inside the surface of a smoothed mask, by linear interpolation.

    Faster than `inside_mesh`. Marching cubes cuts the same field along straight triangles, so the
    two differ only within a small part of a voxel from the surface.

    Parameters
    ----------
    field
        The field that the mesh was made of.
    points_um
        (N, 3) world µm (z, y, x); outside of the field they are outside of the shape.
    """
    points = np.asarray(points_um, dtype=np.float64)
    voxels = (points - field.origin_um) / field.voxel_um
    values = ndimage.map_coordinates(field.values, voxels.T, order=1, cval=0.0)
    inside: NDArray[np.bool_] = values > field.level
    return inside


def smooth_mask(
    mask: NDArray[np.bool_],
    voxel_nm: Sequence[float],
    origin_voxel: Sequence[float] = (0.0, 0.0, 0.0),
) -> SmoothedMask:
    """Smooth a mask by a Gaussian of 1.5 voxels (physical) and keep its voxel count.

    The 0.5 level of a smoothed mask lies inside the surface (a ball of 4 voxels loses a fifth of
    its volume); the level here is the one above which as many voxels lie as the mask has. The
    Gaussian of a thin mask is narrower, down to 0.75 voxels: 0.55 of the radius of a tube with its
    volume and surface. It is made narrower still where it would break the mask up or bridge a gap,
    see `bridges_gap`.

    Parameters
    ----------
    mask
        (Z, Y, X) bool.
    voxel_nm
        Voxel size (z, y, x) in nm.
    origin_voxel
        Index (z, y, x) of the mask's first voxel in the volume; fractions are allowed.

    Raises
    ------
    ValueError
        When the mask is not 3D or empty.
    """
    mask = np.asarray(mask, dtype=bool)
    if mask.ndim != 3 or not mask.any():
        raise ValueError(f"a mask must be 3D with at least one voxel; its shape is {mask.shape}")
    voxel_um = np.asarray(voxel_nm, dtype=float) / 1000
    widest = SIGMA_VOXELS * float(np.prod(voxel_um)) ** (1 / 3) / voxel_um
    pieces, count = count_components(mask, 26), int(np.count_nonzero(mask))
    faces = _faces(mask)
    radius_um = 2 * count * STAIRS / float((faces / voxel_um).sum())  # of a tube: 2 V / A
    sigma = np.clip(SIGMA_RADII * radius_um / voxel_um, widest / 2, widest)
    thin = count < SMALL or 2 * count < THIN * faces.max()
    pad = np.ceil(TRUNCATE * widest).astype(int) + 2
    padded = open_corners(np.pad(mask, [(int(p), int(p)) for p in pad]), widest)
    origin_um = (np.asarray(origin_voxel, dtype=float) - pad) * voxel_um
    for narrowing in (1.0, 0.6, 0.3):
        values = _blurred(padded, pad, sigma * narrowing)
        level = _level_of_mesh(values, count, exact=thin)
        solid = values > level
        box = bounding_box(solid)
        whole = count_components(solid[box], 26) == pieces
        if whole and not bridges_gap(padded, solid, widest):
            break
    crop, first = _crop(values, box)
    z, y, x = voxel_um.tolist()
    oz, oy, ox = (origin_um + first * voxel_um).tolist()
    return SmoothedMask(crop, level, (z, y, x), (oz, oy, ox))


def _faces(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many faces of the mask's voxels look along each axis."""
    counts = []
    for axis in range(3):
        planes = np.moveaxis(mask, axis, 0)
        outer = np.count_nonzero(planes[0]) + np.count_nonzero(planes[-1])
        counts.append(outer + np.count_nonzero(planes[1:] != planes[:-1]))
    return np.array(counts)


def _blurred(
    mask: NDArray[np.bool_], pad: NDArray[np.int64], sigma: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the mask under a Gaussian, cut off at `TRUNCATE` sigma; there is nothing in its pad.

    The same to single precision as ``scipy.ndimage.gaussian_filter``, in a fifth of the time: most
    of the box around a mitochondrion is empty and stays so, and what lies in a few planes is small
    enough to stay near the processor.
    """
    values = np.zeros(mask.shape, dtype=np.float32)
    weights = [_half_gaussian(width) for width in sigma]
    reach = [len(half) - 1 for half in weights]
    rows, columns = np.asarray(mask.any(axis=2)), np.asarray(mask.any(axis=1))
    first, last = int(pad[0]), len(mask) - int(pad[0])
    for start in range(first - reach[0], last + reach[0], SLAB):
        stop = min(start + SLAB, last + reach[0])
        seen = slice(max(start - reach[0], first), min(stop + reach[0], last))
        y = np.flatnonzero(rows[seen].any(axis=0))
        x = np.flatnonzero(columns[seen].any(axis=0))
        if len(y) == 0:
            continue
        low_y, high_y, low_x, high_x = int(y[0]), int(y[-1]) + 1, int(x[0]), int(x[-1]) + 1
        size = [stop - start, high_y - low_y, high_x - low_x]
        slab = np.zeros((size[0] + 2 * reach[0], *size[1:]), dtype=np.float32)
        begin = start - reach[0]
        slab[seen.start - begin : seen.stop - begin] = mask[seen, low_y:high_y, low_x:high_x]
        slab = _blurred_lines(slab.ravel(), size[1] * size[2], weights[0]).reshape(size)
        for axis in (1, 2):
            size[axis] += 2 * reach[axis]
            stride = size[2] if axis == 1 else 1
            line = _widened(slab, axis, reach[axis])
            slab = _blurred_lines(line, stride, weights[axis]).reshape(size)
        y_side = slice(low_y - reach[1], high_y + reach[1])
        values[start:stop, y_side, low_x - reach[2] : high_x + reach[2]] = slab
    return values


def _half_gaussian(width: float) -> NDArray[np.float32]:
    """Return the weights of a Gaussian from its middle on; with the other half their sum is 1."""
    reach = int(TRUNCATE * width + 0.5)
    weights = np.exp(-0.5 * (np.arange(reach + 1) / width) ** 2)
    return np.asarray(weights / (2 * weights.sum() - weights[0]), dtype=np.float32)


def _widened(values: NDArray[np.float32], axis: int, reach: int) -> NDArray[np.float32]:
    """Return the values as one line, with zeros around them along an axis, and at both ends."""
    size = list(values.shape)
    size[axis] += 2 * reach
    margin = reach * math.prod(size[axis + 1 :])
    line = np.zeros(math.prod(size) + 2 * margin, dtype=np.float32)
    inner = line[margin : len(line) - margin].reshape(size)
    np.moveaxis(inner, axis, 0)[reach : size[axis] - reach] = np.moveaxis(values, axis, 0)
    return line


def _blurred_lines(
    line: NDArray[np.float32], stride: int, weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Convolve values that lie a stride apart, but not the ends, whose neighbours are missing.

    Lines follow each other: the zeros between them keep what wraps around at 0.
    """
    margin = (len(weights) - 1) * stride
    size = len(line) - 2 * margin
    blurred: NDArray[np.float32] = line[margin : margin + size] * weights[0]
    both = np.empty_like(blurred)
    for away, weight in enumerate(weights[1:], start=1):
        ahead, behind = margin + away * stride, margin - away * stride
        np.add(line[ahead : ahead + size], line[behind : behind + size], out=both)
        both *= weight
        blurred += both
    return blurred


def _crop(values: NDArray[np.float32], box: Box) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Cut off the padding that the shape does not reach; return the first index kept as well."""
    first = np.array([max(side.start - MARGIN, 0) for side in box])
    last = [side.stop + MARGIN for side in box]
    part = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
    return np.ascontiguousarray(values[part]), first


def _level_of_mesh(values: NDArray[np.float32], count: int, exact: bool) -> float:
    """Return the level whose triangles enclose the volume of ``count`` voxels.

    Only small and thin shapes, whose surface bends within a voxel, need an ``exact`` look at their
    triangles.
    """
    level = _level_of_volume(values, float(count))
    if not exact:
        return level
    top = float(np.nextafter(values.max(), np.float32(0)))
    (low, above), (high, below) = (0.0, float("nan")), (top, -float(count))
    for trial in range(TRIALS):
        excess = _enclosed(values, level) - count
        if abs(excess) < CLOSE * count:
            break
        if excess > 0:
            low, above = level, excess
            below /= 2 if trial > 1 else 1  # a side that stays counts less (Illinois)
        else:
            high, below = level, excess
            above /= 2 if trial > 1 else 1
        level = _level_of_volume(values, count - excess) if trial == 0 else float("nan")
        if not low < level < high:
            share = above / (above - below)
            level = low + (high - low) * (share if 0 < share < 1 else 0.5)
    return level


def _enclosed(values: NDArray[np.float32], level: float) -> float:
    """Return the volume (voxels) inside the triangles of a level."""
    vertices, faces = level_triangles(values, level)
    a, b, c = (vertices[faces[:, corner]].astype(np.float64) for corner in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def level_triangles(
    values: NDArray[np.float32], level: float
) -> tuple[NDArray[np.float32], NDArray[np.integer]]:
    """Return the triangles of a level by marching cubes, wound outward around larger values.

    Cubes without a corner on either side of the level are left out before, as there is no triangle
    in them: they are most, and take half of the time.

    Parameters
    ----------
    values
        (Z, Y, X); both sides of the level are among them.
    level
        The level.

    Returns
    -------
    vertices, faces
        (N, 3) in voxels (z, y, x), and (F, 3).
    """
    from skimage.measure import marching_cubes

    some, every = values >= level, values > level
    for axis in range(3):
        ahead, behind = [slice(None)] * 3, [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        some = some[tuple(ahead)] | some[tuple(behind)]
        every = every[tuple(ahead)] & every[tuple(behind)]
    cut = np.zeros(values.shape, dtype=bool)
    np.greater(some, every, out=cut[1:, 1:, 1:])  # a cube is asked for by its last corner
    vertices, faces, _, _ = marching_cubes(values, level, gradient_direction="ascent", mask=cut)
    return vertices, faces


def _level_of_volume(values: NDArray[np.float32], count: float) -> float:
    """Return the level whose surface encloses about the volume of ``count`` voxels.

    Counting the voxels above a level says nothing between two values: all voxels of a flat face
    have the same one. Here a voxel that the surface cuts counts with the part inside, as if
    the surface were flat in it: its values span the sum of the gradient's components.
    """
    top = float(values.max())
    flat = values.ravel()
    # The Gaussian's padding is two voxels wider than its reach: neighbours never wrap around.
    near = np.flatnonzero(flat > FAINT * top)
    value = flat[near]
    span = np.full(len(near), top * 1e-6, dtype=np.float32)
    bulge = np.zeros(len(near), dtype=np.float32)
    for stride in np.array(values.strides) // values.itemsize:
        after, before = flat[near + stride], flat[near - stride]
        span += np.abs(after - before) / 2
        bulge += after + before - 2 * value
    value = value + CHORDS * bulge
    low, high = FAINT * top, top
    for step in range(HALVINGS):
        level = (low + high) / 2
        volume = np.clip((value - level) / span + 0.5, 0, 1).sum(dtype=np.float64)
        low, high = (level, high) if volume > count else (low, level)
        if step == FIRST_HALVINGS:  # most voxels are surely in or out by now
            count -= np.count_nonzero(value - span / 2 >= high)
            open_ = (value - span / 2 < high) & (value + span / 2 > low)
            value, span = value[open_], span[open_]
    return float(min(low, np.nextafter(np.float32(top), np.float32(0))))
