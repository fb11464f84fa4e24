"""Real images: the camera and the scene that make images like them, and how like they are."""
