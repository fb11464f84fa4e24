"""Commands that open a window say what to install where there is none."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")


def needs_window(what: str) -> None:
    """Say so where napari or a Qt binding is missing, or a system library that they load.

    Parameters
    ----------
    what
        What needs a window, as a sentence begins.

    Raises
    ------
    ValueError
        When one of them is missing, with what to do.
    """
    binding = next((name for name in BINDINGS if find_spec(name)), None)
    if binding is None or find_spec("napari") is None:
        raise ValueError(f'{what} needs napari and Qt: pip install "napari-3dmsl[all]"')
    try:
        import_module(f"{binding}.QtWidgets")  # qtpy would not say which library it misses
        import_module("napari.viewer")
    except ImportError as error:
        raise ValueError(
            f"{what} needs a system library that is missing ({error}). On Linux, in a copy of the "
            "repository: make system"
        ) from error
