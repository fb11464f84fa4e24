"""TIFFs that say more than they hold are refused before anything is made of them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from refusals import refusal

from napari_3dmsl import memory
from napari_3dmsl.image_io.ome_tiff import describe_image, read_pixels
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import open_labels

LABELS = np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6)


def offsets_of_next_pages(content: bytes) -> list[int]:
    """Where each page says where the next one is."""
    found, offset = [], struct.unpack_from("<I", content, 4)[0]
    while offset:
        found.append(offset + 2 + 12 * struct.unpack_from("<H", content, offset)[0])
        offset = struct.unpack_from("<I", content, found[-1])[0]
    return found


@pytest.mark.parametrize("read", [open_labels, describe_image, read_pixels])
@pytest.mark.parametrize("back_to", [0, 2])
def test_pages_that_lead_back_to_each_other_are_refused_at_once(
    tmp_path: Path, read, back_to: int
) -> None:
    path = tmp_path / "loop.tif"
    with tifffile.TiffWriter(path) as out:
        for plane in LABELS:
            out.write(plane, metadata=None, contiguous=False)
    content = bytearray(path.read_bytes())
    places = offsets_of_next_pages(content)
    first = struct.unpack_from("<I", content, 4)[0]
    target = first if back_to == 0 else struct.unpack_from("<I", content, places[back_to - 1])[0]
    struct.pack_into("<I", content, places[-1], target)
    path.write_bytes(content)
    assert "page 4 leads back" in refusal(read, path)


@pytest.mark.parametrize("axis", ["Z", "C", "T"])
@pytest.mark.parametrize("big", [False, True])
def test_more_planes_than_bytes_are_refused_at_once(tmp_path: Path, axis: str, big: bool) -> None:
    path = tmp_path / "many.ome.tif"
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="6" SizeY="5" '
        'SizeZ="1" SizeC="1" SizeT="1"><TiffData/></Pixels></Image></OME>'
    ).replace(f'Size{axis}="1"', f'Size{axis}="99999999"')
    tifffile.imwrite(path, LABELS[0], description=xml, metadata=None, bigtiff=big)
    for read in (open_labels, describe_image, read_pixels):
        assert "99,999,999 planes" in refusal(read, path)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd"])
def test_pixels_that_the_file_does_not_have_are_refused(tmp_path: Path, compression) -> None:
    path = tmp_path / "huge.tif"
    tifffile.imwrite(path, LABELS[0], metadata=None, compression=compression)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        tags = tiff.pages[0].tags
        for name in ("ImageWidth", "ImageLength"):
            struct.pack_into("<H", content, tags[name].offset + 2, 4)  # a 32-bit number
            struct.pack_into("<I", content, tags[name].valueoffset, 2**28)
    path.write_bytes(content)
    for read in (describe_image, read_pixels):
        assert "do not fit into" in refusal(read, path)
    assert "huge.tif" in refusal(open_labels, path)  # a single plane is no volume anyway


@pytest.mark.parametrize("read", [open_labels, open_lazy])
def test_a_stack_that_ends_early_is_called_truncated_and_no_plane(tmp_path: Path, read) -> None:
    path = tmp_path / "cut.tif"
    tifffile.imwrite(path, LABELS, compression="zlib", photometric="minisblack")
    content = path.read_bytes()
    second_page = struct.unpack_from("<I", content, offsets_of_next_pages(content)[0])[0]
    path.write_bytes(content[:second_page])
    assert "damaged or truncated: " in refusal(read, path)
    assert "labels have 3" not in refusal(read, path)


def test_more_than_memory_holds_is_refused_with_both_numbers(tmp_path: Path, monkeypatch) -> None:
    paths = {name: tmp_path / name for name in ("a.tif", "a.npy", "a.nii", "a.nii.gz")}
    labels = np.ones((40, 50, 60), dtype=np.uint16)
    tifffile.imwrite(paths["a.tif"], labels)
    np.save(paths["a.npy"], labels)
    nibabel = pytest.importorskip("nibabel")
    for name in ("a.nii", "a.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(labels, np.eye(4)), paths[name])
    monkeypatch.setattr(memory, "allowed_bytes", lambda: 900_000)
    for path in paths.values():
        told = refusal(open_labels, path)
        assert told.startswith(f"{path}: it would take 0.96 MB of memory, allowed are 0.9 MB")
    monkeypatch.setattr(memory, "allowed_bytes", lambda: 1_000_000)
    for path in paths.values():
        assert open_labels(path).labels.shape[1] == 50


@pytest.mark.parametrize("name", ["a.npy", "a.nii", "a.nii.gz"])
def test_arrays_longer_than_their_file_are_refused(tmp_path: Path, name: str) -> None:
    import gzip

    path = tmp_path / name
    if name == "a.npy":
        np.save(path, LABELS)
        content = path.read_bytes().replace(b"(4, 5, 6), }", b"(4, 5, 9**9), }".ljust(12))
        path.write_bytes(content.replace(b"9**9", b"9999"))
    else:
        nibabel = pytest.importorskip("nibabel")
        header = bytearray(nibabel.Nifti1Image(LABELS, np.eye(4)).to_bytes())
        struct.pack_into("<3h", header, 42, 32767, 32767, 32767)
        packed = gzip.compress(bytes(header)) if name.endswith(".gz") else bytes(header)
        path.write_bytes(packed)
    assert "damaged or truncated" in refusal(open_labels, path)
