"""The Microscope panel."""
