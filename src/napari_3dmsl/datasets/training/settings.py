"""How an image set is laid out for a tool."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from napari_3dmsl.ground_truth.registry import TRUTHS
from napari_3dmsl.settings import Settings, Show

TOOLS = {
    "cellpose": "Cellpose",
    "stardist": "StarDist",
    "nnunet": "nnU-Net v2",
    "coco": "COCO instances",
    "ctc": "Cell Tracking Challenge",
}
"""The tools by name, as people call them."""

USUAL = "usual"
"""In the place of a ground truth: the one that a tool learns."""

PixelLabels = Literal[
    "usual",
    "mask",
    "focus_mask",
    "haze_mask",
    "instances",
    "classes",
    "volume_instances",
    "volume_classes",
]
"""Ground truths whose pixels are labels."""


class ToolLayout(Settings):
    """For which tool a set is laid out, and what is learnt from it."""

    tool: Annotated[
        Literal["cellpose", "stardist", "nnunet", "coco", "ctc"],
        Field(
            description="Whose folders and files are written. Cellpose and COCO take flat images: "
            "planes and frames become images of their own.",
        ),
        Show("Tool", words=TOOLS, source="Default: Cellpose."),
    ] = "cellpose"
    truth: Annotated[
        PixelLabels,
        Field(
            description="Ground truth that becomes the labels; the set must have it. nnU-Net "
            "learns pixels or classes, the others objects.",
        ),
        Show(
            "Labels",
            words={
                USUAL: "what the tool learns",
                **{name: TRUTHS[name].title for name in get_args(PixelLabels) if name != USUAL},
            },
            source="Default: objects, for nnU-Net the mask; in stacks what each plane cuts.",
        ),
    ] = "usual"
    links: Annotated[
        bool,
        Field(
            description="Files that the tool reads as they are become hard links to those of the "
            "set: no room is taken, but who changes one changes both. Where the disk has no "
            "links, or the folder lies on another, they are copied.",
        ),
        Show("Links", source="Default: off, so that no tool can change the set."),
    ] = False
