"""One run of a recipe, to be killed by ``image_set.py kills``: RECIPE FOLDER WORKERS."""

from __future__ import annotations

import sys

from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.run.generate import generate

if __name__ == "__main__":
    generate(Recipe.load(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
