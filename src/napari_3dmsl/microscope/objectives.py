"""Objectives: what changes when another one is turned in."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from napari_3dmsl.microscope.settings import (
    CoverslipDesign,
    ImmersionDesign,
    Magnification,
    Microscope,
    NumericalAperture,
    ThicknessDesign,
    WorkingDistance,
)
from napari_3dmsl.settings import Settings, Show


class Objective(Settings):
    """An objective and what it is corrected for."""

    name: Annotated[
        str,
        Field(description="What the objective is called."),
        Show("Name", source="Default: custom, until a file or preset names it."),
    ] = "custom"
    numerical_aperture: NumericalAperture = 1.4
    magnification: Magnification = 60.0
    immersion_index_design: ImmersionDesign = 1.515
    coverslip_index_design: CoverslipDesign = 1.515
    coverslip_um_design: ThicknessDesign = 170.0
    working_distance_um: WorkingDistance = 150.0

    @model_validator(mode="after")
    def _light_must_enter(self) -> Self:
        if self.numerical_aperture >= self.immersion_index_design:
            raise ValueError(
                f"numerical_aperture = {self.numerical_aperture:g}: must be below "
                f"immersion_index_design ({self.immersion_index_design:g})"
            )
        return self


def with_objective(microscope: Microscope, objective: Objective) -> Microscope:
    """Turn another objective into a microscope, with the medium that it is made for.

    Specimen and coverslip stay. A camera's pixels keep their size on the chip, so ``pixel_nm`` in
    the specimen follows the magnification; a scanned pixel (``pixel_integration`` false) stays.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    objective : Objective
        The one that is turned in.

    Raises
    ------
    ValueError
        When ``pixel_nm`` leaves its range.
    """
    chip_nm = microscope.pixel_nm * microscope.magnification
    scanned = not microscope.pixel_integration
    return microscope.replace(
        **objective.model_dump(exclude={"name"}),
        name=f"{microscope.name} with {objective.name}",
        immersion_index=objective.immersion_index_design,
        pixel_nm=microscope.pixel_nm if scanned else chip_nm / objective.magnification,
    )
