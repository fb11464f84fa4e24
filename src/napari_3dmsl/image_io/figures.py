"""Figures as files: PNG, PDF or SVG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_3dmsl.writing import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURE_SUFFIXES = (".png", ".pdf", ".svg")


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure, whole or not at all.

    Parameters
    ----------
    figure
        Of matplotlib.
    path
        Ends in ``.png``, ``.pdf`` or ``.svg``.

    Raises
    ------
    ValueError
        When the name ends otherwise.
    OSError
        When it cannot be written.
    """
    path = check_figure_path(path)
    with whole_file(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:].lower())
    return path


def check_figure_path(path: str | Path) -> Path:
    """Return the path if a figure can be written there.

    Parameters
    ----------
    path
        Of a file that need not be there.

    Raises
    ------
    ValueError
        When the name ends otherwise, or its folder is missing.
    """
    path = Path(path)
    if path.suffix.lower() not in FIGURE_SUFFIXES:
        raise ValueError(f"{path}: figures are written as {', '.join(FIGURE_SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"{path}: its folder does not exist")
    return path
