"""What stands in the field: shapes, packed scenes, regions, and their images."""
