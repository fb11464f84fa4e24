"""A line that finds a setting of a panel by its name, and takes people to its field."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QStringListModel, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QCompleter,
    QLineEdit,
    QTabBar,
    QWidget,
)

_KINDS = (QAbstractButton, QComboBox, QAbstractSpinBox)
_MOST = 8
_TIP = (
    "Type the name of a setting, or a word of what it does, and press Enter: its page opens and "
    "its field takes the keyboard (Ctrl+F)"
)


@dataclass(frozen=True)
class Entry:
    """A field that can be found.

    Attributes
    ----------
    label : str
        What people read beside it.
    name : str
        Of the setting in files and on the command line.
    tip : str
        What it does.
    field : QWidget
    """

    label: str
    name: str
    tip: str
    field: Any


def entries_in(panel: QWidget) -> list[Entry]:
    """Return the fields of a panel that have a name and a tip.

    Parameters
    ----------
    panel
        Its fields are all there.
    """
    return list(_entries(panel))


def _entries(panel: QWidget) -> Iterator[Entry]:
    for field in panel.findChildren(QWidget):
        if not isinstance(field, _KINDS) or isinstance(field.parentWidget(), (QTabBar, QComboBox)):
            continue
        label = field.accessibleName() or (
            field.text() if isinstance(field, QAbstractButton) else ""
        )
        if label.strip() and field.toolTip() and field.objectName():
            yield Entry(label.strip(" …▸▾"), field.objectName(), field.toolTip(), field)


def found_in(entries: list[Entry], typed: str) -> list[Entry]:
    """Return the entries that are meant, the most likely first.

    Parameters
    ----------
    entries
        To choose from.
    typed
        A name, part of one, or words of what a field does.
    """
    wanted = " ".join(typed.replace("_", " ").casefold().split())
    if not wanted:
        return []
    ranked = [(_rank(entry, wanted), at) for at, entry in enumerate(entries)]
    found = [entries[at] for rank, at in sorted(ranked) if rank < _FAR]
    if found:
        return found
    names = {entry.label.casefold(): entry for entry in reversed(entries)}
    names |= {entry.name.replace("_", " "): entry for entry in reversed(entries)}
    return [names[near] for near in difflib.get_close_matches(wanted, names, 3, 0.7)]


_FAR = 9


def _rank(entry: Entry, wanted: str) -> int:
    """Return how far an entry is from what was typed, 0 for the very name."""
    label, tip = entry.label.casefold(), entry.tip.casefold()
    name = entry.name.replace("_", " ")
    if wanted in (label, name, entry.name):
        return 0
    for rank, text in ((1, label), (2, name)):
        if text.startswith(wanted):
            return rank
    if f" {wanted}" in label or f" {wanted}" in name:
        return 3
    if wanted in label or wanted in name:
        return 4
    if f" {wanted}" in f" {tip}":
        return 5
    words = wanted.split()
    everything = f"{label} {name} {tip}"
    return 6 if all(word in everything for word in words) else _FAR


class SettingSearch(QLineEdit):
    """Offers the fields whose name, or whose description, holds what is typed.

    Parameters
    ----------
    panel
        Whose fields are found.
    place_of
        Names where a field lies, such as its page; empty if there is nothing to say.

    Signals
    -------
    found(field)
        A person wants to go to this field.
    """

    found = Signal(object)

    def __init__(self, panel: QWidget, place_of: Callable[[QWidget], str]) -> None:
        super().__init__(panel)
        self._panel = panel
        self._place_of = place_of
        self._offered: list[Entry] = []
        self._words = QStringListModel(self)
        self.setObjectName("search")
        self.setAccessibleName("Find a setting")
        self.setPlaceholderText("Find a setting…")
        self.setToolTip(_TIP)
        self.setClearButtonEnabled(False)  # its button is a tab stop without a name
        completer = QCompleter(self._words, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setWidget(self)  # not setCompleter, which writes the choice into the line
        completer.activated.connect(self._choose)
        self._completer = completer
        self.textEdited.connect(self._offer)
        self.returnPressed.connect(self._take_best)

    def _offer(self, typed: str) -> None:
        entries = [entry for entry in entries_in(self._panel) if entry.field is not self]
        self._offered = found_in(entries, typed)[:_MOST]
        self._words.setStringList([self._line(entry) for entry in self._offered])
        if self._offered:
            self._completer.complete()
        else:
            self._completer.popup().hide()

    def _line(self, entry: Entry) -> str:
        place = self._place_of(entry.field)
        return f"{entry.label}  ({place})" if place else entry.label

    def _choose(self, line: str) -> None:
        for entry in self._offered:
            if self._line(entry) == line:
                self._go(entry)
                return

    def _take_best(self) -> None:
        """Take what is marked in the list, else its first entry."""
        popup = self._completer.popup()
        marked = popup.currentIndex().row() if popup.isVisible() else -1
        if self._offered:
            self._go(self._offered[max(marked, 0)])

    def _go(self, entry: Entry) -> None:
        self._completer.popup().hide()
        self.clear()
        self._offered = []
        self.found.emit(entry.field)
