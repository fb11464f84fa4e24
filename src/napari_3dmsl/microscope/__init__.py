"""Fluorescence images of shapes: optics and camera. No Qt, no napari."""
