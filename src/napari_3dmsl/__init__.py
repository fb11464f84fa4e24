"""Electron-microscopy labels of mitochondria to 3D shapes and simulated fluorescence images."""

from importlib.metadata import version

__version__ = version("napari-3dmsl")
__all__ = ["__version__"]
