"""How long one waits at the start: import, ``--help``, the first panel in a window that is open.

Each number is the best of some fresh processes, so that what else the machine does counts little.
Prints the time, the processor time of the same process, and the bar. The first panel is timed from
asking napari for it until it is painted; what napari itself takes to open is told beside it.

Run under a display or Xvfb: ``make bench``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

IMPORT = "import napari_3dmsl"
EMPTY = "pass"
HELP = "import sys; from napari_3dmsl.cli import main; sys.exit(main(['--help']))"
PANEL = """
import json, sys, time
began = time.perf_counter()
import napari
viewer = napari.Viewer(show=True)
napari.qt.get_qapp().processEvents()
opened, idle = time.perf_counter(), time.process_time()
dock, panel = viewer.window.add_plugin_dock_widget("napari-3dmsl", sys.argv[1])
panel.show()
panel.repaint()
napari.qt.get_qapp().processEvents()
shown, busy = time.perf_counter(), time.process_time()
print(json.dumps([opened - began, shown - opened, busy - idle]))
viewer.close()
"""
PANELS = ("Extract shapes", "Shape browser", "Microscope", "Export images", "Match my microscope")
IMPORT_S, HELP_S, PANEL_S = 0.3, 0.5, 1.5


def run(code: str, *arguments: str) -> tuple[float, float, str]:
    """Seconds and processor seconds of a fresh Python, and what it printed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, busy, done.stdout


def row(what: str, seconds: float, bar: float | None, more: str = "") -> None:
    told = "" if bar is None else f"bar {bar:g} s, {'met' if seconds <= bar else 'MISSED'}"
    print(f"{what:42} {seconds:6.2f} s  {told}{more}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="fresh processes for each number")
    parser.add_argument("--no-window", action="store_true", help="import and --help only")
    options = parser.parse_args()
    runs = range(options.runs)
    row("Python alone", min(run(EMPTY)[0] for _ in runs), None)
    for what, code, bar in (("import napari_3dmsl", IMPORT, IMPORT_S), ("--help", HELP, HELP_S)):
        took = [run(code)[:2] for _ in runs]
        busy = f", {min(busy for _, busy in took):.2f} s of processor time"
        row(f"{what}, Python included", min(took)[0], bar, busy)
    if options.no_window:
        return
    with tempfile.TemporaryDirectory() as home:  # nobody's settings
        os.environ |= {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
        for panel in PANELS:
            found = [json.loads(run(PANEL, panel)[2].splitlines()[-1]) for _ in runs]
            opened, shown, busy = (min(column) for column in zip(*found, strict=True))
            more = f", {busy:.2f} s of processor time (napari itself: {opened:.1f} s)"
            row(f"first panel: {panel}", shown, PANEL_S, more)


if __name__ == "__main__":
    main()
