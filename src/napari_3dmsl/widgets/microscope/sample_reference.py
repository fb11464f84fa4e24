"""Where the sample that is imaged comes from, told so that a script or a command finds it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_3dmsl.as_code.samples import LibraryShape, PhantomShape, Sample, SurfaceFile
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.layers.surfaces import unchanged_mesh
from napari_3dmsl.library.library import ShapeLibrary
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
    source, shape_id = selection.source, selection.shape_id
    assert shape_id is not None
    if isinstance(source, ShapeLibrary):
        return LibraryShape(source.folder, shape_id)
    facts = about(selection.instances) if selection.instances is not None else {}
    if facts.get("of_phantom") and facts.get("settings") is not None:
        return PhantomShape(shape_id, facts["settings"])
    raise ValueError(
        f"Shape {shape_id} is in this window only, where no script finds it: save all shapes with "
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
