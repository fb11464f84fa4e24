"""A finished image set as a sequence of samples."""

from __future__ import annotations

import multiprocessing
import pickle
import re
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from made_set import CLASSES, CORNERS, FACES, SPLITS, make_set, pixels_of

from napari_3dmsl.datasets.read.image_set import ImageSet, is_image_set
from napari_3dmsl.datasets.write.index import read_index


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set that no test changes."""
    return make_set(tmp_path_factory.mktemp("sets") / "set")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A set to damage."""
    return make_set(tmp_path / "set")


def pixels_of_row(row: dict[str, Any]) -> np.ndarray:
    return pixels_of(row["shape_id"], row["view"], row["microscope"])


def test_samples_come_in_the_order_of_the_index_with_their_pixels(finished: Path) -> None:
    images = ImageSet(finished)
    rows = read_index(finished)
    assert len(images) == len(rows) == 16
    for sample, row in zip(images, rows, strict=True):
        assert (sample.name, sample.row) == (row["sample"], row)
        np.testing.assert_array_equal(sample.image, pixels_of_row(row))
        np.testing.assert_array_equal(sample.image, tifffile.imread(finished / row["image"]))
        np.testing.assert_array_equal(sample.truths["mask"], sample.image % 3)


def test_each_kind_of_truth_comes_as_what_it_is(finished: Path) -> None:
    truths = ImageSet(finished)[-5].truths
    assert truths["mask"].dtype == np.uint16
    assert truths["depth"].dtype == np.float32
    assert np.isnan(truths["depth"][truths["mask"] == 0]).all()
    assert truths["emitters"]["y_um"].tolist() == [0.0, -1.5]
    assert truths["emitters"]["z_um"].tolist() == [0.1, 1 / 3]
    assert truths["emitters"]["label"].dtype == np.int64
    [(name, mesh)] = truths["mesh"].items()
    assert name == "label00001"
    np.testing.assert_allclose(mesh.vertices, CORNERS, atol=1e-9)
    np.testing.assert_array_equal(mesh.faces, FACES)
    assert "mesh" not in ImageSet(finished)[-1].truths


def test_only_the_truths_asked_for_are_read(own: Path) -> None:
    (own / ImageSet(own).row(0)["depth"]).unlink()
    assert set(ImageSet(own, truths=["mask"])[0].truths) == {"mask"}
    assert ImageSet(own, truths=())[0].truths == {}
    with pytest.raises(ValueError, match=r"depth.*no such file") as error:
        ImageSet(own)[0]
    assert "\n" not in str(error.value)


def test_splits_slices_and_filters_choose_rows(finished: Path) -> None:
    images = ImageSet(finished)
    assert [len(ImageSet(finished, split)) for split in ("train", "val", "test")] == [8, 4, 4]
    assert set(ImageSet(finished, "train").column("shape_id")) == {1, 2}
    rods = images.where(shape_class="rod", microscope="con1")
    assert rods.column("shape_id") == [1, 1, 3, 3]
    assert images.where(shape_class=[None, "dot"]).column("shape_id") == [2] * 4 + [4] * 4
    assert images[2:-2:3].column("sample") == images.column("sample")[2:-2:3]
    assert rods[1:].where(split="val")[0].row["shape_class"] == CLASSES[3]
    assert len(rods.where(split="test")) == 0
    with pytest.raises(IndexError):
        rods[4]


def test_pairs_are_the_same_object_and_pose(finished: Path) -> None:
    pairs = ImageSet(finished, "train").pairs("con1", "epi1")
    assert len(pairs) == 4
    for a, b in pairs:
        assert (a.row["microscope"], b.row["microscope"]) == ("con1", "epi1")
        assert (a.row["group"], a.row["view"]) == (b.row["group"], b.row["view"])
        np.testing.assert_array_equal(a.image + 10, b.image)
    [(a, b)] = pairs[1:2]
    assert a.name == pairs[1][0].name
    images = ImageSet(finished)
    with pytest.raises(ValueError, match="microscope = conf2: this set has con1, epi1"):
        images.pairs("con1", "conf2")
    with pytest.raises(ValueError, match="no object was imaged by both"):
        images.where(microscope="con1", view="0").pairs("con1", "epi1")


