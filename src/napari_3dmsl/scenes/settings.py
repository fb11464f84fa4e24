"""What lies in a field of view: one shape, shapes packed at random, or a real region of a cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.ranges import OpenTable, open_settings
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.settings import Settings, Show, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.shapes.collection import ShapeSource
    from napari_3dmsl.shapes.mesh import Mesh

_SLICE = re.compile(r"slice\((-?\d+), (-?\d+), None\)")
_FRAME_TOLERANCE_UM = 0.2  # between a mesh and the box of its voxels: smoothing, coarse voxels


Objects = Annotated[int, Field(ge=1, le=1000)]


class SceneSettings(Settings):
    """What lies in each field of view, which is as wide as the image."""

    kind: Annotated[
        Literal["single", "packed", "region", "cell"],
        Field(
            description="Packed: shapes of the library, turned and placed at random without "
            "overlap. Where they are: windows of the EM volume. Like a cell: lying flat in a "
            "region with an edge, with others out of focus above. One: in the middle, turned at "
            "random.",
        ),
        Show(
            "Shapes are",
            words={
                "packed": "packed at random",
                "region": "where they are",
                "cell": "like a cell",
                "single": "one, turned",
            },
            source="Default: one, as in the 3DMSL release.",
        ),
    ] = "single"
    objects: Annotated[
        tuple[Objects, Objects],
        Field(description="Packed: the fewest and the most in a scene, drawn for each."),
        Show("Objects", "shapes", source="Default: 2 to 6, our choice."),
    ] = (2, 6)
    volume_share: Annotated[
        float | None,
        Field(
            gt=0.0,
            le=0.5,
            description="Packed: as many shapes as fill this share of the field; replaces their "
            "number.",
        ),
        Show(
            "or fill",
            "",
            3,
            0.01,
            lowest="as many as above",
            source="Default: off; the number of objects decides.",
        ),
    ] = None
    gap_um: Annotated[
        float,
        Field(ge=0.0, le=10.0, description="Packed: the least distance between shapes."),
        Show("Gap", "µm", 3, 0.01, source="Default: 0.05 µm, our choice."),
    ] = 0.05
    height_um: Annotated[
        float,
        Field(gt=0.0, le=100.0, description="Height of the field, along z."),
        Show("Height", "µm", 2, 0.1, source="Default: 3 µm, our choice."),
    ] = 3.0
    border: Annotated[
        Literal["inside", "cut"],
        Field(
            description="Whether every shape lies wholly in the field, or the sides of the image "
            "may cut shapes, as in a real one.",
        ),
        Show(
            "At the border",
            words={"inside": "all lie inside", "cut": "shapes are cut"},
            source="Default: all lie inside, so that each is seen whole.",
        ),
    ] = "inside"

    cell: Annotated[
        dict[str, Any],
        OpenTable(CellScene),
        Field(description="Like a cell: what the cell is like. A range is drawn from for each."),
        Show("Cell", source="Default: that of its settings."),
    ] = Field(default_factory=dict, validate_default=True)

    @field_validator("cell", mode="before")
    @classmethod
    def _open_cell(cls, given: Any) -> Any:
        return open_settings(CellScene, given) if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _fewest_to_most(self) -> Self:
        fewest, most = self.objects
        if fewest > most:
            raise ValueError(f"objects = {shown(self.objects)}: the fewest come first")
        return self

    def irrelevant(self) -> dict[str, str]:
        """Return what belongs to another kind, and the number where a share is given."""
        found: dict[str, str] = {}
        if self.kind != "cell":
            found["cell"] = "only a scene like a cell has one"
        if self.kind == "packed":
            return found | ({"objects": "the share to fill is given"} if self.volume_share else {})
        packing = ("objects", "volume_share", "gap_um")
        found |= dict.fromkeys(packing, "only packed scenes choose how many shapes lie how close")
        if self.kind == "single":
            found |= dict.fromkeys(("height_um", "border"), "one shape lies in the middle anyway")
        if self.kind == "cell":
            found["height_um"] = "the cell's layer and thickness tell the heights"
            found["border"] = "the border of the image cuts a cell"
        return found


class Meshes(Protocol):
    """Surfaces by their id."""

    @property
    def ids(self) -> Sequence[int]:
        """Ids of all shapes."""
        ...

    def mesh(self, shape_id: int) -> Mesh:
        """Surface of one shape, world µm.

        Parameters
        ----------
        shape_id : int
            Its number in the library.
        """
        ...


@dataclass(frozen=True, eq=False)
class Region:
    """The shapes of a window of the EM volume.

    Attributes
    ----------
    ids : tuple of int
        Ascending.
    meshes : tuple of Mesh
        Their surfaces in the world, whole also where they leave the window.
    to_field : (4, 4) float64
        World to field, the same for all: (z, y, x, 1) column vectors, µm.
    """

    ids: tuple[int, ...]
    meshes: tuple[Mesh, ...]
    to_field: FloatArray


def world_boxes_um(source: ShapeSource) -> FloatArray:
    """Return the boxes of all shapes in the EM volume, (N, 2, 3): lowest and highest (z, y, x).

    From the table of a library where it has them, else from mesh after mesh.

    Parameters
    ----------
    source : ShapeSource
        A library, or shapes just extracted.

    Raises
    ------
    ValueError
        When a box in the table is damaged.
    """
    table = source.table
    if not isinstance(source, ShapeLibrary) or "bbx" not in table:
        return np.array([source.mesh(shape_id).bounds_um for shape_id in source.ids])
    boxes = np.empty((len(source.ids), 2, 3))
    for axis, name in enumerate(("bbz", "bby", "bbx")):
        for row, text in enumerate(table[name]):
            found = _SLICE.fullmatch(str(text))
            if found is None:
                raise ValueError(
                    f"{source.folder}: shape {source.ids[row]}: {name} = {text!r}: "
                    "expected slice(first, last, None)"
                )
            # Voxel i reaches from i - 0.5 to i + 0.5.
            boxes[row, :, axis] = np.array(found.groups(), dtype=float) - 0.5
    return boxes * (source.unit_nm / 1000)


def draw_centre(boxes_um: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw the middle of a window: that of a shape, so that no region is empty.

    Parameters
    ----------
    boxes_um : (N, 2, 3) array
        See `world_boxes_um`.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.

    Returns
    -------
    (3,) float64
    """
    centre: FloatArray = boxes_um[rng.integers(len(boxes_um))].mean(axis=0)
    return centre


