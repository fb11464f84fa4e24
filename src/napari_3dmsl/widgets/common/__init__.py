"""What the panels share: forms, background work, selection, camera."""
