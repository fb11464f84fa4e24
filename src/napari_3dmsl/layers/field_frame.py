"""The field of view as a frame in the 3D view, with a handle at each corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.layers.attributes import LayerData, attributes_for

if TYPE_CHECKING:
    from napari_3dmsl.microscope.simulation import SimulatedImage

FIELD_FRAME = "field of view"
FIELD_FRAME_COLOUR = "#56B4E9"  # sky blue of Okabe and Ito: not the orange of the focal plane
_BAR, _HANDLE = 0.008, 0.03  # widths as a share of the mean side
_BOX = np.array([[z, y, x] for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)], dtype=np.float64)
_BOX_FACES = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]),
        *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ],
    dtype=np.int32,
)


@dataclass(frozen=True, eq=False)
class Rectangle:
    """A field of view in the world, at the height of its sharp plane.

    Attributes
    ----------
    middle_um : (3,) float64
    axes : (3, 3) float64
        Unit vectors in the world along the optical axis, the rows (y) and the columns (x).
    size : (rows, columns)
    pixel_um : float
    """

    middle_um: FloatArray
    axes: FloatArray
    size: tuple[int, int]
    pixel_um: float

    @classmethod
    def of_image(cls, image: SimulatedImage) -> Rectangle:
        """Return the field of an image, at the middle of its planes.

        Parameters
        ----------
        image : SimulatedImage
            As it was simulated.
        """
        placed, microscope = image.scene.placed, image.simulation.microscope
        height = placed.centroid_height_um + float(image.photons.focus_um.mean())
        middle = np.linalg.inv(placed.world_to_field) @ [height, 0.0, 0.0, 1.0]
        axes = placed.world_to_field[:3, :3]
        return cls(middle[:3], axes, microscope.image_size, microscope.pixel_um)

    @property
    def half_um(self) -> FloatArray:
        """Half its sides (y, x)."""
        half: FloatArray = 0.5 * self.pixel_um * np.array(self.size)
        return half

    def is_congruent(self, other: Rectangle) -> bool:
        """Whether it is another one moved.

        Parameters
        ----------
        other : Rectangle
            In the same world.
        """
        same = self.size == other.size and self.pixel_um == other.pixel_um
        return same and np.array_equal(self.axes, other.axes)

    def moved(self, by_um: FloatArray) -> Rectangle:
        """Return it moved within its plane.

        Parameters
        ----------
        by_um : (2,) array
            Along rows and columns (y, x).
        """
        return Rectangle(
            self.middle_um + by_um @ self.axes[1:], self.axes, self.size, self.pixel_um
        )

    def resized(self, size: tuple[int, int], fixed: FloatArray) -> Rectangle:
        """Return it with other sides while one corner stays where it is.

        Parameters
        ----------
        size : (rows, columns)
            Its new sides.
        fixed : (2,) array of -1 and 1
            Which corner stays.
        """
        other = Rectangle(self.middle_um, self.axes, size, self.pixel_um)
        return other.moved(fixed * (self.half_um - other.half_um))


def field_frame_layer(field: Rectangle) -> LayerData:
    """Return four bars about a field and a handle at each of its corners.

    Parameters
    ----------
    field : Rectangle
        Of the image that is shown.
    """
    half = field.half_um
    mean = float(half.mean())
    bar, handle = _BAR * mean, _HANDLE * mean
    boxes = [
        *(([0.0, side * half[0], 0.0], [bar, bar, half[1]]) for side in (-1, 1)),
        *(([0.0, 0.0, side * half[1]], [bar, half[0], bar]) for side in (-1, 1)),
        *(
            ([0.0, y * half[0], x * half[1]], [bar, handle, handle])
            for y in (-1, 1)
            for x in (-1, 1)
        ),
    ]
    corners = np.concatenate([np.array(at) + _BOX * np.array(sides) for at, sides in boxes])
    vertices = (corners @ field.axes).astype(np.float32)
    faces = np.concatenate([_BOX_FACES + 8 * number for number in range(len(boxes))])
    attributes = {
        **attributes_for(FIELD_FRAME, FIELD_FRAME, translate=field.middle_um),
        "colormap": [FIELD_FRAME_COLOUR, FIELD_FRAME_COLOUR],
        "shading": "none",
    }
    return (vertices, faces), attributes, "surface"
