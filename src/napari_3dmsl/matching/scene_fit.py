"""From real images to a recipe whose images are like them: scene, light and blur, as ranges.

Tiles are rendered with settings spread over all that is possible; from them it is learnt how the
features of a tile depend on the settings; and the ranges are sought whose tiles are as a set most
like the real ones. Twice more tiles are rendered near the ranges found, to know them better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.compute.calls import OneThread
from napari_3dmsl.datasets.recipe.plan import seed_of
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.matching.distances import Distance, Standard, frechet16, standard_of
from napari_3dmsl.matching.feature_model import learn
from napari_3dmsl.matching.features import FEATURE_NAMES, own_features
from napari_3dmsl.matching.fit_tiles import tiles_to_fit
from napari_3dmsl.matching.fitted_scene import Fitted, SceneFit
from napari_3dmsl.matching.grey_levels import grey_levels
from napari_3dmsl.matching.light_knobs import (
    is_read,
    light_knobs,
    read_off,
    shares_read,
    variants,
    varying,
)
from napari_3dmsl.matching.range_search import Ranges, Space, search
from napari_3dmsl.matching.scene_knobs import (
    SCENE_KNOBS,
    Knob,
    Knobs,
    tube_settings,
    with_values,
)
from napari_3dmsl.matching.scene_pool import Light, RenderScenes, SceneJob
from napari_3dmsl.matching.tile_light import TileLight, tile_light
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

LIGHTS = 3
"""In how many lights each scene is seen."""

_OLDER = 0.3  # weight of tiles of the round before
_WIDER = 0.12  # of the whole way: how far beyond the ranges the next round looks
_JITTER = 0.2, 0.1  # of the range of light that was seen: how far rounds look beside it
_NEXT_CELL = 1.3
"""Ranges of a recipe are wider than those found by this factor: no two cells are alike."""


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

    scenes: tuple[int, ...] = (120, 90, 90)
    kinds: tuple[int, ...] = (15, 10, 9)
    check: int = 32
    shapes: int = 100

    @property
    def steps(self) -> int:
        """Scenes in all."""
        return sum(self.scenes) + self.check


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

    tiles, numbers = tiles_to_fit(images)
    camera = usual_camera(microscope)
    light = tile_light(tiles, numbers, microscope, camera, calibration=calibration)
    problem = _Problem(tiles, light, microscope, camera, seed)
    return problem.solve(budget or Budget(), place or Processes(), progress)


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
        read = read_off(light, camera)
        self.knobs = Knobs(SCENE_KNOBS + light_knobs(read))
        fixed = np.array([is_read(knob) for knob in self.knobs])
        self._space = Space.around(self.knobs.drawn, shares_read(self.knobs, read), fixed)
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
        if self._tiles.dtype == np.uint8:
            camera["bit_depth"] = 8
        recipe = Recipe(
            name="fitted to images",
            source={"library": "tubes"},
            split={"train": 1.0, "val": 0.0, "test": 0.0},
            repeats=100,
            labelling={"density_per_um2": 150.0, "density_per_um3": 1500.0},
            microscopes=[{"microscope": microscope.model_dump(), "camera": camera}],
            image_size=(rows, columns),
            scene={"kind": "cell"},
        )
        return recipe.model_dump(mode="json")

    def solve(self, budget: Budget, place: Place, progress: Progress | None) -> SceneFit:
        """Render, learn, search, and again."""
        count, self._shapes = len(self.knobs), budget.shapes
        ranges = self._space.home
        shares, features = np.empty((0, count)), np.empty((0, len(FEATURE_NAMES)))
        weights = np.empty(0)
        done = 0

        def tell(number: int, what: str) -> None:
            if progress is not None:
                progress(done + number, budget.steps, what)

        for turn, (scenes, kinds) in enumerate(zip(budget.scenes, budget.kinds, strict=True)):
            rng = np.random.default_rng(seed_of(self._seed, "round", turn))
            where, jitter = self._around(ranges, turn), _JITTER[min(turn, 1)]
            uniform = self._spread(scenes, kinds, rng, jitter)
            found = self._render(where.at(uniform), kinds, rng, place, lambda n: tell(n, "scenes"))
            done += scenes
            shares, features = np.vstack([shares, found[0]]), np.vstack([features, found[1]])
            weights = np.concatenate([_OLDER * weights, np.ones(len(found[0]))])
            sought = partial(self._sought, ranges, len(found[0]), rng, lambda: tell(0, "search"))
            # The number of threads decides over last bits, and these over where a search ends.
            ranges = OneThread().call(sought, (shares, features, weights))
        ranges = ranges.times(np.where(self._space.together, 1.0, _NEXT_CELL))
        rng = np.random.default_rng(seed_of(self._seed, "check"))
        drawn = ranges.at(self._spread(budget.check, 2, rng, lights=1))
        drawn = drawn + varying(self.knobs) * rng.uniform(-1.0, 1.0, drawn.shape)
        _, checked = self._render(drawn, 2, rng, place, lambda n: tell(n, "check"), lights=1)
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
        return search(model, self._real, self._standard, ranges, self._space, latest, rng, tell)

    def _around(self, ranges: Ranges, turn: int) -> Ranges:
        """Return where a round looks: first everywhere, then around what was found."""
        free = ~self._space.together
        if turn == 0:
            half = np.where(free, 0.5, ranges.half)
            return Ranges(np.where(free, 0.5, ranges.middle), half)
        wider = ranges.wider(_WIDER, self.knobs.drawn)
        return Ranges(ranges.middle, np.where(free, wider.half, ranges.half))

    def _render(
        self,
        shares: Values,
        kinds: int,
        rng: np.random.Generator,
        place: Place,
        tell: Callable[[int], None],
        lights: int = LIGHTS,
    ) -> tuple[Values, Values]:
        """Render tiles, those of a scene after each other; their settings and features."""
        scenes = len(shares) // lights
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

    def _spread(
        self,
        scenes: int,
        kinds: int,
        rng: np.random.Generator,
        jitter: float = 0.0,
        lights: int = LIGHTS,
    ) -> Values:
        """Spread tiles evenly, (scenes · lights, K): those of a scene share all but the light."""
        from scipy.stats import qmc  # loads slowly, and a panel opens first

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
        return self._space.drawn_from(uniform, rng, jitter)

    def _job(self, shares: Values, seed: int) -> SceneJob:
        lights = [self._light_of(self.knobs.values(row)) for row in shares]
        values = self.knobs.values(shares[0])
        return SceneJob(
            seed, self._shapes, with_values(self._base, values), tube_settings(values), lights
        )

    def _light_of(self, values: Mapping[tuple[str, ...], float]) -> Light:
        return Light(
            values["scene", "cell", "peak_photons"],
            values["scene", "cell", "glow_photons"],
            {path[1]: value for path, value in values.items() if path[0] == "camera"},
        )

    def _result(self, ranges: Ranges, distance: Distance) -> SceneFit:
        values = self.knobs.ranges(ranges.low, ranges.high)
        recipe = with_values(self._base, values)
        recipe["source"]["tubes"] = tube_settings(values)
        seen = np.where(self._space.together, self._space.seen, 0.5)
        recipe["variants"] = variants(self.knobs, ranges.at(seen))
        ends = zip(self.knobs, ranges.low, ranges.high, strict=True)
        fitted = tuple(_fitted(knob, values[knob.path], low, high) for knob, low, high in ends)
        warnings = []
        if not self._light.measured:
            warnings.append("no image told its gain: that of the usual camera was taken")
        return SceneFit(
            recipe, fitted, distance, len(self._tiles), self._tiles.shape[1], tuple(warnings)
        )


def _fitted(knob: Knob, value: Any, first: float, last: float) -> Fitted:
    low, high = value[:2] if isinstance(value, list) else (value, value)
    if knob.together:
        low, high = (float(f"{float(knob.value(end)):.4g}") for end in (first, last))
    return Fitted(knob.name, knob.words, knob.unit, low, high)
