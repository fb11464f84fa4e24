"""Light of tiles becomes variants of a recipe in which it stays together."""

import numpy as np
import pytest

from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.matching.light_knobs import (
    MOST_VARIANTS,
    is_read,
    light_knobs,
    read_off,
    shares_read,
    variants,
    varying,
)
from napari_3dmsl.matching.tile_light import TileLight
from napari_3dmsl.microscope.camera import Camera

CAMERA = Camera(quantum_efficiency=0.5)


def light(gain: list[float]) -> TileLight:
    gains = np.array(gain)
    one = np.ones_like(gains)
    return TileLight(
        gains, 12 * gains, 100 / gains, 4 / gains, 0.5 * one, one, 200 * one, 1.2, len(gains)
    )


def test_what_was_read_off_comes_back_in_variants() -> None:
    read = read_off(light([0.5, 1.0, 2.0]), CAMERA)
    knobs = light_knobs(read)
    tables = variants(knobs, shares_read(knobs, read))
    assert len(tables) == 3
    for table in tables:
        gain = 1 / table["camera"]["e_per_adu"]
        low, high, _ = table["cell"]["peak_photons"]
        assert low < 2 * 100 / gain < high
        assert np.sqrt(low * high) == pytest.approx(2 * 100 / gain, rel=0.01)
        assert table["camera"]["offset_adu"] == pytest.approx(12 * gain, rel=0.01)
        assert table["camera"]["row_noise_e"] == pytest.approx(0.5, rel=0.01)
    scene = {"kind": "cell"}
    Recipe(microscopes=["epi1"], scene=scene, variants=tables)


def test_one_camera_has_one_gain() -> None:
    read = read_off(light([0.98, 1.0, 1.04]), CAMERA)
    assert set(read["e_per_adu"]) == {1.0}
    knobs = light_knobs(read)
    tables = variants(knobs, shares_read(knobs, read))
    assert {table["camera"]["e_per_adu"] for table in tables} == {1.0}


def test_only_light_varies_beyond_what_was_read() -> None:
    read = read_off(light([0.5, 1.0, 2.0]), CAMERA)
    knobs = light_knobs(read)
    names = [knob.name for knob, by in zip(knobs, varying(knobs), strict=True) if by]
    assert names == ["peak_photons", "glow_photons", "background_photons"]
    fixed = [knob.name for knob in knobs if is_read(knob)]
    assert fixed == ["background_photons", "e_per_adu", "offset_adu"]


def test_of_many_tiles_some_are_taken_evenly() -> None:
    gains = np.geomspace(0.2, 5.0, 200)
    read = read_off(light(gains.tolist()), CAMERA)
    knobs = light_knobs(read)
    tables = variants(knobs, shares_read(knobs, read))
    assert len(tables) == MOST_VARIANTS
    kept = sorted(1 / table["camera"]["e_per_adu"] for table in tables)
    assert kept[0] == pytest.approx(0.2, rel=0.01)
    assert kept[-1] == pytest.approx(5.0, rel=0.01)
    assert np.diff(np.log(kept)).max() < 2 * np.log(25) / MOST_VARIANTS
