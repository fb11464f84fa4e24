"""A field of view in an EM volume: everything that lies in it, imaged at its place.

The axes of the EM volume are those of the microscope, z the optical axis, unless a pose turns the
volume about its middle. The lowest point of everything in the volume lies at ``depth_um``, and
focus counts from the middle of the volume, so that neither changes when the field moves. The field
moves in whole pixels of a grid that is fixed to the volume.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.microscope.emitter_transform import MARGIN_UM
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.pose import HIGHEST_UM, Placed
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.microscope.simulation import Scene
from napari_3dmsl.scenes.shapes_in_place import ShapesInPlace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.microscope.simulation import Simulation
    from napari_3dmsl.progress import Progress
    from napari_3dmsl.scenes.shapes_in_place import LabelledShape
    from napari_3dmsl.shapes.collection import ShapeSource

Place = tuple[float, float, float]
"""World point in the middle of a field, (z, y, x) in µm; along the optical axis it may lie
anywhere."""

_DARK = Emitters(np.zeros((1, 3)), np.zeros(1))
"""Stands for the fluorophores of a field in which there are none."""


@dataclass(frozen=True)
class Window:
    """Pixels of the grid of a volume, whose pixel (0, 0) begins at the volume's middle.

    Attributes
    ----------
    first : (row, column)
    size : (rows, columns)
    """

    first: tuple[int, int]
    size: tuple[int, int]

    @classmethod
    def around(cls, centre_px: FloatArray, size: tuple[int, int]) -> Window:
        """Return the window of some size whose middle is nearest to a place.

        Parameters
        ----------
        centre_px : (2,) array
            In pixels from the volume's middle.
        size : (rows, columns)
            Of the window.
        """
        row, column = np.floor(centre_px - 0.5 * np.array(size) + 0.5).astype(int).tolist()
        return cls((row, column), size)

    @property
    def middle_px(self) -> FloatArray:
        """Its middle in pixels from the volume's middle, (2,)."""
        middle: FloatArray = np.array(self.first) + 0.5 * np.array(self.size)
        return middle

    def holds(self, other: Window) -> bool:
        """Whether another window lies in it.

        Parameters
        ----------
        other : Window
            Of the same grid.
        """
        low = np.array(other.first) - self.first
        high = low + other.size
        return bool((low >= 0).all() and (high <= self.size).all())

    def part(self, other: Window) -> tuple[slice, slice]:
        """Return where another window lies in it, as slices of its rows and columns.

        Parameters
        ----------
        other : Window
            Which it `holds`.
        """
        row, column = (np.array(other.first) - self.first).tolist()
        return slice(row, row + other.size[0]), slice(column, column + other.size[1])


class PosedVolume:
    """Shapes in place, labelled, turned and lifted above the coverslip; ready for any field.

    Its frame is that of the field in the middle: z is the height above the coverslip, (y, x) count
    from the middle of the volume.

    Parameters
    ----------
    shapes : ShapesInPlace
    simulation : Simulation
        Its labelling, pose, depth and seed.

    Attributes
    ----------
    height_um : float
        Of the volume's middle above the coverslip: focus counts from there.
    boxes_um : (N, 2, 3) float64
        About the shapes, in this frame.

    Raises
    ------
    ValueError
        When it reaches too far above the coverslip, or the microscope places shapes as the release
        did.
    """

    def __init__(self, shapes: ShapesInPlace, simulation: Simulation) -> None:
        microscope = simulation.microscope
        if microscope.as_released is not None:
            raise ValueError(
                f"{microscope.name}: images as in the release show one shape; take the microscope "
                "without -released for several"
            )
        self.shapes = shapes
        self.labelling, self.seed = simulation.labelling, simulation.seed
        self.turn = simulation.pose.matrix
        boxes = shapes.turned_boxes_um(self.turn)
        self.height_um = simulation.acquisition.depth_um - float(boxes[:, 0, 0].min())
        boxes[:, :, 0] += self.height_um
        self.boxes_um: FloatArray = boxes
        if (highest := float(boxes[:, 1, 0].max())) > HIGHEST_UM:
            raise ValueError(
                f"the shapes reach {highest:.4g} µm above the coverslip, at most {HIGHEST_UM:g}; "
                "take a thinner volume, or turn it so that it lies flat"
            )

    def window(self, centre_um: Place | None, microscope: Microscope) -> Window:
        """Return the pixels of a field.

        Parameters
        ----------
        centre_um : (z, y, x), optional
            World point in its middle; by default that of the volume.
        microscope : Microscope
            Its pixels.
        """
        middle = self.shapes.middle_um
        centre = middle if centre_um is None else np.array(centre_um, dtype=np.float64)
        turned = self.turn @ (centre - middle)
        return Window.around(turned[1:] / microscope.pixel_um, microscope.image_size)

    def rows_near(self, middle_um: FloatArray, half_um: FloatArray) -> list[int]:
        """Return which shapes may reach into a part of the plane.

        Parameters
        ----------
        middle_um, half_um : (2,) arrays
            Its middle (y, x) in this frame, and half its sides.
        """
        low, high = self.boxes_um[:, 0, 1:], self.boxes_um[:, 1, 1:]
        near = ((low <= middle_um + half_um) & (high >= middle_um - half_um)).all(axis=1)
        rows: list[int] = np.flatnonzero(near).tolist()
        return rows

    def to_field(self, middle_um: FloatArray) -> FloatArray:
        """Return the transform from the world to a field, (4, 4), µm.

        Parameters
        ----------
        middle_um : (2,) array
            Middle of the field (y, x) in this frame.
        """
        to_field = np.eye(4)
        to_field[:3, :3] = self.turn
        to_field[:3, 3] = [self.height_um, *(-middle_um)] - self.turn @ self.shapes.middle_um
        return to_field

    def lit(
        self, window: Window, microscope: Microscope, progress: Progress | None = None
    ) -> LitWindow:
        """Return everything that shines into a window, in the frame of that field.

        Fluorophores farther beside it than their light reaches are left out; along the optical
        axis all are kept.

        Parameters
        ----------
        window : Window
            Of this volume's grid.
        microscope : Microscope
            Its pixels.
        progress : callable, optional
            Called with (shapes done, shapes, what); raise in it to cancel.
        """
        middle = window.middle_px * microscope.pixel_um
        half = 0.5 * microscope.pixel_um * np.array(window.size) + MARGIN_UM
        rows = self.rows_near(middle, half)
        shapes = self.shapes.labelled(rows, self.labelling, self.seed, progress)
        sizes = {
            row: (shape.area_um2, shape.fluorophores)
            for row, shape in zip(rows, shapes, strict=True)
        }
        return LitWindow(window, _in_field(shapes, self.to_field(middle), half), sizes)

    def scene(
        self,
        lit: LitWindow,
        window: Window,
        microscope: Microscope,
        memory_limit: int | None = None,
    ) -> Scene:
        """Return a window that lies in a lit one as something to image.

        Parameters
        ----------
        lit : LitWindow
            From `lit`.
        window : Window
            The same or a part of it.
        microscope : Microscope
            Its pixels.
        memory_limit : int, optional
            Bytes that images may take; by default `allowed_bytes`.
        """
        middle = window.middle_px * microscope.pixel_um
        half = 0.5 * microscope.pixel_um * np.array(window.size)
        emitters = lit.emitters
        if window != lit.window:
            away = (lit.window.middle_px - window.middle_px) * microscope.pixel_um
            emitters = _near(emitters, away, half + MARGIN_UM)
        sizes = [lit.sizes[row] for row in self.rows_near(middle, half) if row in lit.sizes]
        return Scene(
            Placed(emitters, self.height_um, self.to_field(middle)),
            Renderer(emitters, memory_limit),
            self.turn.T @ np.array([0.0, *middle]) + self.shapes.middle_um,
            sum(area for area, _ in sizes),
            None,
            sum(count for _, count in sizes),
            part_of_more=True,
        )


