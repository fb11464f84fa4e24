"""Warnings that two threads ignore at the same time are back when both have ended."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

from napari_3dmsl.mesh_io.text_numbers import numbers
from napari_3dmsl.quiet import without_warnings


def test_filters_are_as_before_when_threads_overlap() -> None:
    before = list(warnings.filters)
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))

    def first() -> None:
        with without_warnings():
            first_is_in.set()
            second_is_in.wait(10)
        first_is_out.set()

    def second() -> None:
        first_is_in.wait(10)
        with without_warnings():
            second_is_in.set()
            first_is_out.wait(10)
            warnings.warn("nobody hears of it", UserWarning, stacklevel=1)

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_numbers_of_a_mesh_are_parsed_without_touching_what_others_are_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def touched(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(warnings, "simplefilter", touched)
    monkeypatch.setattr(warnings, "catch_warnings", touched)
    np.testing.assert_array_equal(numbers(b"1 2.5\n-3e2 ", float, "vertices"), [1, 2.5, -300])
    for wrong in (b"1 2 3-", b"1-2 3", b"1 e 2", b"1 2. .3.4"):
        with pytest.raises(ValueError, match="among the vertices is no number"):
            numbers(wrong, float, "vertices")
    with pytest.raises(ValueError, match="among the faces is no number"):
        numbers(b"1 2.5 3", np.int64, "faces")
