import tracemalloc

import numpy as np
import pytest
from optics_reference import (
    confocal_profile,
    emission_profile,
    light_sheet_profile,
    squared_profile,
    sum_of_emitters,
    two_photon_profile,
)

from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import (
    best_focus_stage_um,
    focus_height_um,
    focus_heights_um,
    plane_positions,
)
from napari_3dmsl.microscope.kept import forget_all
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.renderer import Renderer, expected_photons
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, image_scene, scene_from_points

SMALL = Microscope(emission_nm=600, pixel_nm=100, image_size=(48, 40), pixel_integration=False)


def _scene(rng, count=12, depth=(0.0, 5.0), half_width=2.0):
    lateral = rng.uniform(-half_width, half_width, (count, 2))
    heights = rng.uniform(*depth, count)
    return Emitters(np.column_stack([heights, lateral]), rng.uniform(50, 150, count))


@pytest.mark.parametrize("specimen_index", [1.33, 1.515], ids=["water", "oil"])
@pytest.mark.parametrize("focus", [-3.0, 0.0, 3.0])
def test_widefield_equals_the_sum_over_emitters(specimen_index, focus):
    scope = SMALL.replace(specimen_index=specimen_index)
    emitters = _scene(np.random.default_rng(int(10 + focus)))
    stage = best_focus_stage_um(scope, 2.5 + focus)
    expected = sum_of_emitters(
        scope,
        emitters,
        lambda depth, reach: emission_profile(scope, depth, stage, reach),
    )
    image = Renderer(emitters).render(scope, stage)
    assert np.abs(image - expected).max() < 1e-3 * expected.max()


@pytest.mark.parametrize("focus", [-1.0, 0.0, 3.0])
def test_confocal_equals_the_sum_over_emitters(focus):
    scope = SMALL.replace(modality="confocal", pixel_nm=60)
    emitters = _scene(np.random.default_rng(3), count=6, depth=(0.5, 3.0), half_width=1.0)
    stage = best_focus_stage_um(scope, 1.7 + focus)
    expected = sum_of_emitters(
        scope, emitters, lambda depth, reach: confocal_profile(scope, depth, stage, reach)
    )
    image = Renderer(emitters).render(scope, stage)
    assert np.abs(image - expected).max() < 1e-3 * expected.max()


@pytest.mark.parametrize("modality", ["widefield", "confocal"])
@pytest.mark.parametrize(
    ("aperture", "pixel_nm", "size"), [(0.05, 48.8, 128), (0.075, 48.8, 96), (0.15, 100, 64)]
)
def test_low_apertures_equal_the_sum_over_emitters(modality, aperture, pixel_nm, size):
    """Airy disks of up to 15 µm in fields of 5 to 6 µm."""
    scope = SMALL.replace(modality=modality, numerical_aperture=aperture)
    scope = scope.replace(pixel_nm=pixel_nm, image_size=(size, size))
    emitters = _scene(np.random.default_rng(1), count=6, depth=(0.0, 3.0))
    stage = best_focus_stage_um(scope, 1.5)
    profile = emission_profile if modality == "widefield" else confocal_profile
    expected = sum_of_emitters(
        scope, emitters, lambda depth, reach: profile(scope, depth, stage, reach)
    )
    image = Renderer(emitters).render(scope, stage)
    assert np.abs(image - expected).max() < 1e-3 * expected.max()


def test_squared_equals_the_squared_emission():
    scope = SMALL.replace(modality="confocal", confocal="squared", pixel_nm=70)
    emitters = _scene(np.random.default_rng(4), count=6, depth=(0.0, 2.0))
    stage = best_focus_stage_um(scope, 1.0)
    expected = sum_of_emitters(
        scope, emitters, lambda depth, reach: squared_profile(scope, depth, stage, reach)
    )
    image = Renderer(emitters).render(scope, stage)
    assert np.abs(image - expected).max() < 1e-3 * expected.max()


@pytest.mark.parametrize("focus", [-2.0, 0.0, 0.5])
def test_two_photon_equals_the_squared_excitation(focus):
    scope = SMALL.replace(modality="two_photon", excitation_nm=920, numerical_aperture=1.1)
    emitters = _scene(np.random.default_rng(11), count=6, depth=(0.5, 3.0))
    stage = best_focus_stage_um(scope, 1.7 + focus)
    expected = sum_of_emitters(
        scope, emitters, lambda depth, reach: two_photon_profile(scope, depth, stage, reach)
    )
    image = Renderer(emitters).render(scope, stage)
    assert np.abs(image - expected).max() < 1e-3 * expected.max()


