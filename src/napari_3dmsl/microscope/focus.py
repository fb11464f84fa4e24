"""Where the focus is: stage positions, heights in the specimen, and the planes of a stack.

A stage that moves by 1 µm moves the sharp plane by less (oil under a watery specimen) or more, and
not quite evenly: both follow from the point spread function.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize
from scipy.interpolate import CubicSpline

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.psf import PointSpread, point_spread
from napari_3dmsl.microscope.settings import Acquisition, Microscope

_LAW_STEP_UM = 0.5


def focusing_light(microscope: Microscope) -> PointSpread:
    """Point spread function of the light by which a microscope is focused.

    The emission; with two photons, which image by excitation alone, the excitation.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    """
    by_excitation = microscope.modality == "two_photon"
    return point_spread(
        microscope, microscope.excitation_nm if by_excitation else microscope.emission_nm
    )


@lru_cache(maxsize=4096)
def best_focus_stage_um(microscope: Microscope, depth_um: float) -> float:
    """Stage position at which an emitter ``depth_um`` above the coverslip is sharpest.

    Sharpest: highest on-axis intensity of `focusing_light`. Negative is towards the objective. A
    negative depth continues the same law below the coverslip's upper face, so that a focal plane
    under the object has a stage position too.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    depth_um : float
        Height of the emitter above the coverslip.
    """
    optics = focusing_light(microscope)
    rho, weight = optics.pupil_nodes(2.0 * optics.axial_band_per_um * abs(depth_um) + 200.0)
    weight = weight * optics.axial_amplitude(rho)
    per_stage = optics.phase(rho, 0.0, 1.0)[:, 0] - optics.phase(rho, 0.0, 0.0)[:, 0]
    fixed = optics.phase(rho, depth_um, 0.0)[:, 0]

    def dimness(stage: ArrayLike) -> FloatArray:
        total = fixed[:, None] + per_stage[:, None] * np.atleast_1d(np.asarray(stage))
        amplitude = weight @ np.cos(total), weight @ np.sin(total)
        return -np.asarray(amplitude[0] ** 2 + amplitude[1] ** 2)

    mean_fixed, mean_stage = np.average([fixed, per_stage], axis=1, weights=weight)
    spread = weight @ (per_stage - mean_stage) ** 2
    middle = -float(weight @ ((fixed - mean_fixed) * (per_stage - mean_stage)) / spread)
    reach = 0.5 + 0.25 * abs(middle)
    candidates = np.arange(middle - reach, middle + reach, 0.1)  # finer than any focus
    best = candidates[int(np.argmin(dimness(candidates)))]
    refined = optimize.minimize_scalar(
        lambda stage: float(dimness(stage)[0]), bounds=(best - 0.1, best + 0.1), method="bounded"
    )
    return float(refined.x)


def plane_positions(
    microscope: Microscope, acquisition: Acquisition, centroid_height_um: float
) -> tuple[FloatArray, FloatArray]:
    """Focus (µm above the centroid) and stage position (µm) of every plane.

    A stack is centred on the acquisition's plane and equally spaced along its ``z_axis``.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    acquisition : Acquisition
        Focus and planes.
    centroid_height_um : float
        Of the object above the coverslip.

    Returns
    -------
    focus_um, stage_um : (P,) float64
    """
    offsets = (np.arange(acquisition.planes) - 0.5 * (acquisition.planes - 1)) * (
        acquisition.step_nm / 1000.0
    )

    def stage_of(focus: float) -> float:
        return best_focus_stage_um(microscope, centroid_height_um + focus)

    def focus_of(stage: float) -> float:
        return focus_height_um(microscope, stage) - centroid_height_um

    if acquisition.z_axis == "focus":
        focus = acquisition.focus_um + offsets
        if acquisition.stage_um is not None:
            focus = focus_of(acquisition.stage_um) + offsets
            if acquisition.planes == 1:
                return focus, np.array([acquisition.stage_um])
        return focus, np.array([stage_of(f) for f in focus])
    middle = acquisition.stage_um
    if middle is None:
        middle = stage_of(acquisition.focus_um)
    stage = middle - offsets  # towards the objective is deeper into the specimen
    return np.array([focus_of(s) for s in stage]), stage


def focus_height_um(microscope: Microscope, stage_um: float) -> float:
    """Height above the coverslip that is sharp at a stage position (inverts the best focus).

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    stage_um : float
        Negative is towards the objective.
    """
    ratio = microscope.specimen_index / microscope.immersion_index
    at_coverslip = best_focus_stage_um(microscope, 0.0)
    guess = (at_coverslip - stage_um) * ratio
    reach = 1.0 + abs(guess)
    return float(
        optimize.brentq(
            lambda height: best_focus_stage_um(microscope, float(height)) - stage_um,
            guess - reach,
            guess + reach,
            xtol=1e-3,
        )
    )


def focus_heights_um(microscope: Microscope, stages_um: FloatArray) -> FloatArray:
    """Heights above the coverslip that are sharp at many stage positions.

    The law between the two is close to a line: a spline through it every half micrometre is within
    a nanometre and spares a search for each position.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    stages_um : (P,) array
        Negative is towards the objective.

    Returns
    -------
    (P,) float64
    """
    ends = [focus_height_um(microscope, float(stage)) for stage in (max(stages_um), min(stages_um))]
    if ends[1] - ends[0] < _LAW_STEP_UM:
        return np.array([focus_height_um(microscope, float(stage)) for stage in stages_um])
    heights = np.arange(ends[0] - _LAW_STEP_UM, ends[1] + 2.0 * _LAW_STEP_UM, _LAW_STEP_UM)
    stages = [best_focus_stage_um(microscope, float(height)) for height in heights]
    law = CubicSpline(stages[::-1], heights[::-1])
    return np.asarray(law(stages_um))
