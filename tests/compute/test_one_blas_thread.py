"""Products of matrices with one thread: as long as it is wanted, and not longer."""

from __future__ import annotations

import threading

import pytest
import scipy.linalg  # noqa: F401  so that its library is limited, too
from threadpoolctl import threadpool_info, threadpool_limits
from waiting import PATIENCE_S

from napari_3dmsl.compute.one_blas_thread import Unlimited, one_blas_thread, usual_blas_threads


def blas_threads() -> set[int]:
    return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}


def test_one_thread_inside_and_as_before_afterwards_also_after_an_error() -> None:
    with threadpool_limits(3, "blas"):
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {3}
        with pytest.raises(ValueError, match="wrong"), one_blas_thread():
            raise ValueError("wrong")
        assert blas_threads() == {3}


def test_another_that_is_inside_meanwhile_leaves_no_limit_behind() -> None:
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with one_blas_thread():
            inside.set()
            leave.wait(PATIENCE_S)

    with threadpool_limits(3, "blas"):
        with one_blas_thread():
            thread = threading.Thread(target=other)
            thread.start()
            assert inside.wait(PATIENCE_S)
            assert blas_threads() == {1}
        leave.set()
        thread.join(PATIENCE_S)
        assert blas_threads() == {3}


def test_nobody_is_limited_while_last_bits_count() -> None:
    before, limited = blas_threads(), threading.Event()

    def other() -> None:
        with one_blas_thread():
            if blas_threads() != before:
                limited.set()

    with threadpool_limits(3, "blas"):
        before = blas_threads()
        with usual_blas_threads():
            thread = threading.Thread(target=other)
            thread.start()
            thread.join(PATIENCE_S)
        assert not limited.is_set()
        with one_blas_thread():
            assert blas_threads() == {1}


def test_who_needs_the_usual_threads_waits_for_the_limit_to_end() -> None:
    seen: list[set[int]] = []

    def other() -> None:
        with usual_blas_threads():
            seen.append(blas_threads())

    with threadpool_limits(3, "blas"):
        with one_blas_thread():
            thread = threading.Thread(target=other)
            thread.start()
            thread.join(0.05)
            assert not seen
        thread.join(PATIENCE_S)
        assert seen == [{3}]


def test_inside_ones_own_limit_nobody_waits() -> None:
    with threadpool_limits(3, "blas"), one_blas_thread(), usual_blas_threads():
        assert blas_threads() == {1}


def test_work_that_a_limit_disturbed_knows_it() -> None:
    with one_blas_thread():
        begun_inside = Unlimited()
    alone = Unlimited()
    assert alone
    assert not begun_inside
    with one_blas_thread():
        assert not alone
    assert not alone
