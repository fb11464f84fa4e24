"""How much memory work may take, asked before it begins: one guard for all ways in."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

LIMIT = "NAPARI_3DMSL_MEMORY_GB"
"""Environment variable: how many GB one piece of work may take, instead of half of the memory."""

GB = 1_000_000_000
_UNITS = {"b": 1, "": 1} | {
    f"{prefix}{middle}b": base**power
    for power, prefix in enumerate("kmgt", start=1)
    for middle, base in (("", 1000), ("i", 1024))
}
_SIZE = re.compile(rf"(\d*\.?\d+)\s*({'|'.join(_UNITS)})", re.IGNORECASE)
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_LARGE_BLOCK = 100_000  # bytes; from 64 kB on glibc looks whether the heap can be smaller
_shrinking = threading.Lock()  # the threshold is that of all heaps
_HEAPS = 16  # of ended threads, at the most: as many as work at once on few processors
_MEET_S = 1.0  # for new threads; if the system starts fewer, they do without the others
_UNKNOWN = 8 * GB  # taken where the system does not tell how much it has


def check_memory(what: str, bytes_needed: float, limit: int | None = None) -> None:
    """Refuse work that takes more memory than is allowed.

    Parameters
    ----------
    what
        What needs it, with the file or setting that asks for it: the beginning of the message.
    bytes_needed
        At the most at one time.
    limit
        Bytes that this work may take; by default `allowed_bytes`.

    Raises
    ------
    ValueError
        One line: what, how much it would take, how much is allowed, and how to allow more.
    """
    allowed = allowed_bytes() if limit is None else limit
    if not bytes_needed <= allowed:  # a NaN is refused, too
        raise ValueError(
            f"{what}: it would take {in_words(bytes_needed)} of memory, allowed are "
            f"{in_words(allowed)} ({LIMIT} sets another limit)"
        )


def allowed_bytes() -> int:
    """Return how much memory one piece of work may take: half of what the process may have.

    Raises
    ------
    ValueError
        When the environment variable ``NAPARI_3DMSL_MEMORY_GB`` is no number above 0.
    """
    limit = os.environ.get(LIMIT)
    if not limit:
        return min(memory_bytes(), _group_limit()) // 2
    try:
        allowed = float(limit) * GB
    except ValueError:
        allowed = 0.0
    if not 0 < allowed < float("inf"):
        raise ValueError(f"{LIMIT} = {limit!r}: expected a number of GB above 0")
    return int(allowed)


def default_limit() -> int:
    """Return how much memory long work takes unless it is told: half of what is free.

    Raises
    ------
    ValueError
        See `allowed_bytes`.
    """
    allowed = allowed_bytes()
    return allowed if os.environ.get(LIMIT) else min(allowed, _free_bytes() // 2)


def size_in_bytes(text: str) -> int:
    """Read a size such as ``1GB``, ``500 MB`` or ``2GiB``.

    Parameters
    ----------
    text
        A number with one of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB; in any case.

    Raises
    ------
    ValueError
        When it is no such size, or not above 0.
    """
    found = _SIZE.fullmatch(text.strip())
    size = float(found[1]) * _UNITS[found[2].lower()] if found else 0.0
    if not 1 <= size < float("inf"):
        raise ValueError(f"{text!r}: expected a size such as 500MB, 1.5GB or 2GiB")
    return int(size)


def _free_bytes() -> int:
    """Return the memory that programs could still have; all of it where nobody tells."""
    try:
        import psutil
    except ImportError:
        return memory_bytes()
    return min(int(psutil.virtual_memory().available), _group_limit())


@cache
def memory_bytes() -> int:
    """Return the memory of the machine."""
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return _UNKNOWN


def _windows_memory() -> int:
    import ctypes

    kilobytes = ctypes.c_ulonglong(0)
    kernel = ctypes.CDLL("kernel32")
    known = kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
    return kilobytes.value * 1024 if known else _UNKNOWN


@cache  # asked for each live image
def _group_limit() -> int:
    """Memory that a container or a job of a cluster leaves to its processes, on Linux."""
    limits = [sys.maxsize]
    try:
        groups = Path("/proc/self/cgroup").read_text("ascii").splitlines()
    except (OSError, ValueError):
        return sys.maxsize
    own = next((line[3:] for line in groups if line.startswith("0::")), "/").lstrip("/")
    for file in (f"{own}/memory.max", "memory.max", "memory/memory.limit_in_bytes"):
        try:
            limits.append(int((Path("/sys/fs/cgroup") / file).read_text("ascii")))
        except (OSError, ValueError):  # there is none, or it is "max"
            continue
    return min(limits)


def in_words(size: float) -> str:
    """Say a number of bytes, such as ``1.5 GB``.

    Parameters
    ----------
    size
        In bytes.
    """
    if size >= 1e18:
        return "more than 1,000,000,000 GB"
    unit, name = (GB, "GB") if size >= GB else (1e6, "MB")
    number = size / unit
    return f"{number:,.0f} {name}" if number >= 100 else f"{number:.3g} {name}"


def keep_freed_memory() -> None:
    """Let freed memory stay with this process: whoever makes image after image needs it again.

    glibc gives blocks above a threshold back to the system at once, and fetching them again takes a
    tenth of the time of an image. It raises the threshold by itself, but late, and not at all where
    Dask's nannies set an environment: there an image of 128 x 128 pixels takes more than half as
    long again. Other C libraries are left as they are.
    """
    with suppress(AttributeError, OSError, TypeError):
        set_option = ctypes.CDLL(None).mallopt
        set_option(_M_MMAP_THRESHOLD, 32 * 2**20)  # what glibc comes to by itself, at the most
        set_option(_M_TRIM_THRESHOLD, 64 * 2**20)


def give_back_freed_memory() -> None:
    """Give freed memory back to the system: all but the ends of other threads' heaps.

    Where the C library is glibc: it keeps a heap for each of some threads, and of each up to 64 MB
    that are free at its end. Only a thread that has this heap can make it smaller. In a window in
    which thread after thread makes images, memory that nobody used grew by 300 MB within 1,000
    actions. Other C libraries are left as they are.
    """
    _shrink_heap_of_thread()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def give_back_memory_of_ended_threads() -> None:
    """Do so, and with the ends of heaps whose threads have ended; takes some ten milliseconds."""
    all_have_heaps = threading.Barrier(_HEAPS)

    def shrink() -> None:
        with suppress(threading.BrokenBarrierError):
            all_have_heaps.wait(_MEET_S)
        _shrink_heap_of_thread()

    threads = [threading.Thread(target=shrink, daemon=True) for _ in range(_HEAPS)]
    for thread in threads:  # new ones get the heaps of ended ones
        thread.start()
    for thread in threads:
        thread.join()
    give_back_freed_memory()


def _shrink_heap_of_thread() -> None:
    """Give back what is free at the end of this thread's heap."""
    with _shrinking, suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.malloc.restype = ctypes.c_void_p
        library.free.argtypes = [ctypes.c_void_p]
        library.mallopt(_M_TRIM_THRESHOLD, 0)
        library.free(library.malloc(_LARGE_BLOCK))
        keep_freed_memory()
