"""A finished image set laid out as the tools read it that people train with."""
