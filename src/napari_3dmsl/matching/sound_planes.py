"""Images without their hot pixels, and the noise of what is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_3dmsl.matching.hot_pixels import MOST_GLARING, glares, hot_in_image, mended
from napari_3dmsl.matching.noise_residual import NoiseResidual, noise_residual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.matching.planes import Planes
    from napari_3dmsl.progress import Progress


@dataclass(eq=False)
class SoundPlanes:
    """Planes with hot pixels mended.

    Attributes
    ----------
    cutoff : float
        Highest frequency that the optics pass, cycles/pixel.
    planes : list of (R, C) arrays
        Counts.
    residuals : list of NoiseResidual
        Of each.
    hot : list of (R, C) bool
        Pixels of each that were mended.
    refusal : str or None
        Where too many pixels stand out to be hot ones.
    """

    cutoff: float
    planes: list[FloatArray] = field(default_factory=list)
    residuals: list[NoiseResidual] = field(default_factory=list)
    hot: list[NDArray[np.bool_]] = field(default_factory=list)
    refusal: str | None = None

    def add(self, plane: FloatArray, name: str, shown: NDArray[np.bool_] | None) -> None:
        """Add a plane, without the pixels that are hot or that a cosmic ray hit.

        Parameters
        ----------
        plane : (R, C) array
            Counts.
        name
            What a refusal calls it.
        shown : (R, C) bool, optional
            Pixels that a dark shows to be hot; of another size it does not tell which they are.
        """
        known = shown is not None and shown.shape == plane.shape
        self.planes.append(plane)
        self.hot.append(np.zeros(plane.shape, dtype=bool))
        self.residuals.append(noise_residual(plane, self.cutoff))
        if shown is not None and known and shown.any():
            self.leave_out(len(self.planes) - 1, shown)
        if glares(self.residuals[-1]):
            self._leave_out_glaring([len(self.planes) - 1], name)

    def leave_out_faint(self) -> None:
        """Leave out pixels that are hot in all images of one size, though faint in each."""
        for shape in {plane.shape for plane in self.planes}:
            alike = [number for number, plane in enumerate(self.planes) if plane.shape == shape]
            mean = _mean([self.planes[number] for number in alike])
            if len(alike) > 1 and glares(noise_residual(mean, self.cutoff)):
                self._leave_out_glaring(alike, "the mean of the images")

    def _leave_out_glaring(self, numbers: list[int], name: str) -> None:
        glaring = hot_in_image(_mean([self.planes[number] for number in numbers]), self.cutoff)
        if glaring.mean() > MOST_GLARING:
            self.refusal = (
                (f"{name}: " if name else "")
                + f"over {MOST_GLARING:.0%} of the pixels stand out singly from their neighbours, "
                "which neither light nor a sound camera does; check the pixel size, or use the "
                "image as the camera gave it"
            )
            return
        for number in numbers:
            self.leave_out(number, glaring)

    def leave_out(self, number: int, hot: NDArray[np.bool_]) -> None:
        """Mend more pixels of a plane.

        Parameters
        ----------
        number
            Of the plane.
        hot : (R, C) bool
            Which pixels.
        """
        self.hot[number] = self.hot[number] | hot
        self.planes[number] = mended(self.planes[number], self.hot[number])
        self.residuals[number] = noise_residual(self.planes[number], self.cutoff)

    def places(self) -> int:
        """Count the places that are hot in any image of a size."""
        sizes: dict[tuple[int, ...], NDArray[np.bool_]] = {}
        for hot in self.hot:
            sizes[hot.shape] = sizes.get(hot.shape, np.zeros_like(hot)) | hot
        return sum(int(np.count_nonzero(each)) for each in sizes.values())


def sound_planes(
    images: Planes, shown: NDArray[np.bool_] | None, cutoff: float, progress: Progress | None
) -> SoundPlanes:
    """Mend hot pixels of images and part what is left into structure and noise.

    Parameters
    ----------
    images
        As they were given.
    shown : (R, C) bool, optional
        Pixels that a dark shows to be hot.
    cutoff
        Highest frequency that the optics pass, cycles/pixel.
    progress
        Called with (done, total, what); raise in it to cancel.
    """
    found = SoundPlanes(cutoff)
    total = len(images.values)
    for number, (plane, name) in enumerate(zip(images.values, images.names, strict=True)):
        if progress is not None:
            progress(number, total, "noise of the images")
        found.add(plane, name, shown)
    if progress is not None:
        progress(total, total, "noise of the images")
    if found.refusal is None:
        found.leave_out_faint()
    return found


def _mean(planes: list[FloatArray]) -> FloatArray:
    """Return the mean, which needs no more memory than one."""
    found = np.zeros_like(planes[0])
    for plane in planes:
        found += plane / len(planes)
    return found
