"""Time-lapses as napari layers: images, surfaces and tracks that follow one time slider.

All have the axes (t, z, y, x), seconds and µm: napari aligns axes from the right, so an image
(t, y, x) would put its time where others have z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.layers.attributes import AXES, LayerData, attributes_for, first_pixel
from napari_3dmsl.layers.images import IN_A_PLANE, contrast_of
from napari_3dmsl.library.level_of_detail import DRAWN_FACES
from napari_3dmsl.shapes.mesh import Mesh, decimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.scenes.placed_object import PlacedObject
    from napari_3dmsl.timelapse.lineage import Track
    from napari_3dmsl.timelapse.motion import Frame

TIME_AXES = f"t{AXES}"
COLOURS = "hsv"  # of tracks and their surfaces, by track: bright throughout, on a black canvas
FILM_FACES = 1_000_000
"""Faces of all frames together: napari searches them all for those of the frame that it draws."""

_FEWEST_FACES = 100


def tracks_layer(
    frames: Sequence[Frame], tracks: Sequence[Track], interval_s: float, name: str = "tracks"
) -> LayerData:
    """Return the paths of all objects, with who came from whom, as napari Tracks.

    Parameters
    ----------
    frames : sequence of Frame
        In their order.
    tracks : sequence of Track
        Of these frames, see `lineage_of`.
    interval_s : float
        Between two frames.
    name : str
        Of the layer.
    """
    rows = [
        (found.label, number, *_middle(found))
        for number, frame in enumerate(frames)
        for found in frame.objects
    ]
    data = np.array(sorted(rows), dtype=np.float64)
    graph = {track.label: list(track.parents) for track in tracks if track.parents}
    attributes = {
        **attributes_for(name, "tracks", TIME_AXES, scale=(interval_s, 1.0, 1.0, 1.0)),
        "graph": graph,
        "colormap": COLOURS,
        "color_by": "track_id",
    }
    return data, attributes, "tracks"


def _middle(found: PlacedObject) -> FloatArray:
    """Mean of the vertices, which lie evenly on our surfaces."""
    middle: FloatArray = found.vertices_um.mean(axis=0)
    return middle


def surfaces_layer(
    frames: Sequence[Frame], interval_s: float, name: str = "moving surfaces"
) -> LayerData:
    """Return the surfaces of all frames as one Surface in (t, z, y, x), coloured by track.

    Beyond `DRAWN_FACES` in a frame, or `FILM_FACES` in all, they are thinned, for display only.

    Parameters
    ----------
    frames
        In their order.
    interval_s
        Between two frames.
    name
        Of the layer.
    """
    faces_of = [sum(len(found.faces) for found in frame.objects) for frame in frames]
    share = min(1.0, DRAWN_FACES / max(faces_of), FILM_FACES / sum(faces_of))
    vertices, faces, labels = [], [], []
    count = 0
    for number, frame in enumerate(frames):
        for found in frame.objects:
            mesh = _drawn(found, share)
            time = np.full((len(mesh.vertices), 1), number)
            vertices.append(np.hstack([time, mesh.vertices]).astype(np.float32))
            faces.append(mesh.faces + count)
            labels.append(np.full(len(mesh.vertices), found.label, dtype=np.float32))
            count += len(mesh.vertices)
    values = np.concatenate(labels)
    attributes = {
        **attributes_for(name, "moving surfaces", TIME_AXES, scale=(interval_s, 1.0, 1.0, 1.0)),
        "colormap": COLOURS,
        "contrast_limits": (float(values.min()), max(float(values.max()), values.min() + 1.0)),
        "shading": "smooth",
    }
    return (np.concatenate(vertices), np.concatenate(faces), values), attributes, "surface"


def _drawn(found: PlacedObject, share: float) -> Mesh:
    mesh = Mesh(np.asarray(found.vertices_um, dtype=np.float64), found.faces.astype(np.int32))
    wanted = max(_FEWEST_FACES, int(share * len(mesh.faces)))
    return mesh if share >= 1.0 else decimate(mesh, wanted)


def film_layer(
    pixels: Any,
    interval_s: float,
    pixel_um: float,
    plane_heights_um: Sequence[float],
    name: str = "time-lapse",
) -> LayerData:
    """Return the images of a time-lapse as one Image, where the objects are.

    Parameters
    ----------
    pixels : (t, planes, rows, columns) or (t, rows, columns) array
        (T, R, C), or (T, P, R, C).
    interval_s : float
        Between two frames.
    pixel_um : float
        Side of a pixel in the specimen.
    plane_heights_um : (planes,) floats
        Heights of the sharp planes above the coverslip in the first frame. A single plane becomes a
        slab from the coverslip to twice its height: napari shows it whatever z is chosen.
    name : str
        Of the layer.

    Raises
    ------
    ValueError
        When the number of planes and of their heights differ.
    """
    stack = np.asarray(pixels)
    stack = stack[:, None] if stack.ndim == 3 else stack
    heights = np.asarray(plane_heights_um, dtype=np.float64)
    if stack.ndim != 4 or stack.shape[1] != len(heights):
        raise ValueError(
            f"pixels: shape {np.shape(pixels)} with {len(heights)} plane heights; expected "
            "(t, planes, rows, columns) and a height for each plane"
        )
    step = float(heights[1] - heights[0]) if len(heights) > 1 else 2.0 * float(heights[0])
    scale = np.array([interval_s, step or 1.0, pixel_um, pixel_um])
    corner = (0.0, float(heights[0]), *first_pixel(stack.shape[2:], pixel_um))
    attributes = {
        **attributes_for(name, "time-lapse", TIME_AXES, scale=scale, translate=corner),
        "colormap": "gray",
        "contrast_limits": contrast_of(stack),
    }
    if len(heights) == 1:  # the slab itself would hide what is in it
        attributes |= IN_A_PLANE
    return stack, attributes, "image"
