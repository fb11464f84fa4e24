"""Batches of a set: every sample once, in an order that the seed decides."""

import numpy as np
import pytest
from labelled_set import make_labelled_set

from napari_3dmsl.datasets.read.batches import batches
from napari_3dmsl.datasets.read.image_set import ImageSet


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of a set, and its arrays by sample."""
    folder = tmp_path_factory.mktemp("sets") / "set"
    return folder, make_labelled_set(folder)


@pytest.mark.parametrize("seed", [None, 0, 7])
@pytest.mark.parametrize("size", [1, 3, 9])
def test_every_sample_comes_once_with_its_truths(made, seed, size):
    folder, arrays = made
    samples = ImageSet(folder, truths=["mask", "instances"])
    seen = []
    for batch in batches(samples, size, seed=seed):
        assert set(batch) == {"image", "mask", "instances", "index"}
        for place, index in enumerate(batch["index"].tolist()):
            found = arrays[samples.row(index)["sample"]]
            for name in ("image", "mask", "instances"):
                assert np.array_equal(batch[name][place], found[name][0, 0])
                assert batch[name].dtype == found[name].dtype
            seen.append(index)
    assert sorted(seen) == list(range(4))


def test_the_seed_decides_over_the_order(made):
    samples = ImageSet(made[0])
    orders = {
        seed: [i for batch in batches(samples, 2, seed=seed) for i in batch["index"].tolist()]
        for seed in (None, 0, 1, 2, 3)
    }
    assert orders[None] == [0, 1, 2, 3]
    assert len({tuple(order) for order in orders.values()}) > 2
    again = [i for batch in batches(samples, 2, seed=3) for i in batch["index"].tolist()]
    assert again == orders[3]


def test_parts_stay_apart(made):
    found = {
        split: [
            images.row(i)["sample"]
            for images in [ImageSet(made[0], split)]
            for batch in batches(images, 2, seed=1)
            for i in batch["index"].tolist()
        ]
        for split in ("train", "val")
    }
    assert sorted(found["train"]) == ["scene0_con1", "scene1_con1"]
    assert found["val"] == ["scene2_con1"]


def test_the_last_batch_may_be_left_out(made):
    samples = ImageSet(made[0])
    assert [len(b["image"]) for b in batches(samples, 3)] == [3, 1]
    assert [len(b["image"]) for b in batches(samples, 3, whole_only=True)] == [3]
    assert [len(b["image"]) for b in batches(samples, 2, whole_only=True)] == [2, 2]
    assert list(batches(samples, 5, whole_only=True)) == []
    with pytest.raises(ValueError, match="size = 0: expected 1 sample"):
        next(batches(samples, 0))


def test_images_of_several_sizes_are_no_batch(made, tmp_path):
    samples = ImageSet(made[0])

    class Mixed(ImageSet):
        def __getitem__(self, index):
            sample = super().__getitem__(index)
            object.__setattr__(sample, "image", sample.image[: 10 + index])
            return sample

    mixed = Mixed(samples.folder)
    with pytest.raises(ValueError, match="image of several sizes in one batch"):
        next(batches(mixed, 2))
    assert next(batches(mixed, 1))["image"].shape == (1, 10, 30)
