"""Load what napari needs for its first layer while nobody waits for it."""

from __future__ import annotations

import threading


def warm_up() -> None:
    """Import pandas and read pint's units in a thread: else the first layer waits 0.4 s for them.

    napari keeps measures of layers as pandas tables, and their units as pint's.
    """
    threading.Thread(target=_load, name="napari-3dmsl-warm").start()


def _load() -> None:
    import pandas  # noqa: F401
    import pint

    assert pint.get_application_registry().um
