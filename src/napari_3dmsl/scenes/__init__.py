"""What lies in a field of view: one shape, shapes packed at random, a region of a cell, a cell."""
