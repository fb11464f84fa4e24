"""How good a prediction is beside the truth: pixels, topology, objects, tracks and surfaces."""
