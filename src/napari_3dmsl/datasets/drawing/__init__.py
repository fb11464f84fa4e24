"""Ground truth drawn onto pixels, and brought into the coordinates of the image."""
