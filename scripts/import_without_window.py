"""Imports every module that needs no window, and fails if one of them loaded Qt or napari."""

import importlib
import pkgutil
import sys

WINDOW = {"napari", "qtpy", "PyQt5", "PyQt6", "PySide6", "magicgui", "superqt", "vispy"}

count = 0
for name in ("napari_3dmsl.shapes", "napari_3dmsl.microscope", "napari_3dmsl.datasets"):
    package = importlib.import_module(name)
    modules = [name, *(m.name for m in pkgutil.walk_packages(package.__path__, f"{name}."))]
    for module in modules:
        importlib.import_module(module)
    count += len(modules)
loaded = WINDOW & {module.partition(".")[0] for module in sys.modules}
if loaded:
    sys.exit(f"modules that need no window loaded {', '.join(sorted(loaded))}")
print(f"{count} modules imported without a window")
