"""A number that was measured, and how far to trust it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A measured value with its standard error.

    Attributes
    ----------
    value, standard_error : float
        In one unit.
    """

    value: float
    standard_error: float

    def __str__(self) -> str:
        return f"{self.value:.4g} ± {self.standard_error:.2g}"

    @property
    def relative_error(self) -> float:
        """Standard error as a share of the value; infinite for 0."""
        return abs(self.standard_error / self.value) if self.value else float("inf")

    def times(self, factor: float) -> Estimate:
        """Return it in another unit.

        Parameters
        ----------
        factor
            That is exact.
        """
        return Estimate(self.value * factor, self.standard_error * abs(factor))
