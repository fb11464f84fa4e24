"""Simulated images as files: stacks written plane by plane are those written from memory."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import tifffile
from plane_stacks import SCENE_SIZE, scene_of_points, stack_peak_bytes

from napari_3dmsl.arrays import Planes
from napari_3dmsl.image_io import ome_tiff
from napari_3dmsl.image_io.image_file import check_image_file, write_image_file
from napari_3dmsl.image_io.ome_tiff import read_image, write_ome_tiff
from napari_3dmsl.image_io.ome_zarr import read_ome_zarr, write_ome_zarr
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulated_stack import simulated_stack
from napari_3dmsl.microscope.simulation import Simulation, image_scene

SIMULATION = Simulation(
    microscope=Microscope(pixel_nm=100, image_size=SCENE_SIZE),
    acquisition=Acquisition(planes=4, step_nm=250),
)


def bytes_of(path: Path) -> dict[str, bytes]:
    """What a file, or each file of a folder, holds."""
    if path.is_file():
        return {"": path.read_bytes()}
    return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}


@pytest.mark.parametrize("ending", [".tif", ".zarr"])
@pytest.mark.parametrize("planes", [1, 4])
def test_a_stack_plane_by_plane_is_the_same_file(tmp_path: Path, ending: str, planes: int) -> None:
    scene = scene_of_points()
    simulation = SIMULATION.replace(acquisition=Acquisition(planes=planes, step_nm=250))
    (tmp_path / "memory").mkdir()
    whole = write_image_file(tmp_path / "memory" / f"a{ending}", image_scene(scene, simulation))
    with simulated_stack(scene, simulation, tmp_path / f"a{ending}") as stack:
        streamed = write_image_file(tmp_path / f"a{ending}", stack)
    assert bytes_of(streamed) == bytes_of(whole)
    assert sorted(f.name for f in tmp_path.iterdir()) == [f"a{ending}", "memory"]


def test_chunks_of_large_planes_reach_through_few_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_3dmsl.image_io.ome_zarr._SLAB_BYTES", 3 * 20 * 30 * 2)
    pixels = np.random.default_rng(0).integers(0, 999, (7, 20, 30)).astype(np.uint16)
    whole = write_ome_zarr(tmp_path / "a.zarr", pixels, (1, 1, 1), {"software": "napari-3dmsl"})
    one_by_one = Planes((7, 20, 30), pixels.dtype, pixels)
    streamed = write_ome_zarr(
        tmp_path / "b.zarr", one_by_one, (1, 1, 1), {"software": "napari-3dmsl"}
    )
    np.testing.assert_array_equal(read_ome_zarr(streamed).pixels, pixels)
    chunks = [f for f in bytes_of(whole) if f.startswith("0/c")]
    assert len(chunks) == 3
    assert all(bytes_of(whole)[f] == bytes_of(streamed)[f] for f in chunks)


def test_what_is_too_large_for_a_tiff_becomes_a_bigtiff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(0).integers(0, 999, (7, 20, 30)).astype(np.uint16)
    planes = Planes((7, 20, 30), pixels.dtype, pixels)
    monkeypatch.setattr(ome_tiff, "_LARGEST_TIFF", pixels.nbytes - 1)
    about = {"software": "napari-3dmsl"}
    path = write_ome_tiff(tmp_path / "a.tif", planes, (0.25, 0.1, 0.1), about)
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_bigtiff
        assert tiff.is_ome
        assert tiff.series[0].axes == "ZYX"
    np.testing.assert_array_equal(read_image(path)[0], pixels)


def test_planes_that_fail_leave_no_file(tmp_path: Path) -> None:
    def planes():
        yield np.zeros((20, 30), np.uint16)
        raise InterruptedError

    for write, name in ((write_ome_tiff, "a.tif"), (write_ome_zarr, "a.zarr")):
        stack = Planes((3, 20, 30), np.dtype(np.uint16), planes())
        with pytest.raises(InterruptedError):
            write(tmp_path / name, stack, (1, 1, 1), {})
    assert not list(tmp_path.iterdir())


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a.png: images are written as .tif, .tiff or .zarr"):
        check_image_file(tmp_path / "a.png")
    with pytest.raises(ValueError, match="no such folder"):
        check_image_file(tmp_path / "none" / "a.zarr")


@pytest.mark.parametrize("ending", [".tif", ".zarr"])
def test_a_stack_takes_no_more_memory_than_a_few_of_its_planes(tmp_path: Path, ending: str) -> None:
    """60 planes of 512 x 512 pixels, 63 MB of photons, in a process of its own."""
    with get_context("spawn").Pool(1) as fresh:
        few = fresh.apply(stack_peak_bytes, (str(tmp_path / f"few{ending}"), 4))
        many = fresh.apply(stack_peak_bytes, (str(tmp_path / f"many{ending}"), 60))
    assert many - few < 35e6
