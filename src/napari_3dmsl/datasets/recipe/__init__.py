"""What an image set is made of: the recipe, and the plan that comes of it."""
