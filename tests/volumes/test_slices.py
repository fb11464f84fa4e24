"""Volumes that lie as one file a section."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from refusals import refusal

from napari_3dmsl.volumes.open import is_label_file, open_labels
from napari_3dmsl.volumes.slices import slice_files

LABELS = np.zeros((12, 20, 30), np.uint16)
LABELS[3:9, 5:15, 8:22] = 300
LABELS[0, 0, 0] = 1


def write(folder: Path, suffix: str = ".tif", labels=LABELS, name="s_{}") -> Path:
    folder.mkdir(exist_ok=True)
    for number, plane in enumerate(labels):
        path = folder / (name.format(number) + suffix)
        if suffix == ".png":
            Image.fromarray(plane).save(path)
        else:
            tifffile.imwrite(path, plane)
    return folder


@pytest.mark.parametrize("suffix", [".tif", ".TIFF", ".png"])
def test_a_folder_of_sections_is_a_volume_in_the_order_of_their_numbers(tmp_path, suffix) -> None:
    folder = write(tmp_path / "sections", suffix)  # s_10 comes after s_9
    (folder / ".hidden.tif").write_bytes(b"no TIFF")
    (folder / "notes.txt").write_text("notes")
    volume = open_labels(folder)
    np.testing.assert_array_equal(volume.labels, LABELS)
    assert volume.name == "sections"
    assert volume.voxel_nm is None
    assert volume.notes == ()
    assert is_label_file(folder)


@pytest.mark.parametrize("name", ["1²{}", "x³_{}", "½ {}", "②{}"])
def test_signs_that_are_like_digits_are_no_numbers(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "sections", name=name)
    np.testing.assert_array_equal(open_labels(folder).labels, LABELS)


def test_a_list_of_sections_keeps_its_order(tmp_path: Path) -> None:
    files = slice_files(write(tmp_path / "a"))
    np.testing.assert_array_equal(open_labels(files).labels, LABELS)
    np.testing.assert_array_equal(open_labels(files[::-1]).labels, LABELS[::-1])
    np.testing.assert_array_equal(open_labels([str(file) for file in files]).labels, LABELS)


def test_masks_and_palettes_are_read_as_their_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "palette"
    folder.mkdir()
    for number, plane in enumerate((LABELS > 0).astype(np.uint8) * 3):
        image = Image.fromarray(plane, mode=None)
        image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
        image.save(folder / f"{number}.png")
    assert np.unique(open_labels(folder).labels).tolist() == [0, 3]
    masks = write(tmp_path / "masks", ".png", LABELS > 0)
    np.testing.assert_array_equal(open_labels(masks).labels > 0, LABELS > 0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (np.ones((20, 31), np.uint16), "20 × 31 pixels of uint16, but s_0.tif has 20 × 30"),
        (np.ones((20, 30), np.uint8), "all sections must have one size and one kind"),
        (np.ones((20, 30, 3), np.uint8), "colour"),
        (np.ones((2, 20, 30), np.uint16), "must be one plane"),
        (b"no TIFF", "cannot read this TIFF"),
    ],
)
def test_a_section_that_does_not_fit_is_named(tmp_path: Path, wrong, says: str) -> None:
    folder = write(tmp_path / "a")
    path = folder / "s_5.tif"
    if isinstance(wrong, bytes):
        path.write_bytes(wrong)
    else:
        grey = "rgb" if wrong.shape[-1] == 3 else "minisblack"
        tifffile.imwrite(path, wrong, photometric=grey)
    said = refusal(open_labels, folder)
    assert says in said
    assert "s_5.tif" in said


def test_colours_and_damage_in_png_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", ".png")
    content = (folder / "s_5.png").read_bytes()
    (folder / "s_5.png").write_bytes(content[: len(content) // 2])
    assert "s_5.png: cannot read this PNG" in refusal(open_labels, folder)
    Image.fromarray(np.ones((20, 30, 3), np.uint8)).save(folder / "s_5.png")
    assert "s_5.png: a colour image" in refusal(open_labels, folder)


def test_missing_sections_are_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "a")
    for number in (4, 7, 8):
        (folder / f"s_{number}.tif").unlink()
    [note] = open_labels(folder).notes
    assert "leave out 3, the first after s_3.tif" in note


def test_numbers_in_steps_of_two_are_no_gaps(tmp_path: Path) -> None:
    folder = write(tmp_path / "a")
    for number in range(1, 12, 2):
        (folder / f"s_{number}.tif").unlink()
    assert open_labels(folder).notes == ()


def test_folders_without_sections_and_with_two_kinds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no sections there" in refusal(open_labels, tmp_path / "empty")
    write(write(tmp_path / "both", ".png"), ".tif")
    assert "PNG and TIFF" in refusal(open_labels, tmp_path / "both")
    assert "no such file" in refusal(open_labels, tmp_path / "missing")
    assert "no sections there" in refusal(open_labels, [])


def test_more_than_memory_holds_is_refused_after_the_first_section(tmp_path, monkeypatch) -> None:
    folder = write(tmp_path / "a")
    monkeypatch.setenv("NAPARI_3DMSL_MEMORY_GB", "0.00005")
    assert "12 × 20 × 30 voxels of uint16: it would take 0.0576 MB" in refusal(open_labels, folder)
