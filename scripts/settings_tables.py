"""Makes the tables of docs/: of settings from their classes, of truths and scores from theirs.

A page says where a table stands, of which class, and of which of its fields if not of all::

    <!-- settings: microscope.settings.Microscope emission_nm excitation_nm -->
    <!-- end -->

Ground truths have ``<!-- truths -->``, or ``<!-- truths: details -->`` for all that is known;
scores have ``<!-- measures -->``.

What lies between is replaced by ``python scripts/settings_tables.py``; a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from napari_3dmsl.described import Described, described
from napari_3dmsl.ground_truth.registry import TRUTHS, ObjectTruth, PixelTruth, Truth
from napari_3dmsl.scoring.measures import MEASURES
from napari_3dmsl.settings import Settings

DOCS = Path(__file__).resolve().parents[1] / "docs"
MARKED = re.compile(r"(<!-- settings: ([\w.]+)((?: \w+)*) -->\n).*?(<!-- end -->)", re.DOTALL)
MARKED_TRUTHS = re.compile(r"(<!-- truths(: details)? -->\n).*?(<!-- end -->)", re.DOTALL)
MARKED_MEASURES = re.compile(r"(<!-- measures -->\n).*?(<!-- end -->)", re.DOTALL)
AXES = {
    "YX": "(y, x)",
    "ZYX": "(planes, y, x)",
    "[Z]YX": "(planes, y, x); (y, x) for one plane",
}
HEAD = ("setting", "in the panel", "default", "range", "meaning, and where the default is from")


def main() -> None:
    """Make all tables in docs/ anew."""
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if (made := with_tables(text)) != text:
            page.write_text(made, encoding="utf-8")
            print(page.name)


def with_tables(text: str) -> str:
    """Return a page with the tables that its marks ask for."""

    def made(mark: re.Match[str]) -> str:
        begin, path, names, end = mark.groups()
        module, _, name = path.rpartition(".")
        kind = getattr(import_module(f"napari_3dmsl.{module}"), name)
        return f"{begin}{table(kind, names.split())}{end}"

    def made_of_truths(mark: re.Match[str]) -> str:
        begin, details, end = mark.groups()
        return f"{begin}{table_of_truths(details=details is not None)}{end}"

    def made_of_measures(mark: re.Match[str]) -> str:
        return f"{mark[1]}{table_of_measures()}{mark[2]}"

    text = MARKED_MEASURES.sub(made_of_measures, text)
    return MARKED_TRUTHS.sub(made_of_truths, MARKED.sub(made, text))


def table_of_measures() -> str:
    """Return a table in Markdown, a row for each score."""
    rows = [
        (m.label.lstrip("· "), f"`{m.name}`", m.unit, f"{m.best:g}", m.meaning)
        for m in MEASURES.values()
    ]
    return markdown(("score", "in files", "unit", "best", "what it is"), rows)


def table(kind: type[Settings], names: Sequence[str] = ()) -> str:
    """Return a table in Markdown, a row for each setting.

    Parameters
    ----------
    kind : type
        A settings class.
    names : sequence of str
        Which of its fields, in this order; all when empty.
    """
    settings = described(kind)
    return markdown(HEAD, [row(settings[name]) for name in names or settings])


def table_of_truths(*, details: bool) -> str:
    """Return a table in Markdown, a row for each ground truth."""
    rows = [
        [f"`{truth.name}`", files_of(truth), f"{truth.text}.{details * f' {truth.details}'}"]
        for truth in TRUTHS.values()
    ]
    return markdown(("name", "file", "what it is"), rows)


def files_of(truth: Truth) -> str:
    """Say in which files a truth lies, and how."""
    if isinstance(truth, PixelTruth):
        return f"TIFF, {np.dtype(truth.dtype)} {AXES[truth.axes]}"
    kind = truth.suffix[1:].upper() or "folder"
    return f"{kind} for each object" if isinstance(truth, ObjectTruth) else kind


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    return "".join(
        f"|{'|'.join(f' {cell} '.replace('  ', ' ') for cell in line)}|\n"
        for line in (head, ["---"] * len(head), *rows)
    )


def row(setting: Described) -> list[str]:
    """Return what a row of the table says of a setting."""
    name = f"`{setting.name}` ↔" if setting.open else f"`{setting.name}`"
    cells = [name, setting.show.label, default(setting), allowed(setting)]
    return [cell.replace("|", "\\|") for cell in (*cells, setting.tip)]


def default(setting: Described) -> str:
    """Say the value that a setting has when nobody gives it."""
    value, lowest = setting.default, setting.show.lowest
    if value is PydanticUndefined:
        return "needed"
    if value is None or value == ():
        return lowest or "none"
    if isinstance(value, BaseModel) or value == {}:
        return "its defaults"
    text = written(value)
    return f"{text} ({lowest})" if lowest and value == setting.range.low else text


def allowed(setting: Described) -> str:
    """Say what may be given, and what of it the hand reaches with a slider."""
    if setting.choices:
        words = setting.show.words
        named = {choice: words.get(choice, "") for choice in setting.choices}
        return "; ".join(
            f"`{choice}`{'' if word in ('', str(choice)) else f': {word}'}"
            for choice, word in named.items()
        )
    if setting.kind is bool:
        return "`true`, `false`"
    slider, reach = setting.show.slider, setting.range
    told = setting.allowed or setting.show.unit
    if slider is None or slider == (reach.low, reach.high):
        return told
    return f"{told}; slider {written(slider[0])} to {written(slider[1])}"


def written(value: object) -> str:
    """Write a value as people do: ``30,000``, ``128, 128``, ``false``."""
    if isinstance(value, bool):
        return f"`{value}`".lower()
    if isinstance(value, int | float):
        return f"{value:,.12g}"
    if isinstance(value, tuple):
        return ", ".join(map(written, value))
    return f"`{value}`"


if __name__ == "__main__":
    main()
