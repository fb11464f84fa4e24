"""Mesh files and their repair: OFF, PLY, OBJ, STL and others."""
