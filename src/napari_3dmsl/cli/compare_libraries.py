"""``napari-3dmsl compare-libraries``: what two libraries of shapes differ in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_3dmsl.cli._output import AsJson, show


def compare_libraries(
    first: Annotated[
        Path, typer.Argument(help="Shape library, folder or .zip.", show_default=False)
    ],
    second: Annotated[
        Path, typer.Argument(help="Another one, such as another condition.", show_default=False)
    ],
    measure: Annotated[
        list[str] | None,
        typer.Option(
            help="A column of the tables; may be repeated.",
            show_default="length, volume, area, radius and sphericity",
        ),
    ] = None,
    with_cut: Annotated[
        bool, typer.Option("--with-cut", help="Count shapes that the volume's border cuts, too.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Save a table, one row a test.", show_default=False)
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(help="Save a figure as .png, .pdf or .svg.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the shapes of two libraries by class and measure, with tests and effect sizes."""
    from napari_3dmsl.image_io.figures import check_figure_path, save_figure
    from napari_3dmsl.library.compare_libraries import compare_libraries as compare
    from napari_3dmsl.library.library import ShapeLibrary
    from napari_3dmsl.writing import whole_file

    if figure is not None:
        check_figure_path(figure)
    names = _names(first, second)
    libraries = (ShapeLibrary.open(first), ShapeLibrary.open(second))
    found = compare(*libraries, measure, names=names, with_cut=with_cut)
    lines = found.lines()
    if csv is not None:
        with whole_file(csv) as temporary:
            temporary.write_text(found.to_csv(), encoding="utf-8", newline="")
        lines.append(f"table: {csv}")
    if figure is not None:
        from napari_3dmsl.library.comparison_figure import draw_library_comparison

        save_figure(draw_library_comparison(found), figure)
        lines.append(f"figure: {figure}")
    show({"first": str(first), "second": str(second), **found.to_json()}, lines, as_json)


def _names(first: Path, second: Path) -> tuple[str, str]:
    """Return what the libraries are called: the ends of their paths that differ."""
    if first.stem != second.stem:
        return first.stem, second.stem
    return str(first), str(second)
