"""An image set as PyTorch has data sets. This file alone knows torch, and needs it when used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.datasets.read.batches import pixels_of

if TYPE_CHECKING:
    from napari_3dmsl.datasets.read.image_set import ImageSet, Sample

try:
    from torch.utils.data import Dataset as _Dataset
except ImportError:  # told when a set is made
    _Dataset = object


class TorchSet(_Dataset):  # type: ignore[misc]  # torch has no types where it is missing
    """Samples as tensors: a ``torch.utils.data.Dataset`` for a ``DataLoader`` with any workers.

    An item is a dictionary: ``image``, float32 (1, y, x), or (1, z, y, x) and so on; each ground
    truth that is pixels by its name, int64 without the channel for labels, float32 for others;
    ``name``, text.

    Parameters
    ----------
    samples : ImageSet or sequence of Sample
        Such as ``ImageSet("my_set", "train", truths=["mask"])``, or a `RenderedSet`.
    transform : callable, optional
        Takes an item and returns what the loader gets, such as an augmentation.

    Raises
    ------
    ValueError
        When torch is not installed.
    """

    def __init__(
        self,
        samples: ImageSet | Sequence[Sample],
        transform: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        if _Dataset is object:
            raise ValueError("TorchSet needs the package torch: pip install 'napari-3dmsl[torch]'")
        self.samples = samples
        self.transform = transform

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Any:
        import torch

        sample = self.samples[index]
        pixels = pixels_of(sample)
        image = np.ascontiguousarray(pixels.pop("image")[np.newaxis], dtype=np.float32)
        item = {"image": torch.from_numpy(image)}
        for name, truth in pixels.items():
            kind = np.float32 if truth.dtype.kind == "f" else np.int64
            item[name] = torch.from_numpy(np.ascontiguousarray(truth, dtype=kind))
        found = {**item, "name": sample.name}
        return found if self.transform is None else self.transform(found)
