"""How the 3DMSL release imaged its shapes, kept for comparison.

The released images differ from the paper's text: emitters below the object's centroid are missing,
the stage stands at -1 µm (which focuses 0.7 µm above the centroid), and in two of the three sets
each view turns the object on from the view before. Conf2 was made with pixels of 48.8 nm, not the
48 nm of Table 2. Found by reading the authors' code and by
correlating with the released files; the tests hold all 18 images of instance 920 against it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.pose import Placed, Pose, ViewName
from napari_3dmsl.settings import Settings, Show

GreyLevel = Annotated[int, Field(ge=0, le=65535)]

RELEASED_ORDER: tuple[ViewName, ...] = ("0", "x180", "y180", "x90", "y90", "z90")
"""The order in which the release turned its objects."""


class AsReleased(Settings):
    """What sets an image set of the release apart from the paper's text."""

    stage_um: Annotated[
        float,
        Field(
            ge=-150.0,
            le=150.0,
            description="Position of the stage, negative towards the objective.",
        ),
        Show("Stage", "µm", 2, 0.05, source="The authors' code: -1 µm in all three sets."),
    ] = -1.0
    height_limit_um: Annotated[
        float,
        Field(gt=0.0, le=100.0, description="Where emitters end above the object's centroid."),
        Show("Height limit", "µm", 2, 0.1, source="The authors' code: 5 µm; 1.5 µm in Epi1."),
    ] = 5.0
    views_accumulate: Annotated[
        bool,
        Field(description="Whether each view turns the object on from the view before."),
        Show("Views accumulate", source="The released files: on, but in Conf1."),
    ] = True
    physseg_offset: Annotated[
        tuple[GreyLevel, GreyLevel],
        Field(description="Lowest and highest grey level that PhysSeg noise draws for black."),
        Show("PhysSeg offset", "grey levels", source="The authors' code: 20 to 69; Epi1 80 to 99."),
    ] = (20, 69)
    physseg_peak: Annotated[
        tuple[GreyLevel, GreyLevel],
        Field(
            description="Lowest and highest grey level that PhysSeg noise draws for the brightest "
            "pixel.",
        ),
        Show(
            "PhysSeg peak",
            "grey levels",
            source="The authors' code: 200 to 239; Epi1 160 to 219.",
        ),
    ] = (200, 239)


def released_pose(view: ViewName, *, accumulate: bool) -> Pose:
    """Pose of a view as the authors' code turns objects.

    Row vectors (x, y, z) are multiplied by matrices that turn by -θ about x and z, +θ about y.

    Parameters
    ----------
    view : str
        One of the six views.
    accumulate : bool
        Turn on from the views before, in `RELEASED_ORDER`.
    """
    last = RELEASED_ORDER.index(view)
    turns = RELEASED_ORDER[1 : last + 1] if accumulate else RELEASED_ORDER[max(last, 1) : last + 1]
    in_xyz = np.eye(3)
    for turn in turns:
        in_xyz = in_xyz @ _row_rotation(turn[0], np.deg2rad(float(turn[1:])))
    for_columns = np.rint(in_xyz.T[::-1, ::-1])  # quarter turns: whole numbers
    z, y, x = (tuple(float(value) for value in row) for row in for_columns)
    return Pose(rotation_matrix=(z, y, x))


def _row_rotation(axis: str, angle: float) -> FloatArray:
    c, s = np.cos(angle), np.sin(angle)
    matrices = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, -s], [0, 1, 0], [s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    return np.array(matrices[axis], dtype=np.float64)


def place_as_released(
    emitters: Emitters, pose: Pose, as_released: AsReleased, mean_um: FloatArray | None = None
) -> Placed:
    """Turn emitters about their mean and keep those above it, where the release kept them.

    The mean comes to lie on the coverslip: its height is 0.

    Parameters
    ----------
    emitters : Emitters
        World frame, (z, y, x) in µm.
    pose : Pose
        How it is turned.
    as_released : AsReleased
        How the release cut them off.
    mean_um : (3,) array, optional
        Mean position to use, for emitters that are not equally bright; by default that of all.

    Raises
    ------
    ValueError
        When no emitter is left.
    """
    mean = emitters.positions_um.mean(axis=0) if mean_um is None else mean_um
    turned = (emitters.positions_um - mean) @ pose.matrix.T
    kept = (turned[:, 0] >= 0.0) & (turned[:, 0] < as_released.height_limit_um)
    world_to_field = np.eye(4)
    world_to_field[:3, :3] = pose.matrix
    world_to_field[:3, 3] = -pose.matrix @ mean
    above = replace(emitters, positions_um=turned[kept], photons=emitters.photons[kept])
    return Placed(above, 0.0, world_to_field)
