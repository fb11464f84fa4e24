"""What napari itself keeps of each layer that is removed, without this package.

To tell what `window_soak.py` finds apart: labels are added to an empty window and taken away again,
many times. Told is of which kinds of Python's objects there are more when garbage has been
collected.

Run under a display or Xvfb: ``python benchmarks/napari_alone.py [--times 40]``.
"""

from __future__ import annotations

import argparse
import gc
from collections import Counter
from typing import Any

import numpy as np

WARM = 5
_SHOWN = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=40)
    times = parser.parse_args().times

    import napari

    viewer = napari.Viewer()
    labels = np.random.default_rng(0).integers(0, 5, (40, 60, 60), np.uint8)
    for _ in range(WARM):
        add_and_remove(viewer, labels)
    before = kinds()
    for _ in range(times):
        add_and_remove(viewer, labels)
    more = kinds() - before
    print(f"napari {napari.__version__}, {times} labels added and removed; of each stay")
    print(f"{more.total() / times:.0f} objects of Python:")
    for kind, count in more.most_common(_SHOWN):
        print(f"{count / times:8.1f} {kind}")
    viewer.close()


def add_and_remove(viewer: Any, labels: np.ndarray[Any, Any]) -> None:
    """As a person does who looks at one volume after the other."""
    viewer.add_labels(labels)
    rest(0.1)
    viewer.layers.clear()
    rest(0.1)


def rest(seconds: float) -> None:
    """Run the loop in which Qt also deletes what is to be deleted."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def kinds() -> Counter[str]:
    """How many objects of each kind the garbage collector knows."""
    gc.collect()
    return Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())


if __name__ == "__main__":
    main()
