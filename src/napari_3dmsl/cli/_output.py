"""What all commands share: results on stdout, progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

import typer

from napari_3dmsl.datasets.run.pace import Pace, time_left

CLEAR_LINE = "\r\033[K"
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def show(result: dict[str, Any], lines: Sequence[str], as_json: bool) -> None:
    """Print a result: JSON for programs, or short lines for people.

    Parameters
    ----------
    result
        All of it.
    lines
        What people read.
    as_json
        Whether it goes to a program.
    """
    tell(json.dumps(result, indent=2) if as_json else "\n".join(lines))


def tell(text: str) -> None:
    """Print what was asked for.

    Parameters
    ----------
    text
        One or more lines.

    Raises
    ------
    OSError
        When there is no room where it is sent to.
    """
    try:
        typer.echo(text)
    except BrokenPipeError:  # who has read enough closes the pipe; Typer ends quietly then
        raise
    except OSError as error:
        reason = f"{error.strerror}; the work is done, but its result cannot be printed"
        raise OSError(error.errno, reason, "standard output") from None


def warn(warnings: Iterable[str]) -> None:
    """Print warnings for people on stderr.

    Parameters
    ----------
    warnings
        One line each.
    """
    for text in warnings:
        typer.echo(f"Warning: {text}", err=True)


def progress_line() -> Callable[[int, int, str], None] | None:
    """Return a callable that keeps one line on a terminal, with the time left; None without one."""
    if not sys.stderr.isatty():
        return None
    begun: dict[int, tuple[float, int]] = {}  # of each piece of work, known by its total

    def tell(done: int, total: int, what: str) -> None:
        now = time.monotonic()
        left = _left(now, begun.setdefault(total, (now, done)), done, total)
        typer.echo(f"{CLEAR_LINE}{what[:60]}: {done} of {total}{left}", err=True, nl=False)
        if done == total:
            typer.echo(CLEAR_LINE, err=True, nl=False)

    return tell


def stage_line(every_s: float = 30.0) -> Callable[[int, int, str], None]:
    """Return a callable for work in several stages, with the time that is left of each.

    On a terminal it keeps one line; elsewhere, as in the log of a cluster, it writes a line now and
    then.

    Parameters
    ----------
    every_s
        Seconds between two lines where there is no terminal.
    """
    begun: dict[str, tuple[float, int]] = {}

    def words(done: int, total: int, what: str) -> str:
        now = time.monotonic()
        left = _left(now, begun.setdefault(_without_numbers(what), (now, done)), done, total)
        return f"{what[:60]}: {done:,} of {total:,}{left}"

    return _line_or_log(words, every_s)


def _left(now: float, begun: tuple[float, int], done: int, total: int) -> str:
    """Say after a comma how long it still takes, once that can be told."""
    start, first = begun
    passed = now - start
    if done <= first or passed < 1.0:
        return ""
    return f", {time_left(passed / (done - first) * (total - done))}"


def _without_numbers(what: str) -> str:
    return "".join(letter for letter in what if not letter.isdigit())


def progress_log(every_s: float = 30.0) -> Callable[[int, int, str], None]:
    """Return a callable for work of minutes or hours, with its rate and the time left.

    On a terminal it keeps one line; elsewhere, as in the log of a cluster, it writes a line now and
    then.

    Parameters
    ----------
    every_s
        Seconds between two lines where there is no terminal.
    """
    return _line_or_log(Pace().tell, every_s)


def _line_or_log(
    words: Callable[[int, int, str], str], every_s: float
) -> Callable[[int, int, str], None]:
    """Return a callable that shows progress in words: one line on a terminal, else now and then."""
    on_terminal = sys.stderr.isatty()
    last = time.monotonic()

    def tell(done: int, total: int, what: str) -> None:
        nonlocal last
        text = words(done, total, what)
        now = time.monotonic()
        if on_terminal:
            typer.echo(f"{CLEAR_LINE}{text[:100]}", err=True, nl=False)
            if done == total:
                typer.echo(CLEAR_LINE, err=True, nl=False)
        elif now - last >= every_s:
            last = now
            typer.echo(text, err=True)

    return tell


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given; the others keep the defaults of their settings.

    Parameters
    ----------
    **options
        Of the command line; None for what was not given.
    """
    return {name: value for name, value in options.items() if value is not None}


def lengths(sizes: Sequence[float], unit: str = "µm") -> str:
    """Write lengths as ``0.25 × 0.048 × 0.048 µm``.

    Parameters
    ----------
    sizes
        One for each axis.
    unit
        Of all of them.
    """
    return f"{' × '.join(f'{size:.4g}' for size in sizes)} {unit}"
