"""Write a simulated image layer as OME-TIFF, with every setting inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.placement import placement_of_layer, unmirrored
from napari_3dmsl.widgets.common.panel import Panel
from napari_3dmsl.widgets.common.questions import ask_for_path

IMAGE_FILTER = "OME-TIFF (*.ome.tif *.tif *.tiff)"


def save_layer(panel: Panel, layer: Any) -> None:
    """Ask where, and write a simulated image layer as OME-TIFF.

    Parameters
    ----------
    panel
        Says how it went.
    layer
        An image of this package.
    """
    from napari_3dmsl.image_io.ome_tiff import write_image_array

    name = f"{layer.name.replace(' ', '_')}.ome.tif"
    settings = about(layer)["settings"]

    def write(path: Path) -> None:
        pixels, *_ = unmirrored(layer.data, placement_of_layer(layer))
        write_image_array(path, pixels, settings)

    ask_for_path(
        panel,
        "Save image",
        name,
        IMAGE_FILTER,
        lambda path: try_to_write(panel, lambda: write(path), path),
    )


def try_to_write(panel: Panel, write: Callable[[], Any], path: Path) -> None:
    """Write and say so; a problem is told and leaves files as they were.

    Parameters
    ----------
    panel
        Says how it went.
    write
        Writes the file; may raise.
    path
        What the message names.
    """
    try:
        write()
    except (ValueError, OSError) as error:
        panel.complain(f"Not saved: {error}")
        return
    panel.say(f"Saved {path}")
