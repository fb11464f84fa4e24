"""Objects in the form of COCO, decoded by its own code."""

import json

import imagecodecs
import numpy as np
import pytest
from labelled_set import SPLITS, make_labelled_set
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from napari_3dmsl.datasets.training.lay_out import lay_out
from napari_3dmsl.datasets.training.run_lengths import as_text, run_lengths
from napari_3dmsl.datasets.training.settings import ToolLayout


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (300, 200)])
def test_run_lengths_are_those_of_the_library(shape, share):
    mask = (np.random.default_rng(0).random(shape) < share).astype(np.uint8)
    theirs = coco_mask.encode(np.asfortranarray(mask))
    assert as_text(run_lengths(mask)).encode() == theirs["counts"]
    assert sum(run_lengths(mask)) == mask.size


@pytest.mark.parametrize("planes", [1, 2])
def test_the_library_finds_each_object_to_the_pixel(tmp_path, planes):
    made = make_labelled_set(tmp_path / "set", planes=planes)
    lay_out(tmp_path / "set", tmp_path / "out", ToolLayout(tool="coco"))
    start = "volume_" if planes > 1 else ""
    seen = 0
    for split in set(SPLITS):
        coco = COCO(str(tmp_path / "out" / "annotations" / f"instances_{split}.json"))
        for image in coco.loadImgs(coco.getImgIds()):
            sample, _, plane = image["file_name"].removesuffix(".png").partition("_z")
            arrays = {name: found[0, int(plane or 0)] for name, found in made[sample].items()}
            labels = arrays[f"{start}instances"]
            objects = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
            assert len(objects) == len(np.unique(labels)) - 1
            for label, found in zip(np.unique(labels)[1:], objects, strict=True):
                assert np.array_equal(coco.annToMask(found), labels == label)
                packed = coco.annToRLE(found)
                assert found["area"] == coco_mask.area(packed)
                assert found["bbox"] == coco_mask.toBbox(packed).tolist()
                [kind] = np.unique(arrays[f"{start}classes"][labels == label])
                assert found["category_id"] == kind
                assert coco.loadCats(int(kind))
            path = tmp_path / "out" / split / image["file_name"]
            grey = imagecodecs.png_decode(path.read_bytes())
            black, white = image["black_and_white"]
            wanted = np.clip((arrays["image"] - black) / (white - black), 0, 1) * 255
            assert np.abs(grey - wanted).max() <= 0.5
            seen += 1
    assert seen == len(made) * planes


def test_numbers_are_used_once_in_all_parts(tmp_path):
    make_labelled_set(tmp_path / "set")
    lay_out(tmp_path / "set", tmp_path / "out", ToolLayout(tool="coco"))
    files = (tmp_path / "out" / "annotations").iterdir()
    contents = [json.loads(path.read_text()) for path in files]
    for kind in ("images", "annotations"):
        numbers = [entry["id"] for content in contents for entry in content[kind]]
        assert len(numbers) == len(set(numbers))
        assert min(numbers) == 1  # 0 means nothing to some programs
