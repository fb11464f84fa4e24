"""TIFFs as electron microscopists compress them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from refusals import refusal

from napari_3dmsl.volumes.open import open_labels

LABELS = np.zeros((6, 64, 80), np.uint16)
LABELS[1:4, 10:30, 20:60] = 513
LABELS[3:5, 40:50, 10:70] = 2


@pytest.mark.parametrize("layout", [{}, {"tile": (32, 32)}, {"rowsperstrip": 7}])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize(
    "compression", ["lzw", "zstd", "zlib", "deflate", "packbits", "lzma", "jpeg2000", "lerc"]
)
def test_lossless_compressions_are_read(tmp_path: Path, compression, bigtiff, layout) -> None:
    path = tmp_path / "a.tif"
    options = {"compression": compression, "bigtiff": bigtiff, **layout}
    tifffile.imwrite(path, LABELS, photometric="minisblack", **options)
    np.testing.assert_array_equal(open_labels(path).labels, LABELS)


@pytest.mark.parametrize("compression", ["lzw", "zstd", "zlib"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_predictors_and_byte_orders_are_undone(tmp_path: Path, compression, byteorder) -> None:
    path = tmp_path / "a.tif"
    options = {"compression": compression, "predictor": True, "byteorder": byteorder}
    tifffile.imwrite(path, LABELS, photometric="minisblack", **options)
    np.testing.assert_array_equal(open_labels(path).labels, LABELS)


def test_masks_of_one_bit_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, LABELS > 0, photometric="minisblack")
    np.testing.assert_array_equal(open_labels(path).labels > 0, LABELS > 0)


def test_a_missing_decoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, LABELS, photometric="minisblack", compression="zstd")

    def asarray(*_: object, **__: object) -> None:
        raise ValueError("<COMPRESSION.ZSTD: 50000> requires the 'imagecodecs' package")

    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", asarray)
    assert "needs imagecodecs (pip install imagecodecs)" in refusal(open_labels, path)
