"""From a surface or a list of points to a recorded image: the whole way in one settings object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator
from scipy import fft

from napari_3dmsl.arrays import CountArray, FloatArray
from napari_3dmsl.microscope.as_released import AsReleased, place_as_released, released_pose
from napari_3dmsl.microscope.blinking import on_fractions
from napari_3dmsl.microscope.camera import (
    Camera,
    peak_snr,
    photons_for_snr,
    record,
    saturated_share,
)
from napari_3dmsl.microscope.fluorophores import (
    Emitters,
    Labelling,
    Surface,
    expected_fluorophores,
    label,
)
from napari_3dmsl.microscope.focus import plane_positions
from napari_3dmsl.microscope.image_warnings import emitters_in_field
from napari_3dmsl.microscope.physseg_noise import PhysSegNoise, physseg_noise
from napari_3dmsl.microscope.pose import VIEWS, Placed, Pose, ViewName, place
from napari_3dmsl.microscope.renderer import Counted, Photons, Renderer, check_stack, collected
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.progress import Progress
from napari_3dmsl.settings import Settings, Show

Noise = Literal["none", "camera", "physeg"]

_BLACK = 1e-20  # photons; nobody means less, and no factor makes a clean image of what is left


NOISES = {"camera": "camera", "physeg": "PhysSeg (paper)", "none": "none (photons)"}
NoiseSetting = Annotated[
    Noise,
    Field(
        description="Counts of a camera, the noise of the 3DMSL paper, or the expected photons "
        "(float32).",
    ),
    Show("Noise", words=NOISES, source="Default: a camera, as in a real image."),
]
SIGNAL_TO_NOISE = Show(
    "Signal to noise",
    "",
    1,
    lowest="from photons",
    source="Default: off; the photons of each fluorophore decide.",
)


class Simulation(Settings):
    """Every setting of one simulated image or stack.

    With ``snr`` all photons are multiplied by one factor, so that the brightest pixel of the stack
    without noise has this signal-to-noise ratio with `camera` (see `peak_snr`).
    """

    microscope: Annotated[
        Microscope, Field(description="Optics and detector grid."), Show("Microscope")
    ] = Microscope()
    acquisition: Annotated[
        Acquisition, Field(description="Focus, depth and planes."), Show("Focus and z-stack")
    ] = Acquisition()
    pose: Annotated[Pose, Field(description="How the object is turned."), Show("Pose")] = Pose()
    labelling: Annotated[
        Labelling, Field(description="Fluorophores and their brightness."), Show("Labelling")
    ] = Labelling()
    camera: Annotated[Camera, Field(description="From photons to counts."), Show("Camera")] = (
        Camera()
    )
    noise: NoiseSetting = "camera"
    snr: Annotated[
        float | None,
        Field(
            gt=0.0,
            le=10000.0,
            description="Scale all photons until the brightest pixel has this ratio (signal over "
            "noise of shot, background, dark current and read-out); replaces the photons of each "
            "fluorophore.",
        ),
        SIGNAL_TO_NOISE,
    ] = None
    seed: Annotated[
        int,
        Field(
            ge=0,
            lt=2**63,
            description="Fixes labelling, blinking and noise: the same seed, the same image.",
        ),
        Show("Seed", source="Default: 0."),
    ] = 0

    @model_validator(mode="after")
    def _ratio_of_a_camera(self) -> Self:
        if self.snr is not None and self.noise != "camera":
            raise ValueError(
                f"snr = {self.snr:g}: needs noise = 'camera', whose noise it counts; noise is "
                f"'{self.noise}'"
            )
        return self

    def irrelevant(self) -> dict[str, str]:
        """Return the camera and its ratio where none records."""
        if self.noise == "camera":
            return {}
        return dict.fromkeys(("camera", "snr"), "only a camera's noise counts photons")

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
        Of the object's surface; None for emitters given as points.
    volume_um3 : float or None
        Inside of the surface; None for points and for a surface that is not closed.
    fluorophores : float or None
        How many shine; for continuous labelling the number that its density means. None for points.
    part_of_more : bool
        Whether it was asked for as a region of something larger, so that more lies around.
    """

    placed: Placed
    renderer: Renderer
    centroid_um: FloatArray
    area_um2: float | None
    volume_um3: float | None = None
    fluorophores: float | None = None
    part_of_more: bool = False

    def __len__(self) -> int:
        return len(self.placed.emitters)


