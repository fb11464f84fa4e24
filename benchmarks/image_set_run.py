"""One run of a recipe, to be killed by ``image_set.py kills``: RECIPE FOLDER WORKERS."""

from __future__ import annotations

import sys

from napari_3dmsl.datasets.generate import generate
from napari_3dmsl.datasets.recipe import Recipe

if __name__ == "__main__":
    generate(Recipe.load(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
