"""Labels on disk, read where they are indexed: the same voxels as in memory, from every file."""

from __future__ import annotations

import pickle
from pathlib import Path

import containers
import numpy as np
import pytest
import tifffile
from refusals import refusal

from napari_3dmsl.memory import LIMIT
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import open_labels

SHAPE = (7, 20, 33)
LABELS = np.zeros(SHAPE, np.uint16)
LABELS[1:4, 3:9, 5:20] = 300
LABELS[3:6, 10:18, 15:30] = 2
BOX = (slice(2, 5), slice(4, 15), slice(7, 31))


def npy(folder: Path) -> Path:
    np.save(folder / "a.npy", LABELS)
    return folder / "a.npy"


def npy_turned(folder: Path) -> Path:
    np.save(folder / "a.npy", np.asfortranarray(LABELS))
    return folder / "a.npy"


def npy_swapped(folder: Path) -> Path:
    np.save(folder / "a.npy", LABELS.astype(">u2"))
    return folder / "a.npy"


def npz(folder: Path) -> Path:
    np.savez(folder / "a.npz", labels=LABELS)
    return folder / "a.npz"


def npz_packed(folder: Path) -> Path:
    np.savez_compressed(folder / "a.npz", labels=np.asfortranarray(LABELS))
    return folder / "a.npz"


def tiff(folder: Path) -> Path:
    tifffile.imwrite(folder / "a.tif", LABELS, photometric="minisblack")
    return folder / "a.tif"


def tiff_swapped(folder: Path) -> Path:
    tifffile.imwrite(folder / "a.tif", LABELS, photometric="minisblack", byteorder=">")
    return folder / "a.tif"


def tiff_packed(folder: Path) -> Path:
    tifffile.imwrite(folder / "a.tif", LABELS, compression="zlib", tile=(16, 16))
    return folder / "a.tif"


def tiff_of_single_planes(folder: Path) -> Path:
    with tifffile.TiffWriter(folder / "a.tif") as out:
        for plane in LABELS:
            out.write(plane, metadata=None)
    return folder / "a.tif"


def big_tiff(folder: Path) -> Path:
    tifffile.imwrite(folder / "a.tif", LABELS, bigtiff=True, compression="zstd")
    return folder / "a.tif"


def sections(folder: Path) -> Path:
    for number, plane in enumerate(LABELS):
        tifffile.imwrite(folder / f"s_{number}.tif", plane)
    return folder


def nifti(folder: Path) -> Path:
    nibabel = pytest.importorskip("nibabel")
    nibabel.save(nibabel.Nifti1Image(LABELS.T, np.eye(4)), folder / "a.nii")
    return folder / "a.nii"


def nifti_packed(folder: Path) -> Path:
    nibabel = pytest.importorskip("nibabel")
    nibabel.save(nibabel.Nifti1Image(LABELS.T.astype(np.float32), np.eye(4)), folder / "a.nii.gz")
    return folder / "a.nii.gz"


FILES = (
    *(npy, npy_turned, npy_swapped, npz, npz_packed, tiff, tiff_swapped, tiff_packed),
    *(tiff_of_single_planes, big_tiff, sections, nifti, nifti_packed),
)


@pytest.mark.parametrize("write", FILES)
def test_boxes_are_those_of_the_array(tmp_path: Path, write) -> None:
    labels = open_lazy(write(tmp_path)).labels
    assert labels.shape == SHAPE
    assert labels.dtype.kind == "u"
    assert labels.dtype.isnative
    for box in (BOX, (slice(5, 6), slice(None), slice(None)), (slice(0, 1), slice(2), slice(3))):
        block = labels[box]
        np.testing.assert_array_equal(block, LABELS[box])
        assert block.dtype == labels.dtype
        assert block.flags.c_contiguous
        assert block.flags.writeable
    np.testing.assert_array_equal(labels[...], open_labels(tmp_path / write(tmp_path)).labels)


@pytest.mark.parametrize("write", FILES)
def test_it_pickles_and_reads_the_file_anew(tmp_path: Path, write) -> None:
    labels = open_lazy(write(tmp_path)).labels
    labels[BOX]  # is open now
    copy = pickle.loads(pickle.dumps(labels))
    np.testing.assert_array_equal(copy[BOX], LABELS[BOX])


def test_chunks_say_what_is_read_at_once(tmp_path: Path) -> None:
    assert open_lazy(npy(tmp_path)).labels.chunks == (1, 1, 1)
    assert open_lazy(npz_packed(tmp_path)).labels.chunks == (7, 20, 1)  # planes of x
    assert open_lazy(big_tiff(tmp_path)).labels.chunks == (1, 20, 33)
    assert open_lazy(tiff_packed(tmp_path)).labels.chunks == (1, 20, 33)


def test_large_pages_of_a_tiff_are_read_tile_by_tile(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("napari_3dmsl.volumes.tiff._LARGE_PAGE", 100)
    labels = open_lazy(tiff_packed(tmp_path)).labels
    assert labels.chunks == (1, 16, 16)
    np.testing.assert_array_equal(labels[BOX], LABELS[BOX])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(labels))[...], LABELS)


