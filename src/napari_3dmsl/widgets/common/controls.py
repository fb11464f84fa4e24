"""Buttons and drop-downs that stand in no form, with name, words and tip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qtpy.QtWidgets import QComboBox, QPushButton

_LETTERS = 11  # of a drop-down, at least


def button(name: str, text: str, tip: str, work: Callable[[], None]) -> QPushButton:
    """Return a button that does some work.

    Parameters
    ----------
    name
        Its ``objectName``.
    text
        What it says.
    tip
        What it does.
    work
        What it does, without an argument.
    """
    made = QPushButton(text)
    made.setObjectName(name)
    made.setToolTip(tip)
    made.clicked.connect(lambda: work())  # without Qt's "checked"
    return made


def drop_down(name: str, label: str, words: Sequence[str], tip: str) -> QComboBox:
    """Return a choice between words.

    Parameters
    ----------
    name
        Its ``objectName``.
    label
        What is chosen, in a word or two, for screen readers.
    words
        The choices.
    tip
        What is chosen.
    """
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(label)
    box.addItems(list(words))
    box.setToolTip(tip)
    may_be_narrow(box)
    return box


def may_be_narrow(box: QComboBox) -> None:
    """Let a panel be narrower than the longest choice: of that it shows the beginning then.

    Parameters
    ----------
    box
        A drop-down.
    """
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_LETTERS)


def fill_drop_down(box: QComboBox, titles: Mapping[str, str]) -> None:
    """Offer choices that people read in other words than files have.

    Parameters
    ----------
    box
        The drop-down; the names are its ``itemData``.
    titles
        What people read, by name.
    """
    box.clear()
    for name, title in titles.items():
        box.addItem(title, name)
