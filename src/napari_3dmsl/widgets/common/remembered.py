"""What the fields of a panel held when it was last used.

One small file of ours, beside the user's presets, for every version of napari: napari's own plugin
settings exist from 0.9 on, and are for a few numbers in its preferences. Only what differs from the
defaults is written, so that a better default reaches those who never changed it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from qtpy.QtCore import QObject, QTimer

from napari_3dmsl.microscope.presets import user_folder
from napari_3dmsl.settings import Settings

AnySettings = TypeVar("AnySettings", bound=Settings)
State = dict[str, dict[str, Any]]
"""Values by the name of their group, then by the name of their field; all of it fits into JSON."""

_FILE = "panels.json"
_REST_MS = 400  # after the last change, before the file is written


class Memory(QObject):
    """Keeps the state of one panel in the file.

    Parameters
    ----------
    panel
        The panel's name in the file.
    read
        Returns its state.
    take
        Fills its fields from a state. What it does not know, and values that a field cannot hold,
        it leaves out one by one: a file of another version must not break the panel.
    parent
    """

    def __init__(
        self,
        panel: str,
        read: Callable[[], State],
        take: Callable[[State], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._panel = panel
        self.read = read
        self.take = take
        self.defaults = read()
        self._changed: State | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self.write)

    def recall(self) -> list[str]:
        """Fill the fields as they were last time; return the names of those that differ."""
        self.take(_groups(_content().get(self._panel)))
        found = _difference(self.read(), self.defaults)
        return [name for group in found.values() for name in group]

    def note(self) -> None:
        """Remember the state, a moment after the last change."""
        self._changed = _difference(self.read(), self.defaults)
        self._rest.start()

    def write(self) -> None:
        """Write what has changed; without a place to write to, nothing is remembered."""
        if self._changed is None:
            return
        content = {**_content(), self._panel: self._changed}
        self._changed = None
        path = _file()
        partial = path.with_name(f".{path.name}.partial")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
            partial.replace(path)


def fitted(settings: AnySettings, values: Mapping[str, Any]) -> AnySettings:
    """Return settings with those of the values that they can hold.

    Parameters
    ----------
    settings
        What is there.
    values
        What may be set, by name.
    """
    known = {name: value for name, value in values.items() if name in type(settings).model_fields}
    with suppress(ValueError):
        return settings.replace(**known)
    for name, value in known.items():
        with suppress(ValueError):
            settings = settings.replace(**{name: value})
    return settings


def ticks(boxes: Sequence[Any]) -> dict[str, bool]:
    """Return which of some tick boxes are ticked, by their names.

    Parameters
    ----------
    boxes
        With an ``objectName`` each.
    """
    return {box.objectName(): box.isChecked() for box in boxes}


def tick(boxes: Sequence[Any], values: Mapping[str, Any]) -> None:
    """Tick boxes as remembered.

    Parameters
    ----------
    boxes
        With an ``objectName`` each.
    values
        As from `ticks`; what is missing stays.
    """
    for box in boxes:
        if isinstance(value := values.get(box.objectName()), bool):
            box.setChecked(value)


def _file() -> Path:
    return user_folder() / _FILE


def _content() -> dict[str, Any]:
    """Return what the file holds; nothing if there is none, or none that can be read."""
    try:
        found = json.loads(_file().read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _groups(found: Any) -> State:
    groups = found if isinstance(found, dict) else {}
    return {name: group for name, group in groups.items() if isinstance(group, dict)}


def _difference(state: Mapping[str, Mapping[str, Any]], other: State) -> State:
    changed = {
        group: {name: value for name, value in values.items() if value != other[group][name]}
        for group, values in state.items()
    }
    return {group: values for group, values in changed.items() if values}
