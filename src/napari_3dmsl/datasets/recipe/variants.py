"""Settings that belong together: each image takes one of several tables of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.ranges import OpenTable, open_settings
from napari_3dmsl.scenes.cell_settings import CellScene
from napari_3dmsl.settings import Settings, Show


class Variant(Settings):
    """Settings of a cell and a camera that real images have together, such as light and gain."""

    cell: Annotated[
        dict[str, Any],
        OpenTable(CellScene),
        Field(description="In the place of the same settings of `[scene.cell]`."),
        Show("Cell", source="Default: as the scene has them."),
    ] = Field(default_factory=dict)
    camera: Annotated[
        dict[str, Any],
        OpenTable(Camera),
        Field(description="In the place of the same settings of every microscope's camera."),
        Show("Camera", source="Default: as each microscope has them."),
    ] = Field(default_factory=dict)

    @field_validator("cell", mode="before")
    @classmethod
    def _open_cell(cls, given: Any) -> Any:
        return _given_of(CellScene, given)

    @field_validator("camera", mode="before")
    @classmethod
    def _open_camera(cls, given: Any) -> Any:
        return _given_of(Camera, given)


def _given_of(kind: type[Settings], given: Any) -> Any:
    """Check settings, and keep those that are given: others stay as the recipe has them."""
    if not isinstance(given, dict):
        return given
    checked = open_settings(kind, given)
    return {name: checked[name] for name in given}
