"""An image set that is rendered instead of read: samples on the fly, without files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from threadpoolctl import threadpool_limits

from napari_3dmsl.datasets.read.image_set import Sample
from napari_3dmsl.datasets.recipe.plan import check_image_memory, make_plan
from napari_3dmsl.datasets.recipe.recipe import SPLITS
from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
from napari_3dmsl.datasets.write.sample_files import row_of, truth_suffix, write_truth
from napari_3dmsl.ground_truth.registry import read_truth_of

if TYPE_CHECKING:
    from napari_3dmsl.datasets.recipe.recipe import Recipe
    from napari_3dmsl.datasets.render.render import Rendered
    from napari_3dmsl.shapes.collection import ShapeSource


class RenderedSet(Sequence[Sample]):
    """The samples that a recipe means, each rendered when it is asked for.

    They are those of `ImageSet` on the folder that the same recipe makes, in the same order, but
    for the names and checksums of files. The images of a group share most of the work: iterate, or
    keep near indices together; a group is rendered as a whole.

    Parameters
    ----------
    recipe : Recipe
    split : str, optional
        Only this part: ``train``, ``val`` or ``test``.
    shapes : ShapeSource, optional
        Taken in the place of the recipe's library.

    Raises
    ------
    ValueError
        When the library or the recipe cannot be used.
    """

    def __init__(
        self, recipe: Recipe, split: str | None = None, shapes: ShapeSource | None = None
    ) -> None:
        if split is not None and split not in SPLITS:
            raise ValueError(f"split = {split!r}: expected one of {', '.join(SPLITS)}")
        library = shapes_of(recipe) if shapes is None else shapes
        plan = make_plan(recipe, library)
        check_image_memory(plan, workers=1)
        self.recipe = recipe
        self._groups = [group for group in plan.groups if split in (None, group.split)]
        self._each = plan.images_per_group
        self._renderer = GroupRenderer(recipe, library, plan.pools)
        self._kept: tuple[int, list[Sample]] = (-1, [])

    def __len__(self) -> int:
        return len(self._groups) * self._each

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...

    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        group, within = divmod(index % len(self), self._each)
        if self._kept[0] != group:
            self._kept = group, self._samples(group)
        return self._kept[1][within]

    def __iter__(self) -> Iterator[Sample]:
        for group in range(len(self._groups)):
            yield from self._samples(group)

    def _samples(self, group: int) -> list[Sample]:
        with threadpool_limits(1):  # as in the workers of a run: the last bits depend on it
            images = self._renderer.render(self._groups[group])
            return [sample_of(rendered, self.recipe) for rendered in images]


def sample_of(rendered: Rendered, recipe: Recipe) -> Sample:
    """Return an image with its ground truth, as `ImageSet` would read them.

    Parameters
    ----------
    rendered
        An image that is not on disk.
    recipe
        That it was made with.
    """
    truths: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in recipe.truths:
            if name in rendered.truths:
                truths[name] = rendered.truths[name]
            else:  # meshes, tables: exactly what the file would give
                path = Path(folder) / f"{name}{truth_suffix(rendered, name)}"
                write_truth(path, rendered, name)
                truths[name] = read_truth_of(name, path)
    return Sample(rendered.name, rendered.image, truths, row_of(rendered))
