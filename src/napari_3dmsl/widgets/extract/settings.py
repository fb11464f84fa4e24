"""What the *Extract shapes* panel asks beside the settings of the extraction."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from napari_3dmsl.memory import GB, default_limit
from napari_3dmsl.settings import Settings, Show


def _free_gb() -> float:
    """Half of the free memory, in whole steps."""
    return max(0.5, round(2 * default_limit() / GB) / 2)


class SourceSettings(Settings):
    """What of the labels is taken."""

    background: Annotated[
        int | Literal["max"] | None,
        Field(
            description="A number besides 0 that stands for background, such as -1 or that of a "
            "cell; max is the largest number of the labels' type.",
        ),
        Show("Background", lowest="only 0", source="Default: empty, only 0 is background."),
    ] = None


class LayerSettings(Settings):
    """What becomes of the layer of the labels."""

    set_scale: Annotated[
        bool,
        Field(
            description="Write this voxel size into the label layer, also where it has another "
            "one, so that labels, shapes and images overlay.",
        ),
        Show(
            "Set on the layer",
            source="Default: on; napari ignores units while any layer has none.",
        ),
    ] = True


class LargeSettings(Settings):
    """How a volume is worked on that is larger than the memory."""

    memory_limit_gb: Annotated[
        float,
        Field(
            ge=0.4,
            le=10_000,
            description="Memory that all processes together may take. A larger volume is worked on "
            "block by block, and its shapes go to disk one by one.",
        ),
        Show(
            "Memory limit",
            "GB",
            1,
            1.0,
            source="Default: half of the memory that is free when the panel is opened.",
        ),
    ] = Field(default_factory=_free_gb)
    replace_library: Annotated[
        bool,
        Field(
            description="Take the place of a library written before, and of unfinished work with "
            "other settings.",
        ),
        Show("Replace", source="Default: off."),
    ] = False


class PreviewSettings(Settings):
    """Where the protocol is tried, and on how much."""

    preview_place: Annotated[
        Literal["densest", "view"],
        Field(
            description="Where the preview is made: where the labels are densest, or what you are "
            "looking at.",
        ),
        Show(
            "Crop about",
            words={"densest": "the densest place", "view": "the middle of the view"},
            source="Default: the densest place.",
        ),
    ] = "densest"
    preview_edge: Annotated[
        int,
        Field(
            ge=32,
            le=192,
            description="Edge of the cube that the preview works on, in voxels after downsampling.",
        ),
        Show("Crop edge", "voxels", step=16.0, source="Default: 96, about half a second."),
    ] = 96
