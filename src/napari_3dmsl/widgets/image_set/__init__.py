"""The Image set panel."""
