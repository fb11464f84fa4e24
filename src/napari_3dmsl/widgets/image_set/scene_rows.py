"""The fields of the *Image set* panel for scenes of many shapes and for time-lapses."""

from __future__ import annotations

from typing import Any

from napari_3dmsl.widgets.common.range_fields import Span
from napari_3dmsl.widgets.common.row_form import Choice, Number, Switch

SCENE: list[Any] = [
    Switch(
        "scene",
        "Scenes",
        "Many shapes in each image, with instances as ground truth, instead of one in the middle.",
    ),
    Choice(
        "kind",
        "Shapes are",
        {"packed at random": "packed", "where they are": "region", "one, turned": "single"},
        "Packed: shapes of the library, turned and placed at random without overlap. Where they "
        "are: windows of the EM volume. How many scenes: Repeats, under Views.",
    ),
    Span(
        "objects",
        "Objects",
        "shapes",
        "Packed: the fewest and the most in a scene, drawn for each.",
        "pair",
    ),
    Number(
        "volume_share",
        "or fill",
        0,
        0.5,
        0.01,
        3,
        "",
        "Packed: as many shapes as fill this share of the field; replaces their number.",
        slider=False,
        lowest="as many as above",
    ),
    Number(
        "gap_um",
        "Gap",
        0,
        10,
        0.01,
        3,
        "µm",
        "Packed: the least distance between shapes.",
        slider=False,
    ),
    Number("height_um", "Height", 0.01, 100, 0.1, 2, "µm", "Of the field, along z.", slider=False),
    Choice(
        "border",
        "At the border",
        {"all lie inside": "inside", "shapes are cut": "cut"},
        "Whether the sides of the image may cut shapes, as in a real one.",
    ),
    Span(
        "montage",
        "Montage",
        "scenes",
        "So many scenes down × across as tiles of each image; 2 × 2 in the segmentation set of the "
        "3DMSL paper. Empty: one.",
        "size",
        ("one", ""),
    ),
]

MOTION: list[Any] = [
    Switch("motion", "Time-lapse", "Let the objects move, and record frame after frame."),
    Number(
        "frames", "Frames", 1, 100_000, 1, 0, "frames", "Images of each time-lapse.", slider=False
    ),
    Number(
        "interval_s", "Every", 0.001, 86_400, 1, 3, "s", "Time between two frames.", slider=False
    ),
    Number(
        "diffusion_um2_per_s",
        "Diffusion",
        0,
        100,
        0.001,
        5,
        "µm²/s",
        "Coefficient D: the mean squared displacement is 6 D t. Default: a ball of 0.25 µm radius "
        "at 37 °C in a medium of 1 Pa s (Stokes and Einstein).",
        slider=False,
    ),
    Number(
        "rotation_deg2_per_s",
        "Turning",
        0,
        1e5,
        1,
        2,
        "°²/s",
        "Rotational diffusion. Default: a rod of 2 µm length in the same medium.",
        slider=False,
    ),
    Number(
        "speed_um_per_s",
        "Transport",
        0,
        10,
        0.1,
        3,
        "µm/s",
        "Directed, along the long axis. Motors: 0.3 to 1 µm/s (Harris et al., Neuron 2012).",
        slider=False,
        lowest="none",
    ),
    Number(
        "bending_um",
        "Bending",
        0,
        5,
        0.01,
        3,
        "µm",
        "Root mean square displacement of the centreline.",
        slider=False,
        lowest="none",
    ),
    Number(
        "fission_per_min",
        "Fission",
        0,
        1000,
        0.01,
        3,
        "/min",
        "Rate at which an object divides. In cells once in 20 to 25 min (Twig et al., EMBO J. "
        "2008).",
        slider=False,
        lowest="none",
    ),
    Number(
        "fusion_per_min",
        "Fusion",
        0,
        1000,
        0.01,
        3,
        "/min",
        "Rate at which two objects that touch fuse; in cells as often as fission.",
        slider=False,
        lowest="none",
    ),
    Number(
        "bleach_time_s",
        "Bleach after",
        0,
        1e9,
        10,
        1,
        "s",
        "Mean time until a fluorophore goes dark for good, the light being on all the time.",
        slider=False,
        lowest="never",
    ),
    Number(
        "focus_drift_um_per_s",
        "Focus drift",
        -10,
        10,
        0.001,
        4,
        "µm/s",
        "The focus moves up steadily.",
        slider=False,
    ),
]
