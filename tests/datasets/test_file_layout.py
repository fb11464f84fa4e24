"""Names of files as in the release and as segmentation tools want them, and zips as released."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_3dmsl.datasets.file_layout import (
    flat_image,
    flat_truth,
    pack_released,
    released_image,
    released_sets,
    released_truth,
)
from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
from napari_3dmsl.library.library import ShapeLibrary

OFF = "OFF\n4 4 0\n0 0 0\n9 0 0\n0 9 0\n0 0 9\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n"
SETS = {"con1": "Conf1", "conf2": "Conf2", "epi1": "Epi1", "light-sheet": "light-sheet"}


def image_set(folder: Path, ids: range) -> Path:
    """3DMSL folders with a mesh and four images for each shape."""
    for shape_id in ids:
        for microscope, name in released_sets(list(SETS)).items():
            path = folder / released_image(shape_id, name, "x90")
            path.parent.mkdir(parents=True, exist_ok=True)
            value = 10 * shape_id + list(SETS).index(microscope)
            write_ome_tiff(path, np.full((8, 8), value, np.uint16), (0.1, 0.1))
        (folder / str(shape_id) / "raw_mesh.off").write_text(OFF)
    (folder / "index.csv").write_text("sample\n")
    return folder


def test_names_are_those_of_the_release(real_data: Path) -> None:
    files = (real_data / "3dmsl" / "920").glob("*_imgs/*.tif")
    names = {f"{file.parent.name}/{file.name}" for file in files}
    sets = released_sets(["con1", "conf2-released", "epi1"]).values()
    views = ("0", "x90", "x180", "y90", "y180", "z90")
    ours = {released_image(920, name, view) for name in sets for view in views}
    assert {name.partition("/")[2] for name in ours} == names


def test_other_microscopes_give_their_own_name() -> None:
    assert released_sets(["con1", "my scope"]) == {"con1": "Conf1", "my scope": "my scope"}
    assert released_image(7, "light-sheet", "r3", repeat=2) == "7/light-sheet_imgs/2_7_r3.tif"
    assert released_truth(7, "Conf1", "x90", "mask") == "7/Conf1_masks/N_0_7_x90.tif"
    assert released_truth(7, "Epi1", "0", "emitters", ".csv") == "7/Epi1_emitters/0_7_0.csv"


def test_a_flat_set_has_one_stem_in_a_folder_for_each_truth() -> None:
    sample = "920_x90_con1"
    assert flat_image(sample) == f"images/{sample}.tif"
    assert flat_image(sample, ".zarr", split="train") == f"train/images/{sample}.zarr"
    assert flat_truth(sample, "mask") == f"masks/{sample}.tif"
    assert flat_truth(sample, "depth", split="test") == f"test/depth/{sample}.tif"


def test_names_that_cannot_be_kept_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="con1 and con1-released: both are Conf1"):
        released_sets(["con1", "epi1", "con1-released"])
    with pytest.raises(ValueError, match="'images': the name of the folder of images"):
        flat_truth("a", "images")


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "a\n", "a:b", "a ", "a."])
def test_names_that_are_no_file_names_are_refused(name: str) -> None:
    for make in (flat_image, lambda n: flat_truth("a", n), lambda n: released_sets([n])):
        with pytest.raises(ValueError, match="becomes part of file names"):
            make(name)


def test_packed_folders_open_as_the_released_zips_do(tmp_path: Path) -> None:
    folder = image_set(tmp_path / "set", range(1, 6))
    (folder / ".running").touch()
    zips = pack_released(folder, tmp_path / "zips", shapes_per_zip=2)
    assert [path.name for path in zips] == ["1_1_3.zip", "2_3_5.zip", "3_5_6.zip"]
    assert (tmp_path / "zips" / "index.csv").read_text() == "sample\n"
    assert {path.suffix for path in (tmp_path / "zips").iterdir()} == {".zip", ".csv"}
    library = ShapeLibrary.open(tmp_path / "zips")
    assert list(library.ids) == [1, 2, 3, 4, 5]
    assert set(library.images(4)) == {(name, "x90") for name in SETS.values()}
    for number, name in enumerate(SETS.values()):
        assert (library.image(4, name, "x90") == 40 + number).all()
    with zipfile.ZipFile(zips[2]) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
    assert (tifffile.imread(tmp_path / "out/5/Conf1_imgs/N_0_5_x90.tif") == 50).all()


def test_the_same_folders_give_the_same_zips(tmp_path: Path) -> None:
    zips = []
    for name in "ab":
        folder = image_set(tmp_path / name / "set", range(1, 3))
        (folder / "1" / ".left.tif.part").touch()
        [path] = pack_released(folder, tmp_path / name / "zips")
        zips.append(path.read_bytes())
    assert zips[0] == zips[1]


def test_packing_leaves_nothing_half_done(tmp_path: Path) -> None:
    folder = image_set(tmp_path / "set", range(1, 4))

    def stop(done: int, total: int, what: str) -> None:
        assert (total, what) == (3, "shapes packed")
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack_released(folder, tmp_path / "zips", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    with pytest.raises(ValueError, match="not an empty folder"):
        pack_released(folder, folder)
    with pytest.raises(ValueError, match="no folders <id> of shapes"):
        pack_released(folder / "1", tmp_path / "zips")
    with pytest.raises(ValueError, match="shapes_per_zip = 0"):
        pack_released(folder, tmp_path / "zips", shapes_per_zip=0)
