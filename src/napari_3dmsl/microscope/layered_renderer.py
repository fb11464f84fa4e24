"""Two layers of emitters, one near the sharp plane and one far from it, each as it needs to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import best_focus_stage_um
from napari_3dmsl.microscope.modality import modality_of
from napari_3dmsl.microscope.one_plane import Spared
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.microscope.settings import Microscope

_NEAR_UM, _FAR_UM = 14.0, 24.0  # from an emitter: light farther away is some 1e-4 of it
_BELOW, _FAR_BELOW = 3e-4, 1e-3
_KERNEL, _FAR_KERNEL = 4, 4
_BAND_SHARE = 0.5
_OUT_OF_FOCUS_UM, _TURNS = 0.8, 11.0  # from where the upper frequencies are dark, µm and rad
_NEARER_SHARE = 0.1  # of the emitters, that may lie nearer


class LayeredRenderer(Renderer):
    """Renders emitters of which a part lies in another layer, mostly far out of focus.

    The sum of two images: of thin layers each, which take less than a thick one. The far layer has
    only the frequencies that light out of focus has, unless a plane of a stack is near it. Within
    1e-3 of its peak it is the image of a `Renderer`.

    Parameters
    ----------
    near, far : Emitters
        See `Renderer`.
    memory_limit : int, optional
        Bytes that images may take; by default `allowed_bytes`.

    Raises
    ------
    ValueError
        When an emitter lies below the coverslip.
    """

    def __init__(self, near: Emitters, far: Emitters, memory_limit: int | None = None) -> None:
        both = Emitters(
            np.concatenate([near.positions_um, far.positions_um]),
            np.concatenate([near.photons, far.photons]),
        )
        super().__init__(both, memory_limit)
        self._near = Renderer(
            near, memory_limit, once=True, spared=Spared(_NEAR_UM, 1.0, _BELOW, _KERNEL)
        )
        self._far = far

    def planes(
        self,
        microscope: Microscope,
        stages_um: FloatArray,
        tick: Callable[[], None] | None = None,
    ) -> Iterator[FloatArray]:
        """See `Renderer.planes`."""
        share = _BAND_SHARE if self._all_far(microscope, stages_um) else 1.0
        spared = Spared(_FAR_UM, share, _FAR_BELOW, _FAR_KERNEL)
        far = Renderer(self._far, self.memory_limit, once=True, spared=spared)
        layers = (layer.planes(microscope, stages_um, tick) for layer in (self._near, far))
        for near_plane, far_plane in zip(*layers, strict=True):
            yield near_plane + far_plane

    def _all_far(self, microscope: Microscope, stages_um: FloatArray) -> bool:
        """Tell whether most of the far layer is far from every sharp plane."""
        heights = np.sort(self._far.positions_um[:, 0])
        lowest = heights[int(_NEARER_SHARE * len(heights))]
        highest = heights[len(heights) - 1 - int(_NEARER_SHARE * len(heights))]
        # About: oil under a watery specimen moves the sharp plane by less than the stage.
        ratio = microscope.specimen_index / microscope.immersion_index
        focal = (best_focus_stage_um(microscope, 0.0) - stages_um) * ratio
        away = np.maximum(lowest - focal, focal - highest)
        # Low apertures have a deep focus.
        least = max(_OUT_OF_FOCUS_UM, _TURNS / modality_of(microscope).axial_band_per_um)
        return bool((away >= least).all())
