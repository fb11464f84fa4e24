"""Where the work of a command runs: its options ``--workers`` and ``--scheduler``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from napari_3dmsl.cli._output import warn

if TYPE_CHECKING:
    from napari_3dmsl.compute import Place

Workers = Annotated[int | None, typer.Option(help="Processes.", show_default="one a processor")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Work on a Dask cluster instead: address of its scheduler, or its scheduler file.",
        show_default=False,
    ),
]


def place_of_command(workers: int | None, scheduler: str | None) -> Place:
    """Return where a command works, and tell people what is odd about it.

    Parameters
    ----------
    workers, scheduler
        As given on the command line.

    Raises
    ------
    ValueError
        When both are given, there are fewer workers than 1, or the scheduler does not answer.
    """
    from napari_3dmsl.compute import Cluster, place_of

    place = place_of(workers, scheduler)
    if isinstance(place, Cluster):
        warn(place.notes)
    return place
