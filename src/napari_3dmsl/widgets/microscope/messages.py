"""What the *Microscope* panel says: what the optics resolve, and what is seen in the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from napari_3dmsl.arrays import CountArray, FloatArray
from napari_3dmsl.microscope.image_warnings import image_warnings
from napari_3dmsl.microscope.resolution import PointImage, Resolution, point_image, resolution
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.microscope.simulation import SimulatedImage

ADJUST_CONTRAST = "Adjust contrast to every image"
_SHARE_BRIGHT = 0.005  # of the pixels, ten times those above a contrast that is just adjusted

READ_OUT_TIP = (
    "FWHM: full width at half maximum of a point at the object's height, without noise. Along z it "
    "is told in the specimen. Nyquist: the largest pixel and step that lose nothing."
)


@dataclass(frozen=True)
class Point:
    """What the read-outs are of: a point at a height above the coverslip."""

    microscope: Microscope
    depth_um: float
    pictured: bool


@dataclass(frozen=True)
class ReadOut:
    """What is resolved, and sections through a point's image if they are asked for."""

    resolution: Resolution
    point: PointImage | None


def read_out_of(point: Point, is_outdated: Callable[[], bool]) -> ReadOut:
    """Work out the read-outs; for a thread.

    Parameters
    ----------
    point
        Whose image is wanted.
    is_outdated
        Whether nobody waits for the answer any more.
    """
    sections = point_image(point.microscope, point.depth_um) if point.pictured else None
    return ReadOut(resolution(point.microscope, point.depth_um), sections)


def read_out_text(point: Point, found: Resolution) -> str:
    """Read-outs in two lines, with a warning when the pixels are too coarse.

    Parameters
    ----------
    point
        Whose image it is.
    found
        What is read out.
    """
    nanometres = {
        name: f"{1000 * length:.0f} nm" if length < 10 else f"{length:.0f} µm"
        for name, length in vars(found).items()
    }
    coarse = point.microscope.pixel_um / found.nyquist_pixel_um
    warning = f" (yours are {coarse:.1f} times that: undersampled)" if coarse > 1.005 else ""
    return (
        f"Point {point.depth_um:.1f} µm deep: {nanometres['lateral_fwhm_um']} wide, "
        f"{nanometres['axial_fwhm_um']} along z (FWHM), {100 * found.relative_peak:.0f} % of the "
        f"unaberrated peak, sharp at stage {found.focus_stage_um:+.2f} µm. "
        f"Airy unit {nanometres['airy_unit_um']}. "
        f"Nyquist: pixels of {nanometres['nyquist_pixel_um']}{warning}, "
        f"steps of {nanometres['nyquist_step_um']}."
    )


def what_is_seen(image: SimulatedImage) -> str:
    """Count of fluorophores, where they are, and how bright the image is.

    Parameters
    ----------
    image
        As shown.
    """
    scene, labelling = image.scene, image.simulation.labelling
    where = f"on {scene.area_um2:.2f} µm²"
    if labelling.target == "volume":
        where = f"in {scene.volume_um3:.2f} µm³"
    count = f"{scene.fluorophores:,.0f} fluorophores {where}"
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
