"""What is to be made: which shapes, in which part, with which seed."""

import shutil
from collections import Counter

import numpy as np
import pytest

from napari_3dmsl.datasets.read.rendered_set import RenderedSet
from napari_3dmsl.datasets.recipe.plan import make_plan, seed_of, split_shapes
from napari_3dmsl.datasets.recipe.recipe import Recipe, Split
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.datasets.run.preview import preview
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.library.measure import measure_library
from napari_3dmsl.scenes.packing import pack
from napari_3dmsl.scenes.settings import SceneSettings
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.tubes import TubeShapes

CLASSES = ["dot"] * 411 + ["rod"] * 333 + ["network"] * 190 + ["donut"] * 53 + ["mega"] * 13


def shares(split):
    return {name: getattr(split, name) for name in ("train", "val", "test")}


SHARES = [(0.8, 0.1, 0.1), (0.7, 0.2, 0.1), (1 / 3, 1 / 3, 1 / 3), (1.0, 0.0, 0.0), (0.5, 0.0, 0.5)]


@pytest.mark.parametrize("given", SHARES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shapes_are_parted_in_the_shares_asked_for_and_each_class_too(given, seed):
    split = Split(train=given[0], val=given[1], test=given[2])
    order = np.random.default_rng(seed).permutation(len(CLASSES))
    classes = [CLASSES[place] for place in order]
    parts = split_shapes(range(len(classes)), classes, split, seed)
    assert sorted(parts) == list(range(len(classes)))
    found = Counter(parts.values())
    by_class = Counter((classes[shape], part) for shape, part in parts.items())
    for name, share in shares(split).items():
        assert abs(found[name] - share * len(classes)) < 1
        for kind, count in Counter(classes).items():
            assert abs(by_class[kind, name] - share * count) < 2
        assert share > 0 or found[name] == 0


def test_which_shape_goes_where_is_drawn_by_the_seed():
    ids, split = range(len(CLASSES)), Split()
    first, again, other = (split_shapes(ids, CLASSES, split, seed) for seed in (1, 1, 2))
    assert first == again
    # Two draws agree by chance in 0.8² + 0.1² + 0.1² = 66 % of the shapes.
    agree = np.mean([first[shape] == other[shape] for shape in ids])
    assert agree == pytest.approx(0.66, abs=0.06)
    # Neighbours in the volume, whose ids follow each other, do not stay together.
    tests = np.array([shape for shape in ids if first[shape] == "test"])
    assert np.diff(tests).max() < 100
    assert (np.diff(tests) == 1).mean() < 0.3


def test_no_shape_is_in_two_parts_and_parts_stay_when_the_recipe_grows(small_recipe, library):
    opened = ShapeLibrary.open(library)
    halves = {"train": 0.5, "val": 0.25, "test": 0.25}
    plans = [
        make_plan(small_recipe(split=halves, **more), opened)
        for more in (
            {},
            {"microscopes": ["conf2", "epi1", "con1"]},
            {"views": {"random": 5}},
            {"repeats": 7},
            {"labelling": {"efficiency": [0.2, 0.8]}},
        )
    ]
    parts = [{group.shape_ids[0]: group.split for group in plan.groups} for plan in plans]
    assert Counter(parts[0].values()) == {"train": 2, "val": 1, "test": 1}
    for plan, found in zip(plans, parts, strict=True):
        assert found == parts[0]
        assert all(found[group.shape_ids[0]] == group.split for group in plan.groups)
        assert sum(plan.count(part) for part in ("train", "val", "test")) == plan.images
    assert [plan.images for plan in plans] == [48, 72, 88, 336, 48]


def test_scenes_are_of_shapes_of_one_part(small_recipe, library):
    recipe = small_recipe(
        scene={"kind": "packed"}, repeats=20, split={"train": 0.5, "val": 0.25, "test": 0.25}
    )
    plan = make_plan(recipe, ShapeLibrary.open(library))
    assert Counter(group.split for group in plan.groups) == {"train": 10, "val": 5, "test": 5}
    assert sorted(i for pool in plan.pools.values() for i in pool) == [1, 2, 3, 4]
    assert [len(plan.pools[name]) for name in ("train", "val", "test")] == [2, 1, 1]


def test_tubes_are_not_drawn_to_part_them_where_one_part_has_all():
    recipe = Recipe(
        microscopes=["epi1"],
        scene={"kind": "cell"},
        split={"train": 0, "val": 1, "test": 0},
        repeats=2,
    )
    tubes = TubeShapes(recipe.source.tubes, 5)
    plan = make_plan(recipe, tubes)
    assert plan.pools == {"train": (), "val": (1, 2, 3, 4, 5), "test": ()}
    assert not tubes._shapes


def test_names_of_groups_are_unique_and_so_are_seeds(small_recipe, library):
    plan = make_plan(small_recipe(repeats=50), ShapeLibrary.open(library))
    assert len({group.name for group in plan.groups}) == len(plan.groups) == 200
    seeds = {seed_of(5, group.name, view) for group in plan.groups for view in ("0", "x90")}
    assert len(seeds) == 400
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seed_of(1, "a", "b") != seed_of(1, "ab") != seed_of(11, "b")


@pytest.mark.parametrize(
    ("source", "ids"),
    [
        ({}, [1, 2, 3, 4]),
        ({"classes": ["rod"]}, [2, 3]),
        ({"classes": ["donut", "dot"]}, [1, 4]),
        ({"ids": [3, 1]}, [1, 3]),
        ({"length_um": [1.4, 1.6]}, [3]),
        ({"volume_um3": [0.1, 0.155], "classes": ["rod", "donut"]}, [3, 4]),
        ({"whole_only": True}, [1, 2, 3, 4]),
    ],
)
def test_a_source_is_narrowed(small_recipe, library, source, ids):
    recipe = small_recipe(source={"library": str(library), **source})
    plan = make_plan(recipe, ShapeLibrary.open(library))
    assert [group.shape_ids[0] for group in plan.groups] == ids


def test_some_shapes_are_drawn_by_the_seed(small_recipe, library):
    opened = ShapeLibrary.open(library)
    found = [
        tuple(
            group.shape_ids[0]
            for group in make_plan(
                small_recipe(seed=seed, source={"library": str(library), "most": 2}), opened
            ).groups
        )
        for seed in [*range(12), 0]
    ]
    assert found[0] == found[-1]
    assert len(set(found)) > 3
    assert all(len(set(pair)) == 2 and pair == tuple(sorted(pair)) for pair in found)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"classes": ["mega"]}, "source: none of the 4 shapes is left; widen classes"),
        ({"length_um": [50, 60]}, "source: none of the 4 shapes is left"),
        ({"ids": [1, 77]}, "source.ids: the library has no shape 77"),
    ],
)
def test_a_source_without_shapes_is_told(small_recipe, library, source, words):
    recipe = small_recipe(source={"library": str(library), **source})
    with pytest.raises(ValueError, match=words):
        make_plan(recipe, ShapeLibrary.open(library))


