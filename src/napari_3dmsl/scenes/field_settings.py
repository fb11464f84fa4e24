"""Where a field of view lies in an EM volume, as a setting."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from napari_3dmsl.settings import Settings, Show

Length = Annotated[float, Field(ge=-100_000.0, le=100_000.0)]


class FieldPlace(Settings):
    """The middle of a field of view in the world of an EM volume."""

    centre_z_um: Annotated[
        Length,
        Field(
            description="Middle of the field along z, in the volume; where z is no optical axis."
        ),
        Show("Field at z", "µm", 2, 0.5, source="Default: the middle of all shapes."),
    ] = 0.0
    centre_y_um: Annotated[
        Length,
        Field(description="Middle of the field along y, in the volume, to the next whole pixel."),
        Show("Field at y", "µm", 2, 0.5, source="Default: the middle of all shapes."),
    ] = 0.0
    centre_x_um: Annotated[
        Length,
        Field(description="Middle of the field along x, in the volume, to the next whole pixel."),
        Show("Field at x", "µm", 2, 0.5, source="Default: the middle of all shapes."),
    ] = 0.0

    @property
    def centre_um(self) -> tuple[float, float, float]:
        """The place, (z, y, x)."""
        return self.centre_z_um, self.centre_y_um, self.centre_x_um
