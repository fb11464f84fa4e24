"""Pictures of a window for docs/images/: few colours, so that they stay small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
LARGEST_BYTES = 150_000
COLOURS = (192, 128, 96)  # of the palette; fewer where a picture would be too large


def write_picture(picture: Any, path: Path) -> None:
    """Write a PNG with a palette; one that is too large for git is an error."""
    pixels = Image.fromarray(np.asarray(picture)[..., :3])
    for colours in COLOURS:
        # Not by the median: that leaves out colours of few pixels, such as those of a legend.
        picture = pixels.quantize(
            colours, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE
        )
        picture.save(path, optimize=True)
        size = path.stat().st_size
        if size <= LARGEST_BYTES:
            print(f"{path.name}: {pixels.width} x {pixels.height}, {size // 1000} kB", flush=True)
            return
    raise SystemExit(f"{path}: {size} bytes, more than {LARGEST_BYTES}")
