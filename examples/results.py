"""What an example prints and keeps: tables with intervals, as text and as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval.

    Attributes
    ----------
    mean, low, high : float
    count : int
        Independent values behind it.
    """

    mean: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(values: Sequence[float]) -> Interval:
    """Return the mean with its 95 % interval by Student's t.

    Parameters
    ----------
    values
        Independent: one for each seed, or one for each image.
    """
    array = np.asarray(values, float)
    mean = float(array.mean())
    if len(array) < 2 or array.std() == 0:
        return Interval(mean, mean, mean, len(array))
    low, high = stats.t.interval(0.95, len(array) - 1, mean, stats.sem(array))
    return Interval(mean, float(low), float(high), len(array))


def table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Return rows of named values as a Markdown table.

    Parameters
    ----------
    title
        Head of the first column.
    rows
        By name, each with the same columns.
    """
    columns = list(next(iter(rows.values())))
    lines = [f"| {title} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    lines += [
        f"| {name} | {' | '.join(str(row[c]) for c in columns)} |" for name, row in rows.items()
    ]
    return "\n".join(lines)


def verdict(difference: Interval, better: str, worse: str) -> str:
    """Say in words whether one way is better than another, as the interval allows.

    Parameters
    ----------
    difference
        Of the first's score minus the second's, seed by seed; more is better.
    better, worse
        Their names.
    """
    if difference.low > 0:
        return f"{better} scores higher than {worse}: by {difference}."
    if difference.high < 0:
        return f"{better} scores LOWER than {worse}: by {difference}."
    return f"No gain shown: {better} minus {worse} is {difference}, and 0 lies within."


def keep(folder: Path, told: Mapping[str, Any]) -> None:
    """Write the numbers of an example as JSON.

    Parameters
    ----------
    folder
        Which gets ``results.json``.
    told
        Numbers, intervals, dictionaries of these.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "results.json.part"
    part.write_text(json.dumps(told, indent=1, default=vars), encoding="utf-8")
    part.replace(folder / "results.json")
    print(f"\n{folder / 'results.json'} has these numbers.")


def arguments(text: str | None, name: str) -> argparse.ArgumentParser:
    """Return the options that all examples have.

    Parameters
    ----------
    text
        Of the example's file; its first line is shown.
    name
        Of the example, and of its folder below ``out``.
    """
    parser = argparse.ArgumentParser(description=(text or "").splitlines()[0])
    parser.add_argument(
        "--size",
        choices=("smoke", "small", "full"),
        default="small",
        help="smoke: seconds, numbers worth nothing; small: minutes on two cores; full: for a GPU",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out") / name, help="folder of the results"
    )
    return parser


def arguments_of_learning(text: str | None, name: str) -> argparse.ArgumentParser:
    """Return the options of examples that train networks.

    Parameters
    ----------
    text, name
        See `arguments`.
    """
    parser = arguments(text, name)
    parser.add_argument("--seeds", type=int, help="repetitions; default: 5 (smoke: 2)")
    return parser


def tell_learned(
    folder: Path,
    title: str,
    known: Mapping[str, Mapping[str, Sequence[float]]],
    learned: Sequence[Mapping[str, Sequence[float]]],
    judged: Sequence[str],
) -> None:
    """Print and keep how a network stands beside what learns nothing.

    Parameters
    ----------
    folder
        Which gets the numbers.
    title
        Head of the first column.
    known
        Values of each image, by way and measure; their intervals are over images.
    learned
        The same of the network, for each seed; intervals are over the seeds' means.
    judged
        Measures of which more is better: the network is compared by them.
    """
    rows = {
        way: {measure: interval(values) for measure, values in found.items()}
        for way, found in known.items()
    }
    means = {m: [float(np.mean(found[m])) for found in learned] for m in learned[0]}
    rows["U-Net"] = {measure: interval(values) for measure, values in means.items()}
    print(table(title, rows), "\n")
    verdicts = [
        f"{measure}: " + verdict(interval([v - mean for v in means[measure]]), "the U-Net", way)
        for way, found in rows.items()
        if way in known
        for measure in judged
        for mean in [found[measure].mean]
    ]
    print("\n".join(verdicts))
    keep(folder, {"scores": rows, "by_seed": means, "verdicts": verdicts})
