"""How files spell what a microscope is: media, objectives, ways of imaging, times, lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from napari_3dmsl.units import nm_per

_MEDIA = {
    "air": 1.0,
    "dry": 1.0,
    "water": 1.33,
    "waterdipping": 1.33,
    "w": 1.33,
    "silicone": 1.406,
    "siliconeoil": 1.406,
    "sil": 1.406,
    "glycerol": 1.47,
    "glycerin": 1.47,
    "glyc": 1.47,
    "oil": 1.515,
}
_MODALITIES = {
    "widefield": "widefield",
    "laserscanningconfocalmicroscopy": "confocal",
    "laserscanningconfocal": "confocal",
    "laserscanningmicroscopy": "confocal",
    "spinningdiskconfocal": "confocal",
    "sweptfieldconfocal": "confocal",
    "slitscanconfocal": "confocal",
    "confocal": "confocal",
    "multiphotonmicroscopy": "two_photon",
    "spim": "light_sheet",
    "lightsheet": "light_sheet",
}
_SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "msec": 1e-3,
    "millisecond": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "ns": 1e-9,
    "min": 60.0,
    "h": 3600.0,
}


def immersion_index(word: str) -> float | None:
    """Return the refractive index of a medium by its name; None for "Other", "Multi" and unknown.

    Parameters
    ----------
    word
        Such as ``Oil``, ``WaterDipping``, ``glycerol``.
    """
    return _MEDIA.get(_letters(word))


def modality(word: str) -> str | None:
    """Return `Microscope.modality` of an acquisition mode as OME and others call it, or None.

    Parameters
    ----------
    word
        Such as ``LaserScanningConfocalMicroscopy``.
    """
    return _MODALITIES.get(_letters(word))


def seconds(number: float, unit: str) -> float | None:
    """Return a time in s; None where the unit is not known.

    Parameters
    ----------
    number
        As the file has it.
    unit
        Such as ``ms``.
    """
    factor = _SECONDS.get(unit.strip().replace("\u03bc", "µ").lower())
    return None if factor is None else number * factor


def nanometres(number: float, unit: str) -> float | None:
    """Return a length in nm, to 12 digits; None where the unit is not known.

    Parameters
    ----------
    number
        As the file has it.
    unit
        Such as ``µm`` or ``Å``.
    """
    factor = nm_per(unit)
    return None if factor is None else float(f"{number * factor:.12g}")


def number_in(text: Any) -> float | None:
    """Return the number that a text is or begins with, such as that of ``520 nm``; None for none.

    Parameters
    ----------
    text
        Or a number.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        return float(text)
    found = re.match(r"\s*([-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)", str(text))
    return float(found[1].replace(",", ".")) if found else None


@dataclass(frozen=True)
class ObjectiveName:
    """What the name of an objective tells; None for what it does not.

    Attributes
    ----------
    magnification, numerical_aperture, immersion : float or None
    """

    magnification: float | None = None
    numerical_aperture: float | None = None
    immersion: float | None = None

    def items(self) -> Iterator[tuple[str, float]]:
        """Return what is told, by the names of settings."""
        for name, value in (
            ("magnification", self.magnification),
            ("numerical_aperture", self.numerical_aperture),
            ("immersion_index", self.immersion),
        ):
            if value is not None:
                yield name, value


_MAGNIFICATION = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)\s*[x×]", re.IGNORECASE)
_APERTURE = re.compile(
    r"(?:[x×]\s*[/,]?\s*|NA\s*[=:]?\s*|\s/\s*)([01][.,]\d{1,3})(?!\d)", re.IGNORECASE
)
_MEDIUM = re.compile(
    r"(water|silicone|sil|glycerol|glyc|oil|air|dry)(?![a-z])|(?<=\d)\s*(w)\b", re.IGNORECASE
)


def objective_name(name: str) -> ObjectiveName:
    """Read what people put into names of objectives, such as ``Plan-Apochromat 63x/1.40 Oil DIC``.

    Parameters
    ----------
    name
        As in a catalogue.
    """
    magnification, aperture = _MAGNIFICATION.search(name), _APERTURE.search(name)
    media = {immersion_index(found[1] or found[2]) for found in _MEDIUM.finditer(name)}
    return ObjectiveName(
        float(magnification[1]) if magnification else None,
        float(aperture[1].replace(",", ".")) if aperture else None,
        media.pop() if len(media) == 1 else None,
    )


_KEYS: Mapping[str, str] = {
    "numerical_aperture": r"lens ?na|numerical ?aperture|dobjectivena|objective ?na",
    "magnification": r"nominal ?magnification|dobjectivemag|objective ?magnification",
    "immersion": r"immersion( ?type)?",
    "immersion_index": r"(immersion|medium) ?refract(ive|ion) ?index|drefractindex1",
    "emission_nm": r"emission ?wavelength(s)?",
    "excitation_nm": r"excitation ?wavelength(s)?",
    "objective": r"objective ?(name|model|label)?",
}
_LAST_WORD = re.compile(r"^(?:.*[|.:])?\s*(?:Global\s+)?(.*?)\s*(?:#\s*\d+)?$")


def known_keys(pairs: Iterator[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Sort what programs list as ``key = value`` into what it means, in its order.

    Parameters
    ----------
    pairs
        Keys such as ``Information|Instrument|Objective|LensNA #1``, and their values.

    Returns
    -------
    dict
        Key and value by the name of a setting, or ``immersion`` or ``objective`` for their names.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for key, value in pairs:
        last = _LAST_WORD.sub(r"\1", key.strip())
        for name, pattern in _KEYS.items():
            if re.fullmatch(pattern, last, re.IGNORECASE):
                found.setdefault(name, []).append((key.strip(), value.strip()))
    return found


def _letters(word: str) -> str:
    return re.sub(r"[^a-z]", "", str(word).lower())
