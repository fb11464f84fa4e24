"""Blinking: for how much of an exposure each fluorophore is on."""

from __future__ import annotations

import numpy as np

from napari_3dmsl.arrays import FloatArray


def on_fractions(
    count: int, exposure_s: float, on_time_s: float, off_time_s: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the fraction of an exposure that each of many fluorophores is on.

    Each one is a stationary telegraph process: on and off times follow exponential laws, and at the
    start of the exposure it is on with the probability ``on / (on + off)``. Exponential times have
    no memory, so the time left of the first state has the same law as any other.

    The draw is exact, however many times it switches. All on times of many cycles together follow a
    gamma law, as do all off times; where they overshoot the exposure, they are halved again and
    again (a part of a sum of exponential times follows a beta law: Devroye, Non-uniform random
    variate generation, 1986, section IX.4) until the one cycle is left in which it ends.

    The mean is ``p = on / (on + off)`` and the variance
    ``2 p (1 - p) (τ/T) (1 - (τ/T) (1 - exp(-T/τ)))`` with ``τ = on off / (on + off)``.

    Parameters
    ----------
    count : int
        Fluorophores.
    exposure_s, on_time_s, off_time_s : float
        T and the mean times in s, all > 0.
    rng : numpy.random.Generator
        Draws; the same state gives the same result.

    Returns
    -------
    (count,) float64
        Between 0 and 1.
    """
    starts_on = rng.random(count) < on_time_s / (on_time_s + off_time_s)
    left = exposure_s - np.where(starts_on, 0.0, rng.exponential(off_time_s, count))
    shone = np.zeros(count)
    cycles = 2 ** int(np.ceil(np.log2(1.0 + exposure_s / (on_time_s + off_time_s))))
    on, off = np.zeros(count), np.zeros(count)
    short = np.flatnonzero(left > 0.0)
    while len(short):  # whole blocks of cycles, until one is too long
        on[short] = rng.gamma(cycles, on_time_s, len(short))
        off[short] = rng.gamma(cycles, off_time_s, len(short))
        short = short[on[short] + off[short] <= left[short]]
        shone[short] += on[short]
        left[short] -= on[short] + off[short]
    running = np.flatnonzero(left > 0.0)
    while cycles > 1:
        cycles //= 2
        first_on = on[running] * rng.beta(cycles, cycles, len(running))
        first_off = off[running] * rng.beta(cycles, cycles, len(running))
        whole = first_on + first_off <= left[running]
        shone[running] += np.where(whole, first_on, 0.0)
        left[running] -= np.where(whole, first_on + first_off, 0.0)
        on[running] = np.where(whole, on[running] - first_on, first_on)
        off[running] = np.where(whole, off[running] - first_off, first_off)
    shone[running] += np.minimum(on[running], left[running])
    fractions: FloatArray = np.clip(shone / exposure_s, 0.0, 1.0)
    return fractions
