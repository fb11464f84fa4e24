"""Image sets as sequences of samples: from files, or rendered as they are asked for."""
