"""What a scene like a real cell is made of, in numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from napari_3dmsl.settings import Settings, Show

_NEAR = "with which images come near to PhysSeg's (normoxia)"


class CellScene(Settings):
    """A part of a cell as a microscope sees it: shapes lying flat, haze above, ground beside."""

    coverage: Annotated[
        float,
        Field(ge=0.0, le=1.0, description="Share of the image that the cell covers."),
        Show("Cell covers", "", 2, 0.05, slider=(0.05, 1.0), source="Default: 0.6, our choice."),
    ] = 0.6
    density_per_um2: Annotated[
        float,
        Field(ge=0.0, le=5.0, description="Shapes in focus per area of the cell."),
        Show(
            "Shapes in focus",
            "/µm²",
            2,
            0.05,
            slider=(0.01, 1.0),
            source=f"Default: 0.35 per µm², {_NEAR}.",
        ),
    ] = 0.35
    density_spread: Annotated[
        float,
        Field(
            ge=0.0,
            le=1.0,
            description="By how much the density rises and falls over the cell, as a share of it.",
        ),
        Show("Density varies", "±", 2, 0.05, source="Default: 0.6, so 0.4 to 1.6 times."),
    ] = 0.6
    outline_um: Annotated[
        float,
        Field(ge=0.5, le=100.0, description="Length over which the outline of the cell bends."),
        Show("Outline", "µm", 1, 0.5, source="Default: 8 µm, our choice; cells are larger."),
    ] = 8.0
    thickness_um: Annotated[
        float,
        Field(
            ge=0.5,
            le=30.0,
            description="Thickness of the cell far from its edge, where it thins out.",
        ),
        Show("Thickness", "µm", 1, 0.5, source="Default: 5 µm, usual for cells on glass."),
    ] = 5.0
    tilt_deg: Annotated[
        float,
        Field(
            ge=0.0,
            le=90.0,
            description="Standard deviation of the angle between the shapes, which lie flat, and "
            "the coverslip.",
        ),
        Show("Tilt", "°", 1, source=f"Default: 8°, {_NEAR}."),
    ] = 8.0
    layer_um: Annotated[
        float,
        Field(
            ge=0.0,
            le=1.5,
            description="Height of the middles of the shapes in focus above and below the sharp "
            "plane, at most.",
        ),
        Show("Layer ±", "µm", 2, 0.05, source="Default: 0.3 µm, our choice."),
    ] = 0.3
    haze: Annotated[
        float,
        Field(
            ge=0.0,
            le=5.0,
            description="Shapes out of focus, 1.2 µm and more above the sharp plane, for each in "
            "focus where the cell is thick. They are in the image, not in the ground truth of what "
            "is in focus.",
        ),
        Show("Haze", "×", 2, 0.1, slider=(0.0, 2.0), source="Default: 0.6, our choice."),
    ] = 0.6
    glow_photons: Annotated[
        float,
        Field(
            ge=0.0,
            le=1e6,
            description="Light of the cytosol, per pixel and plane, where the cell is thickest.",
        ),
        Show("Glow", "photons", 1, slider=(0.0, 200.0), source="Default: 8, our choice."),
    ] = 8.0
    brightness_spread: Annotated[
        float,
        Field(
            ge=0.0,
            le=2.0,
            description="Spread of the shapes' brightness: sigma of a log-normal law of mean 1.",
        ),
        Show("Brightness varies", "σ", 2, 0.05, source=f"Default: 0.35, {_NEAR}."),
    ] = 0.35
    peak_photons: Annotated[
        float,
        Field(
            ge=0.0,
            le=1e6,
            description="Scale the light of all shapes until the brightest pixel of the image "
            "expects so many photons; replaces the photons of each fluorophore.",
        ),
        Show(
            "Brightest pixel",
            "photons",
            slider=(0.0, 2000.0),
            lowest="from labelling",
            source="Default: off; the photons of each fluorophore decide.",
        ),
    ] = 0.0
    mask: Annotated[
        str | None,
        Field(
            description="An image (TIFF, PNG) that is not 0 where the cell is, stretched over the "
            "field; replaces coverage and outline.",
        ),
        Show("Mask of the cell", source="Default: none; the outline is drawn."),
    ] = None

    def irrelevant(self) -> dict[str, str]:
        """Return what a given mask decides, and what is seen of a cell that covers everything."""
        if self.mask is not None:
            return dict.fromkeys(("coverage", "outline_um"), "the mask tells where the cell is")
        return {}
