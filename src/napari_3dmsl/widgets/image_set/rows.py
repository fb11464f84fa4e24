"""The fields of the *Image set* panel: units, and what each setting means and comes from."""

from __future__ import annotations

from typing import Any

from napari_3dmsl.ground_truth import registry
from napari_3dmsl.microscope.presets import microscope_names
from napari_3dmsl.shapes.classification import ShapeClass
from napari_3dmsl.widgets.common.range_fields import Span, Ticks
from napari_3dmsl.widgets.common.row_form import Choice, Number, Switch

_ANY = ("any", "any")
_RANGE = ("", "fixed")
_DRAWN = "Two numbers: drawn evenly between them for each"
MOST_SHAPES = 10_000_000

SHAPES: list[Any] = [
    Ticks(
        "classes",
        "Classes",
        {str(name): str(name) for name in ShapeClass},
        "Only shapes of these classes; none ticked: all shapes. The classes of the 3DMSL paper.",
    ),
    Span(
        "length_um",
        "Length",
        "µm",
        "Only shapes whose skeleton has a length from – to. Empty: no limit.",
        "limits",
        _ANY,
    ),
    Span("volume_um3", "Volume", "µm³", "Only shapes from – to. Empty: no limit.", "limits", _ANY),
    Span("area_um2", "Surface", "µm²", "Only shapes from – to. Empty: no limit.", "limits", _ANY),
    Switch(
        "whole_only",
        "Whole only",
        "Leave out shapes that the border of the EM volume cuts.",
    ),
    Number(
        "most",
        "At most",
        0,
        MOST_SHAPES,
        1,
        0,
        "shapes",
        "So many of the shapes that are left, drawn by the seed.",
        slider=False,
        lowest="all",
    ),
]

SPLIT: list[Any] = [
    Number(
        name,
        label,
        0,
        1,
        0.05,
        3,
        "",
        f"Share of the shapes that {use}. The three add up to 1. All images of a shape are in one "
        "part, so that none leaks; each class is divided in the same shares.",
        slider=False,
    )
    for name, label, use in (
        ("train", "Training", "a network learns from"),
        ("val", "Validation", "tells when to stop learning"),
        ("test", "Test", "tells how good it is"),
    )
]

VIEWS: list[Any] = [
    Switch("six", "Six views", "0, x90, x180, y90, y180 and z90, as in the 3DMSL release."),
    Number(
        "random",
        "Random views",
        0,
        10_000,
        1,
        0,
        "a shape",
        "More views of each shape: rotations, uniform over all orientations, others for each.",
        slider=False,
        lowest="none",
    ),
    Number(
        "repeats",
        "Repeats",
        1,
        1_000_000,
        1,
        0,
        "×",
        "Label each shape so many times, each time with other fluorophores. With scenes: the "
        "number of scenes.",
        slider=False,
    ),
]

MICROSCOPES: list[Any] = [
    Ticks(
        "microscopes",
        "Microscopes",
        {name: name for name in microscope_names()},
        "Each shape is seen through all of them, with the same fluorophores, pose and focus: pairs "
        "for translation. Presets: Table 2 of the 3DMSL paper, and your own, kept in the "
        "Microscope panel. The camera that is usual for each.",
        columns=2,
    ),
    Span(
        "image_size",
        "Image size",
        "px",
        "Rows × columns, 8 to 4096; one number: a square. Empty: that of the microscope, 128 × 128 "
        "in the presets as in the release.",
        "size",
        ("as it is", ""),
    ),
]

