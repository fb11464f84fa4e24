"""Samples of a set before it is made: evenly chosen, the same as in the set, with an estimate."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_3dmsl.datasets.recipe.plan import Group, Plan, make_plan
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
from napari_3dmsl.datasets.run.preview import estimate, picture_of, preview, preview_samples
from napari_3dmsl.shapes.mesh import Mesh

MICROSCOPES = ["con1", "conf2", "epi1", "light-sheet", "two-photon"]


class Boxes:
    """Boxes of some µm, as a library has them."""

    def __init__(self, count: int) -> None:
        self.ids = list(range(1, count + 1))
        self.table = {"shape_class": ["rod"] * count}

    def mesh(self, shape_id: int) -> Mesh:
        import trimesh

        box = trimesh.creation.box((0.5, 0.8, 1.0 + 0.2 * shape_id))
        return Mesh(np.array(box.vertices), np.array(box.faces, np.int32)[:, ::-1])


def recipe_of(**changes: Any) -> Recipe:
    given = {"source": {"library": "."}, "microscopes": ["con1"], "image_size": [48, 32], **changes}
    return Recipe(**given)


@pytest.mark.parametrize("views", [1, 2, 6, 9])
@pytest.mark.parametrize("microscopes", [1, 2, 3, 4])
@pytest.mark.parametrize("groups", [1, 2, 5, 40])
def test_samples_are_spread_over_shapes_views_and_microscopes(
    groups: int, views: int, microscopes: int
) -> None:
    recipe = recipe_of(microscopes=MICROSCOPES[:microscopes], views={"six": False, "random": views})
    made = tuple(Group(f"g{i}", "train", (i,), 0) for i in range(groups))
    plan = Plan(recipe, made, {})
    samples = preview_samples(plan, 16)
    assert len(samples) == min(16, groups * views * microscopes)
    assert len({(s.group.name, s.view, s.instrument.name) for s in samples}) == len(samples)
    for found, kinds in (
        (Counter(s.instrument.name for s in samples), microscopes),
        (Counter(s.view for s in samples), views),
        (Counter(s.group.name for s in samples), groups),
    ):
        times = [*found.values(), *[0] * (kinds - len(found))]
        assert max(times) - min(times) <= 1
    if groups == 40:  # the first and the last quarter are there too
        places = [made.index(s.group) for s in samples]
        assert places == sorted(places)
        assert min(places) < 10
        assert max(places) >= 30 or len(samples) < 4


def test_a_sample_is_the_image_that_the_set_will_have() -> None:
    library = Boxes(3)
    recipe = recipe_of(
        microscopes=["con1", "epi1"],
        views={"six": False, "random": 2},
        focus={"focus_um": [-1.0, 1.0]},
        labelling={"density_per_um2": [20.0, 200.0, "log"]},
        ground_truth=["depth"],
    )
    plan = make_plan(recipe, library)
    renderer = GroupRenderer(recipe, library, plan.pools)
    whole = {r.name: r for group in plan.groups for r in renderer.render(group)}
    found = list(preview(plan, library))
    assert len(found) == len(whole) == 12
    for sample in found:
        there = whole[sample.rendered.name]
        np.testing.assert_array_equal(sample.rendered.image, there.image)
        np.testing.assert_array_equal(sample.rendered.truths["depth"], there.truths["depth"])
        assert sample.rendered.metadata == there.metadata
        assert sample.rendered.truths["mask"].any()
        assert sample.size > 2 * 48 * 32  # more than the bare pixels
        assert sample.group_s > 0.0


def test_scenes_and_montages_are_previewed_too() -> None:
    recipe = recipe_of(
        scene={"kind": "packed", "objects": [1, 2]},
        montage=[1, 2],
        image_size=[64, 64],
        repeats=5,
        ground_truth=["instances"],
    )
    library = Boxes(10)
    found = list(preview(make_plan(recipe, library), library, count=2))
    assert [sample.rendered.image.shape for sample in found] == [(64, 128)] * 2


def test_the_estimate_counts_groups_images_and_what_is_done_once() -> None:
    recipe = recipe_of(views={"six": False, "random": 5}, microscopes=["con1", "epi1"])
    plan = Plan(recipe, tuple(Group(f"g{i}", "train", (i,), 0) for i in range(100)), {})
    seen = [
        SimpleNamespace(group_s=2.0, write_s=0.1, once_s=1.0, size=1000),
        SimpleNamespace(group_s=4.0, write_s=0.3, once_s=0.0, size=3000),
    ]
    one, four, crowd = (estimate(plan, seen, workers) for workers in (1, 4, 1000))  # type: ignore[arg-type]
    work = 100 * 3.0 + 1000 * 0.2
    assert one.size == four.size == 1000 * 2000
    assert one.seconds - four.seconds == pytest.approx(work * 3 / 4)
    assert one.seconds - crowd.seconds == pytest.approx(work * 99 / 100)  # no more than groups
    assert 1.0 < one.seconds - work < 30.0


def rendered(image: np.ndarray, axes: str, mask: np.ndarray) -> Any:
    return SimpleNamespace(image=image, axes=axes, truths={"mask": mask})


def test_the_picture_is_the_middle_plane_of_the_first_frame_with_a_line_around_the_mask() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[5:10, 6:16] = 1
    film = np.zeros((2, 3, 20, 30), np.uint16)
    film[0, 1] = 100 + 900 * mask.astype(np.uint16)
    film[1] = 7
    grey, outline = picture_of(rendered(film, "TZYX", np.stack([mask, 0 * mask])))
    assert (grey[mask > 0] == 255).all()
    assert (grey[mask == 0] == 0).all()
    assert not (outline & (mask > 0)).any()
    assert outline.sum() == 2 * (5 + 10)
    same, _ = picture_of(rendered(film[0, 1], "YX", mask))
    np.testing.assert_array_equal(grey, same)


def test_an_even_image_is_a_picture_too() -> None:
    grey, outline = picture_of(rendered(np.full((8, 8), 5.0), "YX", np.zeros((8, 8))))
    assert not grey.any()
    assert not outline.any()
