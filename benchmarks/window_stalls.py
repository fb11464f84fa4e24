"""How long does the window not answer, at most? Every panel, 38 and 1,026 shapes: one table.

A 5 ms timer on the event loop is watched while shapes are extracted and layers appear, while a
library of 27 phantoms is browsed, and while other panels work beside it. Other work on the machine
lengthens the stalls; so beside each stands the processor time that was spent in it (see
`_window.Stalls`): what the window's own thread did is the part that this package can answer for.

Run under a display or Xvfb: ``make bench``, or
``scripts/virtual-display python benchmarks/window_stalls.py --only browser``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import _browser_stalls as browser
import _extraction_stalls as extraction
import _panel_stalls as panels
from _window import heading

from napari_3dmsl.library.library import write_library

PARTS = ("phantom", "many", "browser", "panels")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--library", type=Path, help="of 1,026 shapes, if it is there already")
    parser.add_argument("--picture", type=Path, help="of the window with the Shape browser")
    told = parser.parse_args()
    heading()
    if "phantom" in told.only:
        extraction.phantom()
    if "many" in told.only:
        extraction.many()
    if not {"browser", "panels"} & {*told.only}:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = told.library or Path(name) / "library"
        if not folder.exists():
            write_library(browser.stacked(3), folder)
        if "browser" in told.only:
            browser.browse(folder, told.picture)
        if "panels" in told.only:
            panels.beside(folder)


if __name__ == "__main__":
    main()
