"""Emitters of any depth on a few evenly spaced layers.

How an emitter's image changes with its depth is smooth (band-limited), so that it is a sum over the
layers next to the emitter, weighted by a spreading kernel:

    H(k, depth) = Σ_m kernel(position(depth) - m) C_m(k)

``C_m`` follow from H at some depths by least squares. In contrast to polynomials over the whole
range each emitter touches eight layers only, whatever the thickness of a cell.
"""

from __future__ import annotations

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.frequency_grid import kernel_shape

LAYERS_TOUCHED = 8
"""By each emitter."""

_OVERSAMPLING = 1.2
_FLAT_UM = 1e-6
_SHAPE = kernel_shape(_OVERSAMPLING, LAYERS_TOUCHED)
_FIRST = 0.5 * LAYERS_TOUCHED - 0.5  # position of the lowest emitter, so that it touches layer 0
_CUT = 1e-6  # of the least squares: combinations of layers that emitters hardly see


class DepthLayers:
    """Layers over a range of depths.

    Parameters
    ----------
    low_um, high_um : float
        Depths of the lowest and of the highest emitter.
    axial_band_per_um : float
        See `Modality`.

    Attributes
    ----------
    sample_um : (J,) float64
        Depths at which the optics are to be known.
    """

    def __init__(self, low_um: float, high_um: float, axial_band_per_um: float) -> None:
        self.low_um, self.high_um = low_um, high_um
        self.axial_band_per_um = axial_band_per_um
        self._spacing_um = np.pi / (_OVERSAMPLING * axial_band_per_um)
        extent = high_um - low_um
        if extent < _FLAT_UM:
            self.sample_um: FloatArray = np.array([low_um])
            self._from_samples: FloatArray = np.ones((1, 1))
            return
        count = layer_count(extent, axial_band_per_um)
        samples = int(1.5 * count) + 4
        angle = (np.arange(samples) + 0.5) * np.pi / samples
        self.sample_um = low_um + 0.5 * extent * (1.0 - np.cos(angle))
        spread = self._kernel(self.position(self.sample_um)[:, None] - np.arange(count))
        self._from_samples = np.linalg.pinv(spread, rcond=_CUT)

    def __len__(self) -> int:
        return len(self._from_samples)

    def position(self, depth_um: FloatArray) -> FloatArray:
        """Return where depths lie between the layers, which are at 0, 1, ….

        Parameters
        ----------
        depth_um : (E,) array
            From `low_um` to `high_um`.
        """
        return _FIRST + (depth_um - self.low_um) / self._spacing_um

    def weights(self, position: FloatArray, layers: slice) -> FloatArray:
        """Return how much each of some layers has of each emitter, (E, layers) float32.

        Parameters
        ----------
        position : (E,) array
            See `position`.
        layers : slice
            Of layers that follow each other.
        """
        if len(self) == 1:
            return np.ones((len(position), 1), np.float32)
        numbers = np.arange(layers.start, layers.stop, dtype=np.float32)
        return self._kernel(position.astype(np.float32)[:, None] - numbers)

    def of_samples(self, at_samples: FloatArray) -> FloatArray:
        """Return what the layers stand for, ``C``, from values at `sample_um`.

        Parameters
        ----------
        at_samples : (..., J) array
            The last axis is that of `sample_um`.
        """
        layers: FloatArray = at_samples @ self._from_samples.T.astype(at_samples.dtype)
        return layers

    @staticmethod
    def _kernel(distance: FloatArray) -> FloatArray:
        inside = 1.0 - (2.0 / LAYERS_TOUCHED * distance) ** 2
        values: FloatArray = np.exp(_SHAPE * (np.sqrt(np.maximum(inside, 0.0)) - 1.0))
        values[inside <= 0.0] = 0.0
        return values


def layer_count(extent_um: float, axial_band_per_um: float) -> int:
    """Return how many layers emitters over a range of depths need.

    Parameters
    ----------
    extent_um : float
        From the lowest emitter to the highest.
    axial_band_per_um : float
        See `Modality`.
    """
    if extent_um < _FLAT_UM:
        return 1
    spacings = extent_um * _OVERSAMPLING * axial_band_per_um / np.pi
    return int(np.ceil(_FIRST + spacings - 0.5 * LAYERS_TOUCHED)) + LAYERS_TOUCHED