@dataclass(frozen=True)
class SimulatedImage:
    """A recorded image with the truth behind it.

    Attributes
    ----------
    counts : (P, R, C) uint16, or float32 photons when the noise is ``none``
    photons : Photons
        Expected photons without noise, with the position of each plane.
    scene : Scene
    simulation : Simulation
    physseg : PhysSegNoise or None
        Grey levels that the paper's noise drew.
    brightness : float
        Factor on all photons that gives the ``snr`` or the peak asked for, else 1; in `photons`
        already.
    glow : (R, C) float32 or None
        Expected photons that come from no fluorophore, in every plane; not in `photons`.
    """

    counts: CountArray | FloatArray
    photons: Photons
    scene: Scene
    simulation: Simulation
    physseg: PhysSegNoise | None
    brightness: float = 1.0
    glow: FloatArray | None = None

    @property
    def photons_per_fluorophore(self) -> float:
        """Photons of one fluorophore in a plane: the labelling's, or what ``snr`` made of them."""
        return self.brightness * self.simulation.labelling.photons_per_fluorophore

    @property
    def peak_snr(self) -> float | None:
        """Signal-to-noise ratio of the brightest pixel; None when no camera records."""
        if self.simulation.noise != "camera":
            return None
        return peak_snr(self.photons.photons, self.simulation.camera)

    @cached_property
    def emitters_in_field(self) -> int:
        """How many of the emitters lie where the detector looks."""
        return emitters_in_field(self.scene.placed.emitters, self.simulation.microscope)

    @property
    def saturated_share(self) -> float | None:
        """Share of pixels that the camera cannot record, 0 to 1; None when no camera records."""
        if self.simulation.noise != "camera":
            return None
        return saturated_share(_lit(self.photons.photons, self.glow), self.simulation.camera)

    def metadata(self) -> dict[str, Any]:
        """Every setting, the plane positions and the transform, ready for JSON."""
        recording = Recording(
            self.photons.focus_um,
            self.photons.stage_um,
            self.physseg,
            self.emitters_in_field,
            self.photons_per_fluorophore,
            self.saturated_share,
            self.peak_snr,
        )
        return image_metadata(self.scene, self.simulation, recording)


class Recording(NamedTuple):
    """What an image or stack tells of itself beside its scene, its settings and its pixels.

    Attributes
    ----------
    focus_um, stage_um : (planes,) float64
        See `Photons`.
    physseg : PhysSegNoise or None
        Grey levels that the paper's noise drew.
    emitters_in_field : int
        How many of the emitters lie where the detector looks.
    photons_per_fluorophore : float
        In a plane.
    saturated_share, peak_snr : float or None
        See `SimulatedImage`.
    """

    focus_um: FloatArray
    stage_um: FloatArray
    physseg: PhysSegNoise | None
    emitters_in_field: int
    photons_per_fluorophore: float
    saturated_share: float | None
    peak_snr: float | None


