"""Files of an image set: OME-TIFF, OME-Zarr, tables, layouts."""
