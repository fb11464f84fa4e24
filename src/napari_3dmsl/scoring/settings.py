"""What is scored, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from napari_3dmsl.settings import Settings, Show

Size = Annotated[float, Field(gt=0.0, lt=1e6)]


class ScoreSettings(Settings):
    """What is scored, and how."""

    objects: Annotated[
        Literal["auto", "mask", "labels", "components"],
        Field(
            description="What the numbers of pixels mean: one mask whatever the number, a number "
            "for each object, or objects that are the connected components of the mask. Automatic: "
            "a number for each object where truth and prediction both hold several."
        ),
        Show(
            "Objects",
            words={
                "auto": "automatic",
                "mask": "none, one mask",
                "labels": "a number each",
                "components": "components",
            },
            source="Default: automatic, our choice.",
        ),
    ] = "auto"
    patch: Annotated[
        int,
        Field(
            ge=0,
            le=4096,
            description="Side of the patches in which topology is compared, too; 0 for none.",
        ),
        Show(
            "Patches",
            "px",
            step=16,
            source="Default: 64, our choice; the sources leave it open.",
        ),
    ] = 64
    centrelines: Annotated[
        bool,
        Field(description="Compute clDice; in large volumes it takes longer than all else."),
        Show("clDice", source="Default: on, our choice."),
    ] = True
    surfaces: Annotated[
        bool,
        Field(
            description="Compute the distance between the surfaces of two volumes, as for "
            "reconstructions. Meshes always have it."
        ),
        Show("Surface distance", source="Default: off, our choice."),
    ] = False
    points: Annotated[
        int,
        Field(
            ge=100,
            le=10_000_000,
            description="Points that are drawn on each surface for distances, and in space for the "
            "overlap of meshes.",
        ),
        Show(
            "Points",
            "points",
            source="Default: 100,000, as Mescheder et al. 2019 evaluate.",
        ),
    ] = 100_000
    voxel_nm: Annotated[
        tuple[Size, Size, Size] | None,
        Field(
            description="Voxel size (z, y, x), for distances between the surfaces of volumes; by "
            "default what the files say."
        ),
        Show("Voxel size", "nm", source="Default: as the files say."),
    ] = None
    seed: Annotated[
        int,
        Field(ge=0, le=2**31 - 1, description="Of the points, and of the resampling of files."),
        Show("Seed", source="Default: 0, our choice."),
    ] = 0
