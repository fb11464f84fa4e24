"""Files and folders that appear whole or not at all, and never in the place of what is read."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

PATIENCE_S = 60.0
"""For another program that is writing the same file."""

_WORK = ".napari-3dmsl"  # ends the names of hidden folders that nobody else would call so
_NEW, _OLD, _LOCK = "new", "old", "lock"


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CUT_SHORT = re.compile(r"\d+ requested and \d+ written")  # by NumPy, which gives no number


_BUSY = "another run is writing this; wait for it or choose another name"
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_CHANCES = 10  # to make the folder of a lock that others are removing
_WHAT_TO_DO = {
    errno.EROFS: "choose another place; this one is read-only",
    errno.EACCES: "choose another place, or let yourself write there",
    errno.EPERM: "choose another place, or let yourself write there",
    errno.ENOENT: "make the folder, or choose another place",
    errno.ENOTDIR: "choose another place",
    errno.EISDIR: "choose another name",
    errno.ENAMETOOLONG: "choose a shorter name",
}


class UnwritableError(OSError):
    """A file or folder cannot be written; what was there is as it was."""

    def __str__(self) -> str:
        """Say it as all messages do: the place first."""
        return f"{self.filename}: {self.strerror}" if self.filename else super().__str__()


class DiskFullError(UnwritableError):
    """There is no room for what is written; nothing half-written is left."""


def is_disk_full(error: OSError) -> bool:
    """Whether an error means that a disk, a quota or the limit on a file is reached.

    Parameters
    ----------
    error
        As the system raised it.
    """
    return error.errno in _FULL or _CUT_SHORT.search(str(error)) is not None


@contextmanager
def telling_where(place: Path) -> Iterator[None]:
    """Tell why a place cannot be written, however a library says it, as one line that names it.

    Errors about other files, such as those that are read at the same time, pass as they are.

    Parameters
    ----------
    place
        The file or folder that is being written.

    Raises
    ------
    DiskFullError
        When there is no room.
    UnwritableError
        When it may not be written.
    """
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            reason = "the disk is full; make room, or choose another place, and run again"
            raise DiskFullError(errno.ENOSPC, reason, str(place)) from error
        if error.errno is None or not _is_about(error, place):
            raise
        reason = str(error.strerror)
        if not isinstance(error, UnwritableError):
            what_to_do = _WHAT_TO_DO.get(error.errno, "choose another place")
            reason = f"cannot be written: {reason}; {what_to_do}"
        raise UnwritableError(error.errno, reason, str(place)) from error


def _is_about(error: OSError, place: Path) -> bool:
    """Whether an error is about a place, a folder it lies in, or a hidden file on the way."""
    if not isinstance(error.filename, str | os.PathLike):
        return False
    named, full = Path(error.filename).absolute(), place.absolute()
    if named == full or named in full.parents or full in named.parents:
        return True
    beside = full.parent in named.parents and named.relative_to(full.parent).parts[0]
    return bool(beside and beside.startswith(f".{full.name}."))


@contextmanager
def whole_file(path: Path, *, patience_s: float = PATIENCE_S, busy: str = _BUSY) -> Iterator[Path]:
    """Give a name for a file in the same folder, which takes the right one when it is finished.

    Another program that is writing the same file is waited for; so what is read of it in the block
    is what is replaced.

    Parameters
    ----------
    path
        Of the file that will be there.
    patience_s, busy
        See `only_one`.

    Raises
    ------
    ValueError
        When another program is writing it all the time.
    DiskFullError
        When there is no room for it.
    UnwritableError
        When it cannot be written, or the file of that name is read-only.
    """
    temporary = path.with_name(f".{path.name}.part")
    with telling_where(path):
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        lock = path.with_name(f".{path.name}.lock")
        with only_one(lock, path, patience_s=patience_s, busy=busy):
            try:
                yield temporary
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a place for a folder, which takes the name only when it is finished.

    What is there of that name is replaced. Another program that is writing the same folder is
    waited for.

    Parameters
    ----------
    path
        Of the folder that will be there.

    Raises
    ------
    ValueError
        When another program is writing it all the time.
    DiskFullError
        When there is no room for it.
    UnwritableError
        When it cannot be written.
    """
    work = path.with_name(f".{path.name}.part")
    new, old = work / _NEW, work / _OLD
    with (
        telling_where(path),
        only_one(work / _LOCK, path, patience_s=PATIENCE_S, own_folder=True),
    ):
        try:
            _clear_up_folder(path, new, old)
            yield new
            if path.exists():
                path.replace(old)
            new.replace(path)
        finally:
            _clear_up_folder(path, new, old)


