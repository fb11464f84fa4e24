"""Pages of a panel, one in sight: what is turned daily on the first, the rest one click deeper."""

from __future__ import annotations

from typing import Any

from magicgui.widgets import Widget
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QTabBar, QVBoxLayout, QWidget

from napari_3dmsl.widgets.common.form import native


class Pages(QWidget):
    """A bar of tabs above the page that is chosen; the others hold no place and no tab stop.

    Qt's own tab widget is as high as its highest page, so that a short one ends in empty ground.

    Parameters
    ----------
    name
        What a screen reader calls the bar.
    parent
        Of the widget.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QTabBar(self)
        self.bar.setObjectName("pages")
        self.bar.setAccessibleName(name)
        self.bar.setToolTip("Pages of settings: the arrow keys go from one to the next")
        self.bar.setExpanding(False)
        self.bar.setDrawBase(False)
        self.bar.setElideMode(Qt.TextElideMode.ElideNone)
        self.bar.setUsesScrollButtons(True)
        self.bar.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.bar.currentChanged.connect(self._show)
        self._pages: list[QWidget] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.bar)

    def add_page(self, title: str, tip: str, *contents: QWidget | Widget) -> QWidget:
        """Add a page at the end; return it.

        Parameters
        ----------
        title
            On its tab.
        tip
            What is found there.
        *contents
            From top to bottom.
        """
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in contents:
            column.addWidget(native(part))
        self.layout().addWidget(page)
        self._pages.append(page)
        self.bar.addTab(title)
        self.bar.setTabToolTip(len(self._pages) - 1, tip)
        self._show(self.bar.currentIndex())
        return page

    def count(self) -> int:
        """Return the number of pages."""
        return len(self._pages)

    def titles(self) -> list[str]:
        """Return what the tabs say."""
        return [self.bar.tabText(at) for at in range(self.count())]

    def show_page(self, at: int) -> None:
        """Bring a page into sight.

        Parameters
        ----------
        at
            Its number, from 0.
        """
        self.bar.setCurrentIndex(at)

    def page_of(self, widget: QWidget) -> int:
        """Return the number of the page on which a widget lies, -1 if on none.

        Parameters
        ----------
        widget
            Anywhere.
        """
        inside = [page is widget or page.isAncestorOf(widget) for page in self._pages]
        return inside.index(True) if any(inside) else -1

    def _show(self, at: int) -> None:
        for number, page in enumerate(self._pages):
            page.setVisible(number == at)

    def minimumSizeHint(self) -> QSize:
        """Qt: as wide as the widest page, so that a panel keeps its width from page to page."""
        shown = super().minimumSizeHint()
        widest = max((page.minimumSizeHint().width() for page in self._pages), default=0)
        return QSize(max(shown.width(), widest), shown.height())

    def sizeHint(self) -> Any:
        """Qt: not narrower than it can be."""
        return super().sizeHint().expandedTo(QSize(self.minimumSizeHint().width(), 0))
