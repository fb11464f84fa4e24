"""Undo and redo of every knob of a panel: one stack of steps, a drag of a slider is one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QPushButton, QWidget

_MOST_STEPS = 200
_REST_MS = 700  # without a change: the next one is a step of its own
_MOST_TOLD = 3
_NOTHING = "Nothing was changed that could come back"
_UNDO, _REDO = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo

Snapshot = Mapping[str, Any]
"""All that can be taken back, by name; values that can be compared."""


class Change(NamedTuple):
    """One value that a step changes: of an entry of a tuple its place, else None."""

    name: str
    at: int | None
    before: Any
    after: Any


@dataclass
class _Step:
    """A change: how things were before, what is told of it, and what else has to be put back."""

    before: Snapshot
    told: frozenset[str]
    key: Hashable
    back: Callable[[], Any] | None
    goes_on: bool = True

    @property
    def names(self) -> frozenset[str]:
        """Of what is told, without the entries of tuples."""
        return frozenset(map(_root, self.told))


class History(QObject):
    """Steps that can be taken back and made again.

    Changes of the same fields that follow each other without a rest, as while a slider is dragged
    or a key is held, are one step.

    Parameters
    ----------
    read
        Returns how things are.
    take
        Puts things as they were.
    parent
        Of the Qt object.

    Signals
    -------
    changed
        Other steps can be taken back or made again.
    failed(message)
        A step could not be taken back wholly.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(
        self,
        read: Callable[[], Snapshot],
        take: Callable[[Snapshot], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._read, self._take = read, take
        self._now = read()
        self._done: deque[_Step] = deque(maxlen=_MOST_STEPS)
        self._undone: list[_Step] = []
        self._restores = False
        self._held: Hashable | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._rested)

    def note(
        self,
        source: Hashable,
        fields: Collection[str] | None = None,
        back: Callable[[], Any] | None = None,
    ) -> None:
        """Keep how things were before a change that has just been made.

        Parameters
        ----------
        source
            Who made it.
        fields
            Names that it is told by, where others follow them; by default all that changed.
        back
            Puts back what `read` does not tell, such as a file; such a step stands alone.
        """
        if self._restores:
            return
        now = self._read()
        names = frozenset(_differing(self._now, now))
        if not names and back is None:
            return
        told = names if fields is None else {name for name in names if _root(name) in fields}
        key = source if fields is None else (source, frozenset(told))
        key = key if self._held is None else self._held
        last = self._done[-1] if self._done else None
        if last is None or back is not None or last.key != key or not last.goes_on:
            self.close_step()
            self._done.append(_Step(self._now, frozenset(told), key, back))
            self._done[-1].goes_on = back is None
        else:
            last.told |= told
        if self._done[-1] is last and next(_differing(last.before, now), None) is None:
            self._done.pop()
        self._now = now
        self._undone.clear()
        self._rest.start()
        self.changed.emit()

    @contextmanager
    def together(self, source: Hashable) -> Iterator[None]:
        """Make all changes within it one step.

        Parameters
        ----------
        source
            Who makes them.
        """
        self._restores = True
        try:
            yield
        finally:
            self._restores = False
        self.close_step()
        self.note(source)

    def hold(self, source: Hashable) -> None:
        """Make all changes one step, however long they take, until `let_go`.

        Parameters
        ----------
        source
            Who makes them, such as what is dragged in the canvas.
        """
        self.close_step()
        self._held = source

    def let_go(self) -> None:
        """End what `hold` began."""
        self._held = None
        self.close_step()

    def renew(self) -> None:
        """Take things as they are now for what no step has changed, such as other files."""
        if not self._restores:
            self._now = self._read()

    def close_step(self) -> None:
        """Let the next change be a step of its own, unless something is held."""
        if self._done and self._held is None:
            self._done[-1].goes_on = False

    def forget(self) -> None:
        """Offer nothing any more: things are as they begin."""
        self._done.clear()
        self._undone.clear()
        self._now = self._read()
        self.changed.emit()

    @property
    def undo_names(self) -> frozenset[str] | None:
        """Names of what the next undo changes; None without one."""
        return self._done[-1].names if self._done else None

    @property
    def redo_names(self) -> frozenset[str] | None:
        """Names of what the next redo changes; None without one."""
        return self._undone[-1].names if self._undone else None

    @property
    def undo_changes(self) -> list[Change]:
        """What the next undo takes back."""
        if not self._done:
            return []
        return _changes(self._done[-1].before, self._now, self._done[-1].told)

    @property
    def redo_changes(self) -> list[Change]:
        """What the next redo makes again."""
        if not self._undone:
            return []
        return _changes(self._now, self._undone[-1].before, self._undone[-1].told)

    def undo(self) -> None:
        """Take the last step back, if there is one."""
        if self._done:
            step = self._done.pop()
            self._go(step, self._undone)
            if step.back is not None:
                try:
                    step.back()
                except (ValueError, OSError) as error:
                    self.failed.emit(str(error))

    def redo(self) -> None:
        """Make the step again that was taken back last, if there is one."""
        if self._undone:
            self._go(self._undone.pop(), self._done)

    def _go(self, step: _Step, onto: Any) -> None:
        onto.append(_Step(self._now, step.told, None, None, goes_on=False))
        self._restores = True
        try:
            self._take(step.before)
        finally:
            self._restores = False
        self._now = self._read()
        self.changed.emit()

    def _rested(self) -> None:
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._rest.start()  # somebody holds a slider
        else:
            self.close_step()


def _differing(one: Snapshot, other: Snapshot) -> Iterator[str]:
    """Yield the names of values that differ; of entries of a tuple, ``name[2]``."""
    for name in one.keys() | other.keys():
        here, there = one.get(name), other.get(name)
        if isinstance(here, tuple) and isinstance(there, tuple) and len(here) == len(there):
            pairs = zip(here, there, strict=True)
            yield from (f"{name}[{at}]" for at, (a, b) in enumerate(pairs) if a != b)
        elif here != there:
            yield name


def _root(name: str) -> str:
    return name.partition("[")[0]


def _changes(before: Snapshot, after: Snapshot, told: Collection[str]) -> list[Change]:
    """Return what is told and really differs."""
    found = []
    for each in sorted(set(_differing(before, after)) & set(told)):
        name, _, at = each.partition("[")
        values = before.get(name), after.get(name)
        if at:
            place = int(at.rstrip("]"))
            found.append(Change(name, place, *(value[place] for value in values if value)))
        else:
            found.append(Change(name, None, *values))
    return found


class HistoryButtons(QObject):
    """*Undo* and *Redo*, with their keys, for a panel.

    Parameters
    ----------
    history
        Whose steps they take back and make again.
    words
        Returns what people call a change, such as ``focus 1.2 µm``.
    panel
        In which the keys count.
    leading
        Names that all else follows in a step, which is told by them alone.

    Signals
    -------
    done(words)
        A step has been taken back or made again: which, in a few words.
    """

    done = Signal(str)

    def __init__(
        self,
        history: History,
        words: Callable[[Change], str],
        panel: QWidget,
        leading: Collection[str] = (),
    ) -> None:
        super().__init__(panel)
        self._history, self._words, self._leading = history, words, leading
        self.undo = self._button("undo", "Undo", self._take_back, panel)
        self.redo = self._button("redo", "Redo", self._make_again, panel)
        for keys, work in ((_UNDO, self._take_back), (_REDO, self._make_again)):
            shortcut = QShortcut(QKeySequence(keys), panel)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(work)
        history.changed.connect(self._tell)
        self._tell()

    def watch(self, panel: QWidget) -> None:
        """Let fields without anything half typed leave the keys to the panel.

        Parameters
        ----------
        panel
            Its fields are all there.
        """
        for kind in (QAbstractSpinBox, QLineEdit):
            for field in panel.findChildren(kind):
                field.installEventFilter(self)

    def eventFilter(self, field: Any, event: Any) -> bool:
        """Qt: a line of text takes the keys of undo for its letters, also when all are written."""
        if event.type() != QEvent.Type.ShortcutOverride or not (
            event.matches(_UNDO) or event.matches(_REDO)
        ):
            return False
        if _is_being_typed(field):
            return False
        event.ignore()
        return True

    def _button(self, name: str, text: str, work: Any, panel: QWidget) -> QPushButton:
        made = QPushButton(text, panel)
        made.setObjectName(name)
        made.clicked.connect(lambda: work())  # without Qt's "checked"
        return made

    def _take_back(self) -> None:
        told = self._told(self._history.undo_changes)
        if self._history.undo_names is not None:
            self._history.undo()
            self.done.emit(f"Undone: {told}")

    def _make_again(self) -> None:
        told = self._told(self._history.redo_changes)
        if self._history.redo_names is not None:
            self._history.redo()
            self.done.emit(f"Made again: {told}")

    def _tell(self) -> None:
        history = self._history
        for button, names, changes, keys, verb in (
            (self.undo, history.undo_names, history.undo_changes, _UNDO, "Undo"),
            (self.redo, history.redo_names, history.redo_changes, _REDO, "Redo"),
        ):
            button.setEnabled(names is not None)
            shortcut = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
            what = f"{verb} {self._told(changes)}" if names is not None else _NOTHING
            button.setToolTip(f"{what} ({shortcut})")
            button.setAccessibleDescription(what)

    def _told(self, changes: Collection[Change]) -> str:
        leading = [change for change in changes if change.name in self._leading]
        what = list(dict.fromkeys(self._words(change) for change in leading or changes))
        return ", ".join(what[:_MOST_TOLD]) + (" and more" if len(what) > _MOST_TOLD else "")


def _is_being_typed(field: Any) -> bool:
    """Whether a field shows letters that it has not taken yet."""
    if isinstance(field, QLineEdit):
        return bool(field.isUndoAvailable() and field.text())
    shown = field.prefix() + field.textFromValue(field.value()) + field.suffix()
    return bool(field.text() not in (shown, field.specialValueText()))