def _clear_up_folder(path: Path, new: Path, old: Path) -> None:
    """Remove what is half done; what was there is put back, had it only been moved aside."""
    if old.exists() and not path.exists():
        old.replace(path)
    shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def only_one(
    lock: Path,
    place: Path,
    *,
    patience_s: float = 0.0,
    busy: str = _BUSY,
    own_folder: bool = False,
) -> Iterator[None]:
    """Keep other programs and threads out while this lasts.

    The system lets others in however a process ends. Some disks of networks know no locks: there
    nobody is kept out.

    Parameters
    ----------
    lock
        A file that everybody who would be in the way asks for; gone afterwards.
    place
        What is kept for us; messages name that.
    patience_s
        How long to wait for others, in seconds.
    busy
        What is said of the place when they do not come to an end.
    own_folder
        Whether the folder of the lock file is made for it, and goes with it if nothing else is in.

    Raises
    ------
    ValueError
        When somebody has it for longer than that.
    UnwritableError
        When the lock file cannot be made.
    """
    held = filelock.FileLock(lock, thread_local=False)
    with telling_where(place):
        try:
            _acquire(held, lock, patience_s, own_folder)
        except filelock.Timeout:
            raise ValueError(f"{place}: {busy}") from None
    try:
        yield
    finally:
        with suppress(OSError):  # while it is ours; Windows removes no file that is open
            lock.unlink(missing_ok=True)
        held.release()
        with suppress(OSError):
            if sys.platform == "win32":  # nor one that others have opened
                lock.unlink(missing_ok=True)
            if own_folder:
                lock.parent.rmdir()


def _acquire(held: filelock.BaseFileLock, lock: Path, patience_s: float, own_folder: bool) -> None:
    for chance in range(_CHANCES):
        if own_folder:
            lock.parent.mkdir(exist_ok=True)
        try:
            if not lock.parent.is_dir():  # which some versions of filelock would make
                missing = errno.ENOTDIR if lock.parent.exists() else errno.ENOENT
                raise OSError(missing, os.strerror(missing), str(lock.parent))
            held.acquire(timeout=patience_s, poll_interval=0.02)
            return
        except FileNotFoundError:  # the folder has just gone with the lock of others
            if not own_folder or chance == _CHANCES - 1:
                raise
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            return


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
        When another run is writing the same target, a file in it is in the way of a new one, or it
        is a link that leads back to itself.
    DiskFullError
        When there is no room for it.
    OSError
        When it cannot be written.
    """
    target = real_path(target)  # a link stays a link
    with telling_where(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    sweep_beside(target)
    work = target.with_name(f".{target.name}{_WORK}")
    with telling_where(target), _working_in(work, target):
        yield work / _NEW
        if target.is_dir():
            _take_over(target, work / _NEW, ours)
            target.replace(work / _OLD)
        (work / _NEW).replace(target)


def sweep_beside(target: Path) -> None:
    """Remove what runs that were killed in `whole_output` have left in the folder of a target.

    Parameters
    ----------
    target
        A folder or file that is written so.
    """
    for left in real_path(target).parent.glob(f".*{_WORK}"):
        with suppress(OSError, ValueError), _working_in(left, left):
            pass  # which clears up


def is_same(first: Path, second: Path) -> bool:
    """Whether two names lead to one file or folder: by links of either kind, or otherwise.

    Parameters
    ----------
    first, second
        Neither need be there.

    Raises
    ------
    ValueError
        When links of one go round in a circle.
    """
    with suppress(OSError):
        return first.samefile(second)
    return real_path(first) == real_path(second)


def real_path(path: Path) -> Path:
    """Return where a path leads through its links, absolute.

    Parameters
    ----------
    path
        Need not be there.

    Raises
    ------
    ValueError
        When its links go round in a circle.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError(
                f"{path}: a link that leads back to itself; remove it or choose another name"
            ) from None
    return Path(os.path.realpath(path))


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
        When the output is one of them, lies inside one of them or holds it in a folder to write; or
        when one of them is a link that leads back to itself.
    """
    for name, other in others.items():
        if other is None:
            continue
        places = {output, *output.absolute().parents, *real_path(output).parents}
        if any(is_same(place, other) for place in places):
            where = "would replace" if is_same(output, other) else "would lie in"
            raise ValueError(f"{output}: {what} {where} the {name}, {other}; choose another name")


@contextmanager
def _working_in(work: Path, target: Path) -> Iterator[None]:
    """Keep others out of a folder of work in progress; it is empty now and gone afterwards."""
    with only_one(work / _LOCK, target, own_folder=True):
        try:
            _clear_up(work)
            yield
        finally:
            _clear_up(work)


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
