"""Objectives: what changes when another one is turned in."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from napari_3dmsl.microscope.settings import Microscope, RefractiveIndex, Thickness
from napari_3dmsl.settings import Settings


class Objective(Settings):
    """An objective and what it is corrected for.

    ``immersion_index_design`` is its medium: 1 for air, 1.33 for water, 1.515 for oil.
    ``working_distance_um`` is the layer of it between objective and coverslip when in focus there.
    """

    name: str = "custom"
    numerical_aperture: float = Field(1.4, ge=0.05, le=1.7)
    magnification: float = Field(60.0, gt=0.0, le=400.0)
    immersion_index_design: RefractiveIndex = 1.515
    coverslip_index_design: RefractiveIndex = 1.515
    coverslip_um_design: Thickness = 170.0
    working_distance_um: Thickness = 150.0

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
