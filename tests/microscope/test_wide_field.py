"""Fields larger than what one emitter lights up: exact, in tiles, within a limit of memory."""

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

from napari_3dmsl.microscope import renderer
from napari_3dmsl.microscope.depth_layers import DepthLayers, layer_count
from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import best_focus_stage_um
from napari_3dmsl.microscope.modality import modality_of
from napari_3dmsl.microscope.renderer import Renderer, expected_photons
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.wide_transform import WidePlan, WideTransform, plan_of

SMALL = Microscope(emission_nm=600, pixel_nm=100, image_size=(48, 40), pixel_integration=False)
MODALITIES = {
    "epi": (SMALL, emission_profile),
    "confocal": (SMALL.replace(modality="confocal", pixel_nm=60), confocal_profile),
    "squared": (
        SMALL.replace(modality="confocal", confocal="squared", pixel_nm=70),
        squared_profile,
    ),
    "two_photon": (
        SMALL.replace(modality="two_photon", excitation_nm=920, numerical_aperture=1.1),
        two_photon_profile,
    ),
}
by_modality = pytest.mark.parametrize("name", MODALITIES)


@pytest.fixture
def always_wide(monkeypatch):
    """Image every field as a wide one."""
    monkeypatch.setattr(renderer, "WIDE_BYTES", 0)


def _scene(rng, count=12, depth=(0.0, 3.0), half_width=2.0):
    lateral = rng.uniform(-half_width, half_width, (count, 2))
    heights = rng.uniform(*depth, count)
    return Emitters(np.column_stack([heights, lateral]), rng.uniform(50, 150, count))


def _planes(transform, modality, stages, integrated=True):
    return np.array(list(transform.planes(modality, np.array(stages), integrated, lambda: None)))


@by_modality
def test_a_wide_field_equals_the_sum_over_emitters(always_wide, name):
    scope, profile = MODALITIES[name]
    emitters = _scene(np.random.default_rng(3), half_width=1.5)
    stage = best_focus_stage_um(scope, 1.2)
    expected = sum_of_emitters(
        scope, emitters, lambda depth, reach: profile(scope, depth, stage, reach)
    )
    image = Renderer(emitters).render(scope, stage)
    assert np.abs(image - expected).max() < 1e-3 * expected.max()


def test_a_wide_light_sheet_equals_the_sum_over_emitters(always_wide):
    scope = SMALL.replace(modality="light_sheet", sheet_fwhm_um=1.0)
    emitters = _scene(np.random.default_rng(12))
    stage = best_focus_stage_um(scope, 1.9)
    expected = sum_of_emitters(
        scope,
        emitters,
        lambda depth, reach: light_sheet_profile(scope, depth, stage, 1.9, reach),
    )
    image = Renderer(emitters).render(scope, stage)
    assert np.abs(image - expected).max() < 1e-3 * expected.max()


@by_modality
@pytest.mark.parametrize("size", [(67, 49), (32, 101)])
def test_tiles_give_the_image_of_the_whole(name, size):
    """Kept whole, by layers, and by layers and bands of frequencies down to the leanest."""
    scope = MODALITIES[name][0].replace(image_size=size)
    modality = modality_of(scope)
    emitters = _scene(np.random.default_rng(5), 200, (0.0, 2.0), half_width=3.0)
    stages = [-1.0, -2.0]
    whole = WideTransform(emitters, scope, modality, 3.0, 10**10, len(stages))
    expected = _planes(whole, modality, stages)
    assert whole.plan == WidePlan(True, 1, 4, 2, whole.plan.nbytes)
    for bands, layers, planes in [(1, 4, 2), (1, 1, 1), (2, 3, 2), (16, 1, 1)]:
        tiled = WideTransform(emitters, scope, modality, 3.0, 10**10)
        tiled.plan = WidePlan(False, bands, layers, planes, 0.0)
        image = _planes(tiled, modality, stages)
        assert np.abs(image - expected).max() < 1e-5 * expected.max()


@pytest.mark.parametrize("name", ["epi", "confocal"])
def test_a_light_that_ends_far_away_gives_the_image_of_one_that_never_ends(always_wide, name):
    """A field of 38 µm, whose emitters are out of focus by up to 3 µm."""
    scope = MODALITIES[name][0].replace(pixel_nm=300, image_size=(128, 127))
    emitters = _scene(np.random.default_rng(6), 2000, half_width=18.0)
    modality, stage = modality_of(scope), best_focus_stage_um(scope, 0.0)
    endless = WideTransform(emitters, scope, modality, 1e4, 10**10)
    [expected] = _planes(endless, modality, [stage], integrated=False)
    wide = Renderer(emitters)
    image = wide.render(scope, stage)
    assert wide._wide.field.reach_um < endless.field.reach_um
    assert np.abs(image - expected).max() < 3e-4 * expected.max()


def test_wide_and_small_fields_agree(monkeypatch):
    scope = SMALL.replace(image_size=(96, 120), pixel_integration=True)
    emitters = _scene(np.random.default_rng(8), 300, half_width=5.0)
    small = Renderer(emitters).render(scope, -2.0)
    monkeypatch.setattr(renderer, "WIDE_BYTES", 0)
    wide = Renderer(emitters).render(scope, -2.0)
    assert np.abs(wide - small).max() < 1e-4 * small.max()


