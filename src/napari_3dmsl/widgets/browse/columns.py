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
    Column(
        "surface_to_volume_per_um",
        "surface/\nvolume",
        1,
        "Area of the surface over the volume, in 1/µm",
        "88.8",
        by_default=False,
    ),
    Column(
        "sphericity",
        "spheri-\ncity",
        2,
        "Area of the ball of the same volume over the area: 1 for a ball, else less",
        "0.88",
        by_default=False,
    ),
    Column(
        "complexity",
        "complex-\nity",
        2,
        "Mitochondrial complexity index, area³ / (16 π² volume²): 0.72 for a ball, else more",
        "88.88",
        by_default=False,
    ),
    Column(
        "aspect_ratio",
        "aspect\nratio",
        1,
        "Longest over shortest axis of the ellipsoid with the same second moments",
        "88.8",
        by_default=False,
    ),
    Column(
        "tortuosity",
        "tortu-\nosity",
        2,
        "Way along the skeleton over the straight distance, between the ends farthest apart",
        "8.88",
        by_default=False,
    ),
    Column("end_points", "ends", None, "Free ends of the skeleton", "88", by_default=False),
    Column(
        "mean_branch_um",
        "mean\nbranch µm",
        2,
        "Mean length of the pieces of the skeleton between branch points and ends",
        "88.88",
        by_default=False,
    ),
    Column(
        "longest_branch_um",
        "longest\nbranch µm",
        2,
        "The longest of these pieces",
        "88.88",
        by_default=False,
    ),
    Column(
        "neighbour_um",
        "neigh-\nbour µm",
        3,
        "Distance from its surface to that of the nearest other shape",
        "8.888",
        by_default=False,
    ),
]
