"""Groups of images of a recipe, rendered."""
