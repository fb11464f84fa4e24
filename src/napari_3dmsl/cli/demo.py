"""``napari-3dmsl demo``: the sample, extracted and imaged, in a napari window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_3dmsl.cli._output import AsJson, show
from napari_3dmsl.cli._window import needs_window


def demo(
    screenshot: Annotated[
        Path | None, typer.Option(help="Write a picture of the window and close it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Open napari on the sample: shapes by class, one of them imaged live."""
    needs_window("the demo")
    from napari_3dmsl.widgets.demo import run_demo

    run_demo(screenshot)
    written = None if screenshot is None else str(screenshot)
    show({"screenshot": written}, [f"written to {written}"] if written else [], as_json)