def region(
    source: Meshes,
    boxes_um: FloatArray,
    centre_um: ArrayLike,
    settings: SceneSettings,
    image_size_um: Sequence[float],
    rotation: FloatArray | None = None,
    depth_um: float = 0.0,
) -> Region:
    """Take the shapes of a window of the EM volume as they lie there.

    Parameters
    ----------
    source
        Shapes whose meshes keep their place in the volume.
    boxes_um
        Their boxes, see `world_boxes_um`.
    centre_um : (3,)
        Middle of the window in the world, (z, y, x); the middle of the image.
    settings
        ``height_um``: extent of the window along the optical axis. ``border``: ``inside`` takes the
        shapes that lie wholly in the window, ``cut`` all that reach into it.
    image_size_um : (y, x)
        Sides of the window.
    rotation : (3, 3), optional
        Turns window and shapes about the centre, see `Pose.matrix`.
    depth_um
        Height above the coverslip at which the lowest point of all shapes comes to lie.

    Raises
    ------
    ValueError
        When no shape is there, or the meshes do not lie where the table says.
    """
    centre = np.asarray(centre_um, dtype=np.float64)
    turn = np.eye(3) if rotation is None else rotation
    half = 0.5 * np.array([settings.height_um, *image_size_um])
    ids: list[int] = []
    meshes: list[Mesh] = []
    lowest = np.inf
    for row in np.flatnonzero(_reach_in(boxes_um, centre, turn, half)).tolist():
        mesh = source.mesh(source.ids[row])
        check_frame(mesh, boxes_um[row], source.ids[row])
        turned = (mesh.vertices - centre) @ turn.T
        within = (np.abs(turned) <= half).all(axis=1)
        if within.all() if settings.border == "inside" else within.any():
            ids.append(source.ids[row])
            meshes.append(mesh)
            lowest = min(lowest, float(turned[:, 0].min()))
    if not ids:
        low, high = boxes_um.min(axis=(0, 1)), boxes_um.max(axis=(0, 1))
        raise ValueError(
            f"no shape lies in the window of {_in_text(2 * half)} µm around {_in_text(centre)} µm "
            f"(z, y, x); shapes lie from {_in_text(low)} to {_in_text(high)} µm"
        )
    to_field = np.eye(4)
    to_field[:3, :3] = turn
    to_field[:3, 3] = [depth_um - lowest, 0.0, 0.0] - turn @ centre
    return Region(tuple(ids), tuple(meshes), to_field)


def _reach_in(
    boxes_um: FloatArray, centre: FloatArray, turn: FloatArray, half: FloatArray
) -> NDArray[np.bool_]:
    """Tell which boxes may reach into the turned window."""
    middle = (boxes_um.mean(axis=1) - centre) @ turn.T
    extent = 0.5 * (boxes_um[:, 1] - boxes_um[:, 0]) @ np.abs(turn).T
    near: NDArray[np.bool_] = (np.abs(middle) <= half + extent + _FRAME_TOLERANCE_UM).all(axis=1)
    return near


def check_frame(mesh: Mesh, box_um: FloatArray, shape_id: int) -> None:
    """Refuse a mesh that has not kept its place in the EM volume.

    Parameters
    ----------
    mesh
        In the world.
    box_um
        (2, 3), its box as the table has it.
    shape_id
        For the message.

    Raises
    ------
    ValueError
        When it lies elsewhere.
    """
    if np.abs(mesh.bounds_um - box_um).max() > _FRAME_TOLERANCE_UM:
        raise ValueError(
            f"shape {shape_id}: its mesh does not lie where its box in the volume is, as in the "
            "3DMSL release, so there are no regions; extract the shapes anew or pack them"
        )


def _in_text(lengths: FloatArray) -> str:
    return " x ".join(f"{length:.3g}" for length in lengths)
