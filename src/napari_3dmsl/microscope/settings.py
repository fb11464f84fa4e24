"""Settings of a microscope and of what it records."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from napari_3dmsl.microscope.as_released import AsReleased
from napari_3dmsl.settings import Settings, Show

HIGHEST_STACK_UM = 500.0
"""More than twice the working distance of any objective that looks through a coverslip."""

_TABLE_2 = "Presets: Table 2 of the 3DMSL paper."
_GLASS = "Default: glass, 1.515."
_THICK = "Default: 170 µm, a coverslip No. 1.5."
_OIL = "Default: oil, 1.515, as in the release's simulator."
_ONE_PLANE = "Default: 1; 31 are 7.5 µm with the paper's steps."
_MISMATCH = "at the emission wavelength; a mismatch with the design aberrates the image."

IMMERSIONS = {
    1.515: "oil (1.515)",
    1.47: "glycerol (1.47)",
    1.406: "silicone oil (1.406)",
    1.33: "water (1.33)",
    1.0: "air (1.0)",
}
RefractiveIndex = Annotated[float, Field(ge=1.0, le=2.0)]
Wavelength = Annotated[float, Field(ge=300.0, le=1200.0)]
Thickness = Annotated[float, Field(ge=0.0, le=1000.0)]
PixelCount = Annotated[int, Field(ge=8, le=4096)]

NumericalAperture = Annotated[
    float,
    Field(ge=0.05, le=1.7, description="NA of the objective, below the index of the immersion."),
    Show("Numerical apert.", "", 2, 0.01, slider=(0.1, 1.7), source=_TABLE_2),
]
Magnification = Annotated[
    float,
    Field(gt=0.0, le=400.0, description="How much larger the image is on the chip."),
    Show("Magnification", "×", source=_TABLE_2),
]
ImmersionDesign = Annotated[
    RefractiveIndex,
    Field(description="Refractive index of the immersion that the objective is made for."),
    Show("Objective for", "", 3, 0.001, words=IMMERSIONS, source=_OIL),
]
CoverslipDesign = Annotated[
    RefractiveIndex,
    Field(description="Refractive index of the coverslip that the objective is made for."),
    Show("Coverslip for", "", 3, 0.001, source=_GLASS),
]
ThicknessDesign = Annotated[
    Thickness,
    Field(description="Thickness of the coverslip that the objective is made for."),
    Show("Thickness for", "µm", 1, source=_THICK),
]
WorkingDistance = Annotated[
    Thickness,
    Field(description="Immersion between objective and coverslip when in focus at the coverslip."),
    Show("Working dist.", "µm", 1, source="Default: 150 µm, as in the release's simulator."),
]
"""What an `Objective` brings, and a microscope has of the one in use."""

MODALITIES = {
    "widefield": "widefield",
    "confocal": "confocal",
    "two_photon": "two-photon",
    "light_sheet": "light-sheet",
}
Z_AXES = {"focus": "in the specimen", "stage": "at the stage"}


class Microscope(Settings):
    """Optics and detector grid of a fluorescence microscope.

    ``_design`` values are those the objective is corrected for; a mismatch with the real ones
    aberrates the image (Gibson and Lanni, J. Opt. Soc. Am. A 8 (1991) 1601). The point spread
    functions are those of `microscope.psf`.
    """

    name: Annotated[
        str,
        Field(description="What the microscope is called, in lists and in names of files."),
        Show("Name", source="Default: custom, until a file or preset names it."),
    ] = "custom"
    modality: Annotated[
        Literal["widefield", "confocal", "two_photon", "light_sheet"],
        Field(description="How the image is formed."),
        Show("Modality", words=MODALITIES, source=_TABLE_2),
    ] = "widefield"
    confocal: Annotated[
        Literal["pinhole", "squared"],
        Field(
            description="A real pinhole, or the squared emission point spread function of the "
            "3DMSL release, which is sharper and sections more than a pinhole of 1 AU.",
        ),
        Show(
            "Confocal as",
            words={"pinhole": "pinhole", "squared": "squared PSF (as released)"},
            source="Default: the pinhole, which real ones have.",
        ),
    ] = "pinhole"
    numerical_aperture: NumericalAperture = 1.4
    magnification: Magnification = 60.0
    emission_nm: Annotated[
        Wavelength,
        Field(description="Emission wavelength: of the light that is detected."),
        Show("Emission", "nm", slider=(300.0, 1200.0), source=_TABLE_2),
    ] = 600.0
    excitation_nm: Annotated[
        Wavelength,
        Field(description="Excitation wavelength (confocal, two-photon)."),
        Show(
            "Excitation",
            "nm",
            slider=(300.0, 1200.0),
            source="Not in the paper: a usual laser line.",
        ),
    ] = 561.0
    pinhole_airy: Annotated[
        float,
        Field(
            ge=0.05,
            le=20.0,
            description="Diameter of the pinhole in Airy units (1.22 λ / NA); closing it dims.",
        ),
        Show(
            "Pinhole",
            "AU",
            1,
            0.1,
            slider=(0.1, 10.0),
            logarithmic=True,
            source="Default: 1, the usual setting; the paper names none.",
        ),
    ] = 1.0
    sheet_fwhm_um: Annotated[
        float,
        Field(
            ge=0.2,
            le=100.0,
            description="Full width at half maximum of the light sheet, which lies in the focal "
            "plane.",
        ),
        Show(
            "Sheet thickness",
            "µm",
            1,
            0.1,
            slider=(0.2, 20.0),
            logarithmic=True,
            source="Default: the preset's, a typical one.",
        ),
    ] = 1.5
    pixel_nm: Annotated[
        float,
        Field(ge=1.0, le=10000.0, description="Side of a pixel in the specimen."),
        Show("Pixel size", "nm", slider=(10.0, 500.0), source=_TABLE_2),
    ] = 100.0
    pixel_integration: Annotated[
        bool,
        Field(
            description="Whether a pixel collects the light of its area, as a camera's does, or "
            "samples its middle, as a scanned one does.",
        ),
        Show("Pixels collect", source="Presets: on with a camera, off where a spot is scanned."),
    ] = True
    image_size: Annotated[
        tuple[PixelCount, PixelCount],
        Field(description="Rows and columns of the image."),
        Show("Image size", "px", step=16.0, source="Release: 128 × 128."),
    ] = (128, 128)
    immersion_index: Annotated[
        RefractiveIndex,
        Field(
            description="Refractive index of what is really between objective and coverslip, "
            f"{_MISMATCH}",
        ),
        Show("Immersion", "", 3, 0.001, slider=(1.0, 1.6), source=_OIL),
    ] = 1.515
    immersion_index_design: ImmersionDesign = 1.515
    coverslip_index: Annotated[
        RefractiveIndex,
        Field(description=f"Refractive index of the coverslip, {_MISMATCH}"),
        Show("Coverslip", "", 3, 0.001, slider=(1.3, 1.8), source=_GLASS),
    ] = 1.515
    coverslip_index_design: CoverslipDesign = 1.515
    coverslip_um: Annotated[
        Thickness,
        Field(description="Thickness of the coverslip; that of the design aberrates nothing."),
        Show("Coverslip thick", "µm", 1, source=_THICK),
    ] = 170.0
    coverslip_um_design: ThicknessDesign = 170.0
    specimen_index: Annotated[
        RefractiveIndex,
        Field(description=f"Refractive index around the object, {_MISMATCH}"),
        Show(
            "Specimen",
            "",
            3,
            0.001,
            slider=(1.3, 1.6),
            source="Default: water 1.33, as released; cytosol 1.36, mounting media 1.46 to 1.52.",
        ),
    ] = 1.33
    working_distance_um: WorkingDistance = 150.0
    psf_model: Annotated[
        Literal["gibson_lanni", "gibson_lanni_series", "vectorial"],
        Field(
            description="Scalar: as in the paper. Vectorial: right at high apertures, where the "
            "scalar one is some 10 % too sharp. Bessel series: the paper's way to compute the "
            "scalar one; less exact.",
        ),
        Show(
            "Model",
            words={
                "gibson_lanni": "scalar (Gibson-Lanni)",
                "vectorial": "vectorial",
                "gibson_lanni_series": "scalar, Bessel series",
            },
            source="Default: the paper's model, computed exactly.",
        ),
    ] = "gibson_lanni"
    series_constant_nm: Annotated[
        float,
        Field(
            ge=100.0,
            le=1000.0,
            description="Wavelength that scales the orders of the Bessel series.",
        ),
        Show("Series constant", "nm", source="Default: 436 nm, as published with the series."),
    ] = 436.0
    as_released: Annotated[
        AsReleased | None,
        Field(description="What the 3DMSL release did to its images, to repeat it."),
        Show("As released", lowest="no", source="Default: nothing; the released presets have it."),
    ] = None

    @model_validator(mode="after")
    def _light_must_enter(self) -> Self:
        smallest = min(self.immersion_index, self.immersion_index_design)
        if self.numerical_aperture >= smallest:
            raise ValueError(
                f"numerical_aperture = {self.numerical_aperture:g}: must be below the immersion "
                f"index ({smallest:g}); lower it or choose a denser immersion medium"
            )
        return self

    def irrelevant(self) -> dict[str, str]:
        """Return the settings that only another modality or model has."""
        confocal, two_photon = self.modality == "confocal", self.modality == "two_photon"
        pinhole = confocal and self.confocal == "pinhole"
        series = self.psf_model == "gibson_lanni_series"
        reasons = {
            "confocal": "" if confocal else "only a confocal has a choice",
            "pinhole_airy": "" if pinhole else "only a confocal has a pinhole",
            "excitation_nm": ""
            if pinhole or two_photon
            else "it blurs only where light is scanned through a pinhole or excites by two photons",
            "emission_nm": "two photons excite where the image is made" if two_photon else "",
            "sheet_fwhm_um": "" if self.modality == "light_sheet" else "only a light sheet has one",
            "series_constant_nm": "" if series else "only the Bessel series has it",
        }
        return {name: reason for name, reason in reasons.items() if reason}

    @property
    def pixel_um(self) -> float:
        """Side of a pixel in the specimen, µm."""
        return self.pixel_nm / 1000.0

    @property
    def airy_unit_um(self) -> float:
        """Diameter of the Airy disk, ``1.22 λ_em / NA``, µm in the specimen."""
        return 1.22 * self.emission_nm / 1000.0 / self.numerical_aperture


Planes = Annotated[
    int,
    Field(ge=1, le=2000, description="Planes of a z-stack, centred on the focus."),
    Show("Planes", "planes", slider=(2.0, 101.0), lowest="one image", source=_ONE_PLANE),
]
StepNm = Annotated[
    float,
    Field(gt=0.0, le=10000.0, description="Distance between planes."),
    Show("Step", "nm", 0, 10.0, slider=(20.0, 2000.0), source="Paper: 250 nm (Fig. 4b)."),
]
ZAxis = Annotated[
    Literal["focus", "stage"],
    Field(
        description="Where the step is measured: with oil under a watery specimen the focus "
        "moves less than the stage.",
    ),
    Show("Step measured", words=Z_AXES, source="Default: in the specimen, our choice."),
]
"""Which planes a stack has."""


def steps_without_effect(planes: int) -> dict[str, str]:
    """Return the settings of the steps between planes where there is one, with the reason.

    Parameters
    ----------
    planes
        Of the stack.
    """
    return dict.fromkeys(("step_nm", "z_axis"), "only stacks have steps") if planes == 1 else {}


class Acquisition(Settings):
    """Where the object lies and which planes are recorded."""

    focus_um: Annotated[
        float,
        Field(
            ge=-100.0,
            le=100.0,
            description="Height of the sharp plane above the object's centroid, in the specimen.",
        ),
        Show(
            "Focus",
            "µm",
            2,
            0.05,
            slider=(-5.0, 5.0),
            source="Default: 0, sharp in the object's middle.",
        ),
    ] = 0.0
    stage_um: Annotated[
        float | None,
        Field(
            ge=-150.0,
            le=150.0,
            description="Position of the stage instead of the focus, negative towards the "
            "objective; 0 is sharp at the coverslip.",
        ),
        Show("Stage", "µm", 2, 0.05, source="Default: none; the focus decides."),
    ] = None
    depth_um: Annotated[
        float,
        Field(
            ge=0.0,
            le=100.0,
            description="Height of the object's lowest fluorophore above the coverslip.",
        ),
        Show("Depth", "µm", 1, 0.1, slider=(0.0, 20.0), source="Default: 0, it lies on it."),
    ] = 0.0
    planes: Planes = 1
    step_nm: StepNm = 250.0
    z_axis: ZAxis = "focus"

    def irrelevant(self) -> dict[str, str]:
        """Return the settings of a stack where there is one plane, and the focus beside a stage."""
        found = {} if self.stage_um is None else {"focus_um": "the stage's position is given"}
        return found | steps_without_effect(self.planes)

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
