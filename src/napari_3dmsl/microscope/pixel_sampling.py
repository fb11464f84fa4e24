"""From the spectrum of a continuous image to its values at the centres of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from napari_3dmsl.arrays import ComplexArray, FloatArray


class PixelSampling:
    """Samples an image that is known by its Fourier coefficients, of any frequency.

    A frequency above half the pixels' own comes out as a lower one, as it does on a real detector:
    sampling a periodic image at n points folds its spectrum into n frequencies.

    Parameters
    ----------
    row, column : (K,) integer arrays
        Frequencies >= 0 of the coefficients, in cycles per period, see `EmitterTransform`.
    period : (rows, columns)
        Pixels after which the image repeats.
    image_size : (rows, columns)
        Pixels that are wanted, from (0, 0) on.
    """

    def __init__(
        self,
        row: NDArray[np.intp],
        column: NDArray[np.intp],
        period: tuple[int, int],
        image_size: tuple[int, int],
    ) -> None:
        rows, columns = period
        self._period = period
        self._image_size = image_size
        self._half_width = columns // 2 + 1
        signed_row = np.concatenate([row, -row])
        both_columns = np.concatenate([column, column])
        counted = np.concatenate([np.ones(len(row), bool), row > 0])
        plain = counted & (2 * np.abs(signed_row) < rows) & (2 * both_columns < columns)
        self._plain = np.flatnonzero(plain)
        self._plain_at = self._place(signed_row[plain], both_columns[plain])
        beyond = counted & ~plain
        direct = beyond & (both_columns % columns < self._half_width)
        # The other half of a real image's spectrum: conjugates at negative columns.
        mirrored = beyond & (both_columns > 0) & (-both_columns % columns < self._half_width)
        self._folded = np.flatnonzero(direct)
        self._folded_at = self._place(signed_row[direct], both_columns[direct])
        self._mirrored = np.flatnonzero(mirrored)
        self._mirrored_at = self._place(-signed_row[mirrored], -both_columns[mirrored])

    def _place(self, row: NDArray[np.intp], column: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where coefficients lie in the flat array of folded frequencies, columns >= 0."""
        rows, columns = self._period
        return (row % rows) * self._half_width + column % columns

    def pixels(self, coefficients: ComplexArray) -> FloatArray:
        """Image values at the pixels' centres times a pixel's area, float32.

        Parameters
        ----------
        coefficients : (2, K) complex64
            Of the rows as they are and of the rows negated.
        """
        rows, columns = self._period
        folded = np.zeros(rows * (columns // 2 + 1), dtype=np.complex64)
        self.fold(coefficients, folded)
        return pixels_of(folded, self._period, self._image_size)

    def fold(self, coefficients: ComplexArray, folded: ComplexArray) -> None:
        """Add coefficients to the spectrum of the sampled image, see `pixels_of`.

        Parameters
        ----------
        coefficients : (2, K) complex64
            Of the rows as they are and of the rows negated.
        folded : (n,) complex64
            Changed: the spectrum so far.
        """
        flat = coefficients.ravel()
        folded[self._plain_at] += flat[self._plain]
        np.add.at(folded, self._folded_at, flat[self._folded])
        np.add.at(folded, self._mirrored_at, flat[self._mirrored].conj())


def pixels_of(
    folded: ComplexArray, period: tuple[int, int], image_size: tuple[int, int]
) -> FloatArray:
    """Image values at the pixels' centres times a pixel's area, (R, C) float32.

    Parameters
    ----------
    folded : (n,) complex64
        Spectrum of the sampled image over its period, rows by columns >= 0; overwritten.
    period : (rows, columns)
        Pixels after which the image repeats.
    image_size : (rows, columns)
        Pixels that are wanted, from (0, 0) on.
    """
    half = fft.ifft(folded.reshape(period[0], -1), axis=0, overwrite_x=True)
    full = fft.irfft(half[: image_size[0]], n=period[1], axis=1, overwrite_x=True)
    values: FloatArray = full[:, : image_size[1]]
    return values