def test_checksums_tell_every_file_that_changed(own: Path) -> None:
    images = ImageSet(own)
    assert images.verify() == []
    row = images.row(3)
    (own / row["mask"]).unlink()
    image = own / row["image"]
    content = bytearray(image.read_bytes())
    content[-1] ^= 1  # one bit of one pixel
    image.write_bytes(content)
    seen: list[int] = []
    wrong = images.verify(lambda done, total, what: seen.append(done))
    assert seen == list(range(1, 17))
    assert len(wrong) == 2
    assert wrong[0].endswith(".tif: changed since it was written (another checksum)")
    assert wrong[1].endswith(".tif: missing")
    assert images[4:].verify() == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda folder: ImageSet(folder / "absent"), "absent: no such folder"),
        (lambda folder: ImageSet(folder / "image"), "no image set here: index.csv is missing"),
        (lambda folder: ImageSet(folder, "tain"), "split = tain: this set has test, train, val"),
        (lambda folder: ImageSet(folder, truths=["maks"]), "no ground truth maks; this set has ma"),
        (lambda folder: ImageSet(folder).where(colour="red"), "no column colour; there are sample"),
        (lambda folder: ImageSet(folder).column("colour"), "no column colour"),
    ],
)
def test_what_the_set_does_not_have_is_told_in_one_line(
    finished: Path, call: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as error:
        call(finished)
    assert "\n" not in str(error.value)


def test_damaged_files_are_told_in_one_line(own: Path) -> None:
    images = ImageSet(own)
    image = own / images.row(0)["image"]
    image.write_bytes(image.read_bytes()[:300])
    with pytest.raises(ValueError, match=f"{image.name}: cannot read this TIFF") as error:
        images[0]
    assert "\n" not in str(error.value)
    (own / images.row(1)["emitters"]).write_text("z_um,y_um\n1,2\n3\n")
    with pytest.raises(ValueError, match="line 3: 1 cells for 2 columns"):
        images[1]
    (own / images.row(2)["mesh"] / "label00001.off").write_text("OFF\n4 4 0\n")
    with pytest.raises(ValueError, match="truncated or empty"):
        images[2]


def test_a_truncated_or_hostile_index_is_refused(own: Path) -> None:
    index = own / "index.csv"
    text = index.read_text()
    index.write_text(text[:-9])
    with pytest.raises(ValueError, match="truncated: its last line is not whole"):
        ImageSet(own)
    index.write_text(text.replace("image/000001_0_con1.tif", "../../secret.tif"))
    with pytest.raises(ValueError, match="leads out of the folder"):
        ImageSet(own)[0]


def test_a_set_goes_to_other_processes(finished: Path) -> None:
    images = ImageSet(finished, "val")
    again = pickle.loads(pickle.dumps(images))
    np.testing.assert_array_equal(again[1].image, images[1].image)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        [sample] = pool.map(itemgetter(0), [images])
    assert sample.name == images[0].name


def test_the_script_of_the_docs_runs(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    page = (repository / "docs" / "files.md").read_text(encoding="utf-8")
    section = page.split("### Read a set")[1].split("\n## ")[0]
    [script] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    make_set(tmp_path / "my_set")
    monkeypatch.chdir(tmp_path)
    exec(script, {})
    assert capsys.readouterr().out.splitlines()[0] == "000001_0_con1 (16, 24) 2 rod"


def test_a_set_is_known_by_its_index_and_its_lock(own: Path) -> None:
    assert is_image_set(own)
    assert len(SPLITS) == 4
    (own / "recipe.lock").unlink()
    assert not is_image_set(own)
    assert not is_image_set(own / "image")
