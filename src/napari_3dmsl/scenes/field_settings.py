"""Where a field of view lies in an EM volume, as a setting."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from napari_3dmsl.settings import Settings, Show

Length = Annotated[float, Field(ge=-100_000.0, le=100_000.0)]


class FieldPlace(Settings):
    """The middle of a field of view in the world of an EM volume."""

    centre_um: Annotated[
        tuple[Length, Length, Length],
        Field(
            description="Middle of the field in the volume, to the next whole pixel. "
            "Along the optical axis, which is z unless a pose turns the volume, it has no effect.",
        ),
        Show("Field at", "µm", 2, 0.5, source="Default: the middle of all shapes."),
    ] = (0.0, 0.0, 0.0)