@pytest.mark.parametrize("thickness", [0.5, 3.0])
def test_light_sheet_lights_what_lies_about_the_focal_plane(thickness):
    scope = SMALL.replace(modality="light_sheet", sheet_fwhm_um=thickness)
    emitters = _scene(np.random.default_rng(12), count=8, depth=(0.0, 4.0))
    focal_um = 1.9
    stage = best_focus_stage_um(scope, focal_um)
    expected = sum_of_emitters(
        scope,
        emitters,
        lambda depth, reach: light_sheet_profile(scope, depth, stage, focal_um, reach),
    )
    image = Renderer(emitters).render(scope, stage)
    assert np.abs(image - expected).max() < 1e-3 * expected.max()


def test_camera_pixels_integrate_over_their_area():
    scope = SMALL.replace(pixel_integration=True, pixel_nm=160, image_size=(24, 20))
    emitters = _scene(np.random.default_rng(5), count=5, depth=(0.0, 1.0), half_width=1.0)
    stage = best_focus_stage_um(scope, 0.5)
    expected = sum_of_emitters(
        scope,
        emitters,
        lambda depth, reach: emission_profile(scope, depth, stage, reach),
        oversampling=20,
    )
    image = Renderer(emitters).render(scope, stage)
    assert np.abs(image - expected).max() < 1e-3 * expected.max()


def test_undersampled_confocal_aliases_instead_of_blurring():
    """A coarse raster of point samples is every third sample of a fine raster."""
    fine = SMALL.replace(modality="confocal", pixel_nm=50, image_size=(99, 99))
    coarse = fine.replace(pixel_nm=150, image_size=(33, 33))
    emitters = _scene(np.random.default_rng(6), count=8, depth=(0.0, 1.0))
    stage = best_focus_stage_um(fine, 0.5)
    every_third = Renderer(emitters).render(fine, stage)[1::3, 1::3] * 9
    image = Renderer(emitters).render(coarse, stage)
    assert np.abs(image - every_third).max() < 1e-3 * image.max()


def test_emitters_beyond_the_field_blur_in_without_wrapping_round():
    scope = SMALL.replace(image_size=(32, 32))
    outside = Emitters(np.array([[1.0, 0.0, 4.0]]), np.array([1000.0]))
    image = Renderer(outside).render(scope, best_focus_stage_um(scope, 3.0))
    expected = sum_of_emitters(
        scope,
        outside,
        lambda depth, reach: emission_profile(scope, depth, best_focus_stage_um(scope, 3.0), reach),
    )
    assert np.abs(image - expected).max() < 1e-3 * expected.max()
    assert image[:, :8].sum() < image[:, -8:].sum()


def test_a_centred_emitter_gives_a_centred_image_for_even_and_odd_sizes():
    for size in [(32, 32), (33, 31)]:
        scope = SMALL.replace(image_size=size)
        image = Renderer(Emitters(np.zeros((1, 3)), np.ones(1))).render(scope, 0.0)
        assert np.allclose(image, image[::-1, ::-1], atol=1e-5 * image.max())
        assert np.allclose(image, image[::-1], atol=1e-5 * image.max())


def test_reused_spectra_give_the_image_of_a_fresh_renderer():
    emitters = _scene(np.random.default_rng(7), count=20)
    kept = Renderer(emitters)
    for change in [{}, {"numerical_aperture": 1.2}, {"emission_nm": 650}, {"pixel_nm": 80}]:
        scope = SMALL.replace(**change)
        fresh = Renderer(emitters).render(scope, -2.0)
        assert np.abs(kept.render(scope, -2.0) - fresh).max() < 1e-4 * fresh.max()


def test_photons_are_conserved_and_comparable_across_planes():
    emitters = Emitters(np.array([[2.0, 0.0, 0.0]]), np.array([1000.0]))
    scope = Microscope(pixel_nm=100, image_size=(160, 160), specimen_index=1.515)
    stack = expected_photons(emitters, scope, Acquisition(planes=5, step_nm=400)).photons
    assert stack.sum(axis=(1, 2)) == pytest.approx(np.full(5, 1000.0), rel=0.02)
    assert stack.max(axis=(1, 2)).argmax() == 2


def test_a_focus_stack_is_even_in_the_specimen_and_a_stage_stack_at_the_stage():
    scope = load_microscope("epi1")
    focus, stage = plane_positions(scope, Acquisition(planes=5), 2.0)
    assert np.diff(focus) == pytest.approx(np.full(4, 0.25))
    assert (np.diff(stage) < -0.25).all()  # oil into water: the stage moves farther
    focus, stage = plane_positions(scope, Acquisition(planes=5, z_axis="stage"), 2.0)
    assert np.diff(stage) == pytest.approx(np.full(4, -0.25))
    assert (np.diff(focus) > 0.15).all()
    assert (np.diff(focus) < 0.22).all()
    assert focus[2] == pytest.approx(0.0, abs=2e-3)