def image_metadata(scene: Scene, simulation: Simulation, recording: Recording) -> dict[str, Any]:
    """Return every setting, the plane positions and the transform, ready for JSON.

    Parameters
    ----------
    scene : Scene
        What was imaged.
    simulation : Simulation
        How.
    recording : Recording
        What came out.
    """
    from napari_3dmsl import __version__

    physseg = recording.physseg
    drawn = None if physseg is None else {"offset": physseg.offset, "peak": physseg.peak}
    return {
        "software": f"napari-3dmsl {__version__}",
        **simulation.model_dump(mode="json"),
        "emitters": len(scene),
        "emitters_in_field": recording.emitters_in_field,
        "saturated_share": recording.saturated_share,
        "fluorophores": scene.fluorophores,
        "photons_per_fluorophore": recording.photons_per_fluorophore,
        "peak_snr": recording.peak_snr,
        "area_um2": scene.area_um2,
        "volume_um3": scene.volume_um3,
        "plane_focus_um": [round(float(f), 6) for f in recording.focus_um],
        "plane_stage_um": [round(float(s), 6) for s in recording.stage_um],
        "object_centroid_um": scene.centroid_um.tolist(),
        "world_to_field": scene.placed.world_to_field.tolist(),
        "physseg_noise": drawn,
    }


def scene_from_surface(
    surface: Surface,
    labelling: Labelling,
    pose: Pose,
    depth_um: float,
    seed: int,
    as_released: AsReleased | None = None,
    memory_limit: int | None = None,
) -> Scene:
    """Label a surface, or the volume inside, and place it in the field of view.

    Parameters
    ----------
    surface : Surface
        World frame.
    labelling : Labelling
        What is labelled, and how densely.
    pose : Pose
        How it is turned.
    depth_um : float
        Height of the lowest emitter above the coverslip, >= 0.
    seed : int
        Fixes everything that is drawn.
    as_released : AsReleased, optional
        Place the emitters as the 3DMSL release did; ``depth_um`` has no effect then.
    memory_limit : int, optional
        Bytes that images may take; by default `allowed_bytes`.
    """
    labelling_rng = generators(seed)[0]
    emitters = label(surface, labelling, labelling_rng)
    if as_released is None:
        placed = place(emitters, surface.centroid_um, pose, depth_um)
    else:
        placed = place_as_released(emitters, pose, as_released, _middle(emitters, labelling))
    count = expected_fluorophores(surface, labelling) if labelling.continuous else len(emitters)
    return Scene(
        placed,
        Renderer(placed.emitters, memory_limit),
        surface.centroid_um,
        surface.area_um2,
        surface.volume_um3,
        count,
    )


def _middle(emitters: Emitters, labelling: Labelling) -> FloatArray | None:
    """Mean position of points that stand for more or fewer fluorophores each."""
    if not labelling.continuous:
        return None
    middle: FloatArray = np.average(emitters.positions_um, axis=0, weights=emitters.photons)
    return middle


def scene_from_points(
    positions_um: ArrayLike, photons: ArrayLike, memory_limit: int | None = None
) -> Scene:
    """Emitters that are already in the field of view, imaged where they are.

    Parameters
    ----------
    positions_um : (E, 3) array
        (z, y, x) in µm: z is the height above the coverslip, (0, 0) the middle of the image.
    photons : (E,) array
        Of each, in a plane, 0 or more.
    memory_limit : int, optional
        Bytes that images may take; by default `allowed_bytes`.
    """
    emitters = Emitters(np.asarray(positions_um, np.float64), np.asarray(photons, np.float64))
    renderer = Renderer(emitters, memory_limit)
    weights = emitters.photons if emitters.photons.any() else None
    height = float(np.average(emitters.positions_um[:, 0], weights=weights))
    return Scene(Placed(emitters, height, np.eye(4)), renderer, np.zeros(3), None)


def image_scene(
    scene: Scene,
    simulation: Simulation,
    progress: Progress | None = None,
    *,
    glow: FloatArray | None = None,
    peak_photons: float | None = None,
) -> SimulatedImage:
    """Image a scene: optics, then camera.

    Parameters
    ----------
    scene : Scene
        As from `scene_from_surface` or `scene_from_points`.
    simulation : Simulation
        Its labelling, pose and depth are those that the scene was made with.
    progress : callable, optional
        Called with (planes done, planes, what); raise in it to cancel.
    glow : (R, C) array, optional
        Expected photons that come from no fluorophore, in every plane; a camera's background is
        added to them.
    peak_photons : float, optional
        Multiply the fluorophores' photons until the brightest pixel expects so many of them.

    Raises
    ------
    ValueError
        When the image is black and should be brighter, or a camera would saturate for ``snr``.
    """
    photons = photons_of_scene(scene, simulation, progress)
    return image_of_photons(photons, scene, simulation, glow=glow, peak_photons=peak_photons)


