"""Measures that can be bounded, plotted and compared: what they are called, and their units."""

from __future__ import annotations

# Name of the column, what it is called, unit.
MEASURES = [
    ("length_um", "length", "µm"),
    ("volume_um3", "volume", "µm³"),
    ("area_um2", "area", "µm²"),
    ("branches", "branches", ""),
    ("loops", "loops", ""),
    ("mean_radius_um", "radius", "µm"),
    ("surface_to_volume_per_um", "surface/volume", "1/µm"),
    ("sphericity", "sphericity", ""),
    ("complexity", "complexity index", ""),
    ("aspect_ratio", "aspect ratio", ""),
    ("tortuosity", "tortuosity", ""),
    ("end_points", "ends", ""),
    ("mean_branch_um", "mean branch", "µm"),
    ("longest_branch_um", "longest branch", "µm"),
    ("neighbour_um", "neighbour", "µm"),
]


def measure_words(name: str) -> str:
    """Return what a measure is called, with its unit.

    Parameters
    ----------
    name
        Of the column.
    """
    title, unit = next((title, unit) for known, title, unit in MEASURES if known == name)
    return f"{title}, {unit}" if unit else title
