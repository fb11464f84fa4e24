"""A recipe run to its end: in parallel, to be gone on with after any interruption."""
