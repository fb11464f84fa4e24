"""What the *Extract shapes* panel says before, while it works and at the end."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_3dmsl.compute.worker import FETCHING
from napari_3dmsl.datasets.run.pace import time_left as words_for
from napari_3dmsl.shapes.extraction import (
    STEPS,
    ExtractionReport,
    ExtractionSettings,
    flat_ball,
    thinnest_surviving_tube_nm,
)

if TYPE_CHECKING:
    from napari_3dmsl.library.estimate import Estimate


def in_the_panel(text: str) -> str:
    """Return words that name options of the command line with the fields of the panel instead.

    Parameters
    ----------
    text
        As the command line says it.
    """
    text = re.sub(r" \(--instances\)", "", text)
    text = text.replace(" (--replace, in Python replace=True)", " (tick Replace)")
    text = re.sub(r"--background (\S+?)(?=[)\s]|$)", r"Background: \1", text)
    return re.sub(r"say which by .* \(--series \S+\)", "choose one below", text)


def sentence(text: str) -> str:
    """Return a remark as a sentence; a question keeps its mark.

    Parameters
    ----------
    text
        Without a full stop.
    """
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('?') else '.'}"


class ProgressWords:
    """Words for the progress of one extraction, with the time that is left."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._measuring_since: float | None = None

    @property
    def seconds(self) -> float:
        """Time since the beginning."""
        return time.perf_counter() - self._began

    def progress(self, done: int, total: int, what: str) -> str:
        """Say where the work is; from the second instance on also how long it will take.

        Parameters
        ----------
        done, total
            Steps.
        what
            What is being done.
        """
        so_far = f"{self.seconds:.0f} s"
        if total == 0:
            return f"{what.capitalize()} · {so_far}"
        if what == FETCHING:
            return f"Fetching the shapes: {done} of {total} MB · {so_far}"
        if self._measuring_since is None:
            if done == total == STEPS:  # the instances are there; measuring them comes next
                self._measuring_since = time.perf_counter()
                return f"Measuring · {so_far}"
            return f"Step {done + 1} of {STEPS}: {what} · {so_far}"
        left = time_left(time.perf_counter() - self._measuring_since, done, total)
        return f"Instance {done} of {total} · {so_far}{left}"


class StageWords:
    """Words for the progress of work in several stages, each with the time that is left of it."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._stages: dict[str, tuple[float, int]] = {}

    @property
    def seconds(self) -> float:
        """Time since the beginning."""
        return time.perf_counter() - self._began

    def progress(self, done: int, total: int, what: str) -> str:
        """Say where the work is, and how long this stage will take.

        Parameters
        ----------
        done, total
            Steps of the stage.
        what
            Its name.
        """
        now = time.perf_counter()
        start, first = self._stages.setdefault(what, (now, done))
        left = time_left(now - start, done - first, total - first)
        return f"{what}: {done:,} of {total:,} · {self.seconds:.0f} s{left}"


def time_left(seconds: float, done: int, total: int) -> str:
    """Say how long the rest will take if it goes on as it did; nothing when it ends at once.

    Parameters
    ----------
    seconds
        That the part done has taken.
    done, total
        Steps.
    """
    if done < 2:  # the first one also loads libraries
        return ""
    left = seconds / done * (total - done)
    return f", {words_for(left)}" if left >= 1 else ""


def result(report: ExtractionReport, classes: Sequence[str], seconds: float) -> str:
    """Say in a few lines what was kept, what was dropped and why.

    Parameters
    ----------
    report
        Of the extraction.
    classes
        One for each shape.
    seconds
        That it took.
    """
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(classes).most_common())
    lines = [f"{report.kept} shapes{f': {kinds}' if kinds else ''}. {seconds:.1f} s."]
    dropped = []
    if report.dropped_small:
        largest = max((item.volume_um3 for item in report.dropped), default=0.0)
        dropped.append(f"{report.dropped_small} too small (up to {largest:.2g} µm³)")
    if report.vanished:
        dropped.append(f"{report.vanished} vanished in the erosion")
    lines.append(f"Dropped: {', '.join(dropped) or 'none'}.")
    if report.divided:
        lines.append(f"{report.division()}.")
    lines += [
        f"{what}: {number}."
        for what, number in (
            ("Shapes cut by the border", report.cut),
            ("Voxels filled", report.voxels_filled),
        )
        if number
    ]
    lines.append(f"Voxels lost: {report.voxels_lost}, invented: {report.voxels_invented}.")
    lines += [f"Mind: {warning}." for warning in report.warnings]
    return "\n".join(lines)


def limits(settings: ExtractionSettings) -> str:
    """Say on which grid the work is done, and what becomes of thin tubes.

    Parameters
    ----------
    settings
        As the fields have them.
    """
    grid = " × ".join(f"{size:g}" for size in settings.coarse_voxel_nm)
    if settings.instances:
        return f"Works on {grid} nm voxels; labels are taken as they are."
    thinnest = thinnest_surviving_tube_nm(settings)
    kept = "kept whole" if settings.regrow == "watershed" else "lost or broken up"
    flat = flat_ball(settings)
    return (
        f"Works on {grid} nm voxels (z × y × x). Tubes thinner than {thinnest:.0f} nm "
        f"vanish in the erosion and are {kept} by the regrowth.{f' Mind: {flat}.' if flat else ''}"
    )


def large(voxels: Sequence[int], limit_gb: float, estimate: Estimate) -> str:
    """Say that a volume is larger than the memory, and what extracting it will take.

    Parameters
    ----------
    voxels
        Along (z, y, x).
    limit_gb
        Of the memory.
    estimate
        What it will take.
    """
    size = " × ".join(f"{length:,}" for length in voxels)
    return (
        f"{size} voxels are more than {limit_gb:g} GB of memory hold: they are worked on block by "
        f"block, and the shapes go to disk. It will take {estimate}."
    )


def drawn_of(drawn: int, shapes: int, library: str) -> str:
    """Say how many shapes of a library are drawn, and where it is.

    Parameters
    ----------
    drawn, shapes
        How many, of how many.
    library
        Where they are.
    """
    some = "" if drawn >= shapes else f" The first {drawn:,} of them are drawn, thinned."
    return f"Kept in {library}.{some}"


def thinning(drawn: int, full: int) -> str:
    """Say with how many faces of how many the shapes are drawn, when it is not with all.

    Parameters
    ----------
    drawn, full
        Faces.
    """
    if drawn >= full:
        return ""
    return f"Drawn with {drawn:,} of {full:,} faces; measures, images and files use all.\n"
