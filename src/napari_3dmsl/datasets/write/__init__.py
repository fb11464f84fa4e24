"""Files of an image set: pixels, ground truths, tables."""
