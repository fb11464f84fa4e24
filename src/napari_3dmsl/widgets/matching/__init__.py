"""Real images beside simulated ones: panels for people."""
