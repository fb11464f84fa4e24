"""3D shapes from electron-microscopy labels. NumPy and SciPy only: no Qt, no napari."""
