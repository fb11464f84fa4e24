"""Simulated images in the colour of their light, or all of them in grey.

A colormap that a person has chosen stays: only those that are named here are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from napari_3dmsl.figures.emission_colour import emission_colour
from napari_3dmsl.layers.attributes import about, kind_of

SIMULATED = "image"
GREY = "gray"
_NAME = "emission "


def emission_nm_of(settings: Any) -> float | None:
    """Return the wavelength of an image's light, None where its settings do not tell.

    Parameters
    ----------
    settings
        All of an image, by name.
    """
    microscope = settings.get("microscope") if isinstance(settings, Mapping) else None
    found = microscope.get("emission_nm") if isinstance(microscope, Mapping) else None
    return float(found) if isinstance(found, int | float) else None


def emission_colormap(emission_nm: float | None, *, in_grey: bool = False) -> Any:
    """Return a colormap from black to the colour of light, as napari takes it.

    Parameters
    ----------
    emission_nm
        Wavelength; None where it is not known, which gives grey.
    in_grey
        Grey whatever the light is.
    """
    if emission_nm is None or in_grey:
        return GREY
    colour = emission_colour(emission_nm)
    return {"colors": [(0.0, 0.0, 0.0), colour], "name": f"{_NAME}{emission_nm:g} nm"}


def colour_layers(layers: Iterable[Any], *, in_grey: bool) -> None:
    """Give simulated images the colour of their light, or all of them grey.

    Parameters
    ----------
    layers
        Of a viewer; others, and those with a colormap that a person has chosen, stay.
    in_grey
        True for grey.
    """
    for layer in layers:
        if kind_of(layer) != SIMULATED or not _is_ours(layer.colormap.name):
            continue
        wanted = emission_colormap(_emission_nm(layer), in_grey=in_grey)
        name = wanted if isinstance(wanted, str) else wanted["name"]
        if layer.colormap.name != name:
            layer.colormap = wanted


def is_in_grey(layers: Iterable[Any]) -> bool:
    """Return whether all simulated images, of which there are some, are grey.

    Parameters
    ----------
    layers
        Of a viewer.
    """
    found = [layer.colormap.name for layer in layers if _emission_nm(layer) is not None]
    return bool(found) and all(name == GREY for name in found)


def _is_ours(name: str) -> bool:
    return name == GREY or name.startswith(_NAME)


def _emission_nm(layer: Any) -> float | None:
    return emission_nm_of(about(layer).get("settings")) if kind_of(layer) == SIMULATED else None
