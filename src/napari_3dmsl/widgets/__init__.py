"""The panels: they collect settings, start work and show results; the science is elsewhere."""
