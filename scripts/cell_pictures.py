"""Makes docs/images/cells.png, the first picture of the README: cells, with their truth.

Tubes drawn at random in cell scenes, as a recipe does it; no window, no file of anybody else. Run:
``make cells``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from skimage.segmentation import find_boundaries

from napari_3dmsl.datasets.read.rendered_set import RenderedSet
from napari_3dmsl.datasets.recipe.recipe import Recipe

FILE = Path(__file__).resolve().parent.parent / "docs" / "images" / "cells.png"
SIDE = 256
SHOWN = (6, 1, 1)  # fields; the last with the outlines of its instances
BLACK, WHITE = 1.0, 99.7  # percentiles
GREYS = 80  # a palette keeps the picture small
OUTLINES = np.array(
    [(86, 180, 233), (0, 158, 115), (230, 159, 0), (204, 121, 167), (240, 228, 66), (213, 94, 0)]
)

RECIPE = {
    "source": {"library": "tubes", "tube_count": 200},
    "repeats": max(SHOWN) + 1,
    "seed": 1,
    "microscopes": [{"preset": "epi1", "pixel_nm": 80, "emission_nm": 610, "camera": "scmos"}],
    "image_size": (SIDE, SIDE),
    "labelling": {"density_per_um2": 300},
    "split": {"train": 1, "val": 0, "test": 0},
    "ground_truth": ["instances"],
    "scene": {
        "kind": "cell",
        "cell": {
            "coverage": [0.45, 1.0],
            "density_spread": 0.9,
            "haze": [0.2, 1.0],
            "glow_photons": [3, 12],
            "peak_photons": [250, 900],
        },
    },
}


def main() -> None:
    samples = RenderedSet(Recipe(**RECIPE))
    panels = [grey(samples[place].image) for place in SHOWN]
    panels[-1] = outlined(panels[-1], np.asarray(samples[SHOWN[-1]].truths["instances"]))
    gap = np.full((SIDE, 4, 3), 255, dtype=np.uint8)
    strip = np.hstack([part for panel in panels for part in (panel, gap)][:-1])
    pixels = Image.fromarray(strip)
    greys = np.repeat(np.linspace(0, 255, GREYS).astype(np.uint8)[:, None], 3, axis=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([greys, OUTLINES]).astype(np.uint8).tobytes())
    pixels.quantize(palette=palette, dither=Image.Dither.NONE).save(FILE, optimize=True)
    print(f"{FILE.name}: {pixels.width} x {pixels.height}, {FILE.stat().st_size // 1000} kB")


def grey(image: np.ndarray) -> np.ndarray:
    """Stretch counts to grey, (R, C, 3)."""
    counts = np.asarray(image, dtype=float).reshape(SIDE, SIDE)
    low, high = np.percentile(counts, (BLACK, WHITE))
    shown = (255 * np.clip((counts - low) / (high - low), 0, 1)).astype(np.uint8)
    return np.repeat(shown[..., None], 3, axis=2)


def outlined(panel: np.ndarray, instances: np.ndarray) -> np.ndarray:
    """Draw the outline of each instance in a colour."""
    labels = instances.reshape(SIDE, SIDE)
    edge = find_boundaries(labels, mode="inner")
    panel = panel // 2
    panel[edge] = OUTLINES[labels[edge] % len(OUTLINES)]
    return panel


if __name__ == "__main__":
    main()
