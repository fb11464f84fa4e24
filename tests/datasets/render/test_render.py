"""Images of a group and their truth: paired, repeatable, drawn anew, and where they should be."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter
from small_sets import settings_of

from napari_3dmsl.datasets.recipe.plan import make_plan
from napari_3dmsl.datasets.recipe.recipe import Recipe, Views
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
from napari_3dmsl.datasets.render.render import views_of
from napari_3dmsl.ground_truth.image_coordinates import emitters_in_image, mesh_in_image
from napari_3dmsl.library.library import ShapeLibrary
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import Simulation, image_scene, scene_from_points


def rendered(recipe, reverse=False):
    """All images of a recipe by name."""
    library = ShapeLibrary.open(recipe.source.library)
    plan = make_plan(recipe, library)
    renderer = GroupRenderer(recipe, library, plan.pools)
    groups = plan.groups[::-1] if reverse else plan.groups
    return {image.name: image for group in groups for image in renderer.render(group)}


def emitters_of(image):
    (placed,) = image.film[0].objects
    return placed.emitters.positions_um


@pytest.fixture(scope="module")
def some(library):
    """Two shapes, twice each, in three microscopes, with all that can be drawn left open."""
    recipe = Recipe(
        **settings_of(library)
        | {
            "source": {"library": str(library), "ids": [2, 4]},
            "repeats": 2,
            "microscopes": [
                {"preset": "epi1", "camera": {"preset": "scmos", "offset_adu": [50, 150]}},
                "con1",
                "conf2",
            ],
            "views": {"six": False, "random": 2, "rotations_deg": [[0, 45, 0]]},
            "focus": {"focus_um": [-0.4, 0.4], "depth_um": [0, 2]},
            "labelling": {"density_per_um2": [30, 300, "log"], "efficiency": [0.4, 0.9]},
            "ground_truth": ["mask"],
        }
    )
    return recipe, rendered(recipe)


def by(images, *names):
    """Images in groups that share these attributes."""
    found = {}
    for image in images.values():
        told = {"group": image.group.name, "view": image.view, "scope": image.instrument.name}
        found.setdefault(tuple(told[name] for name in names), []).append(image)
    return found


def test_a_set_has_each_image_once(some):
    _, images = some
    assert len(images) == 2 * 2 * 3 * 3
    assert {len(found) for found in by(images, "group").values()} == {9}


def test_all_microscopes_see_the_same_fluorophores_pose_and_focus(some):
    _, images = some
    for same in by(images, "group", "view").values():
        assert len({image.instrument.name for image in same}) == 3
        first = same[0]
        for image in same[1:]:
            np.testing.assert_array_equal(emitters_of(image), emitters_of(first))
            assert image.metadata["acquisition"] == first.metadata["acquisition"]
            assert image.metadata["plane_focus_um"] == first.metadata["plane_focus_um"]
            assert image.metadata["world_to_field"] == first.metadata["world_to_field"]


def test_a_shape_is_labelled_once_for_all_views_and_anew_for_each_repeat(some):
    _, images = some
    counts = {}
    for (group,), same in by(images, "group").items():
        back = []
        for image in same:
            turn = np.array(image.metadata["world_to_field"])
            back.append((emitters_of(image) - turn[:3, 3]) @ turn[:3, :3])
            np.testing.assert_allclose(back[-1], back[0], atol=1e-9)
        assert len({str(image.metadata["labelling"]) for image in same}) == 1
        counts[group] = back[0]
    assert len({len(points) for points in counts.values()}) == len(counts)
    assert not np.isin(counts["000002_r0"], counts["000002_r1"]).any()


def test_focus_depth_and_cameras_are_drawn_within_their_ranges_and_differ(some):
    _, images = some
    views = by(images, "group", "view").values()
    for name, low, high in (("focus_um", -0.4, 0.4), ("depth_um", 0, 2)):
        drawn = [same[0].metadata["acquisition"][name] for same in views]
        assert len(set(drawn)) == len(drawn)
        assert all(low <= number <= high for number in drawn)
    offsets = [i.metadata["camera"]["offset_adu"] for (s,), m in by(images, "scope").items()
               for i in m if s.startswith("epi1")]  # fmt: skip
    assert len(set(offsets)) == len(offsets) == 12
    assert all(50 <= offset <= 150 for offset in offsets)
    densities = {image.metadata["labelling"]["density_per_um2"] for image in images.values()}
    assert len(densities) == 4
    assert all(30 <= density <= 300 for density in densities)
    for image in images.values():
        lowest = emitters_of(image)[:, 0].min()
        assert lowest == pytest.approx(image.metadata["acquisition"]["depth_um"], abs=1e-9)


def test_the_same_recipe_gives_the_same_images_in_any_order(some):
    recipe, images = some
    again = rendered(recipe, reverse=True)
    assert sorted(again) == sorted(images)
    for name, image in images.items():
        np.testing.assert_array_equal(again[name].image, image.image)
        np.testing.assert_array_equal(again[name].truths["mask"], image.truths["mask"])
        assert again[name].metadata == image.metadata


def test_more_microscopes_and_shapes_leave_the_others_as_they_were(some):
    recipe, images = some
    more = recipe.replace(
        microscopes=["con1-released", *recipe.microscopes],
        source=recipe.source.replace(ids=(1, 2)),
    )
    again = rendered(more)
    common = sorted(set(again) & set(images))
    assert len(common) == 2 * 9
    for name in common:
        np.testing.assert_array_equal(again[name].image, images[name].image)


def test_another_seed_changes_everything_that_is_drawn(some):
    recipe, images = some
    other = rendered(recipe.replace(seed=6))
    for name, image in images.items():
        assert other[name].metadata["seed"] != image.metadata["seed"]
        assert not np.array_equal(other[name].image, image.image)


def test_noise_is_independent_between_images(small_recipe):
    recipe = small_recipe(
        labelling={"photons_per_fluorophore": 1e-6},  # noise alone
        views={"six": False, "rotations_deg": [[0, 0, 0], [0, 0, 0]]},
        source={"library": small_recipe().source.library, "ids": [1]},
        repeats=3,
        microscopes=["epi1", {"preset": "epi1", "name": "twin"}],
    )
    noise = [image.image.ravel().astype(float) for image in rendered(recipe).values()]
    between = np.corrcoef(noise)[np.triu_indices(12, 1)]
    assert len(between) == 66
    # Of 66 correlations over 1024 pixels none is expected beyond 4.3 standard deviations.
    assert np.abs(between).max() < 4.3 / np.sqrt(1024)


def test_random_views_are_uniform_over_all_orientations_and_each_groups_own():
    views = Views(six=False, random=4000)
    turns = np.array([view.pose.matrix for view in views_of(views, 3, "000001_r0")])
    again = np.array([view.pose.matrix for view in views_of(views, 3, "000001_r0")])
    other = np.array([view.pose.matrix for view in views_of(views, 3, "000002_r0")])
    np.testing.assert_array_equal(turns, again)
    assert not np.isclose(turns, other).all(axis=(1, 2)).any()
    assert np.abs(turns @ turns.transpose(0, 2, 1) - np.eye(3)).max() < 1e-12
    assert np.linalg.det(turns) == pytest.approx(1)
    ranks = (np.arange(4000) + 0.5) / 4000
    # Archimedes: each coordinate of each turned axis is uniform in [-1, 1].
    for coordinate in turns.reshape(-1, 9).T:
        assert np.abs(np.sort((coordinate + 1) / 2) - ranks).max() < 0.0257
    # And the angle of a uniform rotation has the distribution (a - sin a) / π.
    angle = np.arccos(np.clip((np.trace(turns, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert np.abs(np.sort((angle - np.sin(angle)) / np.pi) - ranks).max() < 0.0257


def test_random_views_stay_when_more_are_asked_for():
    few, many = (views_of(Views(random=count), 7, "a") for count in (3, 30))
    assert [view.name for view in few[:6]] == ["0", "x90", "x180", "y90", "y180", "z90"]
    for view, same in zip(few, many, strict=False):
        assert view.name == same.name
        np.testing.assert_array_equal(view.pose.matrix, same.pose.matrix)


def test_an_image_is_that_of_its_listed_emitters(some):
    recipe, images = some
    for image in list(images.values())[::5]:
        truth = emitters_in_image(image.film[0].objects, image.field)
        microscope = image.instrument.microscope.replace(image_size=recipe.image_size)
        half = 0.5 * image.field.pixel_um * np.array(microscope.image_size)
        points = truth.positions_um - [0.0, *half]
        simulation = Simulation(
            microscope=microscope,
            acquisition=Acquisition(stage_um=image.metadata["plane_stage_um"][0]),
            noise="none",
        )
        alone = image_scene(scene_from_points(points, truth.photons), simulation)
        peak = alone.counts.max()
        np.testing.assert_allclose(image.photons, alone.counts[0], atol=2e-5 * peak)


def covered(mesh, view, across=6):
    """Part of each pixel that the projected triangles cover, by looking at each of them."""
    rows, columns = (
        (np.arange(count * across) + 0.5) / across * view.pixel_um for count in view.image_size
    )
    meets = np.zeros((len(rows), len(columns)), dtype=bool)
    for a, b, c in mesh.vertices[mesh.faces][:, :, 1:]:
        low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
        r = slice(*np.searchsorted(rows, [low[0], high[0]]))
        k = slice(*np.searchsorted(columns, [low[1], high[1]]))
        y, x = rows[r, None], columns[None, k]
        sides = [
            (q[0] - p[0]) * (x - p[1]) - (q[1] - p[1]) * (y - p[0])
            for p, q in ((a, b), (b, c), (c, a))
        ]
        meets[r, k] |= np.all([s >= 0 for s in sides], 0) | np.all([s <= 0 for s in sides], 0)
    shape = (view.image_size[0], across, view.image_size[1], across)
    return meets.reshape(shape).mean(axis=(1, 3))


def test_masks_are_what_the_triangles_of_the_mesh_cover(some):
    _, images = some
    for image in list(images.values())[::7]:
        part = covered(mesh_in_image(image.film[0].objects[0], image.field), image.field)
        mask = image.truths["mask"].astype(bool)
        assert mask[part > 0.7].all()
        assert not mask[part == 0].any()
        assert mask[(part > 0) & (part < 0.3)].mean() < 0.1
        assert mask.sum() == pytest.approx(part.sum(), rel=0.08)  # tips count whole pixels
        # Fluorophores lie over pixels that the object touches.
        row, column = (
            np.floor(emitters_in_image(image.film[0].objects, image.field).row_column).astype(int).T
        )
        inside = (row >= 0) & (column >= 0) & (row < 32) & (column < 32)
        assert inside.mean() > 0.9
        touched = maximum_filter(part, 3) > 0  # a corner that is only grazed has part 0
        assert touched[row[inside], column[inside]].all()


def centroid(pixels):
    weights = np.asarray(pixels, dtype=float)
    places = np.indices(weights.shape) + 0.5
    return (places * weights).sum(axis=(1, 2)) / weights.sum()


@pytest.mark.parametrize("target", ["surface", "volume"])
def test_images_lie_over_their_truth_within_half_a_pixel(small_recipe, target):
    recipe = small_recipe(
        image_size=(64, 64),
        microscopes=["epi1", "con1"],
        views={"six": False, "random": 2},
        labelling={"continuous": True, "target": target},
        noise="none",
    )
    for image in rendered(recipe).values():
        mesh = mesh_in_image(image.film[0].objects[0], image.field)
        corners = mesh.vertices[mesh.faces]
        if target == "surface":
            size = np.linalg.norm(np.cross(*np.diff(corners, axis=1).transpose(1, 0, 2)), axis=1)
            middles = corners.mean(axis=1)
        else:  # of tetrahedra from a corner of the image
            size, middles = np.linalg.det(corners), corners.sum(axis=1) / 4
        truth = np.average(middles, axis=0, weights=size)[1:] / image.field.pixel_um
        assert np.abs(centroid(image.photons) - truth).max() < 0.5, image.name
        assert np.abs(centroid(image.truths["mask"]) - truth).max() < 1.0, image.name


def test_sparse_images_lie_over_their_emitters_within_half_a_pixel(small_recipe):
    recipe = small_recipe(image_size=(64, 64), microscopes=["epi1", "con1"], noise="none")
    for image in rendered(recipe).values():
        truth = emitters_in_image(image.film[0].objects, image.field)
        middle = np.average(truth.row_column, axis=0, weights=truth.photons)
        assert np.abs(centroid(image.photons) - middle).max() < 0.5, image.name


@pytest.mark.parametrize("kind", ["single", "packed"])
def test_scenes_on_the_coverslip_are_imaged_however_their_heights_are_rounded(small_recipe, kind):
    whole = {"train": 1, "val": 0, "test": 0}
    scenes = small_recipe(microscopes=["epi1"], scene={"kind": kind}, split=whole, repeats=12)
    lowest = [
        min(placed.emitters.positions_um[:, 0].min() for placed in image.film[0].objects)
        for image in rendered(scenes).values()
    ]
    assert len(lowest) == 12
    assert min(lowest) >= 0
    if kind == "single":  # the lowest fluorophore comes to depth_um, which is 0
        assert max(lowest) < 1e-9
