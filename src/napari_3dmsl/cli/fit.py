"""``napari-3dmsl fit``: a recipe whose images are like real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_3dmsl.cli._options import Given, SettingsOf
from napari_3dmsl.cli._output import AsJson, show, stage_line, warn
from napari_3dmsl.cli._place import Scheduler, Workers, place_of_command

_OPTICS = ("numerical_aperture", "emission_nm", "pixel_nm")


def fit(
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Images of cells with one labelling, or folders of them: .tif, .png.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(help="The recipe, .toml or .json.", show_default=False)],
    microscope: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="A preset (see info --presets), one of yours, or a .json or .toml file.",
            show_default="as the options below tell",
        ),
    ] = None,
    optics: Annotated[Given, SettingsOf("microscope", *_OPTICS)],
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same recipe.")] = 0,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Fit scene, light and blur to real images: a recipe that makes images like them."""
    from napari_3dmsl.matching.scene_fit import fit_scene
    from napari_3dmsl.matching.tiles import LARGEST_TILE, read_tiles, smallest_side
    from napari_3dmsl.microscope.presets import load_microscope
    from napari_3dmsl.microscope.settings import Microscope

    if out.suffix not in (".toml", ".json"):
        raise ValueError(f"{out}: the name of a recipe ends in .toml or .json")
    known = Microscope() if microscope is None else load_microscope(microscope)
    if microscope is None and len(optics) < len(_OPTICS):
        missing = [f"--{name.replace('_', '-')}" for name in _OPTICS if name not in optics]
        raise ValueError(f"{', '.join(missing)} missing: they tell the blur; or give --microscope")
    size = min(smallest_side(images), LARGEST_TILE)
    tiles = [tile for path in images for tile in read_tiles(path, size, seed=seed).values]
    found = fit_scene(
        tiles,
        known.replace(**optics),
        seed=seed,
        place=place_of_command(workers, scheduler),
        progress=stage_line(),
    )
    found.save(out)
    warn(found.warnings)
    show({"out": str(out), **found.as_dict()}, [*found.lines(), f"recipe: {out}"], as_json)