def photons_of_scene(
    scene: Scene, simulation: Simulation, progress: Progress | None = None
) -> Photons:
    """Return the expected photons of a scene, as its labelling has them.

    Parameters
    ----------
    scene : Scene
        What is imaged.
    simulation : Simulation
        How.
    progress : callable, optional
        Called with (planes done, planes, what); raise in it to cancel.
    """
    microscope, acquisition = simulation.microscope, simulation.acquisition_in_effect
    check_stack(microscope, acquisition, scene.renderer.memory_limit)
    positions = plane_positions(microscope, acquisition, scene.placed.centroid_height_um)
    counted = Counted(progress, acquisition.planes)
    planes = photon_planes(scene, simulation, positions[1], counted.tick)
    return collected(planes, microscope, positions, counted)


def image_of_photons(
    photons: Photons,
    scene: Scene,
    simulation: Simulation,
    *,
    glow: FloatArray | None = None,
    peak_photons: float | None = None,
) -> SimulatedImage:
    """Record expected photons: the second half of `image_scene`.

    Parameters
    ----------
    photons : Photons
        From `photons_of_scene`.
    scene : Scene
        Whose photons they are.
    simulation : Simulation
        How they are recorded.
    glow : (R, C) array, optional
        See `image_scene`.
    peak_photons : float, optional
        See `image_scene`.

    Raises
    ------
    ValueError
        When the image is black and should be brighter, or a camera would saturate for ``snr``.
    """
    brightest = float(photons.photons.max())
    if peak_photons is None:
        brightness = brightness_of(brightest, simulation)
    else:
        brightness = peak_photons / _some_light(brightest, f"peak_photons = {peak_photons:g}")
    if brightness != 1.0:
        photons = replace(photons, photons=photons.photons * np.float32(brightness))
    counts, drawn = add_noise(_lit(photons.photons, glow), simulation)
    return SimulatedImage(counts, photons, scene, simulation, drawn, brightness, glow)


def _lit(photons: FloatArray, glow: FloatArray | None) -> FloatArray:
    """Return all light that is there before a camera's background."""
    return photons if glow is None else photons + glow.astype(np.float32)


def photon_planes(
    scene: Scene, simulation: Simulation, stages_um: FloatArray, tick: Callable[[], None]
) -> Iterator[FloatArray]:
    """Yield the expected photons of one plane after the other, (R, C) float32.

    Fluorophores that blink are on for another part of each plane's exposure.

    Parameters
    ----------
    scene : Scene
        What is imaged.
    simulation : Simulation
        How.
    stages_um : (P,) array
        Negative is towards the objective.
    tick : callable
        Called now and then in long work; raise in it to cancel.
    """
    microscope, labelling = simulation.microscope, simulation.labelling
    if not labelling.blinks:
        yield from scene.renderer.planes(microscope, stages_um, tick)
        return
    rng = generators(simulation.seed)[2]
    times = simulation.camera.exposure_s, labelling.on_time_s, labelling.off_time_s
    steady = scene.placed.emitters
    for stage_um in stages_um:
        shares = on_fractions(len(steady), *times, rng)
        lit = replace(steady, photons=steady.photons * shares)
        renderer = Renderer(lit, scene.renderer.memory_limit, once=True)
        yield from renderer.planes(microscope, np.array([stage_um]), tick)


def brightness_of(brightest: float, simulation: Simulation) -> float:
    """Return the factor on the photons that gives the signal-to-noise ratio asked for, else 1.

    Parameters
    ----------
    brightest : float
        Photons of the brightest pixel of the stack.
    simulation : Simulation
        All settings of the image.

    Raises
    ------
    ValueError
        When the image is black, or a camera would saturate.
    """
    if simulation.snr is None:
        return 1.0
    some = _some_light(brightest, f"snr = {simulation.snr:g}")
    return photons_for_snr(simulation.snr, simulation.camera) / some


