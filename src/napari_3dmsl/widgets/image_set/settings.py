"""What the *Image set* panel asks beside the recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from napari_3dmsl.compute import processors
from napari_3dmsl.settings import Settings, Show


class RunSettings(Settings):
    """How a set is made; its files are the same whatever is chosen."""

    workers: Annotated[
        int,
        Field(
            ge=1,
            le=1024,
            description="How many images are made at the same time. The files are the same with "
            "any number; not part of the recipe.",
        ),
        Show("Processes", "processes", source="Default: one for each processor."),
    ] = Field(default_factory=processors)
