"""A microscope in a few words, as people say it."""

from __future__ import annotations

from napari_3dmsl.microscope.settings import IMMERSIONS, Microscope

_MODALITIES = {
    "widefield": "Widefield",
    "confocal": "Confocal",
    "two_photon": "Two-photon",
    "light_sheet": "Light sheet",
}
_SAME_MEDIUM = 0.02  # of refractive indices


def microscope_title(microscope: Microscope) -> str:
    """Return such as "Confocal 1.40 oil, 600 nm (con1)".

    Parameters
    ----------
    microscope
        Its name is in parentheses, unless it says no more than the words before it.
    """
    words = (
        f"{_MODALITIES[microscope.modality]} {microscope.numerical_aperture:.2f} "
        f"{_medium(microscope.immersion_index_design)}, {microscope.emission_nm:g} nm"
    )
    said = {"custom", _plain(_MODALITIES[microscope.modality])}
    return words if _plain(microscope.name) in said else f"{words} ({microscope.name})"


def _plain(words: str) -> str:
    return words.lower().replace("-", " ")


def _medium(index: float) -> str:
    nearest = min(IMMERSIONS, key=lambda known: abs(known - index))
    if abs(nearest - index) > _SAME_MEDIUM:
        return f"n {index:g}"
    return IMMERSIONS[nearest].partition(" ")[0]
