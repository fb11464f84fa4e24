"""Messages to and from workers: the same content, and its arrays are never there a second time."""

from __future__ import annotations

import io
import os
import pickle
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest

from napari_3dmsl.compute.messages import LARGE, receive, send

ARRAYS = {
    "small": np.arange(5.0),
    "large": np.arange(LARGE, dtype=np.uint16).reshape(4, -1),
    "by columns": np.asfortranarray(np.arange(2.0 * LARGE).reshape(64, -1)),
    "every other": np.arange(4.0 * LARGE)[::2],
    "empty": np.zeros((0, 3)),
    "truths": np.ones(2 * LARGE, bool),
    "objects": np.array([{"a": 1}, None] * 8, object),
    "text": np.array(["mitochondrion"] * LARGE),
}


def there_and_back(content: Any) -> Any:
    pipe = io.BytesIO()
    send(content, pipe)
    pipe.seek(0)
    found = receive(pipe)
    assert pipe.read() == b""
    return found


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_as_it_was(name: str) -> None:
    array = ARRAYS[name]
    found = there_and_back(("result", [array]))[1][0]
    np.testing.assert_array_equal(found, array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.flags.f_contiguous == pickle.loads(pickle.dumps(array, 5)).flags.f_contiguous
    assert found.flags.writeable


def test_what_may_not_be_written_to_stays_so() -> None:
    array = np.zeros(LARGE)
    array.setflags(write=False)
    assert not there_and_back(array).flags.writeable


def test_what_is_there_twice_is_still_one_thing() -> None:
    array = np.zeros(LARGE)
    first, second = there_and_back([{"shapes": array}, {"shapes": array}])
    assert first["shapes"] is second["shapes"]


def test_messages_follow_each_other() -> None:
    pipe = io.BytesIO()
    for number in range(3):
        send((number, np.full(LARGE, number)), pipe)
    pipe.seek(0)
    for number in range(3):
        told, array = receive(pipe)
        assert told == number
        assert (array == number).all()


def test_what_does_not_pickle_leaves_nothing_in_the_pipe() -> None:
    pipe = io.BytesIO()
    with pytest.raises((AttributeError, pickle.PicklingError)):
        send([np.zeros(LARGE), lambda: None], pipe)
    assert pipe.getvalue() == b""


@pytest.mark.parametrize("left", [0.0, 0.001, 0.5, 0.999])
def test_a_message_that_breaks_off_is_told(left: float) -> None:
    pipe = io.BytesIO()
    send(np.zeros(4 * LARGE), pipe)
    with pytest.raises((EOFError, pickle.UnpicklingError)):
        receive(io.BytesIO(pipe.getvalue()[: int(left * len(pipe.getvalue()))]))


def test_it_is_told_how_far_a_large_message_has_come_and_it_can_be_stopped() -> None:
    pipe = io.BytesIO()
    arrays = [np.zeros(12 << 20, np.uint8) for _ in range(3)]
    send(arrays, pipe)
    steps: list[tuple[int, int]] = []
    pipe.seek(0)
    receive(pipe, lambda *step: steps.append(step))
    assert [done >> 20 for done, _ in steps] == [8, 12, 20, 24, 32, 36]
    assert {whole for _, whole in steps} == {36 << 20}

    def stop(done: int, whole: int) -> None:
        raise InterruptedError

    pipe.seek(0)
    with pytest.raises(InterruptedError):
        receive(pipe, stop)


def test_neither_side_holds_an_array_twice() -> None:
    size = 40 << 20
    array, found = np.zeros(size, np.uint8), []
    read, write = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    with read, write:
        reader = threading.Thread(target=lambda: found.append(receive(read)))
        tracemalloc.start()
        try:
            reader.start()
            send({"labels": array}, write)
            reader.join()
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    np.testing.assert_array_equal(found[0]["labels"], array)
    assert most < 1.1 * size  # the one that has been received
