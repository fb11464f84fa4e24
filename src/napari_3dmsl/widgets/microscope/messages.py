"""What the *Microscope* panel says of an image: what is seen in it, and if it is too bright."""

from __future__ import annotations

from napari_3dmsl.arrays import CountArray, FloatArray
from napari_3dmsl.microscope.image_warnings import image_warnings
from napari_3dmsl.microscope.simulation import SimulatedImage

ADJUST_CONTRAST = "Adjust contrast to every image"
_SHARE_BRIGHT = 0.005  # of the pixels, ten times those above a contrast that is just adjusted


def what_is_seen(image: SimulatedImage) -> str:
    """Count of fluorophores, where they are, and how bright the image is.

    Parameters
    ----------
    image
        As shown.
    """
    scene, labelling = image.scene, image.simulation.labelling
    where = "" if scene.area_um2 is None else f" on {scene.area_um2:.2f} µm²"
    if labelling.target == "volume":
        where = "" if scene.volume_um3 is None else f" in {scene.volume_um3:.2f} µm³"
    count = f"{scene.fluorophores:,.0f} fluorophores{where}"
    brightest = f"brightest pixel {float(image.photons.photons.max()):,.0f} photons"
    ratio = "" if image.peak_snr is None else f", signal to noise {image.peak_snr:.1f}"
    return "; ".join([count, f"{brightest}{ratio}", *image_warnings(image)])


def too_bright(pixels: CountArray | FloatArray, highest: float) -> str:
    """Say so when much of an image is brighter than the display, which makes it flat and white.

    Parameters
    ----------
    pixels : (y, x) array
        As recorded.
    highest : float
        Upper contrast limit of its layer; pixels of this very value may be saturated in the camera.
    """
    share = float((pixels > highest).mean())
    if share <= _SHARE_BRIGHT:
        return ""
    much = f"{100 * share:.1f} % of the pixels are brighter than the display"
    return f"; {much}: tick “{ADJUST_CONTRAST}”"
