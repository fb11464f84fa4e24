"""The same work without a window: ``napari-3dmsl extract``, ``simulate`` and the others."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import getdoc
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from napari_3dmsl.cli._options import with_options
from napari_3dmsl.cli._output import CLEAR_LINE
from napari_3dmsl.cli.calibrate import calibrate
from napari_3dmsl.cli.compare import compare
from napari_3dmsl.cli.compare_libraries import compare_libraries
from napari_3dmsl.cli.dataset import dataset
from napari_3dmsl.cli.demo import demo
from napari_3dmsl.cli.export import export
from napari_3dmsl.cli.extract import extract
from napari_3dmsl.cli.fit import fit
from napari_3dmsl.cli.info import info
from napari_3dmsl.cli.lay_out import lay_out
from napari_3dmsl.cli.measure import measure
from napari_3dmsl.cli.schema import schema
from napari_3dmsl.cli.score import score
from napari_3dmsl.cli.simulate import simulate
from napari_3dmsl.cli.two_minute_test import two_minute_test

TRACEBACK = "NAPARI_3DMSL_TRACEBACK"
BAD_INPUT, WRONG_USAGE, INTERRUPTED = 1, 2, 130
LONGEST_LINE = 1500

COMMANDS: dict[str, Callable[..., None]] = {
    command.__name__.replace("_", "-"): command
    for command in (
        *(extract, measure, export, simulate, dataset, lay_out, calibrate, compare),
        *(compare_libraries, fit, score, two_minute_test, info, schema, demo),
    )
}


class _Built(Mapping[str, Any]):
    """The commands of `COMMANDS` by name, each built when it is asked for.

    Their options come from the settings classes, which take a while to load.
    """

    def __getitem__(self, name: str) -> Any:
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name)(with_options(COMMANDS[name]))
        return typer.main.get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Commands(TyperGroup):
    """A group of commands that are built when they are asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": _Built()})

    def list_commands(self, _ctx: Any) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the names and first lines; no command is built for that."""
        shown: dict[str, Any] = {
            name: TyperCommand(name, help=getdoc(each)) for name, each in COMMANDS.items()
        }
        TyperGroup(commands=shown).format_commands(ctx, formatter)


app = typer.Typer(
    name="napari-3dmsl",
    cls=_Commands,
    help="From electron-microscopy labels of mitochondria to simulated fluorescence images.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from napari_3dmsl import __version__

        typer.echo(f"napari-3dmsl {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; whatever goes wrong becomes one line on stderr.

    Parameters
    ----------
    arguments
        What follows the name of the program; ``None`` takes it from the shell.

    Returns
    -------
    int
        Exit status: 0, 1 for bad input, 2 for a command line that makes no sense, 130 when
        interrupted.
    """
    try:
        words = sys.argv[1:] if arguments is None else list(arguments)
        if "" in words:  # as a path it would be the folder one stands in
            return _complain("an argument is empty: a variable that is not set?", WRONG_USAGE)
        return app(args=words or ["--help"], standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort):
        return _complain("interrupted", INTERRUPTED)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        return _explain(error)


def _explain(error: Exception) -> int:
    if hasattr(error, "format_message"):  # of the command line; the class differs among Typers
        message = error.format_message().replace("Value error, ", "")
        return _complain(f"{message} (--help shows how)", WRONG_USAGE)
    if isinstance(error, MemoryError):
        return _complain(f"not enough memory: {error}", BAD_INPUT)
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename}: " if error.filename else ""
        return _complain(f"{what}{error.strerror}", BAD_INPUT)
    if isinstance(error, ValueError | OSError):
        return _complain(str(error), BAD_INPUT)
    return _complain(
        f"unexpected error, please report it: {type(error).__name__}: {error} "
        f"({TRACEBACK}=1 shows where)",
        BAD_INPUT,
    )


def _complain(message: str, status: int) -> int:
    if sys.stderr.isatty():
        print(CLEAR_LINE, end="", file=sys.stderr)  # noqa: T201
    line = " ".join(line.strip() for line in message.splitlines() if line.strip())
    if len(line) > LONGEST_LINE:  # of paths and words that are no paths and words
        line = f"{line[: LONGEST_LINE // 2]}…{line[-LONGEST_LINE // 2 :]}"
    print("Error:", line, file=sys.stderr)  # noqa: T201
    return status
