"""Images and lists of points as files: OME-TIFF, OME-Zarr, CSV."""
