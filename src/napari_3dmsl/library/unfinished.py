"""Work on a library that goes on where it stopped: in a hidden folder beside it, one run at a time.

The folder keeps what the run was begun with. Another run goes on there only if it was begun with
the same; it is gone when the library is finished.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_3dmsl.writing import only_one, real_path, telling_where, whole_file

SUFFIX = ".napari-3dmsl-run"
"""Ends the names of the folders; other code that clears up leaves them alone."""

PLACED_FILE = "placed.json"
"""Tells that the library is in its place."""

_LOCK, _BEGUN_WITH = "lock", "begun_with.json"
_TOLD = 4  # differences
_LONGEST = 60  # characters of a value in a message


@dataclass
class Work:
    """A run's own folder.

    Attributes
    ----------
    folder
        For whatever the run keeps until it is finished.
    goes_on
        Whether an earlier run has begun it.
    begun_anew
        Whether what an earlier run of other settings had done was thrown away.
    """

    folder: Path
    goes_on: bool = False
    begun_anew: bool = False
    _worthless: bool = field(default=False, repr=False)

    def discard(self) -> None:
        """Say that nothing in it is worth keeping, however the run ends."""
        self._worthless = True


def work_folder(target: Path) -> Path:
    """Return where a run keeps its work on a library.

    Parameters
    ----------
    target
        The library, folder or zip.
    """
    target = real_path(target)
    return target.with_name(f".{target.name}{SUFFIX}")


@contextmanager
def unfinished_work(
    target: Path, begun_with: Mapping[str, Any], replace: bool = False
) -> Iterator[Work]:
    """Keep other runs out and give a folder that stays until the work is finished.

    Stopped in whatever way, the folder stays with all that is in it, unless there is nothing; the
    next run finds it there. When the work ends well it is removed.

    Parameters
    ----------
    target
        The library, folder or zip.
    begun_with
        All that decides over the result, such as settings and input; anything that JSON knows.
    replace
        Throw away what a run of other settings has left.

    Raises
    ------
    ValueError
        When another run works on the same library, or one with other settings is not finished.
    OSError
        When the folder cannot be written.
    """
    folder = work_folder(target)
    with telling_where(target):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with only_one(folder / _LOCK, target, own_folder=True):
        work = Work(folder)
        try:
            _take_up(work, target, json.loads(json.dumps(begun_with, default=str)), replace)
            yield work
            work.discard()
        finally:
            if work._worthless or _is_empty(folder):
                _clear(folder)


def remove_unbegun(target: Path) -> None:
    """Remove the folder of a run that was killed before it had done anything, or at its very end.

    Parameters
    ----------
    target
        The library, folder or zip.
    """
    folder = work_folder(target)
    if folder.is_dir() and _is_empty(folder):
        with suppress(ValueError, OSError), unfinished_work(target, {}):
            pass  # which clears up


def _take_up(work: Work, target: Path, begun_with: dict[str, Any], replace: bool) -> None:
    path = work.folder / _BEGUN_WITH
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        before = None
    except ValueError:
        before = {}
    if before == begun_with:
        work.goes_on = not _is_empty(work.folder)
        return
    if before is not None and not _is_empty(work.folder):
        if not replace:
            raise ValueError(
                f"{target}: a run with other settings or another input is not finished: "
                f"{_differences(before, begun_with)}. Repeat that one, or say that it shall be "
                "replaced (--replace, in Python replace=True)"
            )
        work.begun_anew = True
    _clear(work.folder)
    with telling_where(target), whole_file(path) as temporary:
        temporary.write_text(json.dumps(begun_with, indent=2) + "\n", encoding="utf-8")


def _is_empty(folder: Path) -> bool:
    """Whether a run has left nothing that another could go on with."""
    ours = {_LOCK, _BEGUN_WITH, f".{_BEGUN_WITH}.part"}
    files = (file for file in folder.rglob("*") if file.name not in ours and file.is_file())
    return not any(file.stat().st_size for file in files)  # a journal may have no line yet


def _clear(folder: Path) -> None:
    items = list(folder.iterdir()) if folder.is_dir() else []
    late = (PLACED_FILE, _BEGUN_WITH)  # killed meanwhile, a run is still known for a finished one
    for item in sorted(items, key=lambda item: (item.name in late, item.name == _BEGUN_WITH)):
        if item.is_dir():
            shutil.rmtree(item, ignore_errors=True)
        elif item.name != _LOCK:
            item.unlink(missing_ok=True)


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Name what differs, with the values before and now."""
    old, new = dict(_leaves(before)), dict(_leaves(now))
    found = [
        f"{name}: {_short(old.get(name))} before, {_short(new.get(name))} now"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return "; ".join(found[:_TOLD]) + more


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        full = f"{above}.{name}" if above else str(name)
        if isinstance(value, dict):
            yield from _leaves(value, full)
        else:
            yield full, value


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}…"
