"""Colours of napari's theme, for what Qt's style sheets do not reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ThemeColours:
    """As hexadecimal words: of the canvas, of panels, of their text, and of what stands out."""

    canvas: str
    background: str
    foreground: str
    text: str
    current: str
    warning: str


def theme_colours(viewer: Any) -> ThemeColours:
    """Return the colours of a viewer's theme.

    Parameters
    ----------
    viewer
        Of napari.
    """
    from napari.utils.theme import get_theme

    theme = get_theme(viewer.theme)
    names = ThemeColours.__dataclass_fields__
    return ThemeColours(**{name: getattr(theme, name).as_hex(format="long") for name in names})
