"""``napari-3dmsl simulate``: what is told of an image that was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_3dmsl.cli._output import lengths, show, warn

if TYPE_CHECKING:
    from pathlib import Path

    from napari_3dmsl.cli._options import Given
    from napari_3dmsl.microscope.simulated_stack import SimulatedStack
    from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation


@dataclass(frozen=True)
class Written:
    """An image that was written: its size and type, all its settings, and doubts in it."""

    extent: Sequence[int]
    dtype: str
    metadata: dict[str, Any]
    warnings: Sequence[str] = ()
    unit: Given = field(default_factory=dict)
    """Length of the mesh's unit, where there is one mesh."""
    more: Sequence[str] = ()
    """Lines for people that only such an image has."""

    @classmethod
    def of(
        cls,
        image: SimulatedImage | SimulatedStack,
        warnings: Sequence[str],
        unit: Given | None = None,
    ) -> Written:
        """Return what is told of an image.

        Parameters
        ----------
        image
            That was written.
        warnings
            One line each.
        unit
            ``voxel_nm``, where there is one mesh.
        """
        extent = list(image.counts.shape)[image.counts.shape[0] == 1 :]  # a plane is (y, x)
        return cls(extent, str(image.counts.dtype), image.metadata(), warnings, unit or {})


def tell_of(
    image: Written,
    sample: Path,
    output: Path,
    simulation: Simulation,
    begun_s: float,
    as_json: bool,
) -> None:
    """Print what was written, and warnings of it.

    Parameters
    ----------
    image
        In the file.
    sample, output
        The files that were read and written.
    simulation
        All settings.
    begun_s
        When the work began, by `time.perf_counter`.
    as_json
        Whether it goes to a program.
    """
    result = {
        "output": str(output),
        "shape": list(image.extent),
        "dtype": image.dtype,
        "seconds": round(perf_counter() - begun_s, 3),
        "input": str(sample),
        **image.unit,
        "warnings": list(image.warnings),
        **image.metadata,
    }
    if not as_json:
        warn(image.warnings)
    show(result, [*_lines(result, simulation), *image.more], as_json)


def _lines(result: dict[str, Any], simulation: Simulation) -> list[str]:
    microscope, acquisition = simulation.microscope, simulation.acquisition
    pixel = [microscope.pixel_nm / 1000] * 2
    size = lengths([acquisition.step_nm / 1000, *pixel] if acquisition.planes > 1 else pixel)
    extent = " × ".join(map(str, result["shape"]))
    return [
        f"{result['output']}: {extent} {result['dtype']}, pixels of {size}",
        f"{_labelled(result, simulation)} through {microscope.name} ({microscope.modality}), "
        f"noise {simulation.noise}, seed {simulation.seed}, in {result['seconds']:.1f} s",
    ]


def _labelled(result: dict[str, Any], simulation: Simulation) -> str:
    labelling = simulation.labelling
    if labelling.continuous:
        fluorophores = f"{result['fluorophores']:.0f} fluorophores, spread evenly,"
    else:
        fluorophores = "1 emitter" if result["emitters"] == 1 else f"{result['emitters']} emitters"
    if simulation.snr is None:
        return fluorophores
    return f"{fluorophores} of {result['photons_per_fluorophore']:.4g} photons"
