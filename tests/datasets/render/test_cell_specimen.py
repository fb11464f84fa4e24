"""Images of scenes like a cell: light and truth lie on each other, haze is light and no truth."""

from dataclasses import replace

import numpy as np
import pytest
from cell_scenes import SCOPE, cell_images, cell_recipe
from scipy.ndimage import gaussian_filter
from skimage.registration import phase_cross_correlation

from napari_3dmsl.datasets.read.rendered_set import RenderedSet
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.render.render import _renderer, _together
from napari_3dmsl.ground_truth.image_coordinates import emitters_in_image
from napari_3dmsl.ground_truth.registry import ground_truth
from napari_3dmsl.ground_truth.truth_files import write_emitters
from napari_3dmsl.microscope.renderer import Renderer

TRUTHS = ["mask", "instances", "haze_mask", "photons", "centreline"]
BRIGHT = {"labelling": {"density_per_um2": 150}, "ground_truth": TRUTHS}


def away(first, second):
    """How far a picture is from another, pixels, by their phase correlation."""
    smooth = [gaussian_filter(np.asarray(p, dtype=float), 1.5) for p in (first, second)]
    shift, _, _ = phase_cross_correlation(*smooth, upsample_factor=50, normalization=None)
    return float(np.abs(shift).max())


def counted(objects, field):
    """Photons of fluorophores in the pixels that they lie in."""
    truth = emitters_in_image(objects, field)
    bins = [np.arange(count + 1) for count in field.image_size]
    return np.histogram2d(*truth.row_column.T, bins=bins, weights=truth.photons)[0]


@pytest.fixture(scope="module")
def hazy():
    # Alike in brightness: masks do not know how bright their shapes are.
    cell = {"coverage": 0.8, "haze": 1.0, "brightness_spread": 0.0}
    return cell_images(cell_recipe(cell, **BRIGHT))


def test_light_fluorophores_masks_and_haze_lie_on_each_other(hazy):
    for image in hazy:
        objects = image.film[0].objects
        sharp = [each for each in objects if not each.haze]
        haze = [each for each in objects if each.haze]
        assert sharp
        assert haze
        assert away(counted(sharp, image.field), image.truths["mask"]) <= 0.2
        assert away(counted(haze, image.field), image.truths["haze_mask"]) <= 0.2
        alone = next(_renderer(sharp).planes(*_how(image)))
        assert away(alone, counted(sharp, image.field)) <= 0.2
        assert away(alone, image.truths["mask"]) <= 0.2
        lines = image.truths["centreline"]
        on = image.truths["instances"][lines > 0]
        assert np.mean(on > 0) > 0.95


def _how(image):
    microscope = image.instrument.microscope.replace(image_size=image.field.image_size)
    return microscope, np.array(image.metadata["plane_stage_um"])


def test_haze_is_in_the_image_and_in_its_own_mask_only(hazy):
    for image in hazy:
        objects = image.film[0].objects
        sharp = [replace(each) for each in objects if not each.haze]
        alone = ground_truth(sharp, image.field, ["mask", "instances"])
        np.testing.assert_array_equal(alone["mask"], image.truths["mask"])
        np.testing.assert_array_equal(alone["instances"], image.truths["instances"])
        haze = [replace(each, haze=False) for each in objects if each.haze]
        masked = ground_truth(haze, image.field, ["mask"])["mask"]
        np.testing.assert_array_equal(masked, image.truths["haze_mask"])
        light = next(Renderer(_together(haze)).planes(*_how(image)))
        rest = image.photons - next(_renderer(sharp).planes(*_how(image)))
        assert np.abs(rest - light).max() < 1e-3 * image.photons.max()
        labels = [each.label for each in objects]
        assert labels == list(range(1, len(objects) + 1))
        assert image.metadata["haze_labels"] == [each.label for each in objects if each.haze]


def test_two_layers_give_the_image_of_all_fluorophores(hazy):
    for image in hazy:
        whole = next(Renderer(_together(image.film[0].objects)).planes(*_how(image)))
        assert np.abs(whole - image.photons).max() < 1e-3 * whole.max()


def test_shapes_are_cut_by_the_border_and_lie_in_the_cell(hazy):
    for image in hazy:
        instances = image.truths["instances"]
        border = np.concatenate([instances[0], instances[-1], instances[:, 0], instances[:, -1]])
        assert len(np.unique(border[border > 0])) >= 3
        assert 0.1 < image.truths["mask"].mean() < 0.8


def test_glow_is_light_before_the_camera_and_not_of_fluorophores():
    dark, lit = (
        cell_images(cell_recipe({"coverage": 1.0, "glow_photons": glow}, noise="none"))[0]
        for glow in (0.0, 50.0)
    )
    np.testing.assert_array_equal(dark.photons, lit.photons)
    glow = lit.image - dark.image
    assert glow.mean() == pytest.approx(50.0, rel=0.15)
    recorded = [
        cell_images(cell_recipe({"coverage": 1.0, "glow_photons": glow}))[0].image.astype(float)
        for glow in (0.0, 50.0)
    ]
    camera = lit.instrument.camera
    gained = (recorded[1] - recorded[0]).mean() * camera["e_per_adu"]
    assert gained == pytest.approx(camera["quantum_efficiency"] * glow.mean(), rel=0.05)


