"""A recorded stack that never lies in memory as a whole: its planes are made one by one.

Some of what its file tells, and some kinds of noise, need the brightest pixel of all planes. So the
expected photons are kept in a hidden file beside the output until the noise is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from napari_3dmsl.arrays import FloatArray, Planes, check_finite
from napari_3dmsl.memory import check_memory
from napari_3dmsl.microscope.as_released import AsReleased
from napari_3dmsl.microscope.camera import peak_snr, record, saturated_pixels
from napari_3dmsl.microscope.focus import plane_positions
from napari_3dmsl.microscope.image_warnings import emitters_in_field
from napari_3dmsl.microscope.physseg_noise import PhysSegNoise, physseg_counts, physseg_levels
from napari_3dmsl.microscope.renderer import Counted
from napari_3dmsl.microscope.simulation import (
    Recording,
    Scene,
    Simulation,
    brightness_of,
    generators,
    image_metadata,
    photon_planes,
)
from napari_3dmsl.progress import Progress
from napari_3dmsl.writing import PATIENCE_S, only_one, telling_where

_BYTES_A_PIXEL = 60.0  # of a plane, while its noise is drawn


@dataclass(frozen=True, eq=False)
class SimulatedStack:
    """A stack as `SimulatedImage` has it, but for its pixels.

    Attributes
    ----------
    counts : Planes
        Recorded planes, uint16, or float32 photons when the noise is ``none``; they may be asked
        for again and are the same then.
    focus_um, stage_um : (planes,) float64
        See `Photons`.
    scene : Scene
    simulation : Simulation
    physseg : PhysSegNoise or None
        Grey levels that the paper's noise drew.
    brightness : float
        Factor on all photons that gives the ``snr`` asked for, else 1.
    peak_snr : float or None
        Signal-to-noise ratio of the brightest pixel; None when no camera records.
    saturated_share : float or None
        Share of pixels that the camera cannot record, 0 to 1; None when no camera records.
    """

    counts: Planes
    focus_um: FloatArray
    stage_um: FloatArray
    scene: Scene
    simulation: Simulation
    physseg: PhysSegNoise | None
    brightness: float
    peak_snr: float | None
    saturated_share: float | None

    def metadata(self) -> dict[str, Any]:
        """Every setting, the plane positions and the transform, ready for JSON."""
        each = self.brightness * self.simulation.labelling.photons_per_fluorophore
        recording = Recording(
            self.focus_um,
            self.stage_um,
            self.physseg,
            emitters_in_field(self.scene.placed.emitters, self.simulation.microscope),
            each,
            self.saturated_share,
            self.peak_snr,
        )
        return image_metadata(self.scene, self.simulation, recording)


@contextmanager
def simulated_stack(
    scene: Scene, simulation: Simulation, beside: str | Path, progress: Progress | None = None
) -> Iterator[SimulatedStack]:
    """Image a scene plane by plane: the same pixels as `image_scene`, without the stack in memory.

    Parameters
    ----------
    scene : Scene
        As from `scene_from_surface`, `scene_from_points` or `scene_of_shapes`.
    simulation : Simulation
        Its labelling, pose and depth are those that the scene was made with.
    beside : path
        Of the file that will be written; the photons wait in a hidden one beside it, 4 bytes for
        each pixel of each plane, until the block ends.
    progress : callable, optional
        Called with (planes done, planes, what), and between the layers of a wide field; raise in it
        to cancel.

    Raises
    ------
    ValueError
        When a plane takes more memory than is allowed, or the ``snr`` asked for is not possible.
    DiskFullError
        When there is no room for the photons.
    """
    microscope, acquisition = simulation.microscope, simulation.acquisition_in_effect
    rows, columns = microscope.image_size
    check_memory(
        f"image_size = {microscope.image_size}: a plane",
        _BYTES_A_PIXEL * rows * columns,
        scene.renderer.memory_limit,
    )
    positions = plane_positions(microscope, acquisition, scene.placed.centroid_height_um)
    beside = Path(beside)
    waiting = beside.with_name(f".{beside.name}.photons")
    with ExitStack() as held:
        lock = waiting.with_name(f"{waiting.name}.lock")
        held.enter_context(only_one(lock, beside, patience_s=PATIENCE_S))
        held.callback(waiting.unlink, missing_ok=True)
        kept = _KeptPhotons(waiting, (acquisition.planes, rows, columns))
        counted = Counted(progress, acquisition.planes)
        with telling_where(beside), fft.set_workers(-1):  # one image may use all cores
            kept.write(photon_planes(scene, simulation, positions[1], counted.tick), counted)
        yield _stack_of(kept, scene, simulation, positions)


class _KeptPhotons:
    """Expected photons of a stack in a file, read plane by plane."""

    def __init__(self, path: Path, shape: tuple[int, int, int]) -> None:
        self.path, self.shape = path, shape
        self.brightest = 0.0

    def write(self, planes: Iterator[FloatArray], counted: Counted) -> None:
        with self.path.open("wb") as file:
            for plane in planes:
                check_finite(plane, "photons")
                self.brightest = max(self.brightest, float(plane.max()))
                file.write(np.ascontiguousarray(plane, dtype=np.float32).data)
                counted.step()

    def planes(self, brightness: float) -> Iterator[FloatArray]:
        planes, rows, columns = self.shape
        with self.path.open("rb") as file:
            for _ in range(planes):
                plane = np.fromfile(file, np.float32, rows * columns).reshape(rows, columns)
                yield plane if brightness == 1.0 else plane * np.float32(brightness)


@dataclass(frozen=True)
class _Recorded:
    """The recorded planes, drawn anew with the same noise each time that they are asked for."""

    kept: _KeptPhotons
    brightness: float
    brightest: float
    simulation: Simulation

    def __iter__(self) -> Iterator[NDArray[Any]]:
        rng = generators(self.simulation.seed)[1]
        planes = self.kept.planes(self.brightness)
        if self.simulation.noise == "camera":
            yield from (record(plane, self.simulation.camera, rng) for plane in planes)
        elif self.simulation.noise == "physeg":
            levels = _levels(self.simulation, rng)
            yield from (physseg_counts(plane, levels, self.brightest, rng) for plane in planes)
        else:
            yield from planes


def _levels(simulation: Simulation, rng: np.random.Generator) -> PhysSegNoise:
    released = simulation.microscope.as_released or AsReleased()
    return physseg_levels(rng, released.physseg_offset, released.physseg_peak)


def _stack_of(
    kept: _KeptPhotons,
    scene: Scene,
    simulation: Simulation,
    positions: tuple[FloatArray, FloatArray],
) -> SimulatedStack:
    brightness = brightness_of(kept.brightest, simulation)
    brightest = float(np.float32(kept.brightest) * np.float32(brightness))
    saturated, ratio, levels = None, None, None
    if simulation.noise == "camera":
        camera = simulation.camera
        full = sum(saturated_pixels(plane, camera) for plane in kept.planes(brightness))
        saturated = full / int(np.prod(kept.shape))
        ratio = peak_snr(np.array(brightest, np.float32), camera)
    elif simulation.noise == "physeg":
        levels = _levels(simulation, generators(simulation.seed)[1])
    kind = np.dtype(np.float32 if simulation.noise == "none" else np.uint16)
    counts = Planes(kept.shape, kind, _Recorded(kept, brightness, brightest, simulation))
    return SimulatedStack(
        counts, *positions, scene, simulation, levels, brightness, ratio, saturated
    )