def test_a_pyramid_in_a_tiff_has_its_levels(tmp_path: Path) -> None:
    sizes = {f"PhysicalSize{axis}": nm / 1000 for axis, nm in zip("ZYX", (30, 8, 4), strict=True)}
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as out:
        told = {"axes": "ZYX", **sizes}
        out.write(LABELS, subifds=1, tile=(16, 16), compression="zlib", metadata=told)
        out.write(LABELS[:, ::2, ::2], subfiletype=1, tile=(16, 16), compression="zlib")
    volume = open_lazy(tmp_path / "a.ome.tif")
    assert [one.labels.shape for one in volume.levels] == [SHAPE, (7, 10, 17)]
    assert volume.levels[1].voxel_nm == pytest.approx((30, 16, 4 * 33 / 17))
    coarse = open_lazy(tmp_path / "a.ome.tif", level=1).labels
    np.testing.assert_array_equal(coarse[2:5], LABELS[2:5, ::2, ::2])


def test_numbers_ellipsis_and_negative_places_are_those_of_numpy(tmp_path: Path) -> None:
    labels = open_lazy(npy(tmp_path)).labels
    steps = (slice(None, None, 2), slice(1, 18, 3), slice(None, None, 7))
    for box in (3, -1, (2, ..., 7), (..., slice(-5, None)), (slice(4, 2),), steps, steps[:1]):
        np.testing.assert_array_equal(labels[box], LABELS[box])
    packed = open_lazy(npz_packed(tmp_path)).labels
    np.testing.assert_array_equal(packed[steps], LABELS[steps])
    with pytest.raises(IndexError, match="backwards"):
        labels[::-1]
    with pytest.raises(IndexError, match="out of 0 to 6"):
        labels[7]


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = npy(tmp_path)
    assert open_lazy(path).labels[3, 5, 6] == 300
    np.save(path, np.ones((2, 3, 4), np.uint8))
    assert open_lazy(path).labels[...].sum() == 24


def test_values_that_are_no_labels_are_refused_where_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for wrong, told in (
        (0.5, "probabilities"),
        (2.0**40, "the highest is 1099511627776"),
        (-1.0, "--background -1"),
        (-1234567.0, "--background -1234567"),
        (np.nan, "NaN"),
    ):
        array = np.ones((3, 4, 5), np.float32)
        array[2, 1, 1] = wrong
        np.save(path, array)
        labels = open_lazy(path).labels
        assert labels[:2].sum() == 40
        assert told in refusal(lambda labels=labels: labels[2])
    np.save(path, np.full((3, 4, 5), -1, np.int8))
    assert "--background -1" in refusal(lambda: open_lazy(path).labels[0])
    assert not open_lazy(path, background=-1).labels[0].any()
    np.save(path, np.full((3, 4, 5), 2**64 - 1, np.uint64))
    assert not open_lazy(path, background="max").labels[0].any()


@pytest.mark.parametrize("write", [npz, npz_packed])
def test_a_checksum_that_is_wrong_is_told(tmp_path: Path, write) -> None:
    path = write(tmp_path)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 16] ^= 1  # of the checksum, as the directory has it
    path.write_bytes(content)
    for read in (open_labels, lambda path: open_lazy(path).labels[...]):
        assert "Bad CRC-32" in refusal(read, path)


def test_a_voxel_that_was_changed_in_an_npz_is_not_read(tmp_path: Path) -> None:
    path = npz(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(LABELS.tobytes())] = 1  # the first voxel
    path.write_bytes(content)
    assert "Bad CRC-32" in refusal(lambda: open_lazy(path).labels[0])


def test_the_whole_is_read_only_where_memory_holds_it(tmp_path: Path, monkeypatch) -> None:
    labels = open_lazy(npy(tmp_path)).labels
    np.testing.assert_array_equal(np.asarray(labels), LABELS)
    monkeypatch.setenv(LIMIT, "1e-6")
    assert "a.npy" in refusal(np.asarray, labels)
    assert labels[0, :2, :2].shape == (2, 2)


def test_voxel_size_name_and_problem_are_those_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "mito.ome.tif"
    sizes = {"PhysicalSizeZ": 30, "PhysicalSizeZUnit": "nm"}
    sizes |= {"PhysicalSizeY": 0.008, "PhysicalSizeX": 0.016}
    tifffile.imwrite(path, LABELS, metadata={"axes": "ZYX", **sizes})
    lazy, whole = open_lazy(path), open_labels(path)
    assert lazy.voxel_nm == whole.voxel_nm == pytest.approx((30, 8, 16))
    assert (lazy.name, lazy.path, lazy.size_problem) == (whole.name, whole.path, "")
    assert open_lazy(path, voxel_nm=(1, 2, 3)).voxel_nm == (1, 2, 3)
    assert open_lazy(npy(tmp_path)).size_problem == "the file says no voxel size"


def test_sections_that_are_missing_or_of_another_size_are_named(tmp_path: Path) -> None:
    folder = sections(tmp_path)
    (folder / "s_3.tif").unlink()
    volume = open_lazy(folder)
    assert "leave out 1" in volume.notes[0]
    assert len(pickle.dumps(volume.labels)) < 2000  # the folder goes to workers, not all names
    tifffile.imwrite(folder / "s_4.tif", LABELS[0, :5])
    assert "s_4.tif" in refusal(lambda: volume.labels[...])


@pytest.mark.parametrize("container", ["plain_zarr", "ome_zarr_05", "n5", "precomputed"])
def test_a_folder_that_goes_while_it_is_read_is_no_background(
    tmp_path: Path, container: str
) -> None:
    path = getattr(containers, container)(tmp_path, LABELS, (24.0, 24.0, 24.0))
    labels = open_lazy(path).labels
    np.testing.assert_array_equal(labels[BOX], LABELS[BOX])
    path.rename(tmp_path / "gone")
    assert "gone while it was read" in refusal(lambda: labels[BOX])
    (tmp_path / "gone").rename(path)
    np.testing.assert_array_equal(labels[BOX], LABELS[BOX])
