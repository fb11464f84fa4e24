"""How long work says how far it is, and is told to stop."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all and what is done; work ends where it raises."""
