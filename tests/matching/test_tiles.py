"""Images of any kind become tiles of one size; what is none is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from made_set import SHAPE, make_set
from PIL import Image

from napari_3dmsl.matching.tiles import cut, pixel_doubt, read_tiles, smallest_side

FIELD = np.arange(100 * 140, dtype=np.uint16).reshape(100, 140)


def test_tiles_lie_beside_each_other_in_the_middle_of_the_image() -> None:
    tiles = cut(FIELD, 32)
    assert len(tiles) == 3 * 4
    assert np.array_equal(tiles[0], FIELD[2:34, 6:38])
    assert np.array_equal(tiles[5], FIELD[34:66, 38:70])


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    for number in (10, 9):
        tifffile.imwrite(tmp_path / f"{number}.tif", np.full((64, 64), number, np.uint8))
    Image.fromarray(np.full((64, 64), 200, np.uint8)).save(tmp_path / "z.png")
    (tmp_path / "notes.txt").write_text("nothing")
    found = read_tiles(tmp_path, 64)
    assert found.values[:, 0, 0].tolist() == [9, 10, 200]
    assert found.names == ("9.tif", "10.tif", "z.png")


def test_each_plane_of_a_stack_is_an_image(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([FIELD, FIELD + 1, FIELD + 2]))
    found = read_tiles(tmp_path / "stack.tif", 64)
    assert found.images.tolist() == [0, 0, 1, 1, 2, 2]
    assert found.names[2] == "stack.tif plane 2"
    assert smallest_side([tmp_path]) == 100


def test_grey_images_that_were_saved_in_colour_are_read_and_colours_are_refused(
    tmp_path: Path,
) -> None:
    grey = np.repeat((FIELD % 256).astype(np.uint8)[..., None], 3, axis=2)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert np.array_equal(read_tiles(tmp_path, 100).values[0], grey[:, 20:120, 0])
    grey[0, 0, 1] += 1
    Image.fromarray(grey).save(tmp_path / "grey.png")
    with pytest.raises(ValueError, match="grey.png: a colour image; save each channel"):
        read_tiles(tmp_path, 100)


def test_of_too_many_tiles_some_are_drawn_the_same_for_a_seed(tmp_path: Path) -> None:
    stack = np.arange(200, dtype=np.uint8)[:, None, None] * np.ones((1, 32, 32), np.uint8)
    tifffile.imwrite(tmp_path / "stack.tif", stack)
    drawn = [read_tiles(tmp_path, 32, most=50, seed=seed).values[:, 0, 0] for seed in (1, 1, 2)]
    assert len(set(drawn[0].tolist())) == 50
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    firsts = [read_tiles(tmp_path, 32, most=20, seed=s).values[:, 0, 0].mean() for s in range(12)]
    assert abs(np.mean(firsts) - 99.5) < 15  # from all over the stack


def test_pixels_that_differ_are_told_where_files_tell_them(tmp_path: Path) -> None:
    for name, size in (("a", 0.08), ("b", 0.0802), ("c", 0.109)):
        metadata = {"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeY": size}
        tifffile.imwrite(tmp_path / f"{name}.ome.tif", FIELD, metadata=metadata)
    Image.fromarray(FIELD.astype(np.uint8)).save(tmp_path / "d.png")
    a, b, c, d = (tmp_path / name for name in ("a.ome.tif", "b.ome.tif", "c.ome.tif", "d.png"))
    assert pixel_doubt({"real": a, "simulated": b, "another real cell": d}) is None
    told = pixel_doubt({"real": a, "simulated": c})
    assert told == (
        "pixels differ: real 80 nm, simulated 109 nm; simulate with the pixel of the real images "
        "(pixel_nm)"
    )


def test_of_an_image_set_the_images_are_taken_and_not_the_masks(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "set")
    with pytest.raises(ValueError, match="16 × 24 pixels; tiles are 32 × 32"):
        read_tiles(folder, 32)
    assert smallest_side([folder]) == min(SHAPE)


def test_of_a_large_set_not_every_file_is_read(tmp_path: Path) -> None:
    for number in range(12):
        tifffile.imwrite(tmp_path / f"{number}.tif", np.full((32, 32), number, np.uint8))
    (tmp_path / "12.tif").write_bytes(b"damaged")
    reading = [seed for seed in range(20) if _reads(tmp_path, seed)]
    assert 0 < len(reading) < 20  # those that did not draw the damaged one
    found = read_tiles(tmp_path, 32, most=5, seed=reading[0])
    assert len(found) == len(found.names) == 5
    assert smallest_side([tmp_path], most=5, seed=reading[0]) == 32


def _reads(folder: Path, seed: int) -> bool:
    try:
        read_tiles(folder, 32, most=5, seed=seed)
    except ValueError:
        return False
    return True


def test_what_is_no_image_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gone: no such file or folder"):
        read_tiles(tmp_path / "gone")
    with pytest.raises(ValueError, match=r"no images; expected .tif, .tiff, .png"):
        read_tiles(tmp_path)
    (tmp_path / "a.czi").write_bytes(b"")
    with pytest.raises(ValueError, match=r"a.czi: no image that can be compared"):
        read_tiles(tmp_path / "a.czi")
    (tmp_path / "a.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(ValueError, match="a.png: cannot read this PNG"):
        read_tiles(tmp_path / "a.png")
    tifffile.imwrite(tmp_path / "small.tif", np.zeros((40, 90), np.uint8))
    with pytest.raises(ValueError, match="small.tif: 40 × 90 pixels; tiles are 64 × 64"):
        read_tiles(tmp_path / "small.tif", 64)
