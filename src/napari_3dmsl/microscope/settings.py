"""Settings of a microscope and of what it records."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from napari_3dmsl.microscope.as_released import AsReleased
from napari_3dmsl.settings import Settings

RefractiveIndex = Annotated[float, Field(ge=1.0, le=2.0)]
Wavelength = Annotated[float, Field(ge=300.0, le=1200.0)]
Thickness = Annotated[float, Field(ge=0.0, le=1000.0)]
PixelCount = Annotated[int, Field(ge=8, le=4096)]

HIGHEST_STACK_UM = 500.0
"""More than twice the working distance of any objective that looks through a coverslip."""


class Microscope(Settings):
    """Optics and detector grid of a fluorescence microscope.

    Lengths carry their unit in the name. ``_design`` values are those the objective is corrected
    for; a mismatch with the real ones aberrates the image (Gibson and Lanni, 1991).
    ``sheet_fwhm_um`` is the thickness of a light sheet. ``psf_model`` chooses between the models of
    `microscope.psf`; ``series_constant_nm`` belongs to the Bessel series alone.
    ``as_released`` repeats what the 3DMSL release did to its images, see `AsReleased`.
    """

    name: str = "custom"
    modality: Literal["widefield", "confocal", "two_photon", "light_sheet"] = "widefield"
    confocal: Literal["pinhole", "squared"] = "pinhole"
    numerical_aperture: float = Field(1.4, ge=0.05, le=1.7)
    magnification: float = Field(60.0, gt=0.0, le=400.0)
    emission_nm: Wavelength = 600.0
    excitation_nm: Wavelength = 561.0
    pinhole_airy: float = Field(1.0, ge=0.05, le=20.0)
    sheet_fwhm_um: float = Field(1.5, ge=0.2, le=100.0)
    pixel_nm: float = Field(100.0, ge=1.0, le=10000.0)
    pixel_integration: bool = True
    image_size: tuple[PixelCount, PixelCount] = (128, 128)
    immersion_index: RefractiveIndex = 1.515
    immersion_index_design: RefractiveIndex = 1.515
    coverslip_index: RefractiveIndex = 1.515
    coverslip_index_design: RefractiveIndex = 1.515
    coverslip_um: Thickness = 170.0
    coverslip_um_design: Thickness = 170.0
    specimen_index: RefractiveIndex = 1.33
    working_distance_um: Thickness = 150.0
    psf_model: Literal["gibson_lanni", "gibson_lanni_series", "vectorial"] = "gibson_lanni"
    series_constant_nm: float = Field(436.0, ge=100.0, le=1000.0)
    as_released: AsReleased | None = None

    @model_validator(mode="after")
    def _light_must_enter(self) -> Self:
        smallest = min(self.immersion_index, self.immersion_index_design)
        if self.numerical_aperture >= smallest:
            raise ValueError(
                f"numerical_aperture = {self.numerical_aperture:g}: must be below the immersion "
                f"index ({smallest:g}); lower it or choose a denser immersion medium"
            )
        return self

    @property
    def pixel_um(self) -> float:
        """Side of a pixel in the specimen, µm."""
        return self.pixel_nm / 1000.0

    @property
    def airy_unit_um(self) -> float:
        """Diameter of the Airy disk, ``1.22 λ_em / NA``, µm in the specimen."""
        return 1.22 * self.emission_nm / 1000.0 / self.numerical_aperture


class Acquisition(Settings):
    """Where the object lies and which planes are recorded.

    ``focus_um`` is the height of the sharp plane above the object's centroid, in the specimen.
    ``stage_um``, when given, is the stage position instead (negative: towards the objective).
    A stack of ``planes`` is centred on that plane, ``step_nm`` apart along ``z_axis``.
    """

    focus_um: float = Field(0.0, ge=-100.0, le=100.0)
    stage_um: float | None = Field(None, ge=-150.0, le=150.0)
    depth_um: float = Field(0.0, ge=0.0, le=100.0)
    planes: int = Field(1, ge=1, le=2000)
    step_nm: float = Field(250.0, gt=0.0, le=10000.0)
    z_axis: Literal["focus", "stage"] = "focus"

    @model_validator(mode="after")
    def _one_way_to_focus(self) -> Self:
        if self.stage_um is not None and self.focus_um != 0.0:
            raise ValueError(
                f"stage_um = {self.stage_um:g}: give either stage_um or focus_um, not both"
            )
        return self

    @model_validator(mode="after")
    def _within_a_specimen(self) -> Self:
        height_um = (self.planes - 1) * self.step_nm / 1000.0
        if height_um > HIGHEST_STACK_UM:
            raise ValueError(
                f"planes = {self.planes}: in steps of {self.step_nm:g} nm the stack is "
                f"{height_um:,.0f} µm high, at most {HIGHEST_STACK_UM:g}; take fewer or closer "
                "planes"
            )
        return self
