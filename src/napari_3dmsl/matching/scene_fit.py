"""From real images to a recipe whose images are like them: scene, light and blur, as ranges.

Tiles are rendered with settings spread over all that is possible; from them it is learnt how the
features of a tile depend on the settings; and the ranges are sought whose tiles are as a set most
like the real ones. Twice more tiles are rendered near the ranges found, to know them better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import qmc

from napari_3dmsl.compute.calls import OneThread
from napari_3dmsl.datasets.recipe.plan import seed_of
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.recipe.recipe_file import write_recipe
from napari_3dmsl.matching.distances import Distance, Standard, frechet16, standard_of
from napari_3dmsl.matching.feature_model import learn
from napari_3dmsl.matching.features import FEATURE_NAMES, own_features
from napari_3dmsl.matching.grey_levels import grey_levels
from napari_3dmsl.matching.range_search import Ranges, search
from napari_3dmsl.matching.scene_knobs import (
    SCENE_KNOBS,
    Knob,
    Knobs,
    light_knobs,
    tube_settings,
    with_values,
)
from napari_3dmsl.matching.scene_pool import Light, RenderScenes, SceneJob
from napari_3dmsl.matching.tile_light import TileLight, tile_light
from napari_3dmsl.matching.tiles import LARGEST_TILE, cut
from napari_3dmsl.microscope.presets import usual_camera

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_3dmsl.compute.place import Place
    from napari_3dmsl.matching.calibration import Calibration
    from napari_3dmsl.matching.grey_levels import GreyLevels
    from napari_3dmsl.microscope.camera import Camera
    from napari_3dmsl.microscope.settings import Microscope
    from napari_3dmsl.progress import Progress

    Values = NDArray[np.float64]

FEWEST_TILES, ENOUGH_TILES = 4, 8
SMALLEST_TILE = 64
LIGHTS = 3
"""In how many lights each scene is seen."""

_OLDER = 0.3  # weight of tiles of the round before
_WIDER = 0.12  # of the whole way: how far beyond the ranges the next round looks


@dataclass(frozen=True)
class Budget:
    """How many scenes are rendered for a fit.

    Attributes
    ----------
    scenes
        In each round.
    kinds
        Of tubes and blur in each round.
    check
        Scenes of the recipe found, for the distance that is told.
    shapes
        Tubes of each kind.
    """

    scenes: tuple[int, ...] = (96, 72, 72)
    kinds: tuple[int, ...] = (12, 8, 6)
    check: int = 32
    shapes: int = 100

    @property
    def steps(self) -> int:
        """Scenes in all."""
        return sum(self.scenes) + self.check


@dataclass(frozen=True)
class Fitted:
    """A setting as it was fitted.

    Attributes
    ----------
    name, words, unit
        Of the setting.
    low, high
        The range; equal for what all images share.
    """

    name: str
    words: str
    unit: str
    low: float | str
    high: float | str

    def __str__(self) -> str:
        if isinstance(self.low, str):
            return f"{self.words:<32} {self.low}"
        ends = f"{self.low:.3g}" if self.low == self.high else f"{self.low:.3g} to {self.high:.3g}"
        return f"{self.words:<32} {ends} {self.unit}".rstrip()


@dataclass(frozen=True, eq=False)
class SceneFit:
    """A recipe whose images are like real ones, and how like they are.

    Attributes
    ----------
    recipe : dict
        For `write_recipe`.
    fitted : tuple of Fitted
        What was fitted.
    distance : Distance
        Fréchet distance of tiles of the recipe from the real ones, by own features.
    tiles, tile_size : int
        Number of real tiles, and their rows and columns.
    warnings : tuple of str
    """

    recipe: dict[str, Any]
    fitted: tuple[Fitted, ...]
    distance: Distance
    tiles: int
    tile_size: int
    warnings: tuple[str, ...] = ()

    def save(self, path: str | Path) -> None:
        """Write the recipe.

        Parameters
        ----------
        path
            ``.toml`` or ``.json``.

        Raises
        ------
        ValueError
            When the name ends otherwise.
        OSError
            When the file cannot be written.
        """
        write_recipe(self.recipe, path)

    def lines(self) -> list[str]:
        """Return what people read, line by line."""
        size = self.tile_size
        return [
            f"fitted to {self.tiles} tiles of {size} × {size} pixels; what has a range is drawn "
            "for each image",
            *map(str, self.fitted),
            f"distance of its images from the real ones (own features, Fréchet) {self.distance}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {
            "tiles": self.tiles,
            "tile_size": self.tile_size,
            "fitted": {each.name: vars(each) for each in self.fitted},
            "frechet": vars(self.distance),
            "warnings": list(self.warnings),
            "recipe": self.recipe,
        }


def fit_scene(
    images: Sequence[NDArray[Any]] | NDArray[Any],
    microscope: Microscope,
    *,
    calibration: Calibration | None = None,
    seed: int = 0,
    budget: Budget | None = None,
    place: Place | None = None,
    progress: Progress | None = None,
) -> SceneFit:
    """Find a recipe whose images are like the given ones.

    Parameters
    ----------
    images : list of (R, C) or (P, R, C) arrays
        Of cells with the same labelling, as they were saved; 8-bit ones count as stretched.
    microscope
        That took them: aperture, wavelength and pixel size.
    calibration
        Of the camera where all images were taken at one setting, see `calibrate`; None: each image
        tells its own gain.
    seed
        The same seed, images and microscope give the same recipe.
    budget
        How much is rendered; None takes the usual.
    place
        Where scenes are rendered; None takes the processors of this machine.
    progress
        Called with scenes done, scenes in all and what is done; raise in it to cancel.

    Raises
    ------
    ValueError
        When there are too few images, they are too small, or they are all alike.
    """
    from napari_3dmsl.compute.place import Processes

    tiles, numbers = _tiles(images)
    camera = usual_camera(microscope)
    light = tile_light(tiles, numbers, microscope, camera, calibration=calibration)
    problem = _Problem(tiles, light, microscope, camera, seed)
    return problem.solve(budget or Budget(), place or Processes(), progress)


def _tiles(
    images: Sequence[NDArray[Any]] | NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Cut images into tiles, as large as there are enough of them."""
    planes = [plane for image in images for plane in _planes(np.asarray(image))]
    if not planes:
        raise ValueError("no image to fit a scene to; give at least one")
    smallest = min(min(plane.shape) for plane in planes)
    size = min(LARGEST_TILE, smallest)
    while size // 2 >= SMALLEST_TILE and _count(planes, size) < ENOUGH_TILES:
        size //= 2
    if _count(planes, size) < FEWEST_TILES or size < SMALLEST_TILE:
        raise ValueError(
            f"{len(planes)} images of at least {smallest} pixels a side: a scene is fitted to "
            f"{FEWEST_TILES} tiles or more of at least {SMALLEST_TILE} × {SMALLEST_TILE} pixels"
        )
    parts = [cut(plane, size) for plane in planes]
    numbers = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.array([tile for part in parts for tile in part]), numbers


