"""Lengths by the names that files and napari's layers give them: one table for readers and writers.

The table is made by pint, whose units napari's layers carry, from the names that image files use:
all of OME's ``UnitsLength``, ImageJ's, and the words that people type. It is closed on purpose.
pint itself knows more words than are meant: to it ``A`` is an ampere, ``px`` a length and ``li`` a
surveyor's link, which is why a name is never handed to it unseen.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import cache
from typing import Any

# What files write, by what pint calls it. SI names with all their prefixes are added to these.
_SPELLINGS = {
    "angstrom": ("Å", "A", "Ang", "ang", "angstrom", "angstroms", "ångström", "ångströms"),
    "micron": ("µ", "micron", "microns", "um"),
    "thou": ("thou", "mil", "mils"),
    "inch": ("in", '"', "''", "″", "inch", "inches"),
    "inch / 12": ("li",),  # OME's line
    "inch / 72": ("pt", "point", "points"),  # OME's, and of desktop publishing
    "foot": ("ft", "foot", "feet"),
    "yard": ("yd", "yard", "yards"),
    "mile": ("mi", "mile", "miles"),
    "astronomical_unit": ("ua", "au"),
    "light_year": ("ly", "lightyear"),
    "parsec": ("pc", "parsec"),
}
_PREFIXES = {
    "yotta": "Y",
    "zetta": "Z",
    "exa": "E",
    "peta": "P",
    "tera": "T",
    "giga": "G",
    "mega": "M",
    "kilo": "k",
    "hecto": "h",
    "deca": "da",
    "": "",
    "deci": "d",
    "centi": "c",
    "milli": "m",
    "micro": "µ",
    "nano": "n",
    "pico": "p",
    "femto": "f",
    "atto": "a",
    "zepto": "z",
    "yocto": "y",
}
_NO_LENGTHS = {"", "pixel", "pixels", "px", "voxel", "voxels", "reference frame", "none", "unit"}
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|&#x([0-9a-fA-F]{2,4});")


def nm_per(unit: str) -> float | None:
    """Return a unit's length in nm by the name that a file gives it; None for an unknown name.

    Letters in the other case are taken where that leaves no doubt: ``MM`` and ``Micron`` are what
    they look like, but ``Mm`` is a megametre and ``Pm`` a petametre, as OME has it.

    Parameters
    ----------
    unit
        Such as ``µm`` with either sign for micro, also as ImageJ escapes it, ``nanometers``, ``Å``,
        ``inch``, or a name of OME's ``UnitsLength``. Pixels and reference frames are no lengths.
    """
    name = _plain(unit)
    table = _table()
    return table.get(name, table.get(name.lower()))


def says_no_length(unit: str) -> bool:
    """Whether a name says that there is no length: nothing, pixels, OME's reference frame.

    Parameters
    ----------
    unit
        As in a file or of a layer.
    """
    return _plain(unit).lower() in _NO_LENGTHS


def layer_unit_in(unit: Any, wanted: str) -> float | None:
    """Length of a unit of a napari layer in another one, such as ``um``; None for no length.

    Parameters
    ----------
    unit
        A unit of pint, or its name.
    wanted
        A name that pint knows.
    """
    import pint

    registry = pint.get_application_registry()
    try:
        known = registry.Unit(unit) if isinstance(unit, str) else unit
    except (pint.PintError, ValueError, TypeError, AttributeError):
        return None
    if str(known) == "css_pixel" or not known.is_compatible_with(wanted):
        return None  # pint's CSS pixel is a 96th of an inch: nobody's voxel
    length = (1.0 * known).to(wanted).magnitude
    return float(f"{length:.12g}")


def _plain(unit: str) -> str:
    """Return a name as the table has it: one sign for micro and ångström, no escapes, no blanks."""
    text = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), str(unit))
    with suppress(UnicodeError):  # UTF-8 that was taken for Latin-1
        text = text.encode("latin-1").decode("utf-8")
    text = unicodedata.normalize("NFC", text).replace("\u03bc", "\u00b5").replace("\0", "")
    return text.strip().rstrip(".")


@cache
def _table() -> dict[str, float]:
    """Length in nm of every name."""
    import pint

    registry = pint.get_application_registry()

    def nm(expression: str) -> float:
        exact = registry.Quantity(expression).to("nanometer").magnitude
        return float(f"{exact:.12g}")  # without the rounding errors of pint's conversions

    table = {_plain(name): nm(unit) for unit, names in _SPELLINGS.items() for name in names}
    for prefix, sign in _PREFIXES.items():
        length = nm(f"{prefix}meter")
        words = {f"{prefix}{word}" for word in ("meter", "meters", "metre", "metres")}
        table |= dict.fromkeys({f"{sign}m", *words}, length)
    return table
