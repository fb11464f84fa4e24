"""What a recipe is made of: ranges, instruments, the lines of its file."""
