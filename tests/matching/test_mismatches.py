"""What was changed in an image is what the words name, with a setting that exists."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_3dmsl.matching.features import FEATURE_NAMES, own_features
from napari_3dmsl.matching.grey_levels import GreyLevels
from napari_3dmsl.matching.mismatches import TOPICS, mismatches_of

Stack = NDArray[np.floating]
LEVELS = GreyLevels(0, 1)


def tubes(seed: int, count: int = 24, width: float = 2.5, hollow: bool = False) -> Stack:
    """Wavy lines of some brightness on a ground of some brightness, without noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96].astype(float)
    tiles = []
    for _ in range(count):
        turn, phase, apart = rng.uniform(0, np.pi), rng.uniform(0, 30), rng.uniform(24, 34)
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        away = abs((across + 3 * np.sin(along / 12) + phase) % apart - apart / 2)
        inside = abs(away - width) < 1 if hollow else away < width
        ground = rng.uniform(0.04, 0.08)
        tiles.append(ground + rng.uniform(0.5, 0.9) * gaussian_filter(inside * 1.0, 1.2))
    return np.array(tiles)


def noisy(light: Stack, seed: int, photons: float = 150) -> Stack:
    return np.random.default_rng(seed).poisson(light * photons) / photons


def rows(light: Stack) -> Stack:
    shift = np.random.default_rng(3).normal(0, 0.02, (*light.shape[:2], 1))
    return noisy(light, 2) + shift


CHANGES: dict[str, tuple[Callable[[], Stack], str]] = {
    "noise": (lambda: noisy(tubes(1), 2, 40), "noise is stronger"),
    "rows": (lambda: rows(tubes(1)), "rows differ more"),
    "ground": (lambda: noisy(tubes(1) + 0.15, 2), "ground between objects is brighter"),
    "filled": (lambda: noisy(tubes(1, width=3, hollow=True), 2), "rims are hollower"),
    "sharp": (lambda: noisy(gaussian_filter(tubes(1), (0, 1.5, 1.5)), 2), "blurrier"),
    "peaks": (lambda: noisy(tubes(1) * 0.5, 2), "stand out less"),
}


@pytest.mark.parametrize("topic", CHANGES)
def test_the_words_name_what_was_changed(topic: str) -> None:
    made, words = CHANGES[topic]
    real = own_features(noisy(tubes(0), 1), levels=LEVELS)
    found = mismatches_of(real, own_features(made(), levels=LEVELS), most=6)
    told = {mismatch.topic: mismatch.words for mismatch in found}
    assert words in told[topic]
    assert [mismatch.size for mismatch in found] == sorted((m.size for m in found), reverse=True)


def test_sets_of_one_kind_have_no_mismatch_worth_a_word() -> None:
    real, again = (own_features(noisy(tubes(s, 60), s + 5), levels=LEVELS) for s in (0, 1))
    assert all(mismatch.size < 0.5 for mismatch in mismatches_of(real, again))


def test_images_that_are_all_alike_are_told() -> None:
    real = own_features(noisy(tubes(0), 1), levels=LEVELS)
    alike = own_features(noisy(np.repeat(tubes(1, 1), 24, axis=0), 2), levels=LEVELS)
    told = {mismatch.topic: mismatch for mismatch in mismatches_of(real, alike, most=20)}
    assert "differ less from one another" in told["variety"].words
    assert told["variety"].simulated < 0.5


def test_topics_are_of_features_that_there_are_and_of_settings_that_there_are() -> None:
    from napari_3dmsl.datasets.recipe.instrument import Instrument
    from napari_3dmsl.microscope.camera import Camera
    from napari_3dmsl.microscope.fluorophores import Labelling
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.scenes.cell_settings import CellScene
    from napari_3dmsl.shapes.tubes import TubeSettings

    classes = {
        "camera": Camera,
        "labelling": Labelling,
        "microscope": Microscope,
        "scene.cell": CellScene,
        "source.tubes": TubeSettings,
    }
    assert "camera" in Instrument.model_fields
    for topic in TOPICS:
        assert set(topic.features + topic.minus) <= set(FEATURE_NAMES)
        for knob in topic.knobs:
            place, _, name = knob.rpartition(".")
            assert name in classes[place].model_fields, knob
