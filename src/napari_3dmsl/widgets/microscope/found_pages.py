"""Pages of settings, each with what has no effect at its end, and a line to find a setting by."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QAbstractSpinBox, QWidget

from napari_3dmsl.widgets.common.form import Form
from napari_3dmsl.widgets.common.no_effect import NoEffect
from napari_3dmsl.widgets.common.pages import Pages
from napari_3dmsl.widgets.common.setting_search import SettingSearch


class FoundPages(Pages):
    """Pages whose settings are found by name, also where they are hidden.

    Parameters
    ----------
    name
        What a screen reader calls the bar.
    panel
        Whose settings are found.

    Signals
    -------
    found(field)
        A person has gone to this field, which has the keyboard now.
    """

    found = Signal(object)

    def __init__(self, name: str, panel: QWidget) -> None:
        super().__init__(name, panel)
        self.idle: dict[str, NoEffect] = {}
        """What has no effect now, by the title of its page."""
        self.search = SettingSearch(panel, self._title_of)
        self.search.found.connect(self._go_to)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), panel)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.search.setFocus)

    def add_page(self, title: str, tip: str, *contents: Any) -> QWidget:
        """See `Pages.add_page`."""
        idle = NoEffect([part for part in contents if isinstance(part, Form)], self)
        self.idle[title] = idle
        return super().add_page(title, tip, *contents, idle)

    def refresh(self) -> None:
        """Tell anew what has no effect."""
        for idle in self.idle.values():
            idle.refresh()

    def _title_of(self, field: QWidget) -> str:
        at = self.page_of(field)
        return self.titles()[at] if at >= 0 else ""

    def _go_to(self, field: QWidget) -> None:
        """Bring a field into sight and give it the keyboard; tell of a hidden one why it is."""
        at = self.page_of(field)
        if at >= 0:
            self.show_page(at)
        if not field.isVisibleTo(self.parentWidget()):
            idle = self.idle[self.titles()[at]]
            idle.heading.setChecked(True)
            field = idle.heading
        self.found.emit(field)
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if isinstance(field, QAbstractSpinBox):
            field.selectAll()
