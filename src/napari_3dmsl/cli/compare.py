"""``napari-3dmsl compare``: how like real images simulated ones are."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from napari_3dmsl.cli._output import AsJson, show, stage_line, warn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def compare(
    real: Annotated[
        Path,
        typer.Argument(
            help="Real images: a TIFF or PNG, a folder of them, or an image set.",
            show_default=False,
        ),
    ],
    simulated: Annotated[
        Path, typer.Argument(help="Simulated images, likewise.", show_default=False)
    ],
    other: Annotated[
        Path | None,
        typer.Option(
            help="Images of another real cell: how far real cells lie apart.", show_default=False
        ),
    ] = None,
    features: Annotated[
        Literal["own", "lite0", "inception"],
        typer.Option(help="Features: our own, or those of a network that is installed."),
    ] = "own",
    tile: Annotated[
        int | None,
        typer.Option(
            min=32,
            metavar="PIXELS",
            help="Rows and columns of the tiles that images are cut into.",
            show_default="256, or the smallest side of all images",
        ),
    ] = None,
    levels: Annotated[
        Literal["own", "real"],
        typer.Option(
            help="Black and white of each set by itself, or those of the real set for all, so that "
            "grey values shall agree."
        ),
    ] = "own",
    figure: Annotated[
        Path | None,
        typer.Option(help="Save tiles and curves as .png, .pdf or .svg.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the resampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare simulated images with real ones: how far apart, in what, and what moves it."""
    from napari_3dmsl.matching.comparison import compare as compare_tiles
    from napari_3dmsl.matching.tiles import LARGEST_TILE, pixel_doubt, read_tiles, smallest_side

    start = perf_counter()
    if figure is not None:
        _check_figure(figure, [path for path in (real, simulated, other) if path is not None])
    given = {"real": real, "simulated": simulated, "another real cell": other}
    paths = {name: path for name, path in given.items() if path is not None}
    size = tile or min(LARGEST_TILE, smallest_side(list(paths.values()), seed=seed))
    warnings = [doubt for doubt in (pixel_doubt(paths),) if doubt is not None]
    warn(warnings)
    tell = stage_line()
    tiles: dict[str, ArrayLike] = {
        name: read_tiles(path, size, seed=seed, progress=tell).values
        for name, path in paths.items()
    }
    found = compare_tiles(
        tiles["real"],
        tiles["simulated"],
        other_real=tiles.get("another real cell"),
        features=features,
        levels=levels,
        seed=seed,
        progress=tell,
    )
    lines = [f"{size} × {size} pixels a tile", *found.lines()]
    if figure is not None:
        from napari_3dmsl.image_io.figures import save_figure
        from napari_3dmsl.matching.figure import draw_comparison

        save_figure(draw_comparison(found, tiles, seed=seed), figure)
        lines.append(f"figure: {figure}")
    result = {
        **{name.replace(" ", "_"): str(path) for name, path in paths.items()},
        "tile": size,
        "warnings": warnings,
        **found.to_json(),
        "figure": None if figure is None else str(figure),
        "seconds": round(perf_counter() - start, 3),
    }
    show(result, lines, as_json)


def _check_figure(figure: Path, read: list[Path]) -> None:
    from napari_3dmsl.image_io.figures import check_figure_path
    from napari_3dmsl.writing import check_apart

    check_figure_path(figure)
    for path in read:
        if path.is_file():
            check_apart(figure, "the figure", image=path)
