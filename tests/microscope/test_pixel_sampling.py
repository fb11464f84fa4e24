import numpy as np
import pytest

from napari_3dmsl.microscope.pixel_sampling import PixelSampling


@pytest.mark.parametrize("period", [(20, 24), (21, 25)], ids=["even", "odd"])
def test_samples_equal_the_sum_of_the_waves_also_above_half_the_pixels_frequency(period):
    """A real sum of waves up to 1.4 cycles a pixel, evaluated wave by wave at the pixels."""
    rng = np.random.default_rng(1)
    rows, columns = period
    row, column = (part.ravel() for part in np.meshgrid(np.arange(28), np.arange(34)))
    coefficients = rng.normal(size=(2, len(row))) + 1j * rng.normal(size=(2, len(row)))
    coefficients[:, column == 0] = 0  # a wave along y only stands on both sides of the spectrum:
    for r in range(1, 28):
        wave = rng.normal() + 1j * rng.normal()
        coefficients[0, (row == r) & (column == 0)] = wave
        coefficients[1, (row == r) & (column == 0)] = np.conj(wave)
    coefficients[0, (row == 0) & (column == 0)] = 3.0
    coefficients[1, row == 0] = 0
    y, x = np.arange(15)[:, None], np.arange(18)[None, :]
    expected = np.zeros((15, 18))
    for sign, of_sign in zip((1, -1), coefficients, strict=True):
        for r, c, wave in zip(sign * row, column, of_sign, strict=True):
            turns = r * y / rows + c * x / columns
            twice = 1 if c == 0 else 2  # the conjugate wave of a real image
            expected += twice * (wave * np.exp(2j * np.pi * turns)).real / (rows * columns)
    sampling = PixelSampling(row, column, period, (15, 18))
    found = sampling.pixels(coefficients.astype(np.complex64))
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
