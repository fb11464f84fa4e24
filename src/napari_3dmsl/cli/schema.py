"""``napari-3dmsl schema``: what a settings file may say, for editors."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from napari_3dmsl.cli._options import CLASSES, settings_class
from napari_3dmsl.cli._output import tell


def schema(
    kind: Annotated[
        Literal[tuple(CLASSES)],  # type: ignore[valid-type]
        typer.Argument(help="Of which settings.", show_default=False),
    ],
) -> None:
    """Print the JSON schema of a settings file, with labels, units and sources, for editors."""
    from napari_3dmsl.described import schema_of

    tell(json.dumps(schema_of(settings_class(kind)), indent=2, ensure_ascii=False))
