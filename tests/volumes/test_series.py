"""Which image of a file holds the labels, and what is said when that cannot be known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from refusals import refusal

from napari_3dmsl.volumes.grey_images import is_grey_image
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import list_series, open_labels

GREY = np.random.default_rng(0).normal(100, 20, (12, 40, 40)).clip(1, 255).astype(np.uint8)
LABELS = np.zeros((12, 40, 40), np.uint16)
LABELS[2:5, 5:15, 5:35] = 7
LABELS[7:10, 20:30, 5:35] = 9


def write(path: Path, *images, ome=True, names=None) -> Path:
    with tifffile.TiffWriter(path, ome=ome) as out:
        for number, image in enumerate(images):
            named = {"Name": names[number]} if names else {}
            axes = {2: "YX", 3: "ZYX"}[image.ndim]
            told = {"axes": axes, **named} if ome else {}
            out.write(image, photometric="minisblack", metadata=told)
    return path


def test_the_case_of_a_raw_image_before_its_labels(cases: Path) -> None:
    path = cases / "files" / "two_images.ome.tif"
    volume = open_labels(path)
    assert volume.labels.dtype == np.uint16
    assert np.unique(volume.labels).tolist() == [0, 1, 2]
    assert [(one.index, one.name) for one in list_series(path)] == [(0, "raw"), (1, "labels")]
    assert len(np.unique(open_labels(path, series=0).labels)) > 50


@pytest.mark.parametrize("ome", [True, False])
@pytest.mark.parametrize("first", ["grey", "labels"])
def test_the_labels_are_found_before_and_after_a_grey_image(tmp_path, ome, first) -> None:
    images = (GREY, LABELS) if first == "grey" else (LABELS, GREY)
    np.testing.assert_array_equal(
        open_labels(write(tmp_path / "a.tif", *images, ome=ome)).labels, LABELS
    )


def test_a_thumbnail_or_a_colour_overview_before_the_labels_is_no_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "thumb.tif", GREY[0, :20, :20], LABELS, ome=False)
    np.testing.assert_array_equal(open_labels(path).labels, LABELS)
    with tifffile.TiffWriter(tmp_path / "colour.tif") as out:
        out.write(np.zeros((20, 20, 3), np.uint8), photometric="rgb", metadata=None)
        out.write(LABELS, photometric="minisblack", metadata=None)
    np.testing.assert_array_equal(open_labels(tmp_path / "colour.tif").labels, LABELS)


def test_two_label_images_are_asked_for_by_number_or_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ome.tif", LABELS, LABELS > 7, names=["cells", "mito"])
    said = refusal(open_labels, path)
    assert "2 images can be labels: 0 'cells' (12 × 40 × 40, uint16), 1 'mito'" in said
    assert "--series" in said
    assert open_labels(path, series="mito").labels.sum() == (LABELS > 7).sum()
    assert open_labels(path, series="0").labels.max() == 9
    assert "no series 'er'; there is 0 'cells'" in refusal(open_labels, path, series="er")
    assert "no series 5" in refusal(open_labels, path, series=5)


def test_levels_of_a_pyramid_are_no_series(tmp_path: Path) -> None:
    path = tmp_path / "pyramid.ome.tif"
    with tifffile.TiffWriter(path) as out:
        out.write(LABELS, subifds=1, photometric="minisblack", metadata={"axes": "ZYX"})
        out.write(LABELS[:, ::2, ::2], subfiletype=1, photometric="minisblack")
    assert len(list_series(path)) == 1
    np.testing.assert_array_equal(open_labels(path).labels, LABELS)


def test_planes_that_were_written_one_by_one_are_one_volume(tmp_path: Path) -> None:
    path = tmp_path / "planes.tif"
    with tifffile.TiffWriter(path) as out:
        for plane in LABELS:
            out.write(plane, contiguous=False)
    np.testing.assert_array_equal(open_labels(path).labels, LABELS)
    assert len(list_series(path)) == 1


def pages(path: Path, planes, compressions) -> Path:
    """Write planes one by one, each compressed in its own way, as other writers do."""
    with tifffile.TiffWriter(path) as out:
        for plane, compression in zip(planes, compressions, strict=True):
            out.write(plane, compression=compression, metadata=None, contiguous=False)
    return path


@pytest.mark.parametrize(
    "compressions",
    [[None, "zlib"] * 6, [None, "zlib", "lzw"] * 4, [None] * 11 + ["zlib"], ["zlib"] + [None] * 11],
    ids=["two by turns", "three by turns", "the last", "the first"],
)
def test_planes_that_are_compressed_in_different_ways_are_one_volume(
    tmp_path: Path, compressions
) -> None:
    path = pages(tmp_path / "pages.tif", LABELS, compressions)
    assert [one.shape for one in list_series(path)] == [LABELS.shape]
    for volume in (open_labels(path), open_labels(path, series=0), open_lazy(path)):
        np.testing.assert_array_equal(np.asarray(volume.labels), LABELS)
    np.testing.assert_array_equal(open_lazy(path).labels[5:9], LABELS[5:9])


def test_a_thumbnail_between_planes_of_two_compressions_is_left_out(tmp_path: Path) -> None:
    planes = [LABELS[0], LABELS[0, ::4, ::4], *LABELS[1:]]
    path = pages(tmp_path / "pages.tif", planes, [None, None, "zlib"] + [None, "zlib"] * 5)
    for volume in (open_labels(path), open_lazy(path)):
        np.testing.assert_array_equal(np.asarray(volume.labels), LABELS)


def test_planes_of_two_kinds_by_turns_are_refused_and_no_half_is_taken(tmp_path: Path) -> None:
    planes = [plane.astype(kind) for plane in LABELS for kind in (np.uint16, np.uint8)]
    path = pages(tmp_path / "pages.tif", planes, [None] * len(planes))
    for read in (open_labels, open_lazy):
        assert "its planes are uint16 and uint8 by turns" in refusal(read, path)
        assert "by turns" in refusal(read, path, series=0)


def test_two_stacks_one_after_the_other_are_asked_for(tmp_path: Path) -> None:
    planes = [*LABELS, *LABELS[::-1]]
    path = pages(tmp_path / "pages.tif", planes, [None] * 12 + ["zlib"] * 12)
    assert "2 images can be labels" in refusal(open_labels, path)
    for volume in (open_labels(path, series=1), open_lazy(path, series=1)):
        np.testing.assert_array_equal(np.asarray(volume.labels), LABELS[::-1])


def test_a_file_without_images_says_so(tmp_path: Path) -> None:
    path = tmp_path / "short.tif"
    path.write_bytes(b"II*\0\0\0\0\0")
    for read in (open_labels, open_lazy):
        assert refusal(read, path).endswith("it holds no image (damaged or truncated?)")
        assert "no image" in refusal(read, path, series=0)


@pytest.mark.parametrize("axes", ["XYZ", "ZXY", "YXZ", "XZY"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_axes_in_another_order_are_turned(tmp_path: Path, axes: str, compression) -> None:
    told = LABELS[:, :, :30]  # three different lengths
    path = tmp_path / "turned.tif"
    turned = np.ascontiguousarray(told.transpose(["ZYX".index(axis) for axis in axes]))
    tifffile.imwrite(
        path, turned, metadata={"axes": axes}, photometric="minisblack", compression=compression
    )
    for volume in (open_labels(path), open_lazy(path)):
        np.testing.assert_array_equal(np.asarray(volume.labels), told)


@pytest.mark.parametrize("shape", [(3, 40, 56), (4, 40, 56), (5, 3, 40, 56)])
def test_planar_colours_are_no_labels(tmp_path: Path, shape: tuple[int, ...], cases: Path) -> None:
    path = tmp_path / "rgb.tif"
    tifffile.imwrite(path, np.ones(shape, np.uint8), photometric="rgb", planarconfig="separate")
    assert "colour image" in refusal(open_labels, path)
    assert "colour image" in refusal(open_labels, cases / "files" / "rgb_planar.tif")


def test_channels_without_depth_are_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "channels.tif"
    pixels = np.ones((2, 40, 56), np.uint8)
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "CYX", "mode": "composite"})
    assert "2 channels and no depth" in refusal(open_labels, path)


@pytest.mark.parametrize("compressed", [False, True])
def test_the_one_volume_of_an_npz_is_read(tmp_path: Path, compressed: bool, cases: Path) -> None:
    path = tmp_path / "a.npz"
    save = np.savez_compressed if compressed else np.savez
    save(path, scores=np.ones(5), flat=LABELS[0], seg=LABELS, names=np.array(["a"]), p=GREY * 0.1)
    np.testing.assert_array_equal(open_labels(path).labels, LABELS)
    assert open_labels(cases / "files" / "labels.npz").labels.max() == 2


def test_several_volumes_of_an_npz_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, cells=LABELS, mito=LABELS > 7)
    assert "'cells'" in refusal(open_labels, path)
    assert open_labels(path, series="mito").labels.dtype == bool
    np.savez(path, a=np.ones(3), b=np.ones((3, 4)))
    assert "none of its 2 images can be labels" in refusal(open_labels, path)
    np.savez(path)
    assert "a.npz" in refusal(open_labels, path)


def test_an_npz_with_objects_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([{"a": 1}], dtype=object))
    assert "a.npz" in refusal(open_labels, path)


def test_series_are_asked_of_files_that_have_them_only(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", LABELS)
    assert "one volume only" in refusal(open_labels, tmp_path / "a.npy", series=0)
    assert "one volume only" in refusal(open_labels, tmp_path, series=0)
    assert list_series(tmp_path / "a.npy") == ()


@pytest.mark.real_data
def test_real_images_are_grey_and_expert_labels_are_not(real_data: Path) -> None:
    images = list((real_data / "fluorescence").glob("*.tif"))
    assert images
    assert all(is_grey_image(tifffile.imread(path)) for path in images)
    labels = list((real_data / "urocell").glob("*_instance.nii.gz"))
    assert labels
    assert not any(is_grey_image(open_labels(path).labels) for path in labels)


def test_dense_labels_are_no_grey_image() -> None:
    z, y, x = np.indices((24, 60, 60)) // 6
    assert not is_grey_image((z * 100 + y * 10 + x + 1).astype(np.uint16))
    assert not is_grey_image(LABELS > 0)
    assert is_grey_image(GREY)
