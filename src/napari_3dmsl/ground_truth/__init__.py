"""What lies where in an image, exactly, in its pixels."""
