"""What the *Match my microscope* panel says."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from napari_3dmsl.image_io.microscope_sources import setting_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_3dmsl.image_io.microscope_metadata import ReadMicroscope
    from napari_3dmsl.matching.calibration import Calibration
    from napari_3dmsl.matching.comparison import Comparison
    from napari_3dmsl.matching.fitted_scene import SceneFit


def told(read: ReadMicroscope | None, asked: Sequence[str]) -> str:
    """Say which of some settings a file has told, and which are to be given.

    Parameters
    ----------
    read
        Of the file; None when there is none.
    asked
        Names of the settings.
    """
    if read is None:
        return "No file tells the microscope. Please set all below."
    lines = [
        f"✓ {setting_of(name).show.label}: {read.readings[name].source}"
        for name in asked
        if name in read.readings
    ]
    missing = [setting_of(name).show.label for name in asked if name not in read.readings]
    if missing:
        lines.append(f"The {read.kind} file does not tell, so please check: {', '.join(missing)}")
    return "\n".join(lines + [f"⚠ {doubt}" for doubt in read.doubts])


def calibrated(found: Calibration) -> str:
    """Return what a calibration has found, line by line.

    Parameters
    ----------
    found
        As of `calibrate`.
    """
    rows: list[tuple[str, Any, str]] = [
        ("Conversion", found.e_per_adu, "e⁻/ADU"),
        ("Read noise", found.read_noise_e, "e⁻"),
        ("Row noise", found.row_noise_e, "e⁻"),
        ("Offset", found.offset_adu, "ADU"),
        ("Background with haze", found.background_e, "e⁻"),
        ("Darkest ground", found.ground_adu, "ADU"),
        ("Hot pixels", found.hot_pixels or None, "left out"),
    ]
    told = [(what, f"{value} {unit}") for what, value, unit in rows if value is not None]
    lines = []
    if found.refusal is None and found.read_noise_e is None:
        lines.append(
            f"The read noise is at most {found.most_read_noise_e:.3g} e⁻. A dark frame tells it, "
            "and the offset; without one both are chosen so that the noise is the same."
        )
    return _table(told) + _lines(lines + [f"⚠ {warning}" for warning in found.warnings])


def fitted(found: SceneFit) -> str:
    """Return what a fit has found, line by line.

    Parameters
    ----------
    found
        As of `fit_scene`.
    """
    rows = [(each.words, str(each).removeprefix(each.words).strip()) for each in found.fitted]
    first, *_, last = found.lines()
    lines = [last, *(f"⚠ {warning}" for warning in found.warnings)]
    return _lines([first[:1].upper() + first[1:]]) + _table(rows) + _lines(lines)


def compared(found: Comparison) -> str:
    """Return the distances and mismatches of a comparison, line by line.

    Parameters
    ----------
    found
        As of `compare`.
    """
    return _lines(found.lines())


def _table(rows: Sequence[tuple[str, str]]) -> str:
    """Return what people read, and its value beside it."""
    cells = (
        f"<tr><td>{escape(what)}</td><td>&nbsp;&nbsp;{escape(value)}</td></tr>"
        for what, value in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _lines(lines: Sequence[str]) -> str:
    words = (escape(" ".join(line.split())) for line in lines)
    return "".join(f"<p style='margin: 4px 0'>{line}</p>" for line in words)
