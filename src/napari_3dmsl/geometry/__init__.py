"""Pure geometry, which every room may use."""
