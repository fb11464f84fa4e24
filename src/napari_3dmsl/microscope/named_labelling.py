"""Labellings that have a name: how densely a real label lies, and who has counted it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.settings import Show

_ABOUT = {"name", "words", "numbers_from"}


class NamedLabelling(Labelling):
    """A labelling as a preset: only what its file sets is meant, all else stays as it is."""

    name: Annotated[
        str,
        Field(description="What the labelling is called, in lists and on the command line."),
        Show("Name", source="Default: custom, until a file or preset names it."),
    ] = "custom"
    words: Annotated[
        str,
        Field(description="The label in a few words."),
        Show("Words", source="Default: none; the name tells."),
    ] = ""
    numbers_from: Annotated[
        str,
        Field(description="Where the numbers are from."),
        Show("Numbers from", source="Default: nothing is told."),
    ] = ""

    @property
    def given(self) -> dict[str, Any]:
        """What the preset sets, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set - _ABOUT}

    @property
    def labelling(self) -> Labelling:
        """What the preset sets, all else as by default."""
        return Labelling(**self.given)

    @property
    def in_short(self) -> str:
        """Such as ``3DMSL paper, 30 /µm²``."""
        density = f"{self.density_per_um2:g} /µm²"
        if self.target == "volume":
            density = f"{self.density_per_um3:g} /µm³"
        return f"{self.words or self.name}, {density}"

    @property
    def title(self) -> str:
        """The same with the name that files and commands know, ``3DMSL paper, 30 /µm² (paper)``."""
        return self.in_short + (f" ({self.name})" if self.words else "")
