"""Which series of a TIFF are one image together, though tifffile takes them apart."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any


def stacks_of(tiff: Any) -> dict[int, list[Any]]:
    """Return the series of tifffile that are one image together; mostly each is one.

    tifffile has a series for all pages that are compressed in one way, so that a writer that leaves
    some planes as they are divides its stack among two.

    Parameters
    ----------
    tiff
        An open ``tifffile.TiffFile``.

    Returns
    -------
    dict
        By the number of the first series of each.
    """
    every = list(tiff.series)
    if len(every) > 1 and all(map(_is_plane, every)) and len(set(map(_plane_kind, every))) == 1:
        return {0: every}
    stacks: dict[int, list[Any]] = {}
    growing: defaultdict[tuple[int, ...], list[list[Any]]] = defaultdict(list)
    for number, one in enumerate(every):
        alike = growing[one.shape[-2:]] if _is_of_planes(one) else []
        begun = next((stack for stack in alike if _goes_on(stack, one)), None)
        if begun is not None:
            begun.append(one)
            continue
        stacks[number] = [one]
        alike.append(stacks[number])
    return stacks


def pages_in_order(stack: list[Any]) -> list[tuple[Any, int]]:
    """Return the pages of an image: the series of tifffile, and the number of the page in it.

    Parameters
    ----------
    stack
        Its series, see `stacks_of`.
    """
    pages = [(one, page) for one in stack for page in range(len(one))]
    if len(stack) > 1 and all(one.kind == "generic" for one in stack):
        pages.sort(key=lambda page: page[0].pages[page[1]].index)
    return pages


def _goes_on(stack: list[Any], one: Any) -> bool:
    """Whether planes as large are of the same stack: they take turns, or one is a single plane."""
    by_turns = one.pages[0].index < max(part.pages[-1].index for part in stack)
    single = _is_plane(one) or all(map(_is_plane, stack))
    return by_turns or (single and stack[0].dtype == one.dtype)


def _is_of_planes(series: Any) -> bool:
    """Whether nothing but the order of its pages, a plane each, tells what a series is."""
    planes = math.prod(series.shape[:-2])
    return series.kind == "generic" and "S" not in series.axes and len(series) == planes


def _is_plane(series: Any) -> bool:
    return len(series.shape) >= 2 and all(length == 1 for length in series.shape[:-2])


def _plane_kind(series: Any) -> tuple[Any, ...]:
    return (*series.shape[-2:], str(series.dtype), "S" in series.axes)
