"""Label volumes: from a file of any format to checked (z, y, x) labels. No Qt, no napari."""
