"""Work that takes more memory than there is is refused before it begins."""

import platform
import subprocess
import sys

import pytest
from refusals import refusal

from napari_3dmsl.memory import LIMIT, allowed_bytes, check_memory, memory_bytes


def test_half_of_the_memory_is_allowed():
    assert 0 < allowed_bytes() <= memory_bytes() // 2
    check_memory("x.tif: 1 voxel", 1)


def test_a_refusal_says_what_it_would_take_and_what_is_allowed(monkeypatch):
    monkeypatch.setenv(LIMIT, "2.5")
    check_memory("x.tif: a volume", 2.5e9)
    said = refusal(check_memory, "x.tif: 9999999 planes", 7.2e12)
    assert said.startswith("x.tif: 9999999 planes: it would take 7,200 GB of memory")
    assert "allowed are 2.5 GB" in said
    assert LIMIT in said


@pytest.mark.parametrize("needed", [float("inf"), float("nan"), 10**400])
def test_no_number_slips_through(needed):
    assert "allowed" in refusal(check_memory, "x.tif", needed)


@pytest.mark.parametrize("limit", ["none", "0", "-1", "inf", "nan"])
def test_a_limit_that_is_none_is_refused(monkeypatch, limit):
    monkeypatch.setenv(LIMIT, limit)
    assert LIMIT in refusal(allowed_bytes)


PAGES_FETCHED_AGAIN = """
import resource
import numpy as np
from napari_3dmsl.memory import keep_freed_memory

def pages() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

keep_freed_memory()
np.ones(16 << 20, np.uint8)
before = pages()
for _ in range(10):
    np.ones(16 << 20, np.uint8)
print(pages() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")
@pytest.mark.parametrize("threshold", [None, "65536"])
def test_freed_memory_is_not_fetched_again_from_the_system(monkeypatch, threshold):
    if threshold is not None:  # as Dask's nannies set it
        monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", threshold)
    run = [sys.executable, "-c", PAGES_FETCHED_AGAIN]
    fetched = int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    assert fetched < 100  # 4,096 pages of 4 kB lie in each array


FREE_IN_THREADS = """
import threading
import numpy as np, psutil
from napari_3dmsl.memory import give_back_freed_memory, give_back_memory_of_ended_threads

kept, all_have_made = [], threading.Barrier(8)

def make():
    made = [np.ones(8 << 20, np.uint8) for _ in range(3)]
    all_have_made.wait()
    if {is_kept}:  # and is freed when the thread has ended
        kept.append(made)
    else:
        del made
        give_back_freed_memory()

np.ones(30 << 20, np.uint8)  # from now on glibc keeps what is smaller, when it becomes free
before = psutil.Process().memory_info().rss
threads = [threading.Thread(target=make) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
kept.clear()
if {is_kept}:
    give_back_memory_of_ended_threads()
print(psutil.Process().memory_info().rss - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")
@pytest.mark.parametrize("is_kept", [False, True])
def test_what_threads_have_freed_goes_back_to_the_system(is_kept):
    run = [sys.executable, "-c", FREE_IN_THREADS.format(is_kept=is_kept)]
    left = int(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
    assert left < 50e6  # 193 and 143 MB where only the main thread asks for it, and as ever
