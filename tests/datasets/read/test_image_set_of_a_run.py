"""What a run leaves behind, read as a sequence of samples and dropped on napari."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import npe2
import numpy as np
import pytest

from napari_3dmsl.datasets.read.image_set import ImageSet
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.layers.image_sets import image_set_layers
from napari_3dmsl.library.library import write_library
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import Mesh
from napari_3dmsl.shapes.shape import measure_shapes

PLUGIN = "napari-3dmsl"
TRUTHS = ("mask", "volume_instances", "depth", "photons", "emitters", "meshes", "clouds")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two balls."""
    z, y, x = np.ogrid[:40, :40, :80]
    labels = sum((z - 20) ** 2 + (y - 20) ** 2 + (x - at) ** 2 <= 289 for at in (20, 60))
    settings = ExtractionSettings(voxel_nm=(24, 24, 24), erosion_nm=0)
    folder = tmp_path_factory.mktemp("library") / "balls"
    write_library(measure_shapes(extract_instances(labels, settings)), folder)
    return folder


def made(library: Path, folder: Path, **changes: Any) -> Path:
    """The folder of a set of both balls, each seen once through two microscopes."""
    recipe = Recipe.model_validate(
        {
            "source": {"library": str(library)},
            "views": {"six": False, "rotations_deg": [(10, 20, 30)]},
            "microscopes": ["con1", "epi1"],
            "image_size": (48, 64),
            "ground_truth": TRUTHS,
        }
        | changes
    )
    outcome = generate(recipe, folder, workers=1)
    assert not outcome.failed
    return outcome.folder


@pytest.mark.parametrize(("format_", "planes"), [("ome-tiff", 1), ("ome-zarr", 3)])
def test_every_file_of_a_run_is_read_and_lies_where_the_image_shows_it(
    library: Path, tmp_path: Path, format_: str, planes: int
) -> None:
    if format_ == "ome-zarr":
        pytest.importorskip("zarr", minversion="3")
    told: dict[str, Any] = {"focus": {"planes": planes}, "output": {"format": format_}}
    images = ImageSet(made(library, tmp_path / "set", **told))
    assert len(images) == 4
    assert images.verify() == []
    for sample in images:
        assert sample.image.shape == (planes, 48, 64)[planes == 1 :]
        assert sample.truths["mask"].shape == (48, 64)
        assert tuple(sample.truths) == TRUTHS
        pixel_um = sample.row["pixel_nm"] / 1000
        ys, xs = np.nonzero(sample.truths["mask"])
        middle = [(ys.mean() + 0.5) * pixel_um, (xs.mean() + 0.5) * pixel_um]
        mesh, table = sample.truths["meshes"], sample.truths["emitters"]
        assert isinstance(mesh, Mesh)
        np.testing.assert_allclose(mesh.bounds_um.mean(axis=0)[1:], middle, atol=pixel_um)
        spread = 0.408 / np.sqrt(len(table))  # standard error of points on a ball of this radius
        assert abs(table["y_um"].mean() - middle[0]) < 4 * spread
        assert abs(table["x_um"].mean() - middle[1]) < 4 * spread
        points = sample.truths["clouds"]["points_um"]
        np.testing.assert_allclose(points.mean(axis=0)[1:], middle, atol=pixel_um)
        depth = sample.truths["depth"]
        assert np.isfinite(depth).sum() == (sample.truths["mask"] > 0).sum()
    assert len(images.pairs("con1", "epi1")) == 2
    layers = [(attributes["name"], kind) for _, attributes, kind in image_set_layers(images.folder)]
    assert layers[:5] == [
        ("con1", "image"),
        ("con1 mask", "labels"),
        ("con1 volume_instances", "labels"),
        ("con1 depth", "image"),
        ("con1 photons", "image"),
    ]


def test_a_set_in_folders_of_the_release_opens_as_images_and_its_zips_as_shapes(
    library: Path, tmp_path: Path
) -> None:
    told = {"ground_truth": ["mask"], "output": {"layout": "3dmsl", "zips": True}}
    folder = made(library, tmp_path / "set", **told)
    assert ImageSet(folder).verify() == []
    assert ImageSet(folder).row(0)["image"] == "1/Conf1_imgs/N_0_1_given000.tif"
    opened = {"napari-3dmsl.read_image_set": folder, "napari-3dmsl.read_library": folder / "zips"}
    npe2.PluginManager.instance().discover()
    for command, path in opened.items():
        _, reader = npe2.io_utils.read_get_reader([str(path)], plugin_name=PLUGIN, stack=False)
        assert reader.command == command
