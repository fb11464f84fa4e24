"""``napari-3dmsl simulate --scene field``: which shapes lie in the volume."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_3dmsl.shapes.collection import ShapeSource
    from napari_3dmsl.shapes.extraction import Extraction


def shapes_of_field(path: Path, is_phantom: bool, extraction: dict[str, Any]) -> ShapeSource:
    """Open a library, or draw the phantom and cut it into shapes.

    Parameters
    ----------
    path
        Of the library.
    is_phantom
        Whether it is the phantom instead.
    extraction
        Settings of its extraction that were given.
    """
    if not is_phantom:
        from napari_3dmsl.library.library import ShapeLibrary

        return ShapeLibrary.open(path)
    from napari_3dmsl.shapes.collection import ShapeCollection
    from napari_3dmsl.shapes.shape import measure_shapes

    return ShapeCollection(measure_shapes(phantom_extraction(extraction)))


def phantom_extraction(changes: dict[str, Any]) -> Extraction:
    """Draw the phantom and cut it into instances.

    Parameters
    ----------
    changes
        Settings that were given.
    """
    from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
    from napari_3dmsl.shapes.phantom import make_phantom

    phantom = make_phantom()
    settings = {"voxel_nm": phantom.voxel_nm, **changes}
    return extract_instances(phantom.labels, ExtractionSettings(**settings))


def numbers_of(text: str) -> list[int]:
    """Return the numbers of shapes in a text such as ``1,4,7``.

    Parameters
    ----------
    text
        As it was typed.

    Raises
    ------
    ValueError
        One line, when it is something else.
    """
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found:
        raise ValueError(f"--shape-ids {text}: expected whole numbers with commas, such as 1,4,7")
    return found