def test_a_stage_position_maps_to_the_height_in_focus():
    scope = load_microscope("con1")
    assert focus_height_um(scope, best_focus_stage_um(scope, 1.5)) == pytest.approx(1.5, abs=2e-3)
    assert focus_height_um(scope, -1.0) == pytest.approx(0.71, abs=0.02)


def test_heights_in_focus_of_many_stage_positions_are_those_of_each():
    scope = load_microscope("con1")
    stages = np.array([-0.3, -4.0, -1.0, 0.4])
    each = [focus_height_um(scope, stage) for stage in stages]
    assert focus_heights_um(scope, stages) == pytest.approx(each, abs=2e-3)
    assert focus_heights_um(scope, stages[:1]) == pytest.approx(each[:1], abs=2e-3)


@pytest.fixture
def one_gigabyte(monkeypatch):
    """Let one piece of work take 1 GB, on whatever machine."""
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", "1")


@pytest.fixture
def peak():
    """Largest number of bytes that arrays have taken since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_what_does_not_fit_into_memory_is_refused_before_it_is_computed(one_gigabyte):
    emitters = _scene(np.random.default_rng(1))
    large = SMALL.replace(image_size=(2048, 2048))
    with pytest.raises(ValueError, match=r"planes = 2000: .* fewer planes.* 252 GB .* are 1 GB"):
        expected_photons(emitters, large, Acquisition(planes=2000))
    blinking = Simulation(
        microscope=large, acquisition=Acquisition(planes=2000), labelling={"off_time_s": 1}
    )
    scene = scene_from_points(emitters.positions_um, emitters.photons)
    with pytest.raises(ValueError, match=r"planes = 2000: .* take 252 GB"):
        image_scene(scene, blinking)


@pytest.mark.parametrize("name", ["con1", "epi1"])
def test_the_widest_images_are_refused_with_numbers_where_memory_is_too_small(
    monkeypatch, peak, name
):
    """Both are legal: 1 GB makes them, in tiles."""
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", "0.1")
    scope = load_microscope(name).replace(image_size=(4096, 4096))
    emitters = _scene(np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"image_size = .*4096.* take \d+ MB of memory") as told:
        Renderer(emitters).render(scope, 0.0)
    assert peak() < 10e6
    assert "\n" not in str(told.value)


def test_the_number_of_emitters_counts_as_well(monkeypatch):
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", "0.3")
    deep = _scene(np.random.default_rng(1), 1000, (0.0, 200.0))
    many = Emitters(np.repeat(deep.positions_um, 2000, axis=0), np.repeat(deep.photons, 2000))
    with pytest.raises(ValueError, match=r"2,000,000 emitters over [\d.]+ µm .* of memory"):
        Renderer(many).render(SMALL, 0.0)
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", "0.001")
    with pytest.raises(ValueError, match=r"1,000 emitters: it would take [\d.]+ MB of memory"):
        Renderer(_scene(np.random.default_rng(1), 1000)).render(SMALL, 0.0)


@pytest.mark.parametrize(
    ("count", "height_um", "size", "modality"),
    [
        (200_000, 10.0, (48, 48), "widefield"),
        (1000, 30.0, (320, 320), "widefield"),
        (1000, 10.0, (320, 320), "confocal"),
        (1000, 1.0, (8, 1024), "confocal"),
    ],
)
def test_the_memory_foretold_is_what_is_taken(peak, count, height_um, size, modality):
    scope = SMALL.replace(image_size=size, modality=modality)
    emitters = _scene(np.random.default_rng(2), count, (0.0, height_um))
    forget_all()
    renderer = Renderer(emitters)
    renderer.render(scope, -1.0)
    transform = renderer._transform
    told = transform.frequencies.field.nbytes(len(transform.depth_um), count)
    assert peak() < 1.4 * told + 60e6
    assert told < 1.6 * peak()


def test_an_emitter_below_the_coverslip_is_refused():
    with pytest.raises(ValueError, match=r"z_um = -0.5.*below the coverslip"):
        Renderer(Emitters(np.array([[-0.5, 0.0, 0.0]]), np.ones(1)))


def test_progress_counts_planes():
    calls = []
    emitters = _scene(np.random.default_rng(8), count=3, depth=(0, 1))
    acquisition = Acquisition(planes=3)
    expected_photons(emitters, SMALL, acquisition, progress=lambda *now: calls.append(now))
    assert calls == [(1, 3, "planes"), (2, 3, "planes"), (3, 3, "planes")]