def test_photons_are_kept(always_wide):
    """All light of one emitter falls into the field, but for 0.1 % in the far rings."""
    emitters = Emitters(np.array([[1.0, 0.3, -0.2]]), np.array([1000.0]))
    scope = SMALL.replace(image_size=(600, 600), specimen_index=1.515, pixel_integration=True)
    stack = expected_photons(emitters, scope, Acquisition(planes=3)).photons
    assert stack.sum(axis=(1, 2)) == pytest.approx(np.full(3, 1000.0), rel=5e-3)


def test_another_focus_or_aperture_reuses_what_is_kept(always_wide):
    emitters = _scene(np.random.default_rng(7), count=20)
    kept = Renderer(emitters)
    kept.render(SMALL, -1.0)
    transform = kept._wide
    for change in ({}, {"numerical_aperture": 1.2}, {"emission_nm": 650}):
        scope = SMALL.replace(**change)
        fresh = Renderer(emitters).render(scope, -2.0)
        assert np.abs(kept.render(scope, -2.0) - fresh).max() < 1e-3 * fresh.max()
        assert kept._wide is transform
    kept.render(SMALL.replace(pixel_nm=80), -2.0)
    assert kept._wide is not transform


def test_emitters_far_outside_leave_no_trace_and_those_near_blur_in(always_wide):
    scope = SMALL.replace(image_size=(32, 33))
    stage = best_focus_stage_um(scope, 3.0)
    near = Emitters(np.array([[1.0, 0.0, 4.0]]), np.array([1000.0]))
    both = Emitters(np.array([[1.0, 0.0, 4.0], [1.0, 0.0, 400.0]]), np.array([1000.0, 1e6]))
    alone = Renderer(near).render(scope, stage)
    assert alone[:, :8].sum() < alone[:, -8:].sum()
    assert np.abs(Renderer(both).render(scope, stage) - alone).max() < 1e-4 * alone.max()
    far = Emitters(np.array([[1.0, 0.0, 400.0]]), np.array([1e6]))
    assert not Renderer(far).render(scope, stage).any()


def test_layers_carry_every_function_of_their_band():
    rng = np.random.default_rng(0)
    band, low, high = 12.0, 0.4, 6.0
    layers = DepthLayers(low, high, band)
    assert len(layers) == layer_count(high - low, band)
    waves, phases = rng.uniform(0, 0.95 * band, 40), rng.uniform(0, 2 * np.pi, 40)
    depth = np.append(rng.uniform(low, high, 500), [low, high])

    def value(depth):
        return np.cos(waves * np.asarray(depth)[:, None] + phases).sum(axis=1)

    weights = layers.weights(layers.position(depth), slice(0, len(layers)))
    found = weights @ layers.of_samples(value(layers.sample_um))
    assert np.abs(found - value(depth)).max() < 1e-4 * 40
    assert ((weights > 0).sum(axis=1) <= 8).all()


def test_less_memory_is_another_way_never_more_bytes_than_allowed():
    scope = SMALL.replace(image_size=(2048, 2048))
    emitters = _scene(np.random.default_rng(2), 1000, half_width=100.0)
    field = WideTransform(emitters, scope, modality_of(scope), 60.0, 10**11).field
    limits = (100e9, 2e9, 1e9, 7e8, 5e8, 4e8)
    plans = [plan_of(field, 30, 10**6, limit) for limit in limits]
    assert all(plan.nbytes <= limit for plan, limit in zip(plans, limits, strict=True))
    assert plans[0].keep
    assert not plans[-1].keep
    bands = [plan.bands for plan in plans]
    assert bands == sorted(bands)
    assert bands[-1] > 1
    assert plan_of(field, 30, 10**6, 1.0).nbytes < 4e8


def test_as_many_planes_at_once_as_memory_holds():
    scope = SMALL.replace(image_size=(2048, 2048))
    emitters = _scene(np.random.default_rng(2), 1000, half_width=100.0)
    field = WideTransform(emitters, scope, modality_of(scope), 60.0, 10**11).field
    planes = [plan_of(field, 90, 10**6, limit, 8).planes for limit in (1.6e9, 1e9, 5e8)]
    assert planes[0] == 8
    assert planes == sorted(planes, reverse=True)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.25])
def test_the_memory_foretold_is_not_passed(share):
    scope = SMALL.replace(image_size=(700, 640))
    emitters = _scene(np.random.default_rng(2), 50_000, half_width=30.0)
    modality = modality_of(scope)
    most = WideTransform(emitters, scope, modality, 40.0, 10**10).plan.nbytes
    tracemalloc.start()
    transform = WideTransform(emitters, scope, modality, 40.0, int(share * most))
    _planes(transform, modality, np.linspace(-3, 0, transform.plan.planes))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.1 * transform.plan.nbytes + 30e6
    assert transform.plan.nbytes < 2.5 * peak


def test_long_work_can_be_stopped_between_layers(always_wide):
    def stop():
        raise InterruptedError

    emitters = _scene(np.random.default_rng(8))
    with pytest.raises(InterruptedError):
        next(Renderer(emitters).planes(SMALL, np.array([0.0]), stop))