def _some_light(brightest: float, asked: str) -> float:
    """Return the photons of the brightest pixel; ValueError where there is no light."""
    if not brightest > _BLACK:
        raise ValueError(
            f"{asked}: the image is black, so nothing can be made brighter; "
            "no fluorophore is in the field"
        )
    return brightest


def simulate_surface(
    vertices_um: ArrayLike,
    faces: ArrayLike,
    simulation: Simulation,
    progress: Progress | None = None,
) -> SimulatedImage:
    """Label, pose and image a surface given in world µm, (z, y, x).

    Parameters
    ----------
    vertices_um : (N, 3) array
        World, (z, y, x).
    faces : (F, 3) integers
        Corners of each triangle, in their order.
    simulation : Simulation
        All settings of the image.
    progress : callable, optional
        Called with (planes done, planes, what); raise in it to cancel.

    Raises
    ------
    ValueError
        One line: a mesh or setting that cannot be imaged.
    """
    return Simulator().image(Surface(vertices_um, faces), simulation, progress)


class Simulator:
    """Images surfaces again and again and remakes only what a change of settings touches."""

    def __init__(self) -> None:
        self._made_of: tuple[Any, ...] | None = None
        self._scene: Scene | None = None

    def image(
        self, surface: Surface, simulation: Simulation, progress: Progress | None = None
    ) -> SimulatedImage:
        """Label, pose and image a surface; the scene is kept while geometry stays the same.

        Parameters
        ----------
        surface : Surface
            In the world frame.
        simulation : Simulation
            All settings of the image.
        progress : callable, optional
            Called with (planes done, planes, what); raise in it to cancel.

        Raises
        ------
        ValueError
            One line: a surface or setting that cannot be imaged.
        """
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
        with fft.set_workers(-1):  # one image at a time may use all cores
            return image_scene(self._scene, simulation, progress)


def pose_of_view(microscope: Microscope, view: ViewName) -> Pose:
    """Pose of one of the six views, turned as this microscope's images are.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    view : str
        One of `VIEWS`.
    """
    if microscope.as_released is None:
        return Pose.from_view(view)
    return released_pose(view, accumulate=microscope.as_released.views_accumulate)


def views_of(microscope: Microscope, angles_deg: Sequence[float]) -> list[ViewName]:
    """Return those of the six views that turn by these angles (z, y, x), to 0.05 degrees.

    Parameters
    ----------
    microscope : Microscope
        Its optics and pixels.
    angles_deg : sequence of 3 floats
        About z, y and x.
    """
    return [
        view
        for view in VIEWS
        if np.allclose(pose_of_view(microscope, view).angles_deg, angles_deg, rtol=0, atol=0.05)
    ]


def add_noise(
    photons: FloatArray, simulation: Simulation
) -> tuple[CountArray | FloatArray, PhysSegNoise | None]:
    """Record expected photons as the simulation's ``noise`` says.

    Parameters
    ----------
    photons : (P, R, C) array
        Expected photons.
    simulation : Simulation
        All settings of the image.

    Returns
    -------
    counts : (P, R, C) uint16, or the photons when there is no noise
    physseg : PhysSegNoise or None
        What the paper's noise drew.
    """
    noise_rng = generators(simulation.seed)[1]
    if simulation.noise == "camera":
        return record(photons, simulation.camera, noise_rng), None
    if simulation.noise == "physeg":
        released = simulation.microscope.as_released or AsReleased()
        return physseg_noise(photons, noise_rng, released.physseg_offset, released.physseg_peak)
    return photons, None


def generators(seed: int) -> list[np.random.Generator]:
    """Streams for labelling, noise and blinking: another camera leaves the fluorophores alone.

    Parameters
    ----------
    seed : int
        Of the image.
    """
    return [np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(3)]
