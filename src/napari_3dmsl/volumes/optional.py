"""Packages that only some formats need: one line says what to install."""

from __future__ import annotations

import importlib
from types import ModuleType


def needed(module: str, what: str, where: object) -> ModuleType:
    """Import a package that a format needs.

    Parameters
    ----------
    module
        Its name in Python.
    what
        That needs it, such as ``N5``.
    where
        The file, named in the error.

    Raises
    ------
    ValueError
        When it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = {"nrrd": "pynrrd"}.get(module, module)
        raise ValueError(
            f"{where}: reading {what} needs {package}: pip install 'napari-3dmsl[em]'"
        ) from None
