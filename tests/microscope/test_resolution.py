import numpy as np
import pytest
from optics_reference import full_width_at_half_maximum

from napari_3dmsl.microscope.resolution import depth_of_field_um, point_image, resolution
from napari_3dmsl.microscope.settings import Microscope

WATER = Microscope(emission_nm=600, excitation_nm=561, specimen_index=1.33)
CONFOCAL = WATER.replace(modality="confocal")


@pytest.mark.parametrize(
    ("scope", "lateral_nm", "axial_stage_nm"),
    [
        (WATER, 232, 690),
        (CONFOCAL, 210, 524),
        (CONFOCAL.replace(confocal="squared"), 167, 496),
        (WATER.replace(specimen_index=1.515), 220, 591),
    ],
)
def test_widths_are_those_of_the_published_table(scope, lateral_nm, axial_stage_nm):
    found = resolution(scope)
    assert found.lateral_fwhm_um * 1000 == pytest.approx(lateral_nm, rel=0.02)
    assert found.axial_fwhm_stage_um * 1000 == pytest.approx(axial_stage_nm, rel=0.02)


def test_without_mismatch_stage_and_specimen_move_alike():
    found = resolution(WATER.replace(specimen_index=1.515), 2.0)
    assert found.axial_fwhm_um == pytest.approx(found.axial_fwhm_stage_um, rel=1e-3)
    assert found.relative_peak == pytest.approx(1.0, abs=1e-3)
    assert found.focus_stage_um == pytest.approx(-2.0, abs=1e-3)


def test_in_water_the_focus_moves_less_than_the_stage_and_the_peak_sinks_with_depth():
    found = resolution(WATER, 5.0)
    assert found.axial_fwhm_um < 0.85 * found.axial_fwhm_stage_um
    assert found.relative_peak == pytest.approx(0.49, abs=0.02)  # notes on optics, section 4


def test_airy_unit_and_sampling_limits_are_the_textbook_formulas():
    dry = WATER.replace(numerical_aperture=0.8)
    found = resolution(dry)
    assert found.airy_unit_um == pytest.approx(1.22 * 0.6 / 0.8)
    assert found.nyquist_pixel_um == pytest.approx(0.6 / (4 * 0.8))
    assert found.nyquist_step_um == pytest.approx(0.6 / (2 * (1.33 - np.sqrt(1.33**2 - 0.8**2))))
    scan = resolution(dry.replace(modality="confocal", excitation_nm=600))
    assert scan.nyquist_pixel_um == pytest.approx(0.6 / (8 * 0.8))
    assert scan.oversampling(0.6 / 8) == pytest.approx(1 / 0.8)


def test_a_thin_sheet_decides_the_axial_width_and_a_thick_one_does_not():
    low = WATER.replace(numerical_aperture=0.3, emission_nm=510)
    sheet = low.replace(modality="light_sheet", sheet_fwhm_um=1.0)
    # Seen along the stage, a sheet that goes with the focus passes the point like the focal plane.
    assert resolution(sheet).axial_fwhm_um == pytest.approx(1.0, rel=0.03)
    thick = resolution(sheet.replace(sheet_fwhm_um=90.0)).axial_fwhm_um
    assert thick == pytest.approx(resolution(low).axial_fwhm_um, rel=0.03)


def test_two_photon_is_sharper_than_its_excitation_and_sections():
    scope = WATER.replace(modality="two_photon", excitation_nm=920, numerical_aperture=1.0)
    single = WATER.replace(emission_nm=920, numerical_aperture=1.0)
    pair, one = resolution(scope), resolution(single)
    assert pair.lateral_fwhm_um == pytest.approx(one.lateral_fwhm_um / np.sqrt(2), rel=0.05)
    assert pair.nyquist_pixel_um == pytest.approx(one.nyquist_pixel_um / 2)


@pytest.mark.parametrize("scope", [WATER, CONFOCAL], ids=["widefield", "confocal"])
def test_sections_of_a_point_have_the_widths_that_are_read_out(scope):
    found, told = point_image(scope, 1.0), resolution(scope, 1.0)
    place = (np.arange(81) - 40) * found.pixel_um
    lateral = full_width_at_half_maximum(place, found.xy[40])
    axial = full_width_at_half_maximum(place, found.xz[:, 40])
    assert found.xy[40] == pytest.approx(found.xz[40], rel=1e-5)
    assert found.xy == pytest.approx(found.xy.T, rel=1e-4, abs=1e-5)
    assert lateral == pytest.approx(told.lateral_fwhm_um, rel=0.01)
    assert axial == pytest.approx(told.axial_fwhm_um, rel=0.01)


def test_a_point_is_lopsided_along_the_axis_only_where_indices_differ():
    deep = point_image(WATER, 8.0).xz
    assert np.abs(deep - deep[::-1]).max() > 0.1 * deep.max()
    matched = point_image(WATER.replace(specimen_index=1.515), 8.0).xz
    assert np.abs(matched - matched[::-1]).max() < 1e-3 * matched.max()


def test_depth_of_field_of_an_air_objective_is_the_textbook_sum():
    # 0.55 * 1 / 0.4² of diffraction and 0.325 / 0.4 of the pixel.
    air = Microscope(
        numerical_aperture=0.4,
        emission_nm=550,
        pixel_nm=325,
        immersion_index=1.0,
        immersion_index_design=1.0,
        specimen_index=1.0,
    )
    assert depth_of_field_um(air) == pytest.approx(3.4375 + 0.8125)


def test_optical_sections_are_as_thick_as_a_point_is_long():
    assert depth_of_field_um(CONFOCAL) == resolution(CONFOCAL).axial_fwhm_um
    assert depth_of_field_um(CONFOCAL) < depth_of_field_um(WATER) < 0.6
