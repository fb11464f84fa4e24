"""The rows of the *Extract shapes* panel: what is asked, in which unit, and where it is from."""

from __future__ import annotations

from napari_3dmsl.widgets.common.row_form import Choice, Number, Row, Switch

_VOXEL_TIP = (
    "Size of a voxel of the labels. From the layer's scale when its units are lengths; otherwise "
    "type it here. There is no default: a wrong size makes every measure wrong."
)
VOXEL_ROWS: list[Row] = [
    Number(f"voxel_nm_{axis}", f"Voxel size {axis}", 0, 1000, 1, 2, "nm", _VOXEL_TIP, slider=False)
    for axis in "zyx"
]
DOWNSAMPLE_ROWS = [
    Number(
        f"downsample_{axis}",
        f"Downsampling {axis}",
        1,
        16,
        tip="Voxels along this axis that become one. Suggested so that voxels come near to 24 nm, "
        "the paper's grid, and are not larger. Paper: 3 along all axes, from 8 nm to 24 nm.",
        slider=False,
        unit="×",
    )
    for axis in "zyx"
]
PROTOCOL_ROWS: list[Row] = [
    *DOWNSAMPLE_ROWS,
    Choice(
        "downsample_method",
        "A block is",
        {"foreground if half of it is": "mean", "what its middle voxel is": "stride"},
        "What becomes of a block of voxels when downsampling. By halves is the default: it keeps "
        "volumes and gaps best. The middle voxel is what fast viewers show; neither is told by "
        "the paper.",
    ),
    Number(
        "erosion_nm",
        "Erosion radius",
        0,
        300,
        2,
        1,
        "nm",
        "Ball that parts touching mitochondria. Paper: 84 nm, which are 3.5 voxels of 24 nm; its "
        "Table 3 calls them the diameter, which makes 42 nm. 0 parts nothing.",
    ),
    Choice(
        "connectivity",
        "Connectivity",
        {"6 (faces)": 6, "18 (edges)": 18, "26 (corners)": 26},
        "Which voxels count as touching when the eroded mask is labelled. Default: 6, which parts "
        "the most; the paper does not tell.",
    ),
    Choice(
        "regrow",
        "Grow back by",
        {"watershed": "watershed", "dilation (paper)": "dilate"},
        "Watershed grows the pieces back inside the labels: nothing lost, nothing invented. "
        "Dilation is the paper's way and rounds thin parts off.",
    ),
    Number(
        "neck",
        "Neck",
        0,
        1,
        0.05,
        2,
        tip="Watershed divides where two pieces meet in a neck thinner than this part of the "
        "thinner piece. Lower divides less: 0 nothing, 1 at every narrowing. Our choice, measured "
        "on touching pairs and on UroCell; the paper does not divide at necks.",
    ),
    Number(
        "min_volume_um3",
        "Smallest volume",
        0,
        1,
        0.001,
        4,
        "µm³",
        "Smaller objects are dropped. Default: 0.001 µm³, a ball of 124 nm diameter, our choice; "
        "the authors dropped below 0.0276 µm³.",
        slider=False,
    ),
    Switch(
        "fill_holes",
        "Fill holes",
        "Closed cavities inside the labels become part of the shape first. Off by default, as in "
        "the paper; holes through a ring always stay.",
    ),
    Switch(
        "instances",
        "Are instances",
        "Every label is one mitochondrion already: no erosion, no regrowth.",
    ),
    Switch(
        "split_pieces",
        "Split pieces",
        "A label in several pieces becomes a shape for each piece. Off by default: the label is "
        "believed, also where it goes on outside of the volume.",
    ),
]
CLASS_ROWS: list[Row] = [
    Choice(
        "length_to",
        "Length ends",
        {"at the axis' end": "axis", "at the tip": "tip"},
        "Where the length of a skeleton ends: with its medial axis, in the middle of a round cap "
        "(default), or one radius further, at the tip on the surface. It decides between classes; "
        "the paper does not say which it takes.",
    ),
]
PREVIEW_ROWS: list[Row] = [
    Choice(
        "preview_place",
        "Crop about",
        {"the densest place": "densest", "the middle of the view": "view"},
        "Where the preview is made: where the labels are densest, or what you are looking at.",
    ),
    Number(
        "preview_edge",
        "Crop edge",
        32,
        192,
        16,
        unit="voxels",
        tip="Edge of the cube that the preview works on, in voxels after downsampling. Default: "
        "96, which takes about half a second.",
        slider=False,
    ),
]
SET_SCALE_TIP = (
    "Write this voxel size into the label layer, also where it has another one, so that labels, "
    "shapes and images overlay. "
    "napari ignores units while any layer has none."
)
SET_SCALE = Switch("set_scale", "Set on the layer", SET_SCALE_TIP)
