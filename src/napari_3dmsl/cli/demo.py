"""``napari-3dmsl demo``: the sample, extracted and imaged, in a napari window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_3dmsl.cli._output import AsJson, show


def demo(
    screenshot: Annotated[
        Path | None, typer.Option(help="Write a picture of the window and close it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Open napari on the sample: shapes by class, one of them imaged live."""
    from importlib.util import find_spec

    try:
        import qtpy.QtWidgets  # noqa: F401  fails when there is no Qt binding
    except ImportError:
        has_qt = False
    else:
        has_qt = find_spec("napari") is not None
    if not has_qt:
        raise ValueError('the demo needs napari and Qt: pip install "napari-3dmsl[all]"')
    from napari_3dmsl.widgets.demo import run_demo

    run_demo(screenshot)
    written = None if screenshot is None else str(screenshot)
    show({"screenshot": written}, [f"written to {written}"] if written else [], as_json)
