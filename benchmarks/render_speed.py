"""How long an image takes without a window, split as the work is: geometry, optics, a whole stack.

3,000 emitters of a bent tube, 128 x 128 pixels, for each microscope of the 3DMSL paper, beside the
direct way (one interpolated point spread function for each emitter, as the authors' simulator) and
the largest difference between the two. Then a field of 512 x 512 pixels with 200,000 emitters and
the memory that it takes. Medians; run alone on two cores.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from scipy.interpolate import CubicSpline

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import best_focus_stage_um
from napari_3dmsl.microscope.hankel_transform import radial_grid
from napari_3dmsl.microscope.modality import modality_of
from napari_3dmsl.microscope.pose import Pose, place
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.renderer import Renderer, expected_photons
from napari_3dmsl.microscope.settings import Acquisition, Microscope

EMITTERS = 3000
PLANES = 31
REPEATS = 9
LARGE_EMITTERS = 200_000


def main() -> None:
    print(f"{EMITTERS} emitters, 128 x 128 pixels; medians in ms")
    print(
        f"{'microscope':<12}{'after optics':>13}{'after pose':>12}{f'{PLANES} planes':>11}"
        f"{'direct':>9}{'ratio':>8}{'difference':>12}"
    )
    for name in ("epi1", "con1", "conf2"):
        microscope = load_microscope(name)
        emitters = bent_tube(0.0)
        stage = best_focus_stage_um(microscope, 1.0)
        renderer = Renderer(emitters)
        renderer.render(microscope, stage)
        optics = median(lambda i: renderer.render(microscope, stage - 0.01 * i))  # noqa: B023
        pose = median(lambda i: Renderer(bent_tube(2.0 * i)).render(microscope, stage))  # noqa: B023
        stack = median(lambda i: expected_photons(renderer, microscope, Acquisition(planes=PLANES)))  # noqa: B023
        points = microscope.replace(pixel_integration=False)
        started = time.perf_counter()
        reference = direct(emitters, points, stage)
        slow = 1000 * (time.perf_counter() - started)
        image = Renderer(emitters).render(points, stage)
        difference = np.abs(image - reference).max() / reference.max()
        print(
            f"{name:<12}{optics:13.1f}{pose:12.1f}{stack:11.0f}{slow:9.0f}{slow / optics:8.0f}"
            f"{difference:12.1e}"
        )
    large_field()


def large_field() -> None:
    """512 x 512 pixels, 200,000 emitters over 3 µm of depth."""
    print(
        f"\n{LARGE_EMITTERS:,} emitters, 512 x 512 pixels; ms, and MB of the whole process at most"
    )
    print(f"{'microscope':<12}{'first plane':>12}{'after optics':>13}{'memory':>9}")
    for name in ("epi1", "con1"):
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
            first, optics, memory = fresh.submit(_large_field_of, name).result()
        print(f"{name:<12}{first:12.0f}{optics:13.0f}{memory:9.0f}")


def _large_field_of(name: str) -> tuple[float, float, float]:
    microscope = load_microscope(name).replace(image_size=(512, 512))
    rng = np.random.default_rng(0)
    half_um = 0.45 * 512 * microscope.pixel_um
    lateral = rng.uniform(-half_um, half_um, (LARGE_EMITTERS, 2))
    positions = np.column_stack([rng.uniform(0.2, 3.2, LARGE_EMITTERS), lateral])
    renderer = Renderer(Emitters(positions, np.full(LARGE_EMITTERS, 300.0)))
    started = time.perf_counter()
    renderer.render(microscope, -2.0)
    first = 1000 * (time.perf_counter() - started)
    optics = median(lambda i: renderer.render(microscope, -2.0 - 0.01 * i))
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return first, optics, kilobytes / 1024


def median(work: Callable[[int], object]) -> float:
    """Milliseconds of ``work(i)``, the median over some ``i`` after one that does not count."""
    work(0)
    times = []
    for i in range(1, REPEATS + 1):
        started = time.perf_counter()
        work(i)
        times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times))


def bent_tube(angle_deg: float) -> Emitters:
    """Return emitters on a tube of 0.2 µm radius along a 4.4 µm arc, turned about y."""
    rng = np.random.default_rng(0)
    along, around = rng.uniform(0, np.pi, EMITTERS), rng.uniform(0, 2 * np.pi, EMITTERS)
    from_centre = 1.4 + 0.2 * np.cos(around)
    z, y, x = 0.2 * np.sin(around), from_centre * np.cos(along), from_centre * np.sin(along)
    emitters = Emitters(np.column_stack([z, y, x]), np.full(EMITTERS, 300.0))
    return place(emitters, [0, 0, 0.9], Pose(rotation_deg=(0, angle_deg, 0)), 0.5).emitters


def direct(emitters: Emitters, microscope: Microscope, stage_um: float) -> FloatArray:
    """Sum over emitters, each with its own point spread function looked up at every pixel."""
    modality = modality_of(microscope)
    grid = radial_grid(14.0, modality.band_per_um)
    centres = [(np.arange(n) + 0.5 - n / 2) * microscope.pixel_um for n in microscope.image_size]
    rows, columns = np.meshgrid(*centres, indexing="ij")
    depths = np.round(emitters.positions_um[:, 0], 3)  # a table in steps of 1 nm, as theirs
    table_depths, row_of = np.unique(depths, return_inverse=True)
    table = modality.radial_intensity(grid, table_depths, stage_um)
    splines = [CubicSpline(grid.radius_um, profile) for profile in table.T]
    image = np.zeros(microscope.image_size)
    for (_, y, x), photons, row in zip(
        emitters.positions_um, emitters.photons, row_of, strict=True
    ):
        image += photons * splines[row](np.hypot(rows - y, columns - x))
    return image * microscope.pixel_um**2


if __name__ == "__main__":
    main()