def test_a_library_that_knows_no_classes_is_told(small_recipe, library, tmp_path):
    (tmp_path / "bare" / "1").mkdir(parents=True)
    mesh = library / "1" / "raw_mesh.off"
    (tmp_path / "bare" / "1" / "raw_mesh.off").write_bytes(mesh.read_bytes())
    bare = ShapeLibrary.open(tmp_path / "bare")
    assert len(make_plan(small_recipe(), bare).groups) == 1
    recipe = small_recipe(source={"library": str(library), "classes": ["dot"]})
    with pytest.raises(ValueError, match="source.classes: the library does not know the shape_cla"):
        make_plan(recipe, bare)


def test_more_groups_than_memory_can_list_are_refused_before_they_are_listed(
    small_recipe, library, monkeypatch
):
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", "1")
    recipe = small_recipe(repeats=1_000_000)
    with pytest.raises(ValueError, match="repeats = 1,000,000: 4,000,000 groups .* take 2 GB"):
        make_plan(recipe, ShapeLibrary.open(library))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"motion": {"frames": 100_000}}, "epi1: 100,000 frames of 1 planes of 32 x 32 pixels"),
        ({"focus": {"planes": 2000}, "image_size": [1024, 1024]}, "2,000 planes of 1,024 x 1,024"),
        (
            {"scene": {"kind": "packed"}, "montage": [64, 64], "image_size": [512, 512]},
            "of 32,768 x 32,768 pixels in each of 1 processes",
        ),
    ],
)
def test_images_that_no_memory_holds_are_refused_before_the_first(
    small_recipe, tmp_path, monkeypatch, changes, told
):
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", "1")
    recipe = small_recipe(**changes)
    with pytest.raises(ValueError, match=f"{told}.*fewer frames.* GB of memory") as caught:
        generate(recipe, tmp_path / "set", workers=1)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "set").exists()
    shapes = ShapeLibrary.open(recipe.source.library)
    with pytest.raises(ValueError, match=told):
        next(preview(make_plan(recipe, shapes), shapes))
    with pytest.raises(ValueError, match=told):
        RenderedSet(recipe)


def test_a_shape_too_large_to_be_covered_by_points_is_refused(monkeypatch):
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", "1")
    plate = Mesh(np.array([[0, 0, 0], [0, 900.0, 0], [0, 0, 900.0]]), np.array([[0, 1, 2]]))
    with pytest.raises(ValueError, match=r"a shape of 405,000 µm².*take 162 GB"):
        pack([plate], SceneSettings(kind="packed"), (10.0, 10.0), np.random.default_rng(0))


def test_a_recipe_chooses_from_measured_classes_of_a_released_library(
    small_recipe, library, tmp_path, monkeypatch
):
    monkeypatch.setenv("NAPARI_3DMSL_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "released"
    shutil.copytree(library, folder)
    for name in ("library.json", "meta_locations.csv"):
        (folder / name).unlink()
    wanted = small_recipe(source={"library": str(folder), "classes": ["rod"]})
    with pytest.raises(ValueError, match="napari-3dmsl measure finds it out"):
        make_plan(wanted, ShapeLibrary.open(folder))
    measure_library(folder, workers=1)
    opened = ShapeLibrary.open(folder)
    rods = [
        i for i, kind in zip(opened.ids, opened.table["shape_class"], strict=True) if kind == "rod"
    ]
    plan = make_plan(wanted, opened)
    assert sorted(i for group in plan.groups for i in group.shape_ids) == rods
    assert len(rods) == 2
    lengths = small_recipe(source={"library": str(folder), "length_um": [0.0, 0.3]})
    assert len(make_plan(lengths, opened).groups) == 1
