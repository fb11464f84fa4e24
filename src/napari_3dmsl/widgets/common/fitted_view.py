"""A canvas that shows all that is drawn, until the person moves its camera."""

from __future__ import annotations

from typing import Any

import numpy as np

_Camera = tuple[Any, float]


class FittedView:
    """Fits what a viewer shows into its canvas, again and again while more of it comes.

    Shapes of a library appear one after the other, so the first ones do not tell how large it is.

    Parameters
    ----------
    viewer
        Whose camera it is.

    Attributes
    ----------
    is_fitted : bool
        Whether it has been fitted since the last `forget`.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._left: _Camera | None = None

    @property
    def is_fitted(self) -> bool:
        """See the class."""
        return self._left is not None

    def fit(self) -> None:
        """Fit everything, unless the person has moved the camera since last time."""
        if self._left is None or _alike(self._left, self.camera):
            self._viewer.reset_view(reset_camera_angle=False)
            self._left = self.camera

    def forget(self) -> None:
        """Fit next time, wherever the camera is."""
        self._left = None

    @property
    def camera(self) -> _Camera:
        """Where the camera looks, in units of the canvas, and its zoom."""
        camera = getattr(self._viewer, "scene", self._viewer).camera  # napari 0.9 moved it
        return np.array(camera.center, float), float(camera.zoom)


def _alike(one: _Camera, other: _Camera) -> bool:
    return bool(np.allclose(one[0], other[0]) and np.isclose(one[1], other[1]))
