"""What is odd about an image, in the words that command line, panels and image sets share.

An image that was made as asked for may still not show what was meant: a warning, no refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_3dmsl.microscope.fluorophores import Emitters
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.microscope.simulated_stack import SimulatedStack
    from napari_3dmsl.microscope.simulation import SimulatedImage


def image_warnings(image: SimulatedImage | SimulatedStack) -> list[str]:
    """Say what of the object the image does not show: beyond its sides, or beyond its counts.

    Parameters
    ----------
    image : SimulatedImage or SimulatedStack
        As it was simulated.

    Returns
    -------
    list of str
        One line each, without a full stop; empty for most images.
    """
    return [text for text in (_beyond_the_field(image), _saturation(image)) if text]


def emitters_in_field(emitters: Emitters, microscope: Microscope) -> int:
    """Count the emitters above or below the pixels of an image, whatever their height.

    Parameters
    ----------
    emitters : Emitters
        In the frame of the field.
    microscope : Microscope
        Its optics and pixels.
    """
    half_um = 0.5 * microscope.pixel_um * np.array(microscope.image_size)
    return int((np.abs(emitters.positions_um[:, 1:]) <= half_um).all(axis=1).sum())


def _beyond_the_field(image: SimulatedImage | SimulatedStack) -> str:
    emitters, microscope = image.scene.placed.emitters, image.simulation.microscope
    inside = emitters_in_field(emitters, microscope)
    if inside == len(emitters) or (inside and image.scene.part_of_more):
        return ""
    field_um = microscope.pixel_um * np.array(microscope.image_size)
    extent_um = np.ptp(emitters.positions_um[:, 1:], axis=0)
    line = f"{inside:,} of {len(emitters):,} emitters lie in the field of {_area(field_um)}"
    if image.scene.area_um2 is None:
        return f"{line} around (0, 0): is their unit µm?"
    if (extent_um > field_um).any():
        line = f"the object is larger than the field: {_area(extent_um)}; {line}"
    return f"{line}: take more or larger pixels, or another view"


def _area(sides_um: np.ndarray) -> str:
    return f"{sides_um[0]:.4g} × {sides_um[1]:.4g} µm (y, x)"


def _saturation(image: SimulatedImage | SimulatedStack) -> str:
    share = image.saturated_share
    if not share:
        return ""
    much = "all" if share == 1.0 else f"{100 * share:.1f} %"
    return f"{much} of the pixels saturate: lower the photons"