FOCUS: list[Any] = [
    Span(
        "focus_um",
        "Focus",
        "µm",
        f"Height of the sharp plane above the object's centroid, in the specimen. {_DRAWN} view.",
        hints=_RANGE,
    ),
    Span(
        "depth_um",
        "Depth",
        "µm",
        f"Height of the lowest fluorophore above the coverslip, 0 to 100. {_DRAWN} view.",
        hints=_RANGE,
    ),
    Number(
        "planes",
        "Planes",
        1,
        2000,
        1,
        0,
        "planes",
        "Planes of a z-stack, centred on the focus.",
        slider=False,
        lowest="one image",
    ),
    Number(
        "step_nm",
        "Step",
        1,
        10_000,
        10,
        1,
        "nm",
        "Distance between planes. Paper: 250 nm (Fig. 4b).",
        slider=False,
    ),
    Choice(
        "z_axis",
        "Step measured",
        {"in the specimen": "focus", "at the stage": "stage"},
        "With oil under a watery specimen the focus moves less than the stage.",
    ),
]

LABELLING: list[Any] = [
    Choice(
        "target",
        "Label",
        {"surface (membrane)": "surface", "volume (matrix)": "volume"},
        "Fluorophores on the outer membrane, as in the paper, or in the space within it.",
    ),
    Span(
        "density_per_um2",
        "Density",
        "/µm²",
        "Fluorophores per area of the membrane. Paper: 30 per µm² (Table 3), which looks grainy; "
        f"a few hundred look smooth. {_DRAWN} labelling.",
        hints=_RANGE,
    ),
    Span(
        "density_per_um3",
        "Density inside",
        "/µm³",
        f"Fluorophores per volume. 602 per µm³ is 1 µM, usual for a fluorescent protein. {_DRAWN} "
        "labelling.",
        hints=_RANGE,
    ),
    Span(
        "efficiency",
        "Efficiency",
        "",
        f"Fraction of the fluorophores that shine, up to 1. {_DRAWN} labelling.",
        hints=_RANGE,
    ),
    Span(
        "photons_per_fluorophore",
        "Photons each",
        "",
        "Photons that one fluorophore sends to the detector for one plane, summed over the image. "
        f"{_DRAWN} labelling.",
        hints=_RANGE,
    ),
    Switch(
        "continuous",
        "No speckle",
        "The limit of endlessly many faint fluorophores: the expected image of the labelling.",
    ),
]

NOISE: list[Any] = [
    Choice(
        "noise",
        "Noise",
        {"camera": "camera", "PhysSeg (paper)": "physeg", "none (photons)": "none"},
        "Counts of a camera, the noise of the 3DMSL paper, or the expected photons.",
    ),
    Span(
        "snr",
        "Signal to noise",
        "",
        "Scale all photons until the brightest pixel has this ratio; replaces the photons of each "
        f"fluorophore. Empty: from the photons. {_DRAWN} image.",
        hints=("as it is", ""),
    ),
]

TRUTHS: list[Any] = [
    Ticks(
        "ground_truth",
        "Ground truth",
        {name: name for name in registry.TRUTHS},
        tips={name: truth.text for name, truth in registry.TRUTHS.items()},
        columns=1,
        described=True,
    ),
]

OUTPUT: list[Any] = [
    Choice(
        "layout",
        "Folders",
        {"images and masks": "flat", "as the 3DMSL release": "3dmsl"},
        "A folder of images and one for each ground truth, with equal names in each; or the "
        "folders of the release with the shapes beside (single shapes in the six views only).",
    ),
    Choice(
        "format",
        "Format",
        {"OME-TIFF": "ome-tiff", "OME-Zarr 0.5": "ome-zarr"},
        "Of images and masks. OME-TIFF opens in Fiji and napari; OME-Zarr suits large stacks.",
    ),
    Switch("zips", "Zips", "Also pack the folders into the zips of the release."),
    Number(
        "seed",
        "Seed",
        0,
        2**53,
        1,
        0,
        "",
        "Decides over all that is drawn: the same recipe and seed give the same files.",
        slider=False,
    ),
]

AT_THE_TOP = {"repeats", "seed", "montage"}
"""Fields that stand in a section of others, as people look for them there."""

NONE_AT_LOWEST = {"most", "bleach_time_s", "volume_share"}
"""Fields whose lowest number stands for a setting that is not given."""
