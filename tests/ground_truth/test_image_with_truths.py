"""An image and its truths as files: all of them, in the pixels of the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from napari_3dmsl.ground_truth.image_with_truths import SAVED, truth_path, write_with_truths
from napari_3dmsl.ground_truth.pixel_truths import CLASS_CODES
from napari_3dmsl.ground_truth.single_image import mask_of_image, truths_of_image
from napari_3dmsl.image_io.ome_tiff import describe_image, read_image
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, simulate_surface
from napari_3dmsl.readers import read_file


@pytest.fixture(scope="module")
def mesh() -> tuple[np.ndarray, np.ndarray]:
    found = trimesh.creation.icosphere(subdivisions=2, radius=0.5)
    return np.asarray(found.vertices)[:, ::-1], np.asarray(found.faces)[:, ::-1]


@pytest.fixture(scope="module")
def ball(mesh: tuple[np.ndarray, np.ndarray]) -> Surface:
    return Surface(*mesh)


@pytest.fixture(scope="module")
def stack(mesh: tuple[np.ndarray, np.ndarray]) -> SimulatedImage:
    simulation = Simulation(
        microscope=Microscope(pixel_nm=80, image_size=(24, 30)),
        acquisition=Acquisition(planes=3, step_nm=250),
    )
    return simulate_surface(*mesh, simulation)


def test_all_are_written_and_come_back(
    ball: Surface, stack: SimulatedImage, tmp_path: Path
) -> None:
    truths = truths_of_image(ball, stack, SAVED, label=7, shape_class="rod")
    files = write_with_truths(tmp_path / "ball.ome.tif", stack, truths)
    assert [file.name for file in files] == [
        "ball.ome.tif", *(f"ball_{name}.ome.tif" for name in truths)
    ]  # fmt: skip
    np.testing.assert_array_equal(read_image(files[0])[0], stack.counts)
    for name, file in zip(truths, files[1:], strict=True):
        pixels, story = read_image(file)
        np.testing.assert_array_equal(pixels, truths[name])
        assert story["ground_truth"] == name
        assert describe_image(file).size_um["X"] == pytest.approx(0.08)
    np.testing.assert_array_equal(truths["mask"], mask_of_image(ball, stack))
    assert set(np.unique(truths["instances"])) == {0, 7}
    assert set(np.unique(truths["classes"])) == {0, CLASS_CODES["rod"]}
    assert truths["focus_mask"].shape == truths["photons"].shape == (3, 24, 30)


def test_masks_open_as_labels_and_depth_as_an_image(
    ball: Surface, stack: SimulatedImage, tmp_path: Path
) -> None:
    truths = truths_of_image(ball, stack, ("mask", "depth"))
    _, mask, depth = write_with_truths(tmp_path / "ball.tif", stack, truths)
    kinds = [read_file(path)[0][2] for path in (mask, depth)]
    assert kinds == ["labels", "image"]


@pytest.mark.parametrize(
    ("image", "truth"),
    [
        ("a.ome.tif", "a_mask.ome.tif"),
        ("a.b.TIFF", "a.b_mask.TIFF"),
        ("a.OME.tiff", "a_mask.OME.tiff"),
    ],
)
def test_truths_are_named_after_their_image(image: str, truth: str) -> None:
    assert truth_path(Path("folder") / image, "mask") == Path("folder") / truth


def test_work_that_is_stopped_leaves_no_image(
    ball: Surface, stack: SimulatedImage, tmp_path: Path
) -> None:
    def stop(done: int, of: int, what: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    truths = truths_of_image(ball, stack, ("mask", "depth"))
    with pytest.raises(KeyboardInterrupt):
        write_with_truths(tmp_path / "ball.tif", stack, truths, stop)
    assert not (tmp_path / "ball.tif").exists()
