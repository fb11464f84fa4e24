"""TIFF files of one page, put together by hand, against those that tifffile writes."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile

from napari_3dmsl.image_io.one_page import is_one_page, one_page


def by_tifffile(pixels, description, resolution, compress):
    file = io.BytesIO()
    tifffile.imwrite(
        file,
        pixels,
        photometric="minisblack",
        metadata=None,
        compression="zlib" if compress else None,
        description=description,
        resolution=resolution,
        resolutionunit="CENTIMETER",
    )
    return file.getvalue()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("shape", [(128, 128), (1, 1), (3, 200), (256, 256)])
def test_the_file_is_that_of_tifffile_to_the_last_byte(shape, dtype, compress):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 200, shape).astype(dtype)
    assert is_one_page(pixels)
    for length in range(4, 40):
        description = b"d" * length
        resolution = tuple((1e4 / rng.uniform(0.01, 0.3, 2)).tolist())
        found = one_page(pixels, description, resolution, compress=compress)
        assert found == by_tifffile(pixels, description, resolution, compress)


def test_columns_of_another_array_are_written_in_order():
    pixels = np.arange(60, dtype=np.uint16).reshape(6, 10)[:, ::2].T
    for compress in (False, True):
        found = one_page(pixels, b"text", (1.0, 1.0), compress=compress)
        np.testing.assert_array_equal(tifffile.imread(io.BytesIO(found)), pixels)


@pytest.mark.parametrize("pixels", [np.zeros((2, 3, 4), np.uint8), np.zeros((2, 3), np.float32)])
def test_other_images_are_left_to_tifffile(pixels):
    assert not is_one_page(pixels)


def test_large_images_are_left_to_tifffile():
    assert not is_one_page(np.zeros((2048, 2048), np.uint16))
