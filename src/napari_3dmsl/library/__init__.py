"""Shape libraries on disk: folders, or the zips of the 3DMSL release."""