@dataclass(frozen=True, eq=False)
class LitWindow:
    """A window with all that shines into it.

    Attributes
    ----------
    window : Window
    emitters : Emitters
        In the frame of the field that the window is.
    sizes : dict
        Area in µm² and fluorophores of each shape whose fluorophores these are, by its row.
    """

    window: Window
    emitters: Emitters
    sizes: dict[int, tuple[float, float]]


def _in_field(
    shapes: Sequence[LabelledShape], to_field: FloatArray, half_um: FloatArray
) -> Emitters:
    """Return the fluorophores that lie in a field, in its frame."""
    if not shapes:
        return _DARK
    positions = np.concatenate([shape.emitters.positions_um for shape in shapes])
    photons = np.concatenate([shape.emitters.photons for shape in shapes])
    positions = positions @ to_field[:3, :3].T + to_field[:3, 3]
    np.maximum(positions[:, 0], 0.0, out=positions[:, 0])  # smoothing moves points out of the box
    return _near(Emitters(positions, photons), np.zeros(2), half_um)


def _near(emitters: Emitters, away_um: FloatArray, half_um: FloatArray) -> Emitters:
    """Move emitters in the plane and leave out what comes to lie beyond ``half_um``."""
    _, y, x = emitters.positions_um.T
    inside = np.abs(y + away_um[0]) <= half_um[0]
    inside &= np.abs(x + away_um[1]) <= half_um[1]
    near = np.flatnonzero(inside)
    if not len(near):
        return _DARK
    positions = emitters.positions_um[near]
    positions[:, 1:] += away_um
    return Emitters(positions, emitters.photons[near])


def scene_of_field(
    source: ShapeSource,
    simulation: Simulation,
    centre_um: Place | None = None,
    ids: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> Scene:
    """Label everything that shines into a field of an EM volume, at its place.

    Parameters
    ----------
    source : ShapeSource
        A library, or shapes just extracted, whose meshes keep their place in the volume.
    simulation : Simulation
        Its labelling, pose, depth, seed, and the field of its microscope.
    centre_um : (z, y, x), optional
        World point in the middle of the field, which goes to the next whole pixel; by default the
        middle of all shapes. Along the optical axis it has no effect.
    ids : sequence of int, optional
        Image only these shapes, as if there were no others.
    progress : callable, optional
        Called with (shapes done, shapes, what); raise in it to cancel.

    Raises
    ------
    ValueError
        When there are no shapes, the meshes do not lie where the table says, or the microscope
        places shapes as the release did.
    """
    volume = PosedVolume(ShapesInPlace(source, ids), simulation)
    microscope = simulation.microscope
    window = volume.window(centre_um, microscope)
    return volume.scene(volume.lit(window, microscope, progress), window, microscope)
