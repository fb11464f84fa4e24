"""``napari-3dmsl two-minute-test``: real or simulated? In a window, and the answers of many."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from napari_3dmsl.cli._output import AsJson, show
from napari_3dmsl.cli._window import needs_window


def two_minute_test(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="REAL SIM [SIM2] | CSV…",
            help="Real images and simulated ones (a file, a folder or an image set each); with "
            "--merge the answers of people.",
            show_default=False,
        ),
    ],
    merge: Annotated[
        bool, typer.Option("--merge", help="Say what the answers in CSV files show together.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write all answers to this CSV file.", show_default=False),
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="Whose answers they are.", show_default="a random name")
    ] = None,
    each: Annotated[int, typer.Option(min=1, max=100, help="Crops of each set.")] = 10,
    size: Annotated[int, typer.Option(min=32, max=1024, help="Pixels across a crop.")] = 128,
    seed: Annotated[int, typer.Option(min=0, help="Decides crops and order.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Let people say of crops whether they are real, or merge the answers of several people."""
    from napari_3dmsl.matching.answers import read_answers, write_answers
    from napari_3dmsl.matching.two_minute_test import results_of
    from napari_3dmsl.writing import check_apart

    if out is not None:
        for path in paths:
            check_apart(out, "the table", **{"file": path})
    if merge:
        answers = read_answers(paths)
        if not answers:
            raise ValueError(f"{', '.join(map(str, paths))}: no answers")
    else:
        answers = _asked(paths, person, each=each, size=size, seed=seed)
    if not answers:
        raise typer.Abort  # the window was closed
    result = results_of(answers)
    lines = result.lines()
    if out is not None:
        write_answers(out, answers)
        lines.append(f"answers: {out}")
    show({**result.to_json(), "table": None if out is None else str(out)}, lines, as_json)


def _asked(paths: list[Path], person: str | None, **settings: int) -> list[Any]:
    """Ask in a window; the answers, or none when it was closed before the end."""
    if not 2 <= len(paths) <= 3:
        raise ValueError(
            f"{len(paths)} paths: give REAL SIM, or REAL SIM SIM2; with --merge give CSV files"
        )
    needs_window("the test")
    from qtpy.QtWidgets import QApplication

    from napari_3dmsl.matching.two_minute_test import QuizSettings, quiz_of_files
    from napari_3dmsl.widgets.matching.quiz_window import QuizWindow

    names = ("real", "simulated", "others")
    quiz = quiz_of_files(dict(zip(names, paths, strict=False)), QuizSettings(**settings))
    application = QApplication.instance() or QApplication([])
    window = QuizWindow(quiz, person or f"anonymous-{uuid4().hex[:6]}")
    window.show()
    window.finished.connect(application.quit)
    application.exec()
    return window.answers if len(window.answers) == len(quiz.questions) else []
