"""Light of a cell that comes from no shape: the cytosol, as thick as the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_3dmsl.scenes.cell_region import CellRegion

_NEAR_UM, _FAR_UM = 0.8, 5.0  # blur of what lies near the sharp plane, and of what lies far away
_FAR_SHARE = 0.4


def glow_of(
    region: CellRegion,
    glow_photons: float,
    image_size: tuple[int, int],
    pixel_um: float,
) -> NDArray[np.float32]:
    """Return the expected photons of the cytosol, per pixel and plane, (R, C).

    In proportion to the thickness of the cell, blurred as light from within the cell is: most a
    little, a part so widely that it lights up the ground beside the cell.

    Parameters
    ----------
    region : CellRegion
        Where the cell is, and how thick.
    glow_photons : float
        Where the cell has its full thickness.
    image_size : (rows, columns)
        Pixels.
    pixel_um : float
        Side of a pixel.
    """
    share = region.thickness_um / region.full_thickness_um
    near = gaussian_filter(share, _NEAR_UM / region.step_um)
    far = gaussian_filter(share, _FAR_UM / region.step_um, truncate=2.5)
    both = (1.0 - _FAR_SHARE) * near + _FAR_SHARE * far
    return region.in_pixels(glow_photons * both, image_size, pixel_um)
