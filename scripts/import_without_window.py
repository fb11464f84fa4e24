"""Imports every module that needs no window, and fails if one of them loaded Qt or napari."""

import importlib
import pkgutil
import sys

WINDOW = {"napari", "qtpy", "PyQt5", "PyQt6", "PySide6", "magicgui", "superqt", "vispy"}

NEEDS_A_WINDOW = {"layers", "widgets", "readers", "writers", "samples", "adopt"}

count = 0
package = importlib.import_module("napari_3dmsl")
for module in pkgutil.walk_packages(package.__path__, "napari_3dmsl."):
    if module.name.split(".")[1] not in NEEDS_A_WINDOW:
        importlib.import_module(module.name)
        count += 1
loaded = WINDOW & {module.partition(".")[0] for module in sys.modules}
if loaded:
    sys.exit(f"modules that need no window loaded {', '.join(sorted(loaded))}")
print(f"{count} modules imported without a window")
