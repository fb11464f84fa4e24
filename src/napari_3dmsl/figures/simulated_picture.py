"""A simulated image as a picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.figures.picture import Box, Picture
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.title import microscope_title

if TYPE_CHECKING:
    from napari_3dmsl.microscope.simulation import SimulatedImage

_AROUND_UM = 0.6  # blur beyond the outermost fluorophores
_BELOW_FULL = 3.0  # standard deviations of the read noise: a full well reads a little less, or more


def picture_of(image: SimulatedImage, key: str, title: str | None = None) -> Picture:
    """Return a simulated image or stack, cropped to what shines.

    Parameters
    ----------
    image
        As from `simulate_surface`.
    key
        See `Picture`.
    title
        Instead of the microscope in words.
    """
    simulation = image.simulation
    microscope = simulation.microscope
    planes = image.counts
    focus_um = image.photons.focus_um
    wanted = simulation.acquisition.focus_um
    return Picture(
        key=key,
        title=microscope_title(microscope) if title is None else title,
        values=planes[0] if len(planes) == 1 else planes,
        pixel_um=microscope.pixel_um,
        emission_nm=microscope.emission_nm,
        unit="photons" if simulation.noise == "none" else "counts",
        step_um=simulation.acquisition.step_nm / 1000.0 if len(planes) > 1 else 0.0,
        saturation=full_counts(simulation.camera) if simulation.noise == "camera" else None,
        focus_plane=int(np.argmin(np.abs(np.asarray(focus_um) - wanted))),
        crop=_box(image),
    )


def full_counts(camera: Camera) -> float:
    """Return the counts from which on a pixel may be as bright as the camera can record.

    Parameters
    ----------
    camera
        Its well or its digitiser limits it.
    """
    well = camera.full_well_e * camera.em_gain - _BELOW_FULL * camera.read_noise_e
    return min(float(2**camera.bit_depth - 1), well / camera.e_per_adu + camera.offset_adu)


def _box(image: SimulatedImage) -> Box | None:
    """Return the pixels around the fluorophores in the image; None for a part of something."""
    microscope = image.simulation.microscope
    places = image.scene.placed.emitters.positions_um[:, 1:]
    if image.scene.part_of_more or not len(places):
        return None
    box: list[int] = []
    for low, high, count in zip(
        places.min(0) - _AROUND_UM, places.max(0) + _AROUND_UM, microscope.image_size, strict=True
    ):
        first = max(math.floor(low / microscope.pixel_um + 0.5 * count), 0)
        after = min(math.ceil(high / microscope.pixel_um + 0.5 * count), count)
        if first >= after:
            return None
        box += [first, after]
    return box[0], box[1], box[2], box[3]
