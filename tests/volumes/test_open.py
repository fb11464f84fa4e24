import gzip

import numpy as np
import pytest
import tifffile
from refusals import refusal

from napari_3dmsl.volumes.open import open_labels


def labels(dtype=np.uint16):
    array = np.zeros((4, 5, 6), dtype)
    array[1, 2, 3] = 1
    array[2, 2, 3] = 1
    return array


def test_imagej_tiff_gives_its_voxel_size(tmp_path):
    path = tmp_path / "labels.tif"
    tifffile.imwrite(
        path,
        labels(),
        imagej=True,
        resolution=(1 / 0.016, 1 / 0.008),
        metadata={"spacing": 0.03, "unit": "um", "axes": "ZYX"},
    )
    volume = open_labels(path)
    assert volume.voxel_nm == pytest.approx((30, 8, 16), rel=1e-4)
    assert volume.labels.shape == (4, 5, 6)
    assert volume.name == "labels"


def test_ome_tiff_gives_its_voxel_size_in_any_unit(tmp_path):
    path = tmp_path / "labels.ome.tif"
    metadata = {"axes": "ZYX", "PhysicalSizeZ": 30, "PhysicalSizeZUnit": "nm"}
    metadata |= {"PhysicalSizeY": 0.008, "PhysicalSizeX": 0.016}
    tifffile.imwrite(path, labels(), metadata=metadata)
    assert open_labels(path).voxel_nm == pytest.approx((30, 8, 16))


def test_the_callers_voxel_size_wins_and_none_stays_unknown(tmp_path):
    path = tmp_path / "labels.tif"
    tifffile.imwrite(path, labels(), photometric="minisblack")
    assert open_labels(path).voxel_nm is None
    assert open_labels(path, voxel_nm=(15, 16, 16)).voxel_nm == (15, 16, 16)


def test_npy_is_read(tmp_path):
    np.save(tmp_path / "labels.npy", labels())
    np.testing.assert_array_equal(open_labels(tmp_path / "labels.npy").labels, labels())


def test_nifti_is_turned_to_zyx_and_its_header_is_not_believed(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(labels(np.uint8).T, np.diag([3.0, 4.0, 5.0, 1.0]))
    nibabel.save(image, tmp_path / "labels.nii.gz")
    volume = open_labels(tmp_path / "labels.nii.gz")
    np.testing.assert_array_equal(volume.labels, labels())
    assert volume.labels.flags.c_contiguous
    assert volume.voxel_nm is None


def test_a_truncated_tiff_is_refused_in_one_line(tmp_path):
    whole = tmp_path / "whole.tif"
    array = np.random.default_rng(0).integers(0, 3, (20, 64, 64)).astype(np.uint8)
    for options in (
        {},
        {"compression": "zlib"},
        {"imagej": True},
        {"metadata": None},
        {"ome": True},
        {"metadata": None, "contiguous": False, "compression": "zlib"},
    ):
        tifffile.imwrite(whole, array, **options)
        content = whole.read_bytes()
        for part in (0, 3, 100, len(content) // 2, len(content) - 10):
            cut = tmp_path / "cut.tif"
            cut.write_bytes(content[:part])
            if part == len(content) - 10:  # only the page table is cut: the voxels may be whole
                try:
                    opened = open_labels(cut).labels
                except ValueError:
                    continue
                np.testing.assert_array_equal(opened, array)
            else:
                assert "cut.tif" in refusal(open_labels, cut), (options, part)


def test_a_truncated_nifti_is_refused_in_one_line(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    nibabel.save(nibabel.Nifti1Image(labels(np.uint8), np.eye(4)), tmp_path / "whole.nii.gz")
    content = (tmp_path / "whole.nii.gz").read_bytes()
    (tmp_path / "cut.nii.gz").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.nii.gz").write_bytes(gzip.compress(b"hello"))
    assert "cut.nii.gz" in refusal(open_labels, tmp_path / "cut.nii.gz")
    assert "text.nii.gz" in refusal(open_labels, tmp_path / "text.nii.gz")


def test_files_that_are_no_volumes_are_refused_in_one_line(tmp_path):
    (tmp_path / "text.tif").write_text("hello")
    (tmp_path / "text.npy").write_text("hello")
    (tmp_path / "notes.txt").write_text("hello")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    for name in ("text.tif", "text.npy", "notes.txt", "objects.npy", "missing.tif"):
        assert name in refusal(open_labels, tmp_path / name)
    tifffile.imwrite(tmp_path / "rgb.tif", np.ones((5, 6, 3), np.uint8), photometric="rgb")
    assert "colour" in refusal(open_labels, tmp_path / "rgb.tif")
    tifffile.imwrite(tmp_path / "empty.tif", np.zeros((5, 5, 6), np.uint8))
    assert "background" in refusal(open_labels, tmp_path / "empty.tif")


@pytest.mark.real_data
def test_urocell_float_masks_open_as_labels(real_data):
    volume = open_labels(real_data / "urocell" / "fib1-0-0-0_binary.nii.gz", (15, 16, 16))
    assert volume.labels.shape == (256, 256, 256)
    assert volume.labels.dtype.kind == "u"
    assert volume.voxel_nm == (15, 16, 16)
