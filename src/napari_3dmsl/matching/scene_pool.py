"""Scenes rendered with known settings, each in several lights, and their features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_3dmsl.datasets.recipe.plan import Group, seed_of
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.render.render import render_group
from napari_3dmsl.datasets.render.scenes import Pool, scene_of
from napari_3dmsl.geometry.random_points import Solid
from napari_3dmsl.matching.features import own_features
from napari_3dmsl.microscope.camera import Camera, record
from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.shapes.tubes import TubeSettings, TubeShapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.datasets.render.render import CellLight, PlacedSpecimen, Specimen, View
    from napari_3dmsl.matching.grey_levels import GreyLevels
    from napari_3dmsl.microscope.settings import Microscope

_KEPT = 2  # kinds of tubes whose shapes are kept


@dataclass(frozen=True)
class Light:
    """How bright a tile is, and how it is recorded.

    Attributes
    ----------
    peak_photons, glow_photons
        See `CellScene`.
    camera
        Settings that differ from those of the recipe.
    """

    peak_photons: float
    glow_photons: float
    camera: Mapping[str, float]


@dataclass(frozen=True)
class SceneJob:
    """A scene to be rendered, in several lights.

    Attributes
    ----------
    seed
        Of the scene and its noise.
    shapes
        How many tubes there are: scenes lay each once before any comes again.
    recipe
        Of the one scene.
    tubes
        Settings of the shapes.
    lights
        At least one.
    """

    seed: int
    shapes: int
    recipe: Mapping[str, Any]
    tubes: Mapping[str, Any]
    lights: Sequence[Light]


@dataclass(frozen=True)
class RenderScenes:
    """Renders scenes and describes their tiles; for a worker.

    Attributes
    ----------
    levels
        What counts as black and white.
    """

    levels: GreyLevels

    def __call__(self, jobs: Sequence[SceneJob]) -> NDArray[np.float64]:
        """Return the features of scenes in each light, scene after scene, (N, F).

        Parameters
        ----------
        jobs
            What to render; quick where neighbours have the same tubes.
        """
        return np.concatenate([own_features(render_scene(job), levels=self.levels) for job in jobs])


def render_scene(job: SceneJob) -> NDArray[Any]:
    """Render a scene in each light, (L, R, C).

    Parameters
    ----------
    job
        What to render.
    """
    values = {**job.recipe, "seed": job.seed}
    recipe = Recipe(**values)
    group = Group("tile", "train", (), 0)
    pool = _pool(tuple(sorted(job.tubes.items())), job.shapes)
    scene = _Watched(scene_of(recipe, group, pool))
    (rendered,) = render_group(recipe, group, scene)
    (instrument,) = recipe.microscopes
    assert recipe.scene is not None
    brightest = float(rendered.photons.max()) if scene.scaled else None
    glow = scene.glow(instrument.microscope.replace(image_size=rendered.photons.shape))
    glow /= float(recipe.scene.cell["glow_photons"])
    tiles = []
    for number, light in enumerate(job.lights):
        camera = Camera(**{**instrument.camera, **light.camera})
        rng = np.random.default_rng(seed_of(job.seed, "noise", number))
        factor = light.peak_photons / brightest if brightest else 1.0
        lit = factor * rendered.photons + light.glow_photons * glow
        tiles.append(record(lit.astype(np.float32), camera, rng))
    return np.array(tiles)


class _Watched:
    """A scene that keeps the light of what was placed."""

    def __init__(self, inner: Specimen) -> None:
        self._inner, self.labelling = inner, inner.labelling
        self._light: CellLight | None = None

    def place(self, view: View, depth_um: float, microscope: Microscope) -> PlacedSpecimen:
        placed = self._inner.place(view, depth_um, microscope)
        self._light = placed.light
        return placed

    @property
    def scaled(self) -> bool:
        """Whether the brightest pixel is asked for: something shines in the image."""
        assert self._light is not None
        return self._light.peak_photons is not None

    def glow(self, microscope: Microscope) -> NDArray[Any]:
        """Return the light of the cytosol in an image."""
        assert self._light is not None
        found = self._light.glow(microscope)
        assert found is not None
        return found


@lru_cache(maxsize=_KEPT)
def _pool(tubes: tuple[tuple[str, Any], ...], count: int) -> Pool:
    shapes = TubeShapes(TubeSettings(**dict(tubes)), count)
    return _LabelledOnce(shapes, tuple(shapes.ids))


class _LabelledOnce(Pool):
    """Shapes whose matrix has the same fluorophores wherever they lie: to draw them takes long."""

    def _made_surface(self, shape_id: int) -> Surface:
        surface = super()._made_surface(shape_id)
        surface.solid = _DrawnOnce(surface.corners)
        return surface


class _DrawnOnce(Solid):
    """The inside of a surface, in which the same points are drawn each time."""

    def __init__(self, corners: FloatArray) -> None:
        super().__init__(corners)
        self._drawn: dict[int, FloatArray] = {}

    def sample(self, count: int, rng: np.random.Generator) -> FloatArray:
        if count not in self._drawn:
            self._drawn[count] = super().sample(count, np.random.default_rng(count))
        return self._drawn[count]