def _planes(image: NDArray[Any]) -> list[NDArray[Any]]:
    if image.ndim not in (2, 3):
        raise ValueError(f"an image of shape {image.shape}: expected (rows, columns) or a stack")
    return [image] if image.ndim == 2 else list(image)


def _count(planes: Sequence[NDArray[Any]], size: int) -> int:
    return sum((plane.shape[0] // size) * (plane.shape[1] // size) for plane in planes)


class _Problem:
    """What tiles are wanted, and by which knobs they may be made."""

    def __init__(
        self,
        tiles: NDArray[Any],
        light: TileLight,
        microscope: Microscope,
        camera: Camera,
        seed: int,
    ) -> None:
        self._tiles, self._light, self._camera, self._seed = tiles, light, camera, seed
        self._stretched = tiles.dtype == np.uint8
        self.knobs = Knobs(SCENE_KNOBS + light_knobs(light, camera, stretched=self._stretched))
        self._levels: GreyLevels = grey_levels(tiles)
        self._real = own_features(tiles, levels=self._levels)
        self._standard: Standard = standard_of(self._real)
        self._base = self._first_recipe(microscope)

    def _first_recipe(self, microscope: Microscope) -> dict[str, Any]:
        rows, columns = self._tiles.shape[1:]
        camera = self._camera.model_dump() | {
            "name": "matched",
            "read_noise_e": float(f"{self._light.read_noise_e:.3g}"),
        }
        if not self._stretched:
            gain, zero = np.median(self._light.gain), np.median(self._light.zero)
            camera["e_per_adu"] = float(f"{1.0 / gain:.4g}")
            camera["offset_adu"] = max(float(f"{zero:.4g}"), 0.0)
        recipe = Recipe(
            name="fitted to images",
            source={"library": "tubes"},
            split={"train": 1.0, "val": 0.0, "test": 0.0},
            repeats=100,
            labelling={"density_per_um2": 150.0, "density_per_um3": 1500.0},
            microscopes=[{"microscope": microscope.model_dump(), "camera": camera}],
            image_size=(rows, columns),
            scene={"kind": "cell"},
            output={"stretch": "min_max"} if self._stretched else {},
        )
        return recipe.model_dump(mode="json")

    def solve(self, budget: Budget, place: Place, progress: Progress | None) -> SceneFit:
        """Render, learn, search, and again."""
        count, drawn, self._shapes = len(self.knobs), self.knobs.drawn, budget.shapes
        ranges = Ranges(np.full(count, 0.5), np.where(drawn, 0.3, 0.0))
        shares, features = np.empty((0, count)), np.empty((0, len(FEATURE_NAMES)))
        weights = np.empty(0)
        done = 0

        def tell(number: int, what: str) -> None:
            if progress is not None:
                progress(done + number, budget.steps, what)

        for turn, (scenes, kinds) in enumerate(zip(budget.scenes, budget.kinds, strict=True)):
            rng = np.random.default_rng(seed_of(self._seed, "round", turn))
            where = (
                Ranges(np.full(count, 0.5), np.full(count, 0.5))
                if turn == 0
                else ranges.wider(_WIDER, drawn)
            )
            found = self._render(where, scenes, kinds, rng, place, lambda n: tell(n, "scenes"))
            done += scenes
            shares, features = np.vstack([shares, found[0]]), np.vstack([features, found[1]])
            weights = np.concatenate([_OLDER * weights, np.ones(len(found[0]))])
            sought = partial(self._sought, ranges, len(found[0]), rng, lambda: tell(0, "search"))
            # The number of threads decides over last bits, and these over where a search ends.
            ranges = OneThread().call(sought, (shares, features, weights))
        rng = np.random.default_rng(seed_of(self._seed, "check"))
        _, checked = self._render(
            ranges, budget.check, 2, rng, place, lambda n: tell(n, "check"), lights=1
        )
        distance = frechet16(self._real, checked, standard=self._standard, seed=self._seed)
        return self._result(ranges, distance)

    def _sought(
        self,
        ranges: Ranges,
        latest: int,
        rng: np.random.Generator,
        tell: Callable[[], None],
        known: tuple[Values, Values, Values],
    ) -> Ranges:
        """Return better ranges, by all tiles that are known: settings, features and weights."""
        model = learn(*known)
        drawn = self.knobs.drawn
        return search(model, self._real, self._standard, ranges, drawn, latest, rng, tell)

    def _render(
        self,
        ranges: Ranges,
        scenes: int,
        kinds: int,
        rng: np.random.Generator,
        place: Place,
        tell: Callable[[int], None],
        lights: int = LIGHTS,
    ) -> tuple[Values, Values]:
        """Render scenes of settings spread evenly over ranges; settings and features of tiles."""
        shares = ranges.at(self._spread(scenes, kinds, lights, rng))
        jobs = [
            self._job(shares[number : number + lights], int(rng.integers(2**62)))
            for number in range(0, len(shares), lights)
        ]
        # Scenes of the same tubes go to one worker, which makes them once; yet none stands idle.
        size = max(1, min(scenes // kinds, scenes // (2 * max(place.workers, 1))))
        batches = [jobs[number : number + size] for number in range(0, len(jobs), size)]
        found = place.run(
            RenderScenes(self._levels),
            batches,
            progress=lambda number: tell(min(number * size, scenes)),
        )
        return shares, np.concatenate([features for _, features in found])

    def _spread(self, scenes: int, kinds: int, lights: int, rng: np.random.Generator) -> Values:
        """Spread tiles evenly, (scenes · lights, K): those of a scene share all but the light."""
        of_kind = np.array([knob.of_kind for knob in self.knobs])
        of_light = np.array([knob.of_light for knob in self.knobs])
        uniform = np.empty((scenes * lights, len(self.knobs)))

        def even(count: int, which: NDArray[np.bool_]) -> Values:
            return qmc.LatinHypercube(int(which.sum()), rng=rng).random(count)

        scene = np.repeat(np.arange(scenes), lights)
        kind = even(kinds, of_kind)
        choice = np.array([knob.choices is not None for knob in self.knobs])[of_kind]
        kind[:, choice] = kind[:, choice] >= 0.5
        uniform[:, of_kind] = kind[scene * kinds // scenes]
        of_scene = ~of_kind & ~of_light
        uniform[:, of_scene] = even(scenes, of_scene)[scene]
        uniform[:, of_light] = even(scenes * lights, of_light)
        return uniform

    def _job(self, shares: Values, seed: int) -> SceneJob:
        lights = [self._light_of(self.knobs.values(row)) for row in shares]
        values = self.knobs.values(shares[0])
        return SceneJob(
            seed, self._shapes, with_values(self._base, values), tube_settings(values), lights
        )

    def _light_of(self, values: Mapping[tuple[str, ...], float]) -> Light:
        greys = (
            (values["output", "stretch_black"], values["output", "stretch_white"])
            if self._stretched
            else None
        )
        return Light(
            values["scene", "cell", "peak_photons"],
            values["scene", "cell", "glow_photons"],
            {path[1]: value for path, value in values.items() if path[0] == "camera"},
            greys,
        )

    def _result(self, ranges: Ranges, distance: Distance) -> SceneFit:
        values = self.knobs.ranges(ranges.low, ranges.high)
        recipe = with_values(self._base, values)
        recipe["source"]["tubes"] = tube_settings(values)
        fitted = tuple(_fitted(knob, values[knob.path]) for knob in self.knobs)
        warnings = []
        if not self._light.measured:
            warnings.append("no image told its gain: that of the usual camera was taken")
        return SceneFit(
            recipe, fitted, distance, len(self._tiles), self._tiles.shape[1], tuple(warnings)
        )


def _fitted(knob: Knob, value: Any) -> Fitted:
    low, high = value[:2] if isinstance(value, list) else (value, value)
    return Fitted(knob.name, knob.words, knob.unit, low, high)
