"""The options of ``napari-3dmsl simulate``: what people type, and the help that they read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from napari_3dmsl.cli._options import Given, Setting, SettingsOf

_ITS_OWN = "the microscope's"

SampleFile = Annotated[
    Path,
    typer.Argument(
        help="A mesh (.off, .ply, .stl, .obj); a library, whose shapes lie as in the EM "
        "volume: a whole cell, or with --centre a region of it; or POINTS.csv with the columns "
        "z_um,y_um,x_um and optionally brightness, which multiplies the photons per "
        "fluorophore. Each row is an emitter where it is: z above the coverslip, (0, 0) the "
        "middle of the image. With --scene cell a library, or tubes, which are drawn; with "
        "--shape-id also phantom, which is drawn and cut into shapes.",
        show_default=False,
    ),
]
ImageFile = Annotated[
    Path,
    typer.Argument(
        help="OME-TIFF (.tif; BigTIFF above 4 GB) or OME-Zarr (.zarr), written plane by plane.",
        show_default=False,
    ),
]

# The instrument.
MicroscopeName = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="con1, conf2, epi1, each also with -released, two-photon, light-sheet, one of "
        "yours (see info --presets), or a .json or .toml file.",
    ),
]
ObjectiveName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="Turn in another objective, such as 60x-water (see info --presets), or a file.",
        show_default=_ITS_OWN,
    ),
]
ConfocalKind = Annotated[str | None, Setting("microscope", "confocal", default=_ITS_OWN)]
ImageSize = Annotated[tuple[int, int] | None, Setting("microscope", "image_size", default=_ITS_OWN)]
CameraName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="ccd, emccd, ideal, pmt, scmos, one of yours, or a file.",
        show_default="the modality's",
    ),
]
Background = Annotated[
    float | None, Setting("camera", "background_photons", default="the camera's")
]

# What is imaged of the file, and how it lies.
ShapeNumber = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Of a library, or the phantom: number of the one shape that is imaged, in the "
        "middle and in focus.",
        show_default="all shapes",
    ),
]
ShapeNumbers = Annotated[
    str | None,
    typer.Option(
        metavar="N,N,...",
        help="With --scene field: only the shapes of these numbers.",
        show_default="all shapes",
    ),
]
Centre = Annotated[
    tuple[float, float, float] | None,
    typer.Option(
        metavar="Z Y X",
        help="Of a library: point of the EM volume, in µm, that comes to the middle of the "
        "image and into focus.",
        show_default="the middle of all shapes",
    ),
]
MeshUnit = Annotated[
    float | None,
    typer.Option(help="Length of the mesh's unit.", show_default="24, or its library's"),
]
View = Annotated[
    Literal["0", "x90", "x180", "y90", "y180", "z90"] | None,
    typer.Option(help="One of the six views of 3DMSL.", show_default="0"),
]
Rotation = Annotated[tuple[float, float, float] | None, Setting("pose", "rotation_deg")]

# Scenes of many shapes.
SceneKind = Annotated[
    Literal["cell", "field"] | None,
    typer.Option(
        help="cell: of a library, or tubes: lay shapes into a scene like a cell, flat, in a "
        "region with an edge, with others out of focus above. field: of a library, or the "
        "phantom: what lies in a field of the volume, as the window images it: focus and depth "
        "count from the whole volume, wherever --centre is.",
    ),
]
CellSettings = Annotated[
    Given,
    SettingsOf(
        "cell",
        *("coverage", "density_spread", "outline_um", "thickness_um", "tilt_deg"),
        *("layer_um", "haze", "glow_photons", "brightness_spread", "peak_photons", "mask"),
    ),
]
CellDensity = Annotated[
    float | None,
    Setting("cell", "density_per_um2"),  # not to be taken for that of the fluorophores
]

# Fluorophores.
LabellingName = Annotated[
    str | None,
    typer.Option(
        "--labelling",
        metavar="NAME|FILE",
        help="antibody, paper, one of yours, or a file; the options below change it.",
        show_default="the paper's density",
    ),
]
Density = Annotated[float | None, Setting("labelling", "density_per_um2", "density_per_um3")]
LabellingSettings = Annotated[
    Given,
    SettingsOf(
        "labelling",
        *("target", "continuous", "efficiency"),
        *("photons_per_fluorophore", "photon_distribution"),
    ),
]

# How it is recorded.
AcquisitionSettings = Annotated[
    Given,
    SettingsOf("acquisition", "focus_um", "stage_um", "depth_um", "planes", "step_nm", "z_axis"),
]
RecordedSettings = Annotated[Given, SettingsOf("simulation", "snr", "noise", "seed")]

Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SETTING=VALUE",
        help="Any other setting by its name, such as microscope.specimen_index=1.4 or "
        "camera.read_noise_e=2 (schema lists them); may be given again.",
        show_default=False,
    ),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Memory for the work, such as 500MB or 2GiB. Larger fields are imaged in tiles; "
        "the image is the same.",
        show_default="half of the machine's",
    ),
]
