"""How exact images are: 20 random scenes of every modality against a slow sum over emitters.

    python benchmarks/validate_optics.py [MODALITY ...]

128 x 128 pixels, emitters 0 to 5 µm deep and within 3 µm about the axis, focus within 3 µm of the
middle of the depths, random aperture, wavelengths, pixel and pinhole, every other scene in oil. The
reference is that of the tests: each emitter's own point spread function by a dense midpoint rule,
the pinhole summed in two dimensions, a cubic spline between radii 4 nm apart. Each scene is imaged
in all ways: that of small fields, that of planes made once (image sets), and that of wide fields.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

from napari_3dmsl.microscope import renderer
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import best_focus_stage_um
from napari_3dmsl.microscope.settings import Microscope

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
import optics_reference as reference

SCENES = 20
EMITTERS = 10
BAR = 1e-3
MODALITIES = ("widefield", "confocal", "squared", "two_photon", "light_sheet")


def main() -> None:
    print(f"{SCENES} scenes each; largest error over the image's peak, bar {BAR:g}")
    ways = "".join(f"{f'{way}: median':>18}{'largest':>10}" for way in ("kept", "once", "wide"))
    print(f"{'modality':<14}{ways}")
    for name in sys.argv[1:] or MODALITIES:
        started = time.perf_counter()
        errors = np.array([errors_of(name, scene) for scene in range(SCENES)])
        told = "".join(f"{np.median(way):18.1e}{way.max():10.1e}" for way in errors.T)
        print(
            f"{name:<14}{told}  {'ok' if errors.max() <= BAR else 'FAIL'}  "
            f"({time.perf_counter() - started:.0f} s)",
            flush=True,
        )


def errors_of(name: str, number: int) -> list[float]:
    """Largest difference from the reference in one random scene, for each way."""
    rng = np.random.default_rng([MODALITIES.index(name), number])
    scope = random_microscope(name, rng, oil=number % 2 == 1)
    lateral = rng.uniform(-3.0, 3.0, (EMITTERS, 2))
    depths = rng.uniform(0.0, 5.0, EMITTERS)
    emitters = Emitters(np.column_stack([depths, lateral]), rng.uniform(50, 150, EMITTERS))
    focal_um = 2.5 + rng.uniform(-3.0, 3.0)
    stage = best_focus_stage_um(scope, focal_um)
    profile = {
        "widefield": partial(reference.emission_profile, scope, stage=stage),
        "confocal": partial(reference.confocal_profile, scope, stage=stage),
        "squared": partial(reference.squared_profile, scope, stage=stage),
        "two_photon": partial(reference.two_photon_profile, scope, stage=stage),
        "light_sheet": partial(
            reference.light_sheet_profile, scope, stage=stage, focal_um=focal_um
        ),
    }[name]
    expected = reference.sum_of_emitters(
        scope, emitters, lambda depth, reach: profile(depth=depth, reach=reach)
    )
    errors = []
    for once, wide_bytes in ((False, renderer.WIDE_BYTES), (True, renderer.WIDE_BYTES), (False, 0)):
        with patch.object(renderer, "WIDE_BYTES", wide_bytes):
            image = renderer.Renderer(emitters, once=once).render(scope, stage)
        errors.append(float(np.abs(image - expected).max() / expected.max()))
    return errors


def random_microscope(name: str, rng: np.random.Generator, *, oil: bool) -> Microscope:
    emission = float(rng.uniform(480, 700))
    two_photon = name == "two_photon"
    return Microscope(
        modality="confocal" if name == "squared" else name,
        confocal="squared" if name == "squared" else "pinhole",
        numerical_aperture=float(rng.uniform(0.8, 1.45)),
        emission_nm=emission,
        excitation_nm=float(rng.uniform(780, 1000)) if two_photon else emission - 40,
        pinhole_airy=float(rng.uniform(0.4, 3.0)),
        sheet_fwhm_um=float(rng.uniform(0.5, 4.0)),
        pixel_nm=float(rng.uniform(50, 110)),
        pixel_integration=False,
        specimen_index=1.515 if oil else 1.33,
    )


if __name__ == "__main__":
    main()
