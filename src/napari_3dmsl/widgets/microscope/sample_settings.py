"""What an image can be of, as settings that have fields."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from napari_3dmsl.settings import Settings, Show


class ImageOf(Settings):
    """What an image is of."""

    image_of: Annotated[
        Literal["shape", "shapes", "field", "cell", "surface"],
        Field(
            description="One shape in the middle of the image; all that are selected, at their "
            "places; everything that lies in a field of view, which is a frame in the 3D view; "
            "shapes laid flat into a scene like a cell; or a surface that is no shape of an "
            "extraction.",
        ),
        Show(
            "Image",
            words={
                "shape": "the selected shape",
                "shapes": "the selected shapes",
                "field": "everything in the field",
                "cell": "a scene like a cell",
                "surface": "a surface",
            },
            source="Default: the selected shape.",
        ),
    ] = "shape"


class CellOf(Settings):
    """Which shapes are laid into a cell."""

    cell_of: Annotated[
        Literal["tubes", "loaded"],
        Field(
            description="Wavy tubes, rings and networks that are drawn, or the shapes that are "
            "loaded, turned so that they lie flat.",
        ),
        Show(
            "Cell of",
            words={"tubes": "drawn tubes", "loaded": "the loaded shapes"},
            source="Default: drawn tubes, which need no data.",
        ),
    ] = "tubes"
