"""Light, noise and gain of the images of a fit: drawn together, as tiles were seen to have them.

Dim images are often stretched more than bright ones, and all of them have a gain, an offset and a
ground that belong together. So a recipe does not draw them from ranges one by one, but takes those
of one tile; what the fit seeks is by which factors they are larger or smaller, and by how much more
or less they vary, than was read off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.matching.scene_knobs import Knob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_3dmsl.matching.tile_light import TileLight
    from napari_3dmsl.microscope.camera import Camera

    Values = NDArray[np.float64]

MOST_VARIANTS = 32
VARIED = 0.3
"""Light of the next cell is more or less than that of the tiles by up to this factor beyond 1."""

GLOW = 0.04
"""Of the brightest pixel, where a search begins: the cytosol holds some of the label."""

_BACKGROUND = 0.7  # of the ground; the rest is glow and haze
_LEAST_PHOTONS, _LEAST_E = 0.05, 0.02
_SOUGHT = {  # by which factors beside what was read off; all else stays as it was read
    "peak_photons": (0.8, 1.6),
    "glow_photons": (0.25, 4.0),
    "row_noise_e": (0.5, 1.1),
}
_OF_CELL = ("peak_photons", "glow_photons")
_VARIED = (*_OF_CELL, "background_photons")
_OF_CAMERA = ("e_per_adu", "offset_adu")
_WORDS = {
    "peak_photons": ("brightest pixel", "photons"),
    "glow_photons": ("glow", "photons"),
    "background_photons": ("background", "photons"),
    "row_noise_e": ("row noise", "e⁻"),
    "e_per_adu": ("conversion", "e⁻/ADU"),
    "offset_adu": ("offset", "ADU"),
}


def read_off(light: TileLight, camera: Camera) -> dict[str, Values]:
    """Return settings of cell and camera as tiles were seen to have them, (N,) each.

    Parameters
    ----------
    light
        Of the tiles.
    camera
        Its quantum efficiency makes electrons photons.
    """
    photons = 1.0 / camera.quantum_efficiency
    peak = np.maximum(photons * light.peak_e, 1.0)
    found = {
        "peak_photons": peak,
        "glow_photons": GLOW * peak,
        "background_photons": np.maximum(photons * _BACKGROUND * light.ground_e, _LEAST_PHOTONS),
        "row_noise_e": np.maximum(light.row_noise_e, _LEAST_E),
        "e_per_adu": 1.0 / light.gain,
        "offset_adu": np.maximum(light.zero, 0.0),
    }
    if light.one_camera:
        found |= {name: np.full_like(peak, np.median(found[name])) for name in _OF_CAMERA}
    return found


def light_knobs(read: dict[str, Values]) -> tuple[Knob, ...]:
    """Return knobs of light, noise and gain, which go a little further than tiles were seen to.

    Parameters
    ----------
    read
        As from `read_off`.
    """
    knobs = []
    for name, values in read.items():
        low, high = _SOUGHT.get(name, (0.999, 1.001))
        log = name != "offset_adu"
        ends = low * float(values.min()), high * float(values.max()) + (0.0 if log else 0.01)
        path = ("scene", "cell", name) if name in _OF_CELL else ("camera", name)
        knobs.append(Knob(name, path, *ends, *_WORDS[name], log, drawn=True, together=True))
    columns = ("camera", "column_spread_e")
    return (*knobs, Knob(columns[1], columns, 0.0, 0.4, "columns differ", "e⁻"))


def shares_read(knobs: Sequence[Knob], read: dict[str, Values]) -> Values:
    """Return where tiles lie on the way of each knob, (N, K); NaN for those not read off.

    Parameters
    ----------
    knobs
        All knobs of a fit.
    read
        As from `read_off`.
    """
    count = len(next(iter(read.values())))
    nothing = np.full(count, np.nan)
    return np.stack(
        [knob.share(read[knob.name]) if knob.together else nothing for knob in knobs], axis=1
    )


def is_read(knob: Knob) -> bool:
    """Tell whether a knob stays as it was read off.

    Parameters
    ----------
    knob
        Any of a fit.
    """
    return knob.together and knob.name not in _SOUGHT


def varying(knobs: Sequence[Knob]) -> Values:
    """Return by how much of its way each knob of the light is more or less than was seen, (K,).

    Parameters
    ----------
    knobs
        All knobs of a fit.
    """
    return np.array(
        [
            float(np.log1p(VARIED) / np.log(knob.high / knob.low))
            if knob.together and knob.name in _VARIED
            else 0.0
            for knob in knobs
        ]
    )


def variants(knobs: Sequence[Knob], shares: Values) -> list[dict[str, Any]]:
    """Return tables of settings that are drawn together, one for each row or for some of many.

    Parameters
    ----------
    knobs
        All knobs of a fit.
    shares : (N, K) array
        Of the way of each knob, as tiles have them together.
    """
    together = [place for place, knob in enumerate(knobs) if knob.together]
    order = np.lexsort(shares[:, together].T)
    kept = order[np.unique(np.linspace(0, len(order) - 1, MOST_VARIANTS).round().astype(int))]
    around = varying(knobs)
    found = []
    for row in shares[kept]:
        tables: dict[str, Any] = {"cell": {}, "camera": {}}
        for place in together:
            knob, by = knobs[place], around[place]
            ends = [float(f"{float(knob.value(row[place] + at)):.3g}") for at in (-by, by)]
            table = tables["cell" if knob.path[0] == "scene" else "camera"]
            table[knob.name] = [*ends, "log"] if by else float(f"{knob.value(row[place]):.4g}")
        found.append(tables)
    return found
