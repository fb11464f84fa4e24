"""What a fit found: a recipe, what was fitted in words, and how like the real images it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_3dmsl.datasets.recipe.recipe_file import write_recipe

if TYPE_CHECKING:
    from napari_3dmsl.matching.distances import Distance


@dataclass(frozen=True)
class Fitted:
    """A setting as it was fitted.

    Attributes
    ----------
    name, words, unit
        Of the setting.
    low, high
        The range; equal for what all images share.
    """

    name: str
    words: str
    unit: str
    low: float | str
    high: float | str

    def __str__(self) -> str:
        if isinstance(self.low, str):
            return f"{self.words:<32} {self.low}"
        ends = f"{self.low:.3g}" if self.low == self.high else f"{self.low:.3g} to {self.high:.3g}"
        return f"{self.words:<32} {ends} {self.unit}".rstrip()


@dataclass(frozen=True, eq=False)
class SceneFit:
    """A recipe whose images are like real ones, and how like they are.

    Attributes
    ----------
    recipe : dict
        For `write_recipe`.
    fitted : tuple of Fitted
        What was fitted.
    distance : Distance
        Fréchet distance of tiles of the recipe from the real ones, by own features.
    tiles, tile_size : int
        Number of real tiles, and their rows and columns.
    warnings : tuple of str
    """

    recipe: dict[str, Any]
    fitted: tuple[Fitted, ...]
    distance: Distance
    tiles: int
    tile_size: int
    warnings: tuple[str, ...] = ()

    def save(self, path: str | Path) -> None:
        """Write the recipe.

        Parameters
        ----------
        path
            ``.toml`` or ``.json``.

        Raises
        ------
        ValueError
            When the name ends otherwise.
        OSError
            When the file cannot be written.
        """
        write_recipe(self.recipe, path)

    def lines(self) -> list[str]:
        """Return what people read, line by line."""
        size = self.tile_size
        return [
            f"fitted to {self.tiles} tiles of {size} × {size} pixels; what has a range is drawn "
            "for each image",
            *map(str, self.fitted),
            f"distance of its images from the real ones (own features, Fréchet) {self.distance}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {
            "tiles": self.tiles,
            "tile_size": self.tile_size,
            "fitted": {each.name: vars(each) for each in self.fitted},
            "frechet": vars(self.distance),
            "warnings": list(self.warnings),
            "recipe": self.recipe,
        }
