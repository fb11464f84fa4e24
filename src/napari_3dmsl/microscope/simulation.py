"""From a surface or a list of points to a recorded image: the whole way in one settings object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from napari_3dmsl.arrays import CountArray, FloatArray
from napari_3dmsl.microscope.camera import Camera, record
from napari_3dmsl.microscope.fluorophores import (
    Emitters,
    Labelling,
    Surface,
    label_surface,
)
from napari_3dmsl.microscope.imaging import Photons, Progress, Renderer, expected_photons
from napari_3dmsl.microscope.instruments import Acquisition, Microscope
from napari_3dmsl.microscope.physseg import PhysSegNoise, physseg_noise
from napari_3dmsl.microscope.pose import Placed, Pose, ViewName, place
from napari_3dmsl.microscope.released import AsReleased, place_as_released, released_pose
from napari_3dmsl.settings import Settings

Noise = Literal["none", "camera", "physeg"]


class Simulation(Settings):
    """Every setting of one simulated image or stack.

    ``noise``: ``camera`` records counts with `camera`; ``physeg`` is the 3DMSL paper's noise;
    ``none`` keeps the expected photons as float32. One ``seed`` fixes labelling and noise.
    """

    microscope: Microscope = Microscope()
    acquisition: Acquisition = Acquisition()
    pose: Pose = Pose()
    labelling: Labelling = Labelling()
    camera: Camera = Camera()
    noise: Noise = "camera"
    seed: int = Field(0, ge=0)

    @property
    def acquisition_in_effect(self) -> Acquisition:
        """The acquisition, at the release's stage position if nothing else is asked for."""
        released, wanted = self.microscope.as_released, self.acquisition
        if released is None or wanted.stage_um is not None or wanted.focus_um != 0.0:
            return wanted
        return wanted.replace(stage_um=released.stage_um)


@dataclass(frozen=True)
class Scene:
    """Labelled, posed emitters in the field of view, ready for any microscope.

    Attributes
    ----------
    placed : Placed
    renderer : Renderer
        Keeps what images of the same emitters share.
    centroid_um : (3,) float64
        The object's centroid in the world, (z, y, x); the middle of the image.
    area_um2 : float or None
        Labelled area; None for emitters given as points.
    """

    placed: Placed
    renderer: Renderer
    centroid_um: FloatArray
    area_um2: float | None

    def __len__(self) -> int:
        return len(self.placed.emitters)


@dataclass(frozen=True)
class SimulatedImage:
    """A recorded image with the truth behind it.

    Attributes
    ----------
    counts : (planes, rows, columns) uint16, or float32 photons when the noise is ``none``
    photons : Photons
        Expected photons without noise, with the position of each plane.
    scene : Scene
    simulation : Simulation
    physseg : PhysSegNoise or None
        Grey levels that the paper's noise drew.
    """

    counts: CountArray | FloatArray
    photons: Photons
    scene: Scene
    simulation: Simulation
    physseg: PhysSegNoise | None

    def metadata(self) -> dict[str, Any]:
        """Every setting, the plane positions and the transform, ready for JSON."""
        from napari_3dmsl import __version__

        drawn = None
        if self.physseg is not None:
            drawn = {"offset": self.physseg.offset, "peak": self.physseg.peak}
        return {
            "software": f"napari-3dmsl {__version__}",
            **self.simulation.model_dump(mode="json"),
            "emitters": len(self.scene),
            "area_um2": self.scene.area_um2,
            "plane_focus_um": [round(float(f), 6) for f in self.photons.focus_um],
            "plane_stage_um": [round(float(s), 6) for s in self.photons.stage_um],
            "object_centroid_um": self.scene.centroid_um.tolist(),
            "world_to_field": self.scene.placed.world_to_field.tolist(),
            "physseg_noise": drawn,
        }


