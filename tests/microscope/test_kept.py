"""What images keep ready for one another, and for how long."""

from __future__ import annotations

import numpy as np
import pytest

from napari_3dmsl.microscope import kept
from napari_3dmsl.microscope.frequency_grid import Field, frequencies_of
from napari_3dmsl.microscope.kept import Kept, forget_all
from napari_3dmsl.microscope.presets import load_microscope


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time of a clock that stands still; it is set by hand."""
    time = [0.0]
    monkeypatch.setattr(kept.time, "monotonic", lambda: time[0])
    monkeypatch.setattr(kept, "_stores", [])
    return time


def made(store: Kept, key: str, size: int = 1) -> bool:
    """Ask for a value; whether it had to be made."""
    asked = []
    store.get(key, lambda: asked.append(key) or bytes(size))
    return bool(asked)


def test_a_value_is_made_once_and_again_when_a_minute_has_gone_by(now):
    store = Kept(100, len)
    assert made(store, "a")
    now[0] = 50.0
    assert not made(store, "a")
    assert made(store, "b")
    now[0] = 115.0
    assert made(store, "c")  # which sends those away that nobody has used
    assert len(store) == 1
    assert made(store, "a")


def test_those_used_longest_ago_go_where_there_are_too_many_bytes(now):
    store = Kept(100, len)
    for key in "abc":
        made(store, key, 40)
    assert [made(store, key, 40) for key in "cba"] == [False, False, True]
    assert made(store, "large", 1000)
    assert len(store) == 1


def test_all_stores_are_emptied_together(now):
    stores = [Kept(100, len), Kept(100, len)]
    for store in stores:
        made(store, "a")
    forget_all()
    assert [len(store) for store in stores] == [0, 0]


def test_the_next_image_of_a_field_finds_its_frequencies():
    field = Field((16, 16), 0.1, 3.0, 1.0)
    first = frequencies_of(field)
    assert frequencies_of(field) is first
    forget_all()
    assert frequencies_of(field) is not first


def test_images_of_one_microscope_make_its_waves_once(monkeypatch):
    from napari_3dmsl.microscope import psf

    forget_all()
    calls = []
    monkeypatch.setattr(psf, "j0", lambda values, real=psf.j0: calls.append(1) or real(values))
    optics = psf.point_spread(load_microscope("epi1"), 600.0)
    radius = np.linspace(0.0, 2.0, 50)
    for _ in range(3):
        optics.intensity(radius, 1.0, 0.0)
    assert len(calls) == 1
