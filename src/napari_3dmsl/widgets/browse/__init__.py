"""The Shape browser panel."""
