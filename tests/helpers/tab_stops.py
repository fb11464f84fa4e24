"""What the Tab key stops at."""

from __future__ import annotations

from typing import Any


def tab_stops(panel: Any) -> list[str]:
    """Names of the widgets of a panel that the Tab key stops at now, in order."""
    from qtpy.QtCore import Qt

    found, widget = [], panel.nextInFocusChain()
    while panel.isAncestorOf(widget):
        reached = widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
        own = widget.focusProxy() is None and widget.isEnabled()
        if reached and own and widget.isVisibleTo(panel):
            found.append(widget.objectName() or widget.accessibleName())
        widget = widget.nextInFocusChain()
    return found
