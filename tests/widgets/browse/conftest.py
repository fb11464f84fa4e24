"""The tests of this room share a viewer, see CONTRIBUTING.md."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def viewer(lent: Any) -> Any:
    """An empty napari viewer whose window is not shown."""
    return lent


@pytest.fixture
def window(lent_window: Any) -> Any:
    """A window on the screen with the shapes in it, drawn."""
    return lent_window