def test_the_brightest_pixel_expects_the_photons_that_are_asked_for():
    for image in cell_images(cell_recipe({"peak_photons": [200, 400]}, ground_truth=["mask"])):
        peak = image.metadata["cell"]["peak_photons"]
        assert 200 <= peak <= 400
        assert image.photons.max() == pytest.approx(peak, rel=1e-5)
        light = next(_renderer(image.film[0].objects).planes(*_how(image)))
        np.testing.assert_allclose(light, image.photons, rtol=1e-4, atol=1e-4)


def test_ranges_are_drawn_for_each_scene_and_told():
    cell = {"coverage": [0.5, 1.0], "haze": [0.2, 1.2], "glow_photons": [1, 20, "log"]}
    told = [image.metadata["cell"] for image in cell_images(cell_recipe(cell, repeats=4))]
    for name, (low, high, *_) in cell.items():
        values = [each[name] for each in told]
        assert len(set(values)) == 4
        assert all(low <= value <= high for value in values)
    for image, each in zip(cell_images(cell_recipe(cell, repeats=4)), told, strict=True):
        objects = image.film[0].objects
        assert each["objects_in_focus"] == sum(not o.haze for o in objects)
        assert each["objects_in_haze"] == sum(o.haze for o in objects)


def test_ends_of_a_range_and_two_ways_to_be_bright_are_refused_in_a_line():
    with pytest.raises(ValueError, match=r"scene\.cell\.coverage = 2.*must be 0 to 1"):
        cell_recipe({"coverage": [0.5, 2]})
    with pytest.raises(ValueError, match="CellScene has no setting 'cover', is 'coverage' meant"):
        cell_recipe({"cover": 1})
    with pytest.raises(ValueError, match="snr: scene.cell.peak_photons tells already"):
        cell_recipe({"peak_photons": 100}, snr=5)


def test_all_microscopes_see_the_same_cell_in_fields_of_any_width():
    both = [SCOPE, {**SCOPE, "name": "wide", "pixel_nm": 120}]
    narrow, wide = cell_images(cell_recipe({"coverage": 1.0}, microscopes=both, repeats=1))
    assert len(narrow.film[0].objects) == len(wide.film[0].objects)
    rim = wide.truths["mask"].copy()
    rim[16:-16, 16:-16] = 0
    assert rim.any(), "the wide field is filled, too"


def test_objects_keep_their_layer_in_a_time_lapse():
    motion = {"frames": 2, "interval_s": 4, "bleach_time_s": 5, "bending_um": 0}
    motion["fission_per_min"] = 4
    settings = {"motion": motion, "repeats": 1, "ground_truth": ["mask", "haze_mask"]}
    peak = {"coverage": 1.0, "haze": 0.5, "peak_photons": 300, "density_per_um2": 0.1}
    (image,) = cell_images(cell_recipe(peak, **settings))
    assert image.axes == "TYX"
    assert image.photons[0].max() == pytest.approx(300, rel=1e-5)
    assert image.photons[1].sum() < 0.8 * image.photons[0].sum(), "bleached"
    for frame in image.film:
        heights = {each.label: each.vertices_um[:, 0].mean() for each in frame.objects}
        haze = [heights[each.label] for each in frame.objects if each.haze]
        sharp = [heights[each.label] for each in frame.objects if not each.haze]
        assert haze
        assert np.mean(haze) > np.mean(sharp) + 1.0
    events = [event for frame in image.film for event in frame.events]
    assert any(event.kind == "fission" for event in events)


def test_emitters_tell_which_are_in_the_haze(hazy, tmp_path):
    image = hazy[0]
    write_emitters(tmp_path / "emitters.csv", image.film, image.field)
    table = np.genfromtxt(tmp_path / "emitters.csv", delimiter=",", names=True)
    haze = {each.label for each in image.film[0].objects if each.haze}
    assert set(table["label"][table["haze"] == 1].astype(int)) == haze
    assert set(table["label"][table["haze"] == 0].astype(int)).isdisjoint(haze)


def test_a_set_of_tubes_needs_no_library_and_is_the_same_each_time():
    recipe = cell_recipe({"coverage": 0.9})
    assert recipe.source.library == "tubes"
    given = recipe.model_dump(mode="json")
    del given["source"]
    assert Recipe(**given).source.library == "tubes", "as none is named"
    first, again = (list(RenderedSet(recipe)) for _ in range(2))
    assert len(first) == 2
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
    other = next(iter(RenderedSet(recipe.replace(seed=3))))
    assert not np.array_equal(other.image, first[0].image)
