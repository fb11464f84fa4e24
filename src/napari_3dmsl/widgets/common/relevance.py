"""Which fields of a panel have no effect with the present choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def protocol_without_effect(protocol: Mapping[str, Any]) -> list[str]:
    """Name the fields of *Extract shapes* that only eroding, watershed or instances need."""
    parts = not protocol["instances"]
    watershed = parts and protocol["regrow"] == "watershed"
    needed = {"erosion_nm": parts, "connectivity": parts, "regrow": parts, "neck": watershed}
    return _unused({**needed, "split_pieces": not parts})


def optics_without_effect(optics: Mapping[str, Any]) -> list[str]:
    """Name the fields that another modality would need."""
    modality = optics["modality"]
    pinhole = modality == "confocal" and optics["confocal"] == "pinhole"
    return _unused(
        {
            "confocal": modality == "confocal",
            "pinhole_airy": pinhole,
            "excitation_nm": pinhole or modality == "two_photon",
            "emission_nm": modality != "two_photon",
            "sheet_fwhm_um": modality == "light_sheet",
        }
    )


def labelling_without_effect(labelling: Mapping[str, Any]) -> list[str]:
    """Name the fields of the other target, and of fluorophores where there are none."""
    single = not labelling["continuous"]
    return _unused(
        {
            "density_per_um2": labelling["target"] == "surface",
            "density_per_um3": labelling["target"] == "volume",
            "photon_distribution": single,
            "on_time_s": single and labelling["off_time_s"] > 0,
            "off_time_s": single,
        }
    )


def camera_without_effect(camera: Mapping[str, Any]) -> list[str]:
    """Name the fields of a camera where none records."""
    recorded = camera["noise"] == "camera"
    return [] if recorded else [name for name in camera if name not in {"noise", "seed"}]


def _unused(used: Mapping[str, bool]) -> list[str]:
    return [name for name, has_effect in used.items() if not has_effect]
