"""What moves in a time-lapse: bodies that bend, divide and fuse, and their lineage."""
