"""What a window shows as text that makes it again: a Python script, or a command line."""
