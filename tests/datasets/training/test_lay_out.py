"""Layouts of a set: what lies where, exactly as in the set, whole or not at all."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from labelled_set import SPLITS, make_labelled_set
from small_sets import tree

from napari_3dmsl.datasets.training.folder import LayoutFolder
from napari_3dmsl.datasets.training.lay_out import lay_out, proposed_folder
from napari_3dmsl.datasets.training.settings import TOOLS, ToolLayout


@pytest.fixture
def flat(tmp_path):
    """A set of flat images, and its arrays."""
    return tmp_path / "set", make_labelled_set(tmp_path / "set")


@pytest.fixture
def stacks(tmp_path):
    """A set of stacks, and its arrays."""
    return tmp_path / "set", make_labelled_set(tmp_path / "set", planes=3)


def laid_out(folder, name, tool, **settings):
    """The folder of a layout beside the set, and what was told of it."""
    target = folder.parent / name
    return target, lay_out(folder, target, ToolLayout(tool=tool, **settings))


def test_cellpose_has_masks_beside_the_images_of_each_part(flat):
    folder, made = flat
    target, told = laid_out(folder, "out", "cellpose")
    assert told.images == {"train": 2, "val": 1, "test": 1}
    assert told.truth == "instances"
    for split, (sample, arrays) in zip(SPLITS, made.items(), strict=True):
        images = {
            suffix: tifffile.imread(target / split / f"{sample}{suffix}.tif")
            for suffix in ("", "_masks")
        }
        assert np.array_equal(images[""], arrays["image"][0, 0])
        assert np.array_equal(images["_masks"], arrays["instances"][0, 0])
    assert sum(path.is_file() for path in target.rglob("*")) == 2 * len(made) + 1  # recipe.lock


def renamed(folder: Path, old: str, new: str) -> None:
    """Give a sample of a set another name, in the table and in its folders."""
    table = folder / "index.csv"
    table.write_text(table.read_text().replace(old, new))
    for path in [*folder.rglob(f"*{old}*")]:
        path.rename(path.with_name(path.name.replace(old, new)))


@pytest.mark.parametrize("links", [False, True])
@pytest.mark.parametrize("tool", ["cellpose", "nnunet", "stardist", "coco"])
def test_a_name_like_that_of_a_mask_never_changes_the_set(flat, tool, links):
    folder, _ = flat
    renamed(folder, "scene1_con1", "scene0_con1_masks")
    before = tree(folder)
    if tool == "cellpose":
        with pytest.raises(ValueError, match=r"scene0_con1_masks: Cellpose takes a file of that"):
            laid_out(folder, "out", tool, links=links)
    else:
        _, told = laid_out(folder, "Dataset007_out", tool, links=links)
        assert sum(told.images.values()) == 4
    assert tree(folder) == before


def test_two_files_of_one_name_are_refused_before_one_is_written(tmp_path):
    (tmp_path / "of_the_set.tif").write_bytes(b"truth")
    folder = LayoutFolder(tmp_path / "out", links=True)
    folder.put_pixels("a.tif", np.zeros((2, 2)), (1, 1), tmp_path / "of_the_set.tif")
    with pytest.raises(ValueError, match=r"two files of this layout would be called a.tif"):
        folder.put_bytes("a.tif", b"image")
    assert (tmp_path / "of_the_set.tif").read_bytes() == b"truth"


def test_the_folder_one_stands_in_has_a_name(flat, monkeypatch):
    folder, _ = flat
    (folder.parent / "Dataset004_here").mkdir()
    monkeypatch.chdir(folder.parent / "Dataset004_here")
    lay_out(folder, ".", ToolLayout(tool="nnunet"))
    content = json.loads((folder.parent / "Dataset004_here" / "dataset.json").read_text())
    assert content["numTraining"] == 3


def test_cellpose_takes_stacks_plane_by_plane(stacks):
    folder, made = stacks
    target, told = laid_out(folder, "out", "cellpose")
    assert told.images == {"train": 6, "val": 3, "test": 3}
    plane = target / "val" / "scene2_con1_z001_masks.tif"
    assert np.array_equal(tifffile.imread(plane), made["scene2_con1"]["volume_instances"][0, 1])


def test_frames_of_films_are_images_of_their_own(tmp_path):
    made = make_labelled_set(tmp_path / "set", frames=2)
    target, _ = laid_out(tmp_path / "set", "out", "stardist")
    for frame in range(2):
        image = tifffile.imread(target / "test" / "images" / f"scene3_con1_t{frame:03d}.tif")
        assert np.array_equal(image, made["scene3_con1"]["image"][frame, 0])


def test_stardist_has_equal_names_in_two_folders_and_whole_stacks(stacks):
    folder, made = stacks
    target, _ = laid_out(folder, "out", "stardist")
    for split, (sample, arrays) in zip(SPLITS, made.items(), strict=True):
        for kind, name in (("images", "image"), ("masks", "volume_instances")):
            pixels = tifffile.imread(target / split / kind / f"{sample}.tif")
            assert np.array_equal(pixels, arrays[name][0])


def test_nnunet_has_channels_contiguous_labels_and_the_split(flat):
    folder, made = flat
    target, _ = laid_out(folder, "Dataset007_Mito", "nnunet")
    content = json.loads((target / "dataset.json").read_text())
    assert content["labels"] == {"background": 0, "mitochondrion": 1}
    assert content["channel_names"] == {"0": "fluorescence"}
    assert (content["numTraining"], content["file_ending"]) == (3, ".tif")
    images = {path.name for path in (target / "imagesTr").iterdir()}
    assert images == {f"scene{i}_con1_0000.tif" for i in range(3)}
    assert {path.name for path in (target / "labelsTr").iterdir()} == {
        f"scene{i}_con1.tif" for i in range(3)
    }
    labels = tifffile.imread(target / "labelsTs" / "scene3_con1.tif")
    assert np.array_equal(labels, made["scene3_con1"]["instances"][0, 0] > 0)
    [split] = json.loads((target / "splits_final.json").read_text())
    assert split == {"train": ["scene0_con1", "scene1_con1"], "val": ["scene2_con1"]}


def test_nnunet_reads_the_spacing_of_stacks_beside_them(stacks):
    folder, made = stacks
    target, _ = laid_out(folder, "Dataset007_Mito", "nnunet")
    content = json.loads((target / "dataset.json").read_text())
    assert content["overwrite_image_reader_writer"] == "Tiff3DIO"
    for kind in ("images", "labels"):
        beside = json.loads((target / f"{kind}Tr" / "scene0_con1.json").read_text())
        assert beside == {"spacing": [0.25, 0.1, 0.1]}
    labels = tifffile.imread(target / "labelsTr" / "scene1_con1.tif")
    assert np.array_equal(labels, made["scene1_con1"]["volume_instances"][0] > 0)


def test_nnunet_learns_classes_when_told(flat):
    folder, made = flat
    target, told = laid_out(folder, "Dataset007_Mito", "nnunet", truth="classes")
    content = json.loads((target / "dataset.json").read_text())
    assert list(content["labels"].values()) == list(range(7))  # no unknown in this set
    labels = tifffile.imread(target / "labelsTr" / "scene1_con1.tif")
    assert np.array_equal(labels, made["scene1_con1"]["classes"][0, 0])
    assert told.truth == "classes"


@pytest.mark.parametrize("name", ["my_set", "Dataset7_Mito", "Dataset007", "Dataset007_a b"])
def test_nnunet_refuses_names_that_it_does_not_know(flat, name):
    with pytest.raises(ValueError, match=r"nnU-Net knows .*Dataset501_\w+: Dataset, three digits"):
        laid_out(flat[0], name, "nnunet")
    assert [path.name for path in flat[0].parent.iterdir()] == ["set"]


def test_the_proposed_folder_is_one_that_the_tool_takes(flat):
    folder, _ = flat
    assert proposed_folder(folder, "coco").name == "set_coco"
    assert proposed_folder("my set (2)", "nnunet").name == "Dataset501_my_set_2"
    lay_out(folder, proposed_folder(folder, "nnunet"), ToolLayout(tool="nnunet"))


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool != "ctc"])
def test_a_layout_leaves_the_set_as_it_is(flat, tool):
    folder, _ = flat
    before = tree(folder)
    laid_out(folder, "Dataset001_a", tool, links=True)
    assert tree(folder) == before


@pytest.mark.parametrize("links", [False, True])
def test_files_are_copied_unless_links_are_asked_for(flat, links):
    folder, _ = flat
    target, told = laid_out(folder, "out", "stardist", links=links)
    ours, theirs = folder / "images" / "scene0_con1.tif", target / "train" / "images"
    assert ours.samefile(theirs / ours.name) is links
    assert (theirs / ours.name).read_bytes() == ours.read_bytes()
    assert told.linked == (8 if links else 0)


def test_where_no_links_can_be_files_are_copied(flat, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    target, told = laid_out(flat[0], "out", "stardist", links=True)
    assert told.linked == 0
    assert (target / "train" / "images" / "scene0_con1.tif").is_file()


def test_nothing_is_overwritten(flat):
    folder, _ = flat
    target = folder.parent / "out"
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="not an empty folder; nothing is overwritten"):
        lay_out(folder, target)
    assert tree(target) == {"notes.txt": b"mine"}
    with pytest.raises(ValueError, match="would lie in the image_set"):
        lay_out(folder, folder / "cellpose")


@pytest.mark.parametrize("at", [1, 4])
def test_an_interrupted_layout_leaves_nothing(flat, at):
    folder, _ = flat

    def stop(done: int, total: int, what: str) -> None:
        if done == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lay_out(folder, folder.parent / "out", progress=stop)
    assert [path.name for path in folder.parent.iterdir()] == ["set"]


def test_a_damaged_file_of_the_set_ends_it_in_one_line(flat):
    folder, _ = flat
    image = folder / "images" / "scene2_con1.tif"
    image.write_bytes(image.read_bytes()[:-9] + b"otherwise")
    with pytest.raises(ValueError, match=r"scene2_con1\.tif: changed since it was written"):
        lay_out(folder, folder.parent / "out")
    image.unlink()
    with pytest.raises(ValueError, match=r"scene2_con1\.tif: no such file"):
        lay_out(folder, folder.parent / "out")
    assert [path.name for path in folder.parent.iterdir()] == ["set"]


def test_an_image_that_may_not_be_read_is_named(flat, monkeypatch):
    folder, _ = flat
    opened = Path.open

    def refuse(path, *arguments, **options):
        if path.name == "scene1_con1.tif":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PermissionError, match=r"scene1_con1\.tif"):
        lay_out(folder, folder.parent / "out")
    assert [path.name for path in folder.parent.iterdir()] == ["set"]


def test_only_some_microscopes(flat):
    folder, _ = flat
    told = lay_out(folder, folder.parent / "out", microscopes=["con1"])
    assert told.images == {"train": 1, "test": 1}
    with pytest.raises(ValueError, match="microscope = sted: this set has con1, epi1"):
        lay_out(folder, folder.parent / "more", microscopes=["sted"])


def test_what_a_tool_cannot_learn_is_refused(flat, tmp_path):
    folder, _ = flat
    with pytest.raises(ValueError, match="truth = classes: it does not tell object from object"):
        laid_out(folder, "out", "cellpose", truth="classes")
    with pytest.raises(ValueError, match="no ground truth focus_mask; this set has"):
        laid_out(folder, "Dataset001_a", "nnunet", truth="focus_mask")
    with pytest.raises(ValueError, match="no films"):
        laid_out(folder, "out", "ctc")


def test_a_projection_is_no_truth_of_a_stack(tmp_path):
    make_labelled_set(tmp_path / "set", planes=2)
    index = tmp_path / "set" / "index.csv"
    index.write_text(
        index.read_text()
        .replace("volume_instances,", "instances,", 1)
        .replace("volume_instances_sha256", "instances_sha256")
    )
    with pytest.raises(ValueError, match="needs the ground truth volume_instances; this set has"):
        laid_out(tmp_path / "set", "out", "stardist")


def test_one_shape_an_image_needs_only_its_mask(finished, tmp_path):
    _, folder = finished
    told = lay_out(folder, tmp_path / "out", ToolLayout(tool="stardist", links=False))
    assert told.truth == "mask"
    assert sum(told.images.values()) == 48
