"""Grey images from the files that people have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_3dmsl.image_io.grey_images import read_grey

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)


def test_every_kind_of_file_gives_its_planes(tmp_path: Path) -> None:
    stack = np.stack([GREY, GREY + 1]).astype(np.uint16)
    tifffile.imwrite(tmp_path / "stack.tif", stack)
    np.save(tmp_path / "plane.npy", GREY.astype(np.float32))
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    Image.fromarray(np.dstack([GREY] * 3)).save(tmp_path / "colours.png")
    Image.fromarray(np.dstack([GREY, GREY + 9])).save(tmp_path / "opaque.png")
    tifffile.imwrite(tmp_path / "colours.tif", np.dstack([GREY] * 3), photometric="rgb")
    expected = {"stack.tif": stack, "plane.npy": GREY[None].astype(np.float32)}
    for file in sorted(tmp_path.iterdir()):
        image = read_grey(file)
        assert not image.lossy
        assert np.array_equal(image.planes, expected.get(file.name, GREY[None])), file.name


def test_jpeg_is_told(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "grey.jpg")
    assert read_grey(tmp_path / "grey.jpg").lossy


def test_what_is_no_grey_image_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.dstack([GREY, GREY, GREY + 9])).save(tmp_path / "red.png")
    np.save(tmp_path / "mask.npy", GREY > 5)
    np.save(tmp_path / "line.npy", np.arange(5))
    (tmp_path / "broken.png").write_text("nothing")
    (tmp_path / "film.avi").write_text("nothing")
    reasons = {
        "red.png": "a coloured picture",
        "mask.npy": "a mask",
        "line.npy": "no image of numbers, but 1D",
        "broken.png": "cannot read this picture",
        "film.avi": "images are read from .tif",
        "missing.tif": "no such file",
    }
    for name, reason in reasons.items():
        with pytest.raises(ValueError, match=rf"{name}: {reason}") as error:
            read_grey(tmp_path / name)
        assert "\n" not in str(error.value)
