"""Settings that have no effect beside the others: out of sight, but told with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_3dmsl.widgets.common.form import Form

_TIP = "Names the settings that change nothing beside the others, and says why"
_STYLE = "QPushButton { text-align: left; border: none; } QPushButton:focus { text-decoration: \
underline; }"


class NoEffect(QWidget):
    """A line that unfolds into what is hidden on a page, and why; gone while nothing is.

    Parameters
    ----------
    forms
        That hide what has no effect, see `Form`.
    parent
        Of the widget.
    """

    def __init__(self, forms: Sequence[Form], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._forms = tuple(forms)
        self.heading = QPushButton(self)
        self.heading.setObjectName("no_effect")
        self.heading.setCheckable(True)
        self.heading.setToolTip(_TIP)
        self.heading.setStyleSheet(_STYLE)
        self.heading.toggled.connect(self.refresh)
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.addWidget(self.heading)
        layout.addWidget(self.text)
        self.refresh()

    def refresh(self) -> None:
        """Tell what is hidden now."""
        reasons = [found for form in self._forms for found in form.hidden_settings.items()]
        labels_by_reason: dict[str, list[str]] = {}
        for label, reason in reasons:
            labels_by_reason.setdefault(reason, []).append(label)
        opened = self.heading.isChecked()
        how_many = f"{len(reasons)} setting{'s' if len(reasons) != 1 else ''}"
        self.heading.setText(f"{'▾' if opened else '▸'}  {how_many} without effect now")
        self.text.setText(
            "\n".join(f"{', '.join(found)}: {why}" for why, found in labels_by_reason.items())
        )
        self.text.setVisible(opened)
        self.setVisible(bool(reasons))
