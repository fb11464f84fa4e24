"""Files and folders that appear whole or not at all, and never in the place of what is read."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

_WORK = ".napari-3dmsl"  # ends the names of hidden folders that nobody else would call so
_NEW, _OLD, _LOCK = "new", "old", "lock"


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CUT_SHORT = re.compile(r"\d+ requested and \d+ written")  # by NumPy, which gives no number


class DiskFullError(OSError):
    """There is no room for what is written; nothing half-written is left."""

    def __str__(self) -> str:
        """Say it as all messages do: the place first."""
        return f"{self.filename}: {self.strerror}" if self.filename else super().__str__()


def is_disk_full(error: OSError) -> bool:
    """Whether an error means that a disk, a quota or the limit on a file is reached.

    Parameters
    ----------
    error
        As the system raised it.
    """
    return error.errno in _FULL or _CUT_SHORT.search(str(error)) is not None


@contextmanager
def telling_full_disk(place: Path) -> Iterator[None]:
    """Tell a full disk, however a library says it, as one `DiskFullError` that names the place.

    Parameters
    ----------
    place
        The file or folder that is being written.

    Raises
    ------
    DiskFullError
        When there is no room.
    """
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        reason = "the disk is full; make room, or choose another place, and run again"
        raise DiskFullError(errno.ENOSPC, reason, str(place)) from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary file in the same folder, which takes the name only when it is finished.

    Parameters
    ----------
    path
        Of the file that will be there.

    Raises
    ------
    DiskFullError
        When there is no room for it.
    OSError
        When it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        with telling_full_disk(path):
            yield temporary
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_output(target: Path, ours: Callable[[Path], bool]) -> Iterator[Path]:
    """Give the place of a new folder or file, which takes the target's name when it is finished.

    What lies in a target folder already and is not `ours` is taken over as it is. Killed at any
    moment, either the old folder or the new one is whole; the next run that writes beside it clears
    up, unless somebody is still writing there.

    Parameters
    ----------
    target
        The folder or file; it may exist.
    ours
        Whether a file in it is replaced by the new ones, or gone with them. Asked for files, links
        and special files, never for folders.

    Raises
    ------
    ValueError
        When another run is writing the same target, or a file in it is in the way of a new one.
    DiskFullError
        When there is no room for it.
    OSError
        When it cannot be written.
    """
    target = target.resolve()  # a link stays a link
    with telling_full_disk(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".*{_WORK}"):
        with suppress(OSError, filelock.Timeout), _working_in(left):
            pass  # which clears up
    try:
        with (
            telling_full_disk(target),
            _working_in(target.with_name(f".{target.name}{_WORK}")) as work,
        ):
            yield work / _NEW
            if target.is_dir():
                _take_over(target, work / _NEW, ours)
                target.replace(work / _OLD)
            (work / _NEW).replace(target)
    except filelock.Timeout:
        raise ValueError(
            f"{target}: another run is writing this; wait for it or choose another name"
        ) from None


def is_same(first: Path, second: Path) -> bool:
    """Whether two names lead to one file or folder: by links of either kind, or otherwise.

    Parameters
    ----------
    first, second
        Neither need be there.
    """
    with suppress(OSError):
        return first.samefile(second)
    return first.resolve() == second.resolve()


def check_apart(output: Path, what: str, **others: Path | None) -> None:
    """Refuse to write over, or into, what is read or written as well.

    Parameters
    ----------
    output
        File or folder to write.
    what
        What the message calls it.
    **others
        Files and folders that must stay as they are, by what the message calls them.

    Raises
    ------
    ValueError
        When the output is one of them, lies inside one of them or holds it in a folder to write.
    """
    for name, other in others.items():
        if other is None:
            continue
        places = {output, *output.absolute().parents, *output.resolve().parents}
        if any(is_same(place, other) for place in places):
            where = "would replace" if is_same(output, other) else "would lie in"
            raise ValueError(f"{output}: {what} {where} the {name}, {other}; choose another name")


@contextmanager
def _working_in(work: Path) -> Iterator[Path]:
    """Keep others out of a folder of work in progress; it is empty now and gone afterwards."""
    work.mkdir(exist_ok=True)
    lock = filelock.FileLock(work / _LOCK)
    lock.acquire(timeout=0)  # free again however a process ends
    try:
        _clear_up(work)
        yield work
    finally:
        _clear_up(work)
        lock.release()
        shutil.rmtree(work, ignore_errors=True)


def _clear_up(work: Path) -> None:
    """Remove what is left of a run, but not what it had only moved aside when it was killed."""
    old, new = work / _OLD, work / _NEW
    target = work.with_name(work.name[1 : -len(_WORK)])
    if old.exists() and new.exists():
        old.replace(target.with_name(f"{target.name}-before") if target.exists() else target)
    for left in (old, new):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _take_over(folder: Path, new: Path, ours: Callable[[Path], bool]) -> None:
    """Bring the files of others into a new folder, without copying them where links can be."""
    for place, folders, files in os.walk(folder, topdown=False):
        inside = new / Path(place).relative_to(folder)
        links = [name for name in folders if Path(place, name).is_symlink()]
        theirs = [name for name in [*files, *links] if not ours(Path(place, name))]
        if theirs or not (files or folders):  # an empty folder is somebody's, too
            inside.mkdir(parents=True, exist_ok=True)
        for name in theirs:
            _link(Path(place, name), inside / name)
        if inside.is_dir():
            shutil.copymode(place, inside)


def _link(file: Path, copy: Path) -> None:
    if os.path.lexists(copy):
        raise ValueError(f"{file}: in the way, and not written by this program; move it elsewhere")
    try:
        os.link(file, copy, follow_symlinks=False)
    except (OSError, NotImplementedError):  # a disk without links, or one of them
        shutil.copy2(file, copy, follow_symlinks=False)
