"""The image that the Microscope panel keeps up to date: wait for it, and read it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hands import Hands

from napari_3dmsl.layers.attributes import about

IMAGE = "simulated image"
STACK = "simulated stack"


def settled(hands: Hands, name: str = IMAGE) -> None:
    """Wait until the image is that of the settings and the shape that the panel shows."""
    hands.wait(lambda: is_newest(hands, name) and hands.panel.is_at_rest)
    hands.qtbot.wait(10)  # anything older that came later would show
    assert is_newest(hands, name)


def is_newest(hands: Hands, name: str) -> bool:
    panel = hands.panel
    if name not in panel.viewer.layers:
        return False
    found = about(panel.viewer.layers[name])["settings"]
    wanted = panel.simulation(stack=name == STACK).model_dump(mode="json")
    same_settings = all(found[key] == value for key, value in wanted.items())
    return same_settings and np.allclose(
        found["object_centroid_um"], panel.sample.surface().centroid_um
    )


def pixels(viewer: Any, name: str = IMAGE) -> np.ndarray:
    return np.array(viewer.layers[name].data)
