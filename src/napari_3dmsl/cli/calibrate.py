"""``napari-3dmsl calibrate``: gain, noise and offset of a camera from its images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_3dmsl.cli._options import Given, SettingsOf, flag
from napari_3dmsl.cli._output import AsJson, progress_line, show, warn

if TYPE_CHECKING:
    from napari_3dmsl.matching.calibration import Calibration
    from napari_3dmsl.microscope.settings import Microscope

_NEEDED = ("numerical_aperture", "emission_nm", "pixel_nm")
_LINES = {
    "e_per_adu": ("conversion", "e⁻/ADU"),
    "adu_per_e": ("", "ADU/e⁻"),
    "read_noise_e": ("read noise", "e⁻"),
    "row_noise_e": ("row noise", "e⁻"),
    "offset_adu": ("offset", "ADU"),
    "background_e": ("background with haze", "e⁻"),
    "ground_adu": ("darkest ground", "ADU: offset, background and haze"),
}


def calibrate(
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Images or stacks of one camera at one setting, as it gave them: .tif, .png, "
            ".npy.",
            show_default=False,
        ),
    ],
    *,
    dark: Annotated[
        list[Path] | None,
        typer.Option(help="Taken without light, at the same exposure; may be given again."),
    ] = None,
    microscope: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="A preset (see info --presets), one of yours, or a .json or .toml file.",
            show_default="what the first image's file tells",
        ),
    ] = None,
    optics: Annotated[Given, SettingsOf("microscope", *_NEEDED)],
    em_gain: Annotated[
        bool, typer.Option("--em-gain", help="A gain register multiplied the electrons.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure gain, noise and offset of a camera from images that it took."""
    from napari_3dmsl.matching.calibration import calibrate_files

    found = calibrate_files(
        images,
        dark=dark,
        microscope=_microscope(microscope, optics, images[0]),
        em_gain=em_gain,
        progress=progress_line(),
    )
    result = {"files": [str(path) for path in images], **found.as_dict()}
    warn(found.warnings)
    show(result, _lines(found, len(images)), as_json)
    if found.refusal:
        raise typer.Exit(1)


def _microscope(name: str | None, optics: Given, image: Path) -> Microscope:
    from napari_3dmsl.image_io.grey_images import read_grey
    from napari_3dmsl.image_io.microscope_metadata import (
        MICROSCOPE_SUFFIXES,
        microscope_from,
        read_microscope,
    )
    from napari_3dmsl.microscope.presets import load_microscope
    from napari_3dmsl.microscope.settings import Microscope

    if name is not None:
        return load_microscope(name).replace(**optics)
    known = image.suffix.lower() in MICROSCOPE_SUFFIXES
    read = read_microscope(image) if known else None
    told = set(optics) | set(read.readings if read else ())
    missing = [flag(each) for each in _NEEDED if each not in told]
    if missing:
        read_grey(image)  # says first why a file cannot be read, which tells no microscope then
        raise ValueError(
            f"{image.name} does not tell the microscope; give {', '.join(missing)}, by which "
            "structure and noise are told apart, or --microscope"
        )
    return (microscope_from(read) if read else Microscope()).replace(**optics)


def _lines(found: Calibration, files: int) -> list[str]:
    planes = f"{found.images} plane{'s' * (found.images != 1)}"
    lines = [
        f"{planes} of {files} file{'s' * (files != 1)}; {found.outside:.0%} of the frequencies are "
        "noise only"
    ]
    for name, (what, unit) in _LINES.items():
        value: Any = getattr(found, name)
        if value is not None:
            lines.append(f"{what:<21} {value} {unit}")
    if found.hot_pixels:
        lines.append(f"hot pixels            {found.hot_pixels} left out")
    if found.refusal:
        return [*lines, f"refused: {found.refusal}"]
    if found.offset_adu is None and found.most_read_noise_e is not None:
        lines.append(
            f"read noise            at most {found.most_read_noise_e:.3g} e⁻; a dark frame (--dark)"
            " tells it, and the offset"
        )
    return lines
