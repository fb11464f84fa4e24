"""A cell may leave an image empty: light of the ground, empty truths, and no error."""

import numpy as np
import pytest
from cell_scenes import cell_images, cell_recipe

from napari_3dmsl.compute import Here
from napari_3dmsl.datasets.read.image_set import ImageSet
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.ground_truth.registry import TRUTHS

NOTHING = {"density_per_um2": 0.0}
MASKS = ("mask", "focus_mask", "haze_mask", "instances", "classes", "volume_instances")


@pytest.mark.parametrize("empty", [NOTHING, {"coverage": 0.0, "density_per_um2": 0.0}])
def test_an_empty_image_is_glow_and_camera(empty):
    for image in cell_images(cell_recipe({**empty, "glow_photons": 30.0}, ground_truth=["mask"])):
        assert image.film[0].objects == ()
        assert not image.photons.any()
        assert image.metadata["cell"]["objects_in_focus"] == 0
        assert image.metadata["cell"]["objects_in_haze"] == 0
        for count in ("emitters", "emitters_in_field", "fluorophores"):
            assert image.metadata[count] == 0
        assert image.metadata["shape_ids"] == []
        assert image.metadata["peak_snr"] == 0.0
        assert image.image.std() > 0, "noise of the camera"
    dark, lit = (
        cell_images(cell_recipe({"density_per_um2": 0.0, "glow_photons": glow}, noise="none"))[0]
        for glow in (0.0, 30.0)
    )
    assert not dark.image.any()
    assert lit.image.max() > 10.0


@pytest.mark.parametrize(
    "asked", [{"snr": 5.0}, {"scene": {"kind": "cell", "cell": {**NOTHING, "peak_photons": 200}}}]
)
def test_nothing_is_made_brighter_where_nothing_shines(asked):
    recipe = cell_recipe(NOTHING, ground_truth=["photons"], repeats=1, **asked)
    (image,) = cell_images(recipe)
    assert not image.truths["photons"].any()
    assert image.image.std() > 0


def test_a_range_that_begins_at_0_gives_empty_images_and_others():
    cell = {"coverage": [0.0, 0.5], "density_per_um2": [0.0, 0.1], "haze": 0.0, "peak_photons": 99}
    found = cell_images(cell_recipe(cell, repeats=8, ground_truth=["mask"]))
    empty = [image for image in found if not image.film[0].objects]
    assert 0 < len(empty) < 8
    assert not any(image.truths["mask"].any() for image in empty)
    for image in found:
        if image.film[0].objects:
            assert image.photons.max() == pytest.approx(99, rel=1e-5)


def test_haze_alone_is_above_the_sharp_plane():
    cell = {"density_per_um2": 0.004, "haze": 5.0, "coverage": 1.0, "peak_photons": 50}
    truths = ["mask", "haze_mask"]
    found = cell_images(cell_recipe(cell, repeats=5, ground_truth=truths))
    hazy = [i for i in found if i.film[0].objects and all(o.haze for o in i.film[0].objects)]
    assert hazy
    for image in hazy:
        assert not image.truths["mask"].any()
        lowest = min(each.vertices_um[:, 0].min() for each in image.film[0].objects)
        assert lowest > image.field.plane_heights_um[0] + 0.5
        if image.metadata["emitters_in_field"]:
            assert image.photons.max() == pytest.approx(50, rel=1e-5)


@pytest.mark.parametrize("output", [{"format": "ome-tiff"}, {"format": "ome-zarr"}])
def test_all_truths_of_an_empty_image_are_written_and_read(tmp_path, output):
    truths = [name for name in TRUTHS if name != "tracks"]
    recipe = cell_recipe(NOTHING, repeats=1, ground_truth=truths, output=output)
    generate(recipe, tmp_path / "set", place=Here())
    (sample,) = ImageSet(tmp_path / "set")
    assert set(sample.truths) == set(truths)
    for name in MASKS:
        assert sample.truths[name].shape[-2:] == sample.image.shape
        assert not sample.truths[name].any()
    assert np.isnan(sample.truths["depth"]).all()
    assert len(sample.truths["emitters"]) == 0
    assert "z_um" in sample.truths["emitters"].dtype.names
    for name in ("meshes", "clouds", "occupancies"):
        assert sample.truths[name] == {}
    assert sample.row["objects"] == 0
    assert sample.row["emitter_count"] == 0
    assert sample.row["shape_id"] is None


def test_empty_time_lapses_and_montages_are_written_and_read(tmp_path):
    motion = {"frames": 2, "interval_s": 4}
    films = cell_recipe(NOTHING, repeats=1, ground_truth=["mask", "tracks"], motion=motion)
    generate(films, tmp_path / "films", place=Here())
    (sample,) = ImageSet(tmp_path / "films")
    assert sample.image.shape == (2, 96, 96)
    assert not sample.truths["mask"].any()
    assert sample.truths["tracks"]["man_track"].size == 0
    tiled = cell_recipe(NOTHING, repeats=1, ground_truth=["mask"], montage=[2, 2])
    (image,) = cell_images(tiled)
    assert image.image.shape == (192, 192)
    assert not image.truths["mask"].any()
