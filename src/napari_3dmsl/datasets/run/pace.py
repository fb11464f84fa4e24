"""How fast long work goes, and how long the rest will take, in words."""

from __future__ import annotations

import time
from collections import deque

_REMEMBERED_S = 60.0  # the rate is that of the last minute: a run that slows down says so
_UNKNOWN_BELOW_S = 1.0


class Pace:
    """Tells the progress of one piece of work.

    Work that begins with counting what is there already is not taken for speed: the rate is that
    of what was done since the last call that named another kind of work.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self._checking = False
        self._counted = "images"

    def tell(self, done: int, total: int, what: str) -> str:
        """Say how far the work is, how fast it goes and how long it will take.

        Parameters
        ----------
        done, total
            Images, unless ``what`` names something else that is done with shapes.
        what
            ``checking`` and ``starting`` are told as they are and begin to count anew. So does work
            that begins with ``shapes``, such as ``shapes added``: it is told in these words.
        """
        now = time.monotonic()
        counted = "images" if counts_images(what) else what
        if what in {"checking", "starting"} or counted != self._counted:
            self._checking = what == "checking"
            self._seen.clear()
        self._counted = counted
        self._seen.append((now, done))
        while now - self._seen[0][0] > _REMEMBERED_S:
            self._seen.popleft()
        checked = " checked" if self._checking else ""
        return f"{done:,} of {total:,} {counted}{checked}{self._speed(done, total)}"

    def _speed(self, done: int, total: int) -> str:
        (then, before), (now, _) = self._seen[0], self._seen[-1]
        if now - then < _UNKNOWN_BELOW_S or done <= before:
            return ""
        rate = (done - before) / (now - then)
        return f", {rate_in_words(rate)}, {time_left((total - done) / rate)}"


def counts_images(what: str) -> bool:
    """Whether the numbers of a run's progress are images.

    Parameters
    ----------
    what
        See `Pace.tell`.
    """
    return not what.startswith("shapes ")


def rate_in_words(per_s: float) -> str:
    """Say a speed in words, such as ``7 a minute`` where ``0 a second`` would tell nothing.

    Parameters
    ----------
    per_s
        How many a second; above 0.
    """
    for seconds, unit in ((1, "second"), (60, "minute")):
        if per_s * seconds >= 2:
            return f"{per_s * seconds:.0f} a {unit}"
    return f"{per_s * 3600:.0f} an hour"


def time_left(seconds: float) -> str:
    """Say a time in words, such as ``about 40 s left``.

    Parameters
    ----------
    seconds
        0 or more.
    """
    if seconds < 1.0:
        return "about to end"
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"about {seconds / size:.0f} {unit} left"
    return f"about {seconds:.0f} s left"
