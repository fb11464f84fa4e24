"""Samples as tensors; torch itself is exercised by benchmarks/tool_loaders.py."""

import sys
from types import ModuleType

import numpy as np
import pytest
from labelled_set import make_labelled_set

from napari_3dmsl.datasets.read import torch_set
from napari_3dmsl.datasets.read.image_set import ImageSet


def test_without_torch_one_line_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(torch_set, "_Dataset", object)
    make_labelled_set(tmp_path / "set")
    with pytest.raises(ValueError, match=r"needs the package torch: pip install"):
        torch_set.TorchSet(ImageSet(tmp_path / "set"))


def test_items_have_a_channel_and_the_types_that_losses_take(monkeypatch, tmp_path):
    torch = ModuleType("torch")  # arrays in the place of tensors
    torch.from_numpy = lambda array: array
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(torch_set, "_Dataset", type("Dataset", (), {}))
    made = make_labelled_set(tmp_path / "set")
    samples = ImageSet(tmp_path / "set", "val", truths=["mask", "instances"])
    images = torch_set.TorchSet(samples, transform=lambda item: {**item, "turned": True})
    assert len(images) == 1
    item = images[0]
    assert (item["image"].dtype, item["mask"].dtype) == (np.float32, np.int64)
    assert np.array_equal(item["image"], made["scene2_con1"]["image"][0].astype(np.float32))
    assert np.array_equal(item["instances"], made["scene2_con1"]["instances"][0, 0])
    assert (item["name"], item["turned"]) == ("scene2_con1", True)