def scene_from_surface(
    surface: Surface,
    labelling: Labelling,
    pose: Pose,
    depth_um: float,
    seed: int,
    as_released: AsReleased | None = None,
) -> Scene:
    """Label a surface and place it in the field of view.

    Parameters
    ----------
    surface : Surface
        World frame.
    labelling : Labelling
    pose : Pose
    depth_um : float
        Height of the lowest emitter above the coverslip, >= 0.
    seed : int
    as_released : AsReleased, optional
        Place the emitters as the 3DMSL release did; ``depth_um`` has no effect then.
    """
    labelling_rng, _ = _generators(seed)
    emitters = label_surface(surface, labelling, labelling_rng)
    if as_released is None:
        placed = place(emitters, surface.centroid_um, pose, depth_um)
    else:
        placed = place_as_released(emitters, pose, as_released)
    return Scene(placed, Renderer(placed.emitters), surface.centroid_um, surface.area_um2)


def scene_from_points(positions_um: ArrayLike, photons: ArrayLike) -> Scene:
    """Emitters that are already in the field of view, imaged where they are.

    Parameters
    ----------
    positions_um : (n, 3) array
        (z, y, x) in µm: z is the height above the coverslip, (0, 0) the middle of the image.
    photons : (n,) array
    """
    emitters = Emitters(np.asarray(positions_um, np.float64), np.asarray(photons, np.float64))
    renderer = Renderer(emitters)
    weights = emitters.photons if emitters.photons.any() else None
    height = float(np.average(emitters.positions_um[:, 0], weights=weights))
    return Scene(Placed(emitters, height, np.eye(4)), renderer, np.zeros(3), None)


def image_scene(
    scene: Scene, simulation: Simulation, progress: Progress | None = None
) -> SimulatedImage:
    """Image a scene: optics, then camera.

    Parameters
    ----------
    scene : Scene
    simulation : Simulation
        Its labelling, pose and depth are those that the scene was made with.
    progress : callable, optional
        Called with (planes done, planes, what); raise in it to cancel.
    """
    photons = expected_photons(
        scene.renderer,
        simulation.microscope,
        simulation.acquisition_in_effect,
        scene.placed.centroid_height_um,
        progress,
    )
    counts, drawn = add_noise(photons.photons, simulation)
    return SimulatedImage(counts, photons, scene, simulation, drawn)


def simulate_surface(
    vertices_um: ArrayLike,
    faces: ArrayLike,
    simulation: Simulation,
    progress: Progress | None = None,
) -> SimulatedImage:
    """Label, pose and image a surface given in world µm, (z, y, x)."""
    return Simulator().image(Surface(vertices_um, faces), simulation, progress)


class Simulator:
    """Images surfaces again and again and remakes only what a change of settings touches."""

    def __init__(self) -> None:
        self._made_of: tuple[Any, ...] | None = None
        self._scene: Scene | None = None

    def image(
        self, surface: Surface, simulation: Simulation, progress: Progress | None = None
    ) -> SimulatedImage:
        """Label, pose and image a surface; the scene is kept while geometry stays the same."""
        made_of = (
            surface,
            simulation.labelling,
            simulation.pose,
            simulation.acquisition.depth_um,
            simulation.seed,
            simulation.microscope.as_released,
        )
        if self._scene is None or made_of != self._made_of:
            self._scene = scene_from_surface(*made_of)
            self._made_of = made_of
        return image_scene(self._scene, simulation, progress)


def pose_of_view(microscope: Microscope, view: ViewName) -> Pose:
    """Pose of one of the six views, turned as this microscope's images are."""
    if microscope.as_released is None:
        return Pose.from_view(view)
    return released_pose(view, accumulate=microscope.as_released.views_accumulate)


def add_noise(
    photons: FloatArray, simulation: Simulation
) -> tuple[CountArray | FloatArray, PhysSegNoise | None]:
    """Record expected photons as the simulation's ``noise`` says."""
    _, noise_rng = _generators(simulation.seed)
    if simulation.noise == "camera":
        return record(photons, simulation.camera, noise_rng), None
    if simulation.noise == "physeg":
        released = simulation.microscope.as_released or AsReleased()
        return physseg_noise(photons, noise_rng, released.physseg_offset, released.physseg_peak)
    return photons, None


def _generators(seed: int) -> tuple[np.random.Generator, np.random.Generator]:
    """Separate streams, so that a change of camera leaves the fluorophores where they are."""
    labelling, noise = np.random.SeedSequence(seed).spawn(2)
    return np.random.default_rng(labelling), np.random.default_rng(noise)
