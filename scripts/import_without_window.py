"""Imports every module that needs no window, and fails if one of them loaded Qt or napari.

With ``--none-installed`` it fails also where Qt code is installed: without extras there is none.
"""

import importlib
import importlib.util
import pkgutil
import sys

WINDOW = {"napari", "qtpy", "PyQt5", "PyQt6", "PySide6", "magicgui", "psygnal", "superqt", "vispy"}

NEEDS_A_WINDOW = {"layers", "widgets", "readers", "writers", "samples", "films", "adopt"}

count = 0
package = importlib.import_module("napari_3dmsl")
for module in pkgutil.walk_packages(package.__path__, "napari_3dmsl."):
    if module.name.split(".")[1] not in NEEDS_A_WINDOW:
        importlib.import_module(module.name)
        count += 1
loaded = WINDOW & {module.partition(".")[0] for module in sys.modules}
if loaded:
    sys.exit(f"modules that need no window loaded {', '.join(sorted(loaded))}")
installed = sorted(name for name in WINDOW if importlib.util.find_spec(name))
if installed and "--none-installed" in sys.argv:
    sys.exit(f"installed without an extra: {', '.join(installed)}")
print(f"{count} modules imported without a window")
