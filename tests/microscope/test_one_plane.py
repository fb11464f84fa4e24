import numpy as np
import pytest
from optics_reference import confocal_profile, emission_profile, sum_of_emitters

from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.microscope.focus import best_focus_stage_um
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.microscope.settings import Microscope

SCOPE = Microscope(emission_nm=600, pixel_nm=100, image_size=(48, 40), pixel_integration=False)


def _scene(seed, count=12, depth=(0.0, 5.0), half_width=2.0, middle=(0.0, 0.0)):
    rng = np.random.default_rng(seed)
    lateral = rng.uniform(-half_width, half_width, (count, 2)) + middle
    heights = rng.uniform(*depth, count)
    return Emitters(np.column_stack([heights, lateral]), rng.uniform(50, 150, count))


@pytest.mark.parametrize(("modality", "focus"), [("widefield", -3.0), ("confocal", 0.0)])
def test_a_plane_made_once_equals_the_sum_over_emitters(modality, focus):
    scope = SCOPE.replace(modality=modality, pixel_nm=70)
    emitters = _scene(7, count=4, depth=(0.5, 3.0))
    stage = best_focus_stage_um(scope, 1.7 + focus)
    profile = emission_profile if modality == "widefield" else confocal_profile
    expected = sum_of_emitters(
        scope, emitters, lambda depth, reach: profile(scope, depth, stage, reach)
    )
    image = Renderer(emitters, once=True).render(scope, stage)
    assert np.abs(image - expected).max() < 3e-4 * expected.max()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"pixel_integration": True, "pixel_nm": 160},
        {"modality": "confocal", "pixel_nm": 150},  # frequencies beyond those of the pixels
        {"modality": "confocal", "confocal": "squared"},
        {"modality": "two_photon", "excitation_nm": 920},
        {"modality": "light_sheet"},
        {"numerical_aperture": 0.15},
        {"image_size": (33, 64)},
        {"psf_model": "vectorial"},
    ],
    ids=lambda changes: "-".join(f"{value}" for value in changes.values()) or "as it is",
)
def test_a_plane_made_once_is_that_of_a_renderer_that_keeps(changes):
    scope = SCOPE.replace(**changes)
    emitters = _scene(1, middle=(-1.0, 2.5))
    kept = Renderer(emitters).render(scope, -2.0)
    image = Renderer(emitters, once=True).render(scope, -2.0)
    assert image.dtype == np.float32
    assert image.shape == scope.image_size
    assert np.abs(image - kept).max() < 1e-5 * kept.max()


def test_one_height_one_emitter_and_none_at_all():
    for emitters in (_scene(2, depth=(1.0, 1.0)), _scene(3, count=1)):
        kept = Renderer(emitters).render(SCOPE, -1.0)
        image = Renderer(emitters, once=True).render(SCOPE, -1.0)
        assert np.abs(image - kept).max() < 1e-5 * kept.max()
    far = _scene(4, middle=(50.0, 0.0))
    assert not Renderer(far, once=True).render(SCOPE, -1.0).any()


def test_a_stack_is_the_same_whether_it_is_made_once_or_not():
    emitters, stages = _scene(5), np.array([-3.0, -1.0])
    once = list(Renderer(emitters, once=True).planes(SCOPE, stages))
    assert np.array_equal(once, list(Renderer(emitters).planes(SCOPE, stages)))


def test_a_plane_made_once_is_kept_to_the_limit_of_memory():
    with pytest.raises(ValueError, match=r"12 emitters: it would take [\d.]+ MB of memory"):
        Renderer(_scene(6), 1_000_000, once=True).render(SCOPE, -1.0)
