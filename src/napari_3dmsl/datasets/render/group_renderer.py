"""The images of one group, whatever it shows: a shape, a scene, or a montage of scenes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.datasets.recipe.plan import Group, Pools, seed_of
from napari_3dmsl.datasets.render.montage import montage
from napari_3dmsl.datasets.render.render import Rendered, image_name, render_group
from napari_3dmsl.datasets.render.scenes import Pool, scene_of
from napari_3dmsl.datasets.render.single_shape import SingleShape
from napari_3dmsl.datasets.render.varied import varied
from napari_3dmsl.image_io.eight_bit import levels_for, stretch_levels, stretched
from napari_3dmsl.memory import keep_freed_memory
from napari_3dmsl.timelapse.motion import Frame

if TYPE_CHECKING:
    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.shapes.collection import ShapeSource

_OF_TILES = ("seed", "group", "shape_ids", "emitters", "plane_focus_um", "physseg_noise")
"""What a montage tells of each of its tiles."""


class GroupRenderer:
    """Renders the groups of a recipe, in any order.

    Parameters
    ----------
    recipe
    library
        The one that the plan was made with.
    pools
        Of the plan.
    """

    def __init__(self, recipe: Recipe, library: ShapeSource, pools: Pools) -> None:
        self.recipe = recipe
        self._library = library
        keep_freed_memory()
        self._pools = {part: Pool(library, ids) for part, ids in pools.items()}

    def render(self, group: Group, only: int | None = None) -> Iterator[Rendered]:
        """Render the images of a group, or of its view number ``only``, one after the other.

        Parameters
        ----------
        group
            Of the plan.
        only
            Place of the view in the list of the group's views; None for all of them.

        Raises
        ------
        ValueError
            When a shape cannot be read or labelled, or nothing finds a place in a scene.
        """
        recipe = varied(self.recipe, group.name)
        for rendered in self._counted(recipe, group, only):
            yield _in_8_bits(rendered, recipe)

    def _counted(self, recipe: Recipe, group: Group, only: int | None) -> Iterator[Rendered]:
        """Render the images with the counts of the camera."""
        if recipe.scene is None:
            shape = SingleShape(recipe, group, self._library)
            yield from render_group(recipe, group, shape, only)
        elif recipe.montage is None:
            scene = scene_of(recipe, group, self._pools[group.split])
            yield from render_group(recipe, group, scene, only)
        else:
            yield from self._montages(recipe, group, recipe.montage, only)

    def _montages(
        self, recipe: Recipe, group: Group, shape: tuple[int, int], only: int | None
    ) -> Iterator[Rendered]:
        pool, first_label, tiles = self._pools[group.split], 1, []
        for number in range(shape[0] * shape[1]):
            of_tile = replace(group, name=f"{group.name}_tile{number}")
            scene = scene_of(recipe, of_tile, pool, first_label)
            tiles.append(list(render_group(recipe, of_tile, scene, only)))
            objects = tiles[-1][0].film[0].objects
            first_label += len(objects)  # labels are unique in the whole image
        for parts in zip(*tiles, strict=True):
            yield _put_together(parts, group, shape)


def _in_8_bits(rendered: Rendered, recipe: Recipe) -> Rendered:
    """Stretch an image by its own values, if asked for; all its planes and frames alike."""
    output = recipe.output
    percentiles = output.stretched_between
    if percentiles is None:
        return rendered
    rng = np.random.default_rng(seed_of(recipe.seed, rendered.name, "stretch"))
    black, white = (rng.uniform(*ends) for ends in (output.stretch_black, output.stretch_white))
    low, high = levels_for(stretch_levels(rendered.image, percentiles), black, white)
    told = {"low": low, "high": high, "percentiles": list(percentiles)}
    return replace(
        rendered,
        image=stretched(rendered.image, low, high),
        metadata={**rendered.metadata, "stretch": told},
    )


def _put_together(parts: Sequence[Rendered], group: Group, shape: tuple[int, int]) -> Rendered:
    """Put the images of tiles side by side, and their ground truth as well."""
    first = parts[0]
    objects = tuple(chain.from_iterable(part.film[0].objects for part in parts))
    rows, columns = first.field.image_size
    field = replace(first.field, image_size=(shape[0] * rows, shape[1] * columns))
    cameras = [part.metadata["camera"] for part in parts]
    told = (*_OF_TILES, "camera") if cameras.count(cameras[0]) < len(cameras) else _OF_TILES
    tiles = [{name: part.metadata[name] for name in told} for part in parts]
    saturated = [part.metadata["saturated_share"] for part in parts]
    brightest = [part.metadata["peak_snr"] for part in parts]
    metadata = {
        **first.metadata,
        "group": group.name,
        "emitters": sum(part.metadata["emitters"] for part in parts),
        "emitters_in_field": sum(part.metadata["emitters_in_field"] for part in parts),
        "saturated_share": None if None in saturated else fmean(saturated),
        "peak_snr": None if None in brightest else max(brightest),
        "shape_ids": [placed.shape_id for placed in objects],
        "tiles": tiles,
    }
    return replace(
        first,
        name=image_name(group.name, first.view, first.instrument.name),
        group=group,
        image=montage([part.image for part in parts], shape),
        truths={name: montage([p.truths[name] for p in parts], shape) for name in first.truths},
        photons=montage([part.photons for part in parts], shape),
        film=(Frame(0.0, objects, 0.0, ()),),
        field=field,
        metadata=metadata,
    )
