import numpy as np
import pytest
from microscPSF import microscPSF
from optics_reference import emission_psf, full_width_at_half_maximum

from napari_3dmsl.microscope.focus import best_focus_stage_um
from napari_3dmsl.microscope.hankel_transform import RadialGrid
from napari_3dmsl.microscope.modality import Confocal, SquaredEmission, Widefield
from napari_3dmsl.microscope.psf import GibsonLanni
from napari_3dmsl.microscope.settings import Microscope

WATER = Microscope(emission_nm=600, excitation_nm=561, specimen_index=1.33)
OIL = WATER.replace(specimen_index=1.515)


def _emission(scope=WATER):
    return GibsonLanni(scope, scope.emission_nm)


@pytest.mark.parametrize("scope", [WATER, OIL], ids=["water", "oil"])
@pytest.mark.parametrize(("depth", "stage"), [(0.0, 0.0), (1.0, -1.3), (5.0, -3.0), (2.0, 2.0)])
def test_gibson_lanni_equals_adaptive_quadrature(scope, depth, stage):
    radius = np.array([0.0, 0.05, 0.2, 0.7, 2.3, 6.0])
    expected = [emission_psf(r, scope, 600, depth, stage) for r in radius]
    peak = _emission(scope).focused_peak()
    assert np.abs(_emission(scope).intensity(radius, depth, stage)[:, 0] - expected).max() < (
        1e-8 * peak
    )


@pytest.mark.parametrize("depth", [0.0, 0.5])
def test_gibson_lanni_agrees_with_microscpsf(depth):
    """MicroscPSF-Py expands the pupil in Bessel functions: same physics, other mathematics.

    Its expansion strays by more than 1e-4 for emitters deeper than about 1 µm in water.
    """
    radius = np.arange(0, 2.0, 0.02)
    telecentric = {**microscPSF.m_params, "M": 1e4}  # leaves out its finite image distance
    theirs = microscPSF.gLZRParticleScan(
        telecentric, radius, np.array([depth]), wvl=0.6, normalize=False, zv=-1.0
    )[0]
    ours = _emission().intensity(radius, depth, -1.0)[:, 0]
    assert np.abs(ours / ours.max() - theirs / theirs.max()).max() < 1e-4


def test_focused_peak_is_the_value_at_the_origin():
    peak = _emission(OIL).intensity(np.zeros(1), 0.0, 0.0)[0, 0]
    assert peak == pytest.approx(_emission(OIL).focused_peak(), rel=1e-12)


@pytest.mark.parametrize(
    ("depth", "stage"), [(0.5, -0.70), (1, -1.38), (2, -2.66), (3, -3.90), (5, -6.34), (10, -12.32)]
)
def test_best_focus_moves_with_depth_as_measured(depth, stage):
    assert best_focus_stage_um(WATER, depth) == pytest.approx(stage, abs=0.03)


def test_best_focus_without_mismatch_is_the_depth_itself():
    assert best_focus_stage_um(OIL, 3.0) == pytest.approx(-3.0, abs=1e-3)


def test_best_focus_is_the_brightest_stage():
    stage = best_focus_stage_um(WATER, 4.0)
    around = stage + np.linspace(-1.5, 1.5, 301)
    brightness = [_emission().intensity(np.zeros(1), 4.0, s)[0, 0] for s in around]
    assert around[int(np.argmax(brightness))] == pytest.approx(stage, abs=0.011)


@pytest.mark.parametrize(
    ("modality", "changes", "lateral_nm", "axial_nm"),
    [
        (Widefield, {}, 232, 690),
        (SquaredEmission, {}, 167, 496),
        (Confocal, {"pinhole_airy": 0.5}, 173, 483),
        (Confocal, {"pinhole_airy": 1.0}, 210, 524),
        (Confocal, {"pinhole_airy": 2.0}, 217, 612),
        (Widefield, {"specimen_index": 1.515}, 220, 591),
        (SquaredEmission, {"specimen_index": 1.515}, 158, 424),
        (Confocal, {"specimen_index": 1.515}, 202, 457),
    ],
)
def test_widths_match_the_published_table(modality, changes, lateral_nm, axial_nm):
    """Full widths at half maximum of notes on optics, section 4: NA 1.4, 561/600 nm, oil 1.515."""
    scope = WATER.replace(**changes)
    grid = RadialGrid(3.0, modality(scope).band_per_um)
    stages = np.arange(-1.2, 1.2, 0.01)
    focus = best_focus_stage_um(scope, 0.0)
    profile = modality(scope).radial_intensity(grid, 0.0, focus)[:, 0]
    both_sides = np.concatenate([-grid.radius_um[::-1], grid.radius_um])
    lateral = full_width_at_half_maximum(both_sides, np.concatenate([profile[::-1], profile]))
    axial = [modality(scope).radial_intensity(grid, 0.0, focus + s)[0, 0] for s in stages]
    assert lateral * 1000 == pytest.approx(lateral_nm, rel=0.02)
    assert full_width_at_half_maximum(stages, axial) * 1000 == pytest.approx(axial_nm, rel=0.02)


@pytest.mark.parametrize("stage", [0.0, -1.0])
def test_widefield_keeps_its_energy_in_every_plane(stage):
    grid = RadialGrid(25.0, _emission().band_per_um)
    energy = grid.transfer_matrix[0] @ Widefield(WATER).radial_intensity(grid, 0.0, stage)
    assert energy[0] == pytest.approx(1.0, abs=0.006)


def test_closing_the_pinhole_dims_and_opening_it_keeps_all_photons():
    grid = RadialGrid(6.0, Confocal(WATER).band_per_um)

    def total(pinhole_airy):
        confocal = Confocal(WATER.replace(pinhole_airy=pinhole_airy))
        return float(grid.transfer_matrix[0] @ confocal.radial_intensity(grid, 0.0, 0.0)[:, 0])

    assert total(0.3) < total(1.0) < total(3.0) < 1.001
    assert total(15.0) == pytest.approx(1.0, abs=0.03)


def test_disk_convolution_equals_a_sum_over_the_disk():
    emission = _emission()
    grid = RadialGrid(5.0, 2 * emission.band_per_um)
    radius = 0.26
    ours = grid.disk_convolution(emission.intensity(grid.radius_um, 0.5, -0.4), radius)[:, 0]
    step = 0.004
    offsets = np.arange(-radius, radius + step, step)
    y, x = np.meshgrid(offsets, offsets)
    inside = np.hypot(y, x) <= radius
    y, x = y[inside], x[inside]
    for index in [0, 30, 90]:
        distances = np.hypot(x + grid.radius_um[index], y)
        samples = np.linspace(0, distances.max(), 3000)
        values = np.interp(distances, samples, emission.intensity(samples, 0.5, -0.4)[:, 0])
        assert ours[index] == pytest.approx(values.mean() * np.pi * radius**2, rel=0.01, abs=1e-4)
