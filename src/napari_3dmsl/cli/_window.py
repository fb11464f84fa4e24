"""Commands that open a window say what to install where there is none."""

from __future__ import annotations

from importlib.util import find_spec


def needs_window(what: str) -> None:
    """Say so where napari or a Qt binding is missing.

    Parameters
    ----------
    what
        What needs a window, as a sentence begins.

    Raises
    ------
    ValueError
        When one of them is missing, with what to do.
    """
    try:
        import qtpy.QtWidgets  # noqa: F401  fails when there is no Qt binding
    except ImportError:
        has_qt = False
    else:
        has_qt = find_spec("napari") is not None
    if not has_qt:
        raise ValueError(f'{what} needs napari and Qt: pip install "napari-3dmsl[all]"')
