"""Where the sample that is imaged comes from, told so that a script or a command finds it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_3dmsl.as_code.samples import (
    CellOfShapes,
    FieldOfShapes,
    LibraryShape,
    PhantomShape,
    Sample,
    SurfaceFile,
)
from napari_3dmsl.datasets.render.cell_imager import CellSample
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.surfaces import unchanged_mesh
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.settings import Settings
from napari_3dmsl.widgets.common.shape_selection import ShapeSelection


def reference_of_shape(selection: ShapeSelection) -> Sample:
    """Return where the selected shape comes from.

    Parameters
    ----------
    selection
        Of the viewer; a shape is selected.

    Raises
    ------
    ValueError
        One line, when the shape is in the memory only.
    """
    shape_id = selection.shape_id
    assert shape_id is not None
    source = _source_of(selection)
    if isinstance(source, Path):
        return LibraryShape(source, shape_id)
    return PhantomShape(shape_id, source)


def reference_of_field(
    selection: ShapeSelection,
    centre_um: tuple[float, float, float] | None,
    ids: tuple[int, ...] | None,
) -> Sample:
    """Return where the shapes of a field, or those that are selected, come from.

    Parameters
    ----------
    selection
        Of the viewer.
    centre_um
        Middle of the field; None for that of all shapes.
    ids
        Only these shapes; None for all.

    Raises
    ------
    ValueError
        One line, when the shapes are in the memory only.
    """
    return FieldOfShapes(_source_of(selection), centre_um, ids)


def reference_of_cell(selection: ShapeSelection, sample: CellSample) -> Sample:
    """Return where the shapes of a cell come from, and how they are laid.

    Parameters
    ----------
    selection
        Of the viewer.
    sample
        The cell.

    Raises
    ------
    ValueError
        One line, when the shapes are in the memory only.
    """
    return CellOfShapes(sample.cell, None if sample.source is None else _source_of(selection))


def _source_of(selection: ShapeSelection) -> Path | Settings:
    """Return the library on disk, or how the phantom was extracted."""
    if isinstance(selection.source, ShapeLibrary):
        return selection.source.folder
    facts = about(selection.instances) if selection.instances is not None else {}
    settings = facts.get("settings")
    if facts.get("of_phantom") and isinstance(settings, Settings):
        return settings
    raise ValueError(
        "These shapes are in this window only, where no script finds them: save them all with "
        "Save library… in Export images, drop that library on the window, and copy again."
    )


def reference_of_surface(layer: Any) -> Sample:
    """Return the file of a surface.

    Parameters
    ----------
    layer
        Of the viewer.

    Raises
    ------
    ValueError
        One line, when the surface is not as in a file.
    """
    facts = about(layer)
    path, unit_nm = facts.get("path"), facts.get("unit_nm")
    if path is None or unit_nm is None or unchanged_mesh(layer) is None:
        raise ValueError(
            f"The surface “{layer.name}” is not as in a file, so no script finds it: save it with "
            "File > Save Selected Layers, open that file, and copy again."
        )
    return SurfaceFile(Path(path), float(unit_nm))
