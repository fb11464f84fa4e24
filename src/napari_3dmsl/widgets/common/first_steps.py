"""A card that says what to do first, or next, with the buttons that do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

_STYLE = "QFrame#{name} {{ border: 1px solid palette(highlight); border-radius: 4px; }}"


class FirstSteps(QFrame):
    """Words above a row of buttons; hidden while nothing is to be said.

    Parameters
    ----------
    parent
        The panel.
    name
        Its ``objectName``.
    """

    def __init__(self, parent: QWidget, name: str = "first_steps") -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setStyleSheet(_STYLE.format(name=name))
        self.words = QLabel(self)
        self.words.setObjectName(f"{name}_words")
        self.words.setWordWrap(True)
        self._row = QHBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.addWidget(self.words)
        column.addLayout(self._row)
        self.buttons: dict[str, QPushButton] = {}
        self.hide()

    def offer(self, name: str, text: str, tip: str, work: Callable[[], object]) -> QPushButton:
        """Add a button.

        Parameters
        ----------
        name
            Its ``objectName``.
        text, tip
            What it says and what it does.
        work
            What it does.
        """
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.clicked.connect(lambda: work())  # without Qt's "checked"
        self._row.addWidget(button)
        self.buttons[name] = button
        return button

    def tell(self, text: str, names: Sequence[str] | None = None) -> None:
        """Show the card; without words, hide it.

        Parameters
        ----------
        text
            What to do.
        names
            Of the buttons that are shown; all by default.
        """
        self.words.setText(text)
        for name, button in self.buttons.items():
            button.setVisible(names is None or name in names)
        self.setVisible(bool(text))
