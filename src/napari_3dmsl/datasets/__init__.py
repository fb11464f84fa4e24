"""Files of simulated images. No Qt, no napari."""
