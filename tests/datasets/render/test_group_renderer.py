"""What is done to the images of a group whatever they show: 8 bits, montages of many cameras."""

import numpy as np
import pytest

from napari_3dmsl.datasets.read.image_set import ImageSet
from napari_3dmsl.datasets.read.rendered_set import RenderedSet
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.image_io.eight_bit import unstretched
from napari_3dmsl.image_io.ome_tiff import read_settings

ONE_VIEW = {"six": False, "rotations_deg": [[0, 30, 0]]}
TRAIN = {"train": 1, "val": 0, "test": 0}


@pytest.mark.parametrize(
    ("stretch", "between"), [("min_max", [0, 100]), ("percentiles", [0.175, 99.825])]
)
def test_a_set_in_8_bits_is_that_of_counts_stretched_and_tells_how(
    small_recipe, tmp_path, in_process, stretch, between
):
    recipe = small_recipe(views=ONE_VIEW, focus={"planes": 2})
    counts = list(RenderedSet(recipe))
    output = {"stretch": stretch}
    generate(recipe.replace(output=output), tmp_path / "set", workers=1)
    found = list(ImageSet(tmp_path / "set"))
    assert len(found) == len(counts) == 8
    for sample, of_counts in zip(found, counts, strict=True):
        assert sample.image.dtype == np.uint8
        assert of_counts.image.dtype == np.uint16
        low, high = np.percentile(of_counts.image, between)
        assert (sample.row["stretch_low"], sample.row["stretch_high"]) == (low, high)
        told = read_settings(tmp_path / "set" / sample.row["image"])
        assert told["stretch"] == {"low": low, "high": high, "percentiles": between}
        assert told["camera"]["bit_depth"] > 8, "of what was counted before"
        expected = of_counts.image.clip(low, high)
        back = unstretched(sample.image, low, high)
        assert np.abs(back - expected).max() <= (high - low) / 255 / 2 + 1e-9
        assert (sample.truths["mask"] == of_counts.truths["mask"]).all()
        assert of_counts.row["stretch_low"] is None


def test_black_and_white_become_greys_that_are_drawn_for_each_image(small_recipe):
    output = {"stretch": "min_max", "stretch_black": [2, 30], "stretch_white": [100, 255]}
    samples = list(RenderedSet(small_recipe(views=ONE_VIEW, output=output)))
    darkest, brightest = zip(*((s.image.min(), s.image.max()) for s in samples), strict=True)
    assert 2 <= min(darkest) < max(darkest) <= 30
    assert 100 <= min(brightest) < max(brightest) <= 255


def test_gain_and_offset_are_drawn_for_each_image_and_stand_in_its_row(small_recipe):
    camera = {"e_per_adu": [0.4, 2.0, "log"], "offset_adu": [80, 120], "row_noise_e": 0.5}
    scope = {"preset": "epi1", "camera": camera}
    samples = list(RenderedSet(small_recipe(views=ONE_VIEW, microscopes=[scope], repeats=3)))
    rows = [sample.row for sample in samples]
    for name, low, high in (("e_per_adu", 0.4, 2.0), ("offset_adu", 80, 120)):
        drawn = {row[name] for row in rows}
        assert len(drawn) == len(rows) == 12
        assert all(low <= number <= high for number in drawn)
    assert {row["row_noise_e"] for row in rows} == {0.5}
    for sample in samples:  # dark corners tell the offset
        dark = np.percentile(sample.image, 2)
        assert dark == pytest.approx(sample.row["offset_adu"], abs=30)


def test_all_images_of_a_set_have_the_pattern_of_one_chip(small_recipe):
    camera = {"preset": "scmos", "offset_spread_e": 40.0, "background_photons": 0}
    dim = {"photons_per_fluorophore": 1e-6}
    scope = {"preset": "epi1", "camera": camera}
    recipe = small_recipe(views=ONE_VIEW, microscopes=[scope], labelling=dim)
    images = [sample.image.ravel().astype(float) for sample in RenderedSet(recipe)]
    assert len(images) == 4
    assert np.corrcoef(images).min() > 0.98


def test_a_montage_tells_the_camera_of_each_tile_where_they_differ(small_recipe):
    scene = {"kind": "single"}
    fixed = small_recipe(scene=scene, split=TRAIN, montage=(1, 2), microscopes=["epi1"])
    scope = {"preset": "epi1", "camera": {"offset_adu": [0, 1000]}}
    for recipe, differ in ((fixed, False), (fixed.replace(microscopes=[scope]), True)):
        (sample,) = RenderedSet(recipe)
        assert (sample.row["offset_adu"] is None) == differ
        assert sample.row["e_per_adu"] == 0.46


TWO = (
    {"cell": {"glow_photons": [2, 3]}, "camera": {"e_per_adu": 0.5, "offset_adu": 35}},
    {"cell": {"glow_photons": 400}, "camera": {"e_per_adu": 2.0, "offset_adu": [4, 5]}},
)


def cell_set(small_recipe, **changes):
    empty = {"kind": "cell", "cell": {"coverage": 1, "density_per_um2": 0}}
    return small_recipe(
        **{"split": TRAIN, "scene": empty, "image_size": [64, 64], "repeats": 1, **changes}
    )


def test_settings_of_a_variant_are_drawn_together(small_recipe):
    samples = list(RenderedSet(cell_set(small_recipe, variants=TWO, repeats=24)))
    found = set()
    for sample in samples:
        row = sample.row
        electrons = (sample.image.mean() - row["offset_adu"]) * row["e_per_adu"]
        found.add((row["e_per_adu"], bool(electrons < 50)))
    assert found == {(0.5, True), (2.0, False)}
    for sample in samples:
        low, high = (35, 35) if sample.row["e_per_adu"] == 0.5 else (4, 5)
        assert low <= sample.row["offset_adu"] <= high


def test_a_variant_changes_nothing_but_its_settings(small_recipe):
    one = [{"cell": {"glow_photons": 40}, "camera": {"e_per_adu": 2.0}}]
    varied = next(iter(RenderedSet(cell_set(small_recipe, variants=one))))
    recipe = cell_set(small_recipe, microscopes=[{"preset": "epi1", "camera": {"e_per_adu": 2.0}}])
    cell = {**recipe.scene.cell, "glow_photons": 40}
    plain = next(iter(RenderedSet(recipe.replace(scene={"kind": "cell", "cell": cell}))))
    assert (varied.image == plain.image).all()
