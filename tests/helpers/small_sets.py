"""Small recipes, and what a run of one leaves on disk."""


def settings_of(library):
    """A recipe of 32 × 32 pixels: 6 views of 4 shapes in 2 microscopes."""
    return {
        "seed": 5,
        "source": {"library": str(library)},
        "microscopes": ["epi1", "con1"],
        "image_size": [32, 32],
        "labelling": {"density_per_um2": 60},
    }


def tree(folder):
    """Content of every file below a folder by its name."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
