"""Microscope files dropped onto the window: the *Microscope* panel turns into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_3dmsl.readers import Reader, paths_of, tell_why, telling


def get_microscope_reader(path: str | list[str]) -> Reader | None:
    """Return the reader of microscope files, None for other people's JSON and TOML.

    Parameters
    ----------
    path
        As napari hands it over.
    """
    from napari_3dmsl.microscope.presets import may_be_microscope

    files = paths_of(path)
    if len(files) == 1 and may_be_microscope(files[0]):
        return telling(_open_microscope)
    tell_why(lambda: _no_microscope(files[0]), files[0])
    return None


def _open_microscope(path: str | list[str]) -> list[Any]:
    """Turn a microscope into the *Microscope* panel of the current viewer; it adds no layer."""
    import napari

    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.widgets.microscope.panel import panel_of

    [file] = paths_of(path)
    Microscope.load(file)  # a wrong setting is told by napari, which knows what was dropped
    viewer = napari.current_viewer()
    if viewer is None:
        raise ValueError(f"{file}: a microscope; it opens in the Microscope panel of a window")
    panel_of(viewer).form.open_microscope(Path(file))
    return [(None,)]


def _no_microscope(path: str) -> None:
    from napari_3dmsl.settings import parse_settings, read_text

    parse_settings(read_text(Path(path)), Path(path))
    raise ValueError(
        f"{path}: no microscope; recipes are opened in the Image set panel, microscopes here"
    )
