"""What a camera was like, from the images that it took: gain, noise, offset, background.

Optics pass no frequency above their cut-off. What an image has there is noise of its camera, whose
variance grows with the mean count along a straight line: its slope is the gain. A frame without
light fixes where the line begins, and with it read noise and offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_3dmsl.image_io.grey_images import read_grey
from napari_3dmsl.matching.dark_doubts import (
    check_dark,
    check_offset,
    dark_warnings,
    off_the_line,
)
from napari_3dmsl.matching.dark_frames import ROUNDING, Dark, RowNoise, measure_dark, row_noise_of
from napari_3dmsl.matching.estimate import Estimate
from napari_3dmsl.matching.hot_pixels import away_from, hot_pixels
from napari_3dmsl.matching.image_doubts import (
    LEAST_OUTSIDE,
    clipped,
    unspoilt,
    why_not,
    why_not_white,
)
from napari_3dmsl.matching.noise_residual import (
    BORDER,
    NoiseResidual,
    cutoff_per_um,
    outside_share,
)
from napari_3dmsl.matching.planes import Planes, planes_of
from napari_3dmsl.matching.sound_planes import SoundPlanes, sound_planes
from napari_3dmsl.matching.variance_line import VarianceLine, fit_line, variance_curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.image_io.grey_images import GreyImage
    from napari_3dmsl.microscope.camera import Camera
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.progress import Progress

MOST_ERROR = 0.05
"""Relative standard error of the gain above which one image, without a dark frame, is refused."""

MOST_ERROR_WITH_DARK = 0.08
"""The same where a dark frame is given: then there are fewer ways to be wrong."""

_GROUND_PERCENT = 5.0  # of the pixels, the darkest, are ground
_GROUND_PIXELS = 4.0  # standard deviation of the smoothing that finds the ground
_COARSE = 0.35  # variance, ADU², of which rounding to whole counts is a quarter
_FINE_SHARE = 0.1  # of the pixels must be noisier
_UNLIKE = 0.1  # by how much the gains of images may differ, relatively
_GAPS = 0.05  # share of the levels in use that no pixel has, of a stretched image


@dataclass(frozen=True)
class Calibration:
    """What images tell of the camera that took them.

    A number is None where the images do not tell it. Counts are ADU, or whatever grey levels the
    file has.

    Attributes
    ----------
    e_per_adu, adu_per_e : Estimate or None
        Conversion, photo-electrons for one count and the other way round; with a gain register
        its gain is part of it.
    read_noise_e : Estimate or None
        Of a pixel, in photo-electrons. Only with a dark frame.
    offset_adu : Estimate or None
        Counts without light. Only with a dark frame: one image does not tell it from read noise.
    row_noise_e : Estimate or None
        That the pixels of a row share.
    ground_adu : Estimate or None
        Counts of the darkest twentieth: offset, background and haze.
    background_e : Estimate or None
        Electrons of the darkest twentieth: background light and the scene's own haze, which
        nothing in an image tells apart. Only with a dark frame.
    most_read_noise_e : float or None
        All noise of the darkest twentieth: the read noise is not higher.
    line : VarianceLine or None
        Variance against mean count, which images of the same camera have.
    curve : tuple of (float, float)
        Mean count and variance of groups of pixels, dark to bright: what the line is fitted to.
    images : int
        Planes that were looked at.
    hot_pixels : int
        Places left out with their surroundings: pixels that the dark frames show to be hot, or that
        stand out from their neighbours as no light does.
    outside : float
        Share of the frequencies that the optics do not pass.
    refusal : str or None
        Why the images do not tell the conversion, in one line.
    warnings : tuple of str
    """

    e_per_adu: Estimate | None = None
    adu_per_e: Estimate | None = None
    read_noise_e: Estimate | None = None
    offset_adu: Estimate | None = None
    row_noise_e: Estimate | None = None
    ground_adu: Estimate | None = None
    background_e: Estimate | None = None
    most_read_noise_e: float | None = None
    line: VarianceLine | None = None
    curve: tuple[tuple[float, float], ...] = ()
    images: int = 0
    hot_pixels: int = 0
    outside: float = 0.0
    refusal: str | None = None
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        found: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Estimate | VarianceLine):
                value = {each.name: getattr(value, each.name) for each in fields(value)}
            found[field.name] = list(value) if isinstance(value, tuple) else value
        return found

    def camera(self, base: Camera) -> Camera:
        """Return a camera whose images have the noise of these.

        Without a dark frame its read noise is the given camera's, as far as the images allow, and
        the offset follows from that: any such pair makes the same noise.

        Parameters
        ----------
        base
            Brings what images do not tell: quantum efficiency, exposure, dark current, bits, and
            the gain of a register.

        Raises
        ------
        ValueError
            When the calibration was refused, with the reason.
        """
        if self.refusal or self.adu_per_e is None or self.line is None:
            raise ValueError(f"no camera can be made: {self.refusal}")
        per_adu = base.em_gain / self.adu_per_e.value
        read_adu, offset = self._read_noise_and_offset(base)
        ground = self.ground_adu.value if self.ground_adu else offset
        light_e = max(ground - offset, 0.0) / self.adu_per_e.value - base.spurious_e
        rows = self.row_noise_e.value if self.row_noise_e else 0.0
        return base.replace(
            name="matched",
            e_per_adu=per_adu,
            read_noise_e=read_adu * per_adu,
            offset_adu=max(offset, 0.0),
            row_noise_e=rows * base.em_gain,
            background_photons=max(light_e, 0.0) / base.quantum_efficiency,
        )

    def _read_noise_and_offset(self, base: Camera) -> tuple[float, float]:
        """Both in ADU."""
        assert self.adu_per_e is not None
        assert self.line is not None
        if self.offset_adu is not None and self.read_noise_e is not None:
            return self.read_noise_e.value * self.adu_per_e.value, self.offset_adu.value
        read_e = base.read_noise_e / base.em_gain
        if self.most_read_noise_e is not None:
            read_e = min(read_e, self.most_read_noise_e)
        read_adu = read_e * self.adu_per_e.value
        dark = read_adu**2 + ROUNDING - self.line.intercept
        return read_adu, dark / self.line.slope


def calibrate(
    images: Sequence[NDArray[Any]] | NDArray[Any],
    *,
    dark: Sequence[NDArray[Any]] | NDArray[Any] | None = None,
    microscope: Microscope,
    em_gain: bool = False,
    progress: Progress | None = None,
) -> Calibration:
    """Measure a camera from the images that it took.

    Parameters
    ----------
    images : list of (R, C) or (P, R, C) arrays
        As the camera gave them, of one camera at one setting; 256 × 256 pixels with structure are
        usually enough.
    dark : list of such arrays, optional
        Taken without light, by the same camera at the same exposure.
    microscope : Microscope
        Its aperture, wavelength and pixel size tell which frequencies must be noise.
    em_gain : bool
        Whether a gain register multiplied the electrons, which doubles the variance of light.
    progress : callable, optional
        Called with (done, total, what); raise in it to cancel.

    Returns
    -------
    Calibration
        With ``refusal`` where the images do not tell.

    Raises
    ------
    ValueError
        When there is no image, or the dark frames cannot be those of these images.
    """
    return _calibrate(
        planes_of(images, "the images"),
        None if dark is None else planes_of(dark, "the dark frame"),
        microscope,
        em_gain,
        progress,
    )


def calibrate_files(
    images: Sequence[str | Path],
    *,
    dark: Sequence[str | Path] | None = None,
    microscope: Microscope,
    em_gain: bool = False,
    progress: Progress | None = None,
) -> Calibration:
    """Measure a camera from files of images that it took, see `calibrate`.

    Parameters
    ----------
    images : list of paths
        See `read_grey`.
    dark : list of paths, optional
        Taken without light.
    microscope : Microscope
        Which took them.
    em_gain : bool
        Whether a gain register multiplied the electrons.
    progress : callable, optional
        Called with (done, total, what); raise in it to cancel.

    Returns
    -------
    Calibration
        Images that were ever saved as JPEG are refused.

    Raises
    ------
    ValueError
        One line: when a file cannot be read, or the dark frames cannot be those of these images.
    """
    read = [read_grey(path) for path in images]
    unlit = [read_grey(path) for path in dark or ()]
    lossy = next((each.path.name for each in [*read, *unlit] if each.lossy), None)
    if lossy is not None:
        return Calibration(
            images=sum(len(each.planes) for each in read),
            refusal=f"{lossy} is compressed as JPEG, which changes the noise; use the original",
        )
    return _calibrate(
        _of_files(read, "the images"),
        _of_files(unlit, "the dark frame") if unlit else None,
        microscope,
        em_gain,
        progress,
    )


def _of_files(read: Sequence[GreyImage], what: str) -> Planes:
    return planes_of([each.planes for each in read], what, [each.path.name for each in read])


def _calibrate(
    images: Planes,
    dark: Planes | None,
    microscope: Microscope,
    em_gain: bool,
    progress: Progress | None,
) -> Calibration:
    if not images.values:
        raise ValueError("no image to calibrate from; give at least one")
    dark = dark if dark is not None and dark.values else None
    if dark is not None:
        check_dark(dark, images)
    without_light = measure_dark(dark.values, dark.what) if dark is not None else None
    cutoff = cutoff_per_um(microscope) * microscope.pixel_um
    known = Calibration(images=len(images.values), outside=outside_share(cutoff))
    if without_light is not None:
        point = without_light.point
        known = _with(known, offset_adu=Estimate(point.mean, point.mean_error))
    refusal = _undersampled(microscope, cutoff) or _first_refusal(images)
    if refusal:
        return _with(known, refusal=refusal)
    if dark is not None and without_light is not None:
        mean = float(np.mean([plane.mean() for plane in images.values]))
        ground = _ground_level(images.values)
        check_offset(without_light, dark.what, ground, mean)
        known = _with(known, warnings=tuple(dark_warnings(without_light, dark, images, ground)))
    sound = sound_planes(images, without_light.hot if without_light else None, cutoff, progress)
    known = _with(known, hot_pixels=sound.places())
    refusal = _filtered(sound.residuals) or sound.refusal
    if refusal:
        return _with(known, refusal=refusal)
    excess = 2.0 if em_gain else 1.0
    return _Measured(images, sound, dark, without_light, excess).add_to(known)


@dataclass(frozen=True, eq=False)
class _Measured:
    """Images parted into structure and noise, and all that is needed to read a camera off them."""

    images: Planes
    sound: SoundPlanes
    frames: Planes | None
    dark: Dark | None
    excess: float

    def add_to(self, known: Calibration) -> Calibration:
        kept = [
            (unspoilt(clipped(plane)) & away_from(hot))[_INNER]
            for plane, hot in zip(self.sound.planes, self.sound.hot, strict=True)
        ]
        if sum(int(each.sum()) for each in kept) < 0.2 * sum(each.size for each in kept):
            return _with(known, refusal="clipped: most of its pixels are at or beside 0, or hot")
        point = None if self.dark is None else self.dark.point
        residuals = self.sound.residuals
        try:
            line = fit_line(residuals, kept, point)
            again = self._mend(line, kept)
            if self._leave_coarse(line, kept) or again:
                line = fit_line(residuals, kept, point)
        except (ValueError, np.linalg.LinAlgError):
            return _with(known, refusal="too little signal: its noise does not tell of brightness")
        known = _with(known, line=line, curve=variance_curve(residuals, kept))
        known = _with(known, hot_pixels=self.sound.places())
        known = _with(known, warnings=known.warnings + self._off_the_line(line, kept))
        most = MOST_ERROR if self.dark is None else MOST_ERROR_WITH_DARK
        adu_per_e = Estimate(line.slope / self.excess, line.slope_error / self.excess)
        if line.slope <= 0.0 or adu_per_e.relative_error > most:
            told = "none" if line.slope <= 0.0 else f"± {adu_per_e.relative_error:.0%}"
            return _with(
                known,
                refusal=f"too little signal or too small: the gain is known to {told}, at most "
                f"± {most:.0%} is accepted; give more or larger images"
                + ("" if self.dark else ", or a dark frame"),
            )
        return self._read_off(_with(known, adu_per_e=adu_per_e), kept)

    def _mend(self, line: VarianceLine, kept: list[NDArray[np.bool_]]) -> bool:
        """Mend hot pixels and look away from them; tell whether there are any."""
        found = False
        for number, residual in enumerate(self.sound.residuals):
            hot = hot_pixels(residual, line)
            if hot.any():
                found = True
                self.sound.leave_out(number, hot)
                kept[number] &= away_from(hot)[_INNER]
        return found

    def _leave_coarse(self, line: VarianceLine, kept: list[NDArray[np.bool_]]) -> bool:
        """Look away from pixels with less noise than rounding needs to be noise of its own."""
        if not all(map(_whole, self.sound.planes)):
            return False
        finer = [
            which & (line.slope * each.smooth + line.intercept > _COARSE)
            for each, which in zip(self.sound.residuals, kept, strict=True)
        ]
        left = sum(int(each.sum()) for each in finer)
        if left < _FINE_SHARE * sum(int(each.sum()) for each in kept):
            return False
        kept[:] = finer
        return True

    def _read_off(self, known: Calibration, kept: Sequence[NDArray[np.bool_]]) -> Calibration:
        assert known.adu_per_e is not None
        assert known.line is not None
        slope = known.adu_per_e
        value = 1.0 / slope.value
        per_adu = Estimate(value, value * slope.relative_error)
        ground = _ground(self.sound.planes, known.line)
        floor = max(known.line.slope * ground.value + known.line.intercept - ROUNDING, 0.0)
        rows = self._row_noise()
        found: dict[str, Any] = {
            "e_per_adu": per_adu,
            "ground_adu": ground,
            "most_read_noise_e": float(np.sqrt(floor)) * value,
            "row_noise_e": None if rows is None else _root(rows.variance, rows.error, per_adu),
            "warnings": known.warnings + tuple(self._warnings(known, kept)),
        }
        if self.dark is not None:
            dark = self.dark
            found["read_noise_e"] = _root(dark.read_variance, dark.read_error, per_adu)
            above = ground.value - dark.point.mean
            error = float(np.hypot(ground.standard_error, dark.point.mean_error))
            error = float(np.hypot(error * value, above * per_adu.standard_error))
            found["background_e"] = Estimate(above * value, error)
        return _with(known, **found)

    def _row_noise(self) -> RowNoise | None:
        if self.dark is not None:
            return self.dark.row_noise
        found = [
            row_noise_of(
                each.spectrum, self.sound.cutoff, float(each.spectrum[each.outside].mean())
            )
            for each in self.sound.residuals
        ]
        known = [each for each in found if each is not None]
        if not known:
            return None
        errors = float(np.sqrt(np.sum([each.error**2 for each in known]))) / len(known)
        return RowNoise(float(np.mean([each.variance for each in known])), errors)

    def _warnings(self, known: Calibration, kept: Sequence[NDArray[np.bool_]]) -> list[str]:
        found = [*self._of_counts(), self._differing(kept), *self._of_hot_pixels(known)]
        return [each for each in found if each]

    def _of_counts(self) -> list[str]:
        """Say what speaks against counts being those of the camera."""
        found = []
        if self.images.types <= {"uint8", "int8"}:
            found.append(
                "8-bit images: most were stretched on export, then all numbers are in electrons "
                "and grey levels of these files, not of the camera"
            )
        elif any(_has_gaps(plane) or _multiples(plane) for plane in self.images.values):
            found.append(
                "some counts never occur: the images were stretched, multiplied or divided, so "
                "counts are not those of the camera"
            )
        if any(plane.min() < 0.0 for plane in self.images.values):
            found.append(
                "counts below 0: something was subtracted from the images, so the offset is not "
                "the camera's"
            )
        for given in (self.images, self.frames):
            if given is not None and given.copies:
                found.append(
                    f"{given.what}: planes with the same pixels as another were left out: "
                    f"{given.copies}"
                )
        return found

    def _of_hot_pixels(self, known: Calibration) -> list[str]:
        sizes = {hot.shape for hot in self.sound.hot}
        if not known.hot_pixels or (self.dark is not None and sizes == {self.dark.hot.shape}):
            return []
        return [
            f"hot pixels found in the images and left out: {known.hot_pixels}; fainter ones make "
            "noise look higher, and a dark frame of the same size shows them"
        ]

    def _off_the_line(
        self, line: VarianceLine, kept: Sequence[NDArray[np.bool_]]
    ) -> tuple[str, ...]:
        """Say when the images alone tell another gain."""
        if self.frames is None:
            return ()
        try:
            alone = fit_line(self.sound.residuals, kept)
        except (ValueError, np.linalg.LinAlgError):
            return ()
        found = off_the_line(line, alone, self.frames.what)
        return (found,) if found else ()

    def _differing(self, kept: Sequence[NDArray[np.bool_]]) -> str | None:
        """Say when the images have not one gain."""
        if len(self.sound.residuals) < 2:
            return None
        point = None if self.dark is None else self.dark.point
        lines = []
        for residual, which in zip(self.sound.residuals, kept, strict=True):
            try:
                lines.append(fit_line([residual], [which], point))
            except (ValueError, np.linalg.LinAlgError):
                continue
        known = [line for line in lines if line.slope * MOST_ERROR > line.slope_error]
        if len(known) < 2:
            return None
        slopes = np.array([line.slope for line in known])
        errors = np.array([line.slope_error for line in known])
        middle = float(np.average(slopes, weights=errors**-2))
        beyond = float(np.sum(((slopes - middle) / errors) ** 2)) / (len(known) - 1)
        spread = float(slopes.std() / middle)
        if beyond < 4.0 or spread < _UNLIKE:
            return None
        return (
            f"the images differ in gain, from {slopes.min():.3g} to {slopes.max():.3g} ADU/e: each "
            "stretched on its own? Calibrate them one by one"
        )


_INNER = np.s_[BORDER:-BORDER, BORDER:-BORDER]


def _with(known: Calibration, **more: Any) -> Calibration:
    return Calibration(**{**{f.name: getattr(known, f.name) for f in fields(known)}, **more})


def _undersampled(microscope: Microscope, cutoff: float) -> str | None:
    if outside_share(cutoff) >= LEAST_OUTSIDE:
        return None
    largest = 0.66 / cutoff * microscope.pixel_nm
    return (
        f"undersampled: with pixels of {microscope.pixel_nm:g} nm no frequency lies beyond what "
        f"NA {microscope.numerical_aperture:g} passes, so that structure and noise cannot be told "
        f"apart; pixels below {largest:.0f} nm are needed, or check the pixel size"
    )


def _first_refusal(images: Planes) -> str | None:
    for plane, name in zip(images.values, images.names, strict=True):
        reason = why_not(plane)
        if reason:
            return f"{name}: {reason}" if len(images.values) > 1 else reason
    return None


def _filtered(residuals: Sequence[NoiseResidual]) -> str | None:
    """Ask images of one size together, so that a single dim one does not decide."""
    sizes: dict[tuple[int, ...], list[NoiseResidual]] = {}
    for residual in residuals:
        sizes.setdefault(residual.spectrum.shape, []).append(residual)
    return next(filter(None, map(why_not_white, sizes.values())), None)


def _ground_level(planes: Sequence[FloatArray]) -> float:
    """Find the counts of the darkest twentieth, smoothed: noise does not choose the pixels."""
    smooth = [gaussian_filter(plane, _GROUND_PIXELS, mode="reflect") for plane in planes]
    return float(np.percentile(np.concatenate([each.ravel() for each in smooth]), _GROUND_PERCENT))


def _ground(planes: Sequence[FloatArray], line: VarianceLine) -> Estimate:
    level = _ground_level(planes)
    variance = max(line.slope * level + line.intercept, 0.0)
    return Estimate(level, float(np.sqrt(variance / (4.0 * np.pi * _GROUND_PIXELS**2))))


def _root(variance: float, error: float, per_adu: Estimate) -> Estimate:
    """Noise in electrons from its variance in ADU², near 0 with the error that it may have."""
    deviation = float(np.sqrt(max(variance, 0.0)))
    if variance > 2.0 * error:
        its_error = error / (2.0 * deviation)
    else:
        its_error = float(np.sqrt(max(variance, 0.0) + 2.0 * error)) - deviation
    of_gain = deviation * per_adu.standard_error
    return Estimate(deviation * per_adu.value, float(np.hypot(its_error * per_adu.value, of_gain)))


def _whole(plane: FloatArray) -> bool:
    return bool(np.array_equal(plane, np.rint(plane)))


def _multiples(plane: FloatArray) -> bool:
    """Whether all counts are multiples of one, as of 8 or 12 bits that were shifted to 16."""
    return _whole(plane) and int(np.gcd.reduce(plane.astype(np.int64), axis=None)) > 1


def _has_gaps(plane: FloatArray) -> bool:
    """Whether levels in the middle of the histogram are missing, as after stretching."""
    if not _whole(plane):
        return False
    low, high = np.percentile(plane, (10, 60))
    inside = plane[(plane >= low) & (plane <= high)].astype(np.int64)
    if high - low < 8 or len(inside) < 50 * (high - low):
        return False
    used = np.count_nonzero(np.bincount(inside - int(low)))
    return bool(1.0 - used / (int(high) - int(low) + 1) > _GAPS)
