"""``napari-3dmsl simulate --scene cell``: one image of a cell, as recipes make them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_3dmsl.datasets.render.render import Rendered
    from napari_3dmsl.microscope.simulation import Simulation


def cell_image(library: Path, simulation: Simulation, cell: dict[str, Any]) -> Rendered:
    """Render a scene like a cell.

    Parameters
    ----------
    library
        Of the shapes; ``tubes`` where there is no such folder.
    simulation
        All settings but the pose.
    cell
        Settings of `CellScene` that were given.

    Raises
    ------
    ValueError
        When the settings do not fit together, or the library cannot be read.
    """
    from napari_3dmsl.datasets.recipe.plan import make_plan
    from napari_3dmsl.datasets.recipe.recipe import TUBES
    from napari_3dmsl.datasets.recipe.source_shapes import shapes_of
    from napari_3dmsl.datasets.render.cell_imager import cell_recipe
    from napari_3dmsl.datasets.render.group_renderer import GroupRenderer

    drawn = str(library) == TUBES and not library.exists()
    recipe = cell_recipe(simulation, TUBES if drawn else str(library.resolve()), cell)
    shapes = shapes_of(recipe)
    plan = make_plan(recipe, shapes)
    (image,) = GroupRenderer(recipe, shapes, plan.pools).render(plan.groups[0])
    return image


def write_cell_image(path: Path, image: Rendered) -> None:
    """Write an image of a cell; in an OME-Zarr its masks as well.

    Parameters
    ----------
    path
        Ends in ``.tif``, ``.tiff`` or ``.zarr``.
    image
        With its truths.
    """
    from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
    from napari_3dmsl.image_io.ome_zarr import ZARR_SUFFIX, write_ome_zarr

    pixel = image.field.pixel_um
    step = image.metadata["acquisition"]["step_nm"] / 1000.0
    sizes = (step, pixel, pixel)[-image.image.ndim :]
    if path.suffix.lower() != ZARR_SUFFIX:
        write_ome_tiff(path, image.image, sizes, image.metadata, axes=image.axes)
        return
    labels = {name: t for name, t in image.truths.items() if t.shape == image.image.shape}
    write_ome_zarr(path, image.image, sizes, image.metadata, axes=image.axes, labels=labels)
