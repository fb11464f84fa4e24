"""The columns of the *Shape browser*: what each measure is called and what it means."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """A measure in the table: its heading, how it is written, what it means."""

    name: str
    heading: str
    decimals: int | None
    tip: str
    widest: str  # a text that the column has to hold
    by_default: bool = True  # whether it is shown before anybody has chosen


COLUMNS = [
    Column("index", "id", None, "Number of the shape: its label in the volume", "27272"),
    Column(
        "shape_class",
        "class",
        None,
        "Class by the rules of the 3DMSL paper, section 4.1.2; with a pen: set by hand",
        "nano-tunnel",
    ),
    Column("length_um", "length\nµm", 2, "Length of the skeleton, all branches together", "88.88"),
    Column("volume_um3", "volume\nµm³", 3, "Volume of the voxels", "8.888"),
    Column(
        "area_um2",
        "area\nµm²",
        2,
        "Area of the smooth surface, which the labelling follows",
        "88.88",
        by_default=False,
    ),
    Column(
        "branches",
        "branches",
        None,
        "Branches of the skeleton: 0 for a line or a ring, else the number of its pieces",
        "88",
    ),
    Column(
        "loops",
        "loops",
        None,
        "Loops of the skeleton, checked against the mask's topology",
        "88",
    ),
    Column(
        "mean_radius_um",
        "radius\nµm",
        3,
        "Mean distance from the skeleton to the surface",
        "8.888",
        by_default=False,
    ),
    Column(
        "touches_border",
        "cut",
        None,
        "Cut by the border of the volume: measures are too small",
        "cut",
        by_default=False,
    ),
    Column(
        "parent",
        "part\nof",
        None,
        "Component of the labels; equal numbers: divided by the erosion",
        "27272",
        by_default=False,
    ),
]
