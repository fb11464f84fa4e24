"""A tiny shape library and a small recipe, for the tests of image sets."""

import numpy as np
import pytest
from small_sets import settings_of

from napari_3dmsl.compute import Here
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.run import generate
from napari_3dmsl.library.library import write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.shape import measure_shapes

VOXEL_UM = 0.048


def capsule(points, start, end, radius):
    """Voxels within a radius of a straight line."""
    start, end = np.array(start), np.array(end)
    along = end - start
    share = np.clip((points - start) @ along / (along @ along), 0, 1)
    return np.linalg.norm(points - start - share[..., None] * along, axis=-1) <= radius


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Folder of a library with a dot, two rods and a donut, all about a µm large."""
    sides = [np.arange(count) * VOXEL_UM for count in (20, 36, 84)]
    points = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1)
    labels = np.zeros(points.shape[:3], dtype=np.uint8)
    labels[capsule(points, (0.45, 0.45, 0.45), (0.45, 0.5, 0.45), 0.25)] = 1
    labels[capsule(points, (0.3, 0.4, 1.1), (0.6, 1.2, 2.1), 0.18)] = 2
    labels[capsule(points, (0.5, 0.2, 1.8), (0.45, 0.4, 3.3), 0.15)] = 3
    flat = np.hypot(points[..., 1] - 1.15, points[..., 2] - 3.2) - 0.35
    labels[np.hypot(flat, points[..., 0] - 0.45) <= 0.15] = 4
    settings = ExtractionSettings(
        voxel_nm=(48, 48, 48), downsample=1, instances=True, min_volume_um3=0
    )
    folder = tmp_path_factory.mktemp("shapes") / "library"
    write_library(measure_shapes(extract_instances(labels, settings)), folder)
    return folder


@pytest.fixture
def small_recipe(library):
    """Make a small recipe for the library; what is given differs."""
    return lambda **changes: Recipe(**{**settings_of(library), **changes})


@pytest.fixture
def in_process(monkeypatch):
    """Let runs make their images in this process; no other starts."""
    monkeypatch.setattr(generate, "chosen_place", lambda *_: Here())


@pytest.fixture(scope="session")
def finished(library, tmp_path_factory):
    """Recipe, and folder of its finished set of 48 images, made in this process."""
    recipe = Recipe(**settings_of(library))
    folder = tmp_path_factory.mktemp("sets") / "finished"
    outcome = generate.generate(recipe, folder, workers=1)
    assert (outcome.images, outcome.made, outcome.failed) == (48, 48, {})
    return recipe, folder
