"""A group of a recipe rendered: images, what they show, and every number that was drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy.spatial.transform import Rotation

from napari_3dmsl.datasets.file_layout import file_name
from napari_3dmsl.datasets.recipe.instrument import Instrument
from napari_3dmsl.datasets.recipe.plan import Group, seed_of
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.ground_truth.registry import TRUTHS, PixelTruth, ground_truth
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.fluorophores import Emitters, Labelling
from napari_3dmsl.microscope.layered_renderer import LayeredRenderer
from napari_3dmsl.microscope.pose import VIEWS, Placed, Pose
from napari_3dmsl.microscope.renderer import Renderer
from napari_3dmsl.microscope.resolution import depth_of_field_um
from napari_3dmsl.microscope.simulation import (
    Scene,
    SimulatedImage,
    Simulation,
    image_scene,
)
from napari_3dmsl.ranges import draw, draw_settings
from napari_3dmsl.scenes.placed_object import FieldOfView, PlacedObject
from napari_3dmsl.timelapse.motion import Frame, frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.datasets.recipe.recipe import Views
    from napari_3dmsl.microscope.settings import Acquisition, Microscope
    from napari_3dmsl.progress import Progress


_DARK = Emitters(np.zeros((1, 3)), np.zeros(1))
"""Stands for the fluorophores of a scene in which there are none."""


@dataclass(frozen=True)
class View:
    """From where a group is seen: ``0`` to ``z90``, ``random003`` or ``given001``, and the pose."""

    name: str
    pose: Pose


class CellLight(Protocol):
    """Light in a scene like a cell that its fluorophores alone do not tell of."""

    @property
    def peak_photons(self) -> float | None:
        """Expected photons of the brightest pixel; None for those of the labelling."""
        ...

    def glow(self, microscope: Microscope) -> FloatArray | None:
        """Return the expected photons (R, C) that come from no fluorophore.

        Parameters
        ----------
        microscope
            Its pixels.
        """
        ...

    def metadata(self) -> dict[str, Any]:
        """Return what was drawn for the cell, ready for JSON."""
        ...


@dataclass(frozen=True, eq=False)
class PlacedSpecimen:
    """What lies in the field in one view, before any microscope looks at it.

    Attributes
    ----------
    objects : tuple of PlacedObject
        A scene like a cell may hold none.
    centroid_um : (3,) float64
        In the library's world, what lies in the middle of the image.
    centroid_height_um : float
        Height above the coverslip that focus counts from.
    world_to_field : (4, 4) float64
    light : CellLight or None
        Of a scene like a cell.
    """

    objects: tuple[PlacedObject, ...]
    centroid_um: FloatArray
    centroid_height_um: float
    world_to_field: FloatArray
    light: CellLight | None = None


class Specimen(Protocol):
    """Labels what a group shows, once, and puts it in the field for each view."""

    labelling: Labelling

    def place(self, view: View, depth_um: float, microscope: Microscope) -> PlacedSpecimen:
        """Pose the group for a view; most microscopes all see the same.

        Parameters
        ----------
        view
            From where the group is seen.
        depth_um
            Height of the lowest point above the coverslip.
        microscope
            That will look at it.
        """
        ...


@dataclass(frozen=True, eq=False)
class Rendered:
    """One image, stack or time-lapse with the truth behind it.

    Attributes
    ----------
    name : str
        Unique in the set, made for file names.
    group : Group
    view : str
    instrument : Instrument
    image : (T, P, R, C) array
        Axes that the recipe does not have are left out, see `axes`.
    axes : str
        Such as ``YX``, ``ZYX``, ``TYX``.
    truths : dict of arrays
        Pixel truths by name, with the axes T where the image has it, and their own.
    photons : array
        Expected photons, like `image`.
    film : tuple of Frame
        What moves; one frame when nothing does.
    field : FieldOfView
        Of the first frame.
    metadata : dict
        Every setting and seed, ready for JSON.
    """

    name: str
    group: Group
    view: str
    instrument: Instrument
    image: NDArray[Any]
    axes: str
    truths: dict[str, NDArray[Any]]
    photons: NDArray[np.float32]
    film: tuple[Frame, ...]
    field: FieldOfView
    metadata: dict[str, Any]


def views_of(views: Views, seed: int, group: str) -> list[View]:
    """List the views of a group; the random ones are its own, uniform over all orientations.

    Parameters
    ----------
    views
        As the recipe has them.
    seed
        Of the recipe.
    group
        Its name.
    """
    found = [View(name, Pose.from_view(name)) for name in VIEWS] if views.six else []
    if views.random:
        rng = np.random.default_rng(seed_of(seed, group, "views"))
        for number, turn in enumerate(Rotation.random(views.random, rng)):
            z, y, x = (tuple(row) for row in turn.as_matrix().tolist())
            found.append(View(f"random{number:03d}", Pose(rotation_matrix=(z, y, x))))
    for number, angles in enumerate(views.rotations_deg):
        found.append(View(f"given{number:03d}", Pose(rotation_deg=angles)))
    return found


def render_group(
    recipe: Recipe, group: Group, specimen: Specimen, only: int | None = None
) -> Iterator[Rendered]:
    """Render one image after the other: for each view, through each microscope.

    The fluorophores are the same in all of them, and within a view so are pose, focus and motion.
    An image depends on no other one: ``only`` renders a single view, by its place in the list.

    Parameters
    ----------
    recipe
        Says through what and how.
    group
        Of the plan.
    specimen
        What the group shows.
    only
        Place of the view in the list; None for all of them.
    """
    views = views_of(recipe.seen_from, recipe.seed, group.name)
    for view in views if only is None else [views[only]]:
        rng = np.random.default_rng(seed_of(recipe.seed, group.name, view.name, "focus"))
        focus_um, depth_um = draw(recipe.focus.focus_um, rng), draw(recipe.focus.depth_um, rng)
        acquisition = recipe.focus.acquisition(focus_um, depth_um)
        placed: dict[Any, tuple[PlacedSpecimen, tuple[Frame, ...]]] = {}
        for instrument in recipe.microscopes:
            released = instrument.microscope.as_released
            if released not in placed:
                found = specimen.place(view, depth_um, instrument.microscope)
                placed[released] = found, film_of(recipe, group, view, found)
            shot = Shot(recipe, group, view, instrument, acquisition, specimen.labelling)
            yield shot.take(*placed[released])


def image_name(group: str, view: str, microscope: str) -> str:
    """Return the name of an image, which every file system takes.

    Parameters
    ----------
    group, view, microscope
        Their names.
    """
    return file_name(f"{group}_{view}_{microscope}")


def film_of(
    recipe: Recipe, group: Group, view: View, specimen: PlacedSpecimen
) -> tuple[Frame, ...]:
    """Return the frames of a view: one, unless the recipe lets things move.

    Parameters
    ----------
    recipe
        Says whether they do.
    group
        Of the plan.
    view
        From where the group is seen.
    specimen
        What moves.
    """
    if recipe.motion is None:
        return (Frame(0.0, specimen.objects, 0.0, ()),)
    if not specimen.objects:
        times_s = recipe.motion.interval_s * np.arange(recipe.motion.frames)
        return tuple(Frame(time_s, (), 0.0, ()) for time_s in times_s.tolist())
    rng = np.random.default_rng(seed_of(recipe.seed, group.name, view.name, "motion"))
    return tuple(frames(specimen.objects, recipe.motion, rng))


@dataclass(frozen=True)
class Shot:
    """One instrument set up to image one view of a group.

    Attributes
    ----------
    recipe : Recipe
    group : Group
    view : View
    instrument : Instrument
    acquisition : Acquisition
    labelling : Labelling
        As drawn for the group.
    """

    recipe: Recipe
    group: Group
    view: View
    instrument: Instrument
    acquisition: Acquisition
    labelling: Labelling

    def take(self, specimen: PlacedSpecimen, film: tuple[Frame, ...]) -> Rendered:
        """Image every frame and draw its ground truth.

        Parameters
        ----------
        specimen
            As it lies in the field.
        film
            What moves, see `film_of`.
        """
        simulation, glow, peak = self._set_up(specimen)
        light = specimen.light
        taken, truths = [], []
        for number in range(len(film)):
            frame = film[number]
            image = self._image(simulation, specimen, frame, number, glow, peak)
            if peak is not None:  # the first frame tells how bright all of them are
                film, peak = _brighter(film, image.brightness), None
                frame = film[0]
            field = field_of(image, specimen.centroid_height_um)
            taken.append(image)
            truths.append(self._truths(frame, field, image))
            if number == 0:
                first, first_field = image, field
        moves = len(film) > 1
        stacked = {
            name: np.stack([truth[name] for truth in truths]) if moves else truths[0][name]
            for name in truths[0]
        }
        still = (0, 1) if first.photons.photons.shape[0] == 1 else (0,)
        axes = ("T" if moves else "") + ("Z" if len(still) == 1 else "") + "YX"
        shape = [len(film)] * moves + list(first.photons.photons.shape)[len(still) - 1 :]
        return Rendered(
            name=image_name(self.group.name, self.view.name, self.instrument.name),
            group=self.group,
            view=self.view.name,
            instrument=self.instrument,
            image=np.stack([image.counts for image in taken]).reshape(shape),
            axes=axes,
            truths=stacked,
            photons=np.stack([image.photons.photons for image in taken]).reshape(shape),
            film=film,
            field=first_field,
            metadata=self._metadata(first, taken, film)
            | ({} if light is None else light.metadata()),
        )

    def still(self, specimen: PlacedSpecimen, progress: Progress | None = None) -> SimulatedImage:
        """Image what does not move: the first frame of `take`.

        Parameters
        ----------
        specimen
            As it lies in the field.
        progress
            Called with (planes done, planes, what); raise in it to cancel.
        """
        simulation, glow, peak = self._set_up(specimen)
        frame = Frame(0.0, specimen.objects, 0.0, ())
        return self._image(simulation, specimen, frame, 0, glow, peak, progress)

    def _set_up(
        self, specimen: PlacedSpecimen
    ) -> tuple[Simulation, FloatArray | None, float | None]:
        """Return all settings, light of no fluorophore, and the brightest pixel if it is given."""
        simulation = self._simulation()
        if not specimen.objects:  # nothing can be made brighter
            simulation = simulation.replace(snr=None)
        light = specimen.light
        if light is None:
            return simulation, None, None
        return simulation, light.glow(simulation.microscope), light.peak_photons

    def _simulation(self) -> Simulation:
        """Draw what the recipe leaves open for this image."""
        seed = seed_of(self.recipe.seed, self.group.name, self.view.name, self.instrument.name)
        rng = np.random.default_rng(seed_of(seed, "open"))
        camera = draw_settings(Camera, self.instrument.camera, rng)
        snr = None if self.recipe.snr is None else draw(self.recipe.snr, rng)
        microscope = self.instrument.microscope
        if self.recipe.image_size is not None:
            microscope = microscope.replace(image_size=self.recipe.image_size)
        return Simulation(
            microscope=microscope,
            acquisition=self.acquisition,
            pose=self.view.pose,
            labelling=self.labelling,
            camera=camera,
            noise=self.recipe.noise,
            snr=snr,
            seed=seed,
        )

    def _image(
        self,
        simulation: Simulation,
        specimen: PlacedSpecimen,
        frame: Frame,
        number: int,
        glow: FloatArray | None,
        peak: float | None,
        progress: Progress | None = None,
    ) -> SimulatedImage:
        renderer = _renderer(frame.objects)
        emitters = renderer.emitters
        placed = Placed(emitters, specimen.centroid_height_um, specimen.world_to_field)
        count = len(emitters) if frame.objects else 0
        scene = Scene(placed, renderer, specimen.centroid_um, None, fluorophores=count)
        if number:  # each frame has noise of its own
            simulation = simulation.replace(seed=seed_of(simulation.seed, "frame", number))
        if frame.focus_shift_um:
            focus_um = simulation.acquisition.focus_um + frame.focus_shift_um
            acquisition = simulation.acquisition.replace(focus_um=focus_um)
            simulation = simulation.replace(acquisition=acquisition)
        return image_scene(scene, simulation, progress, glow=glow, peak_photons=peak)

    def _truths(
        self, frame: Frame, field: FieldOfView, image: SimulatedImage
    ) -> dict[str, NDArray[Any]]:
        wanted = [name for name in self.recipe.truths if isinstance(TRUTHS[name], PixelTruth)]
        photons = image.photons.photons
        return ground_truth(frame.objects, field, wanted, photons) if wanted else {}

    def _metadata(
        self, first: SimulatedImage, taken: Sequence[SimulatedImage], film: tuple[Frame, ...]
    ) -> dict[str, Any]:
        found = {
            **first.metadata(),
            "recipe": self.recipe.name,
            "recipe_seed": self.recipe.seed,
            "group": self.group.name,
            "split": self.group.split,
            "view": self.view.name,
            "shape_ids": [placed.shape_id for placed in film[0].objects],
        }
        if not film[0].objects:
            found |= {"emitters": 0, "emitters_in_field": 0}
        if len(film) > 1:
            found["frame_time_s"] = [frame.time_s for frame in film]
            found["frame_focus_shift_um"] = [frame.focus_shift_um for frame in film]
        return found


def _brighter(film: Sequence[Frame], factor: float) -> tuple[Frame, ...]:
    """Return frames whose fluorophores give more photons, or fewer, by a factor."""
    return tuple(
        replace(
            frame,
            objects=tuple(
                replace(
                    placed,
                    emitters=replace(placed.emitters, photons=placed.emitters.photons * factor),
                )
                for placed in frame.objects
            ),
        )
        for frame in film
    )


def field_of(image: SimulatedImage, centroid_height_um: float) -> FieldOfView:
    """Return the pixels and planes of an image.

    Parameters
    ----------
    image
        As it was simulated.
    centroid_height_um
        Height above the coverslip that focus counts from.
    """
    microscope = image.simulation.microscope
    return FieldOfView(
        microscope.image_size,
        microscope.pixel_um,
        centroid_height_um + image.photons.focus_um,
        _depth_of_field_um(microscope),
    )


@lru_cache(maxsize=256)
def _depth_of_field_um(microscope: Microscope) -> float:
    return depth_of_field_um(microscope)


def _renderer(objects: Sequence[PlacedObject]) -> Renderer:
    """Return what renders all objects, those out of focus in a cell apart from the others."""
    near = [placed for placed in objects if not placed.haze]
    far = [placed for placed in objects if placed.haze]
    if not (near and far):
        return Renderer(_together(objects), once=True)
    return LayeredRenderer(_together(near), _together(far))


def _together(objects: Sequence[PlacedObject]) -> Emitters:
    """Return the emitters of all objects."""
    if not objects:
        return _DARK
    if len(objects) == 1:
        return objects[0].emitters
    return Emitters(
        np.concatenate([placed.emitters.positions_um for placed in objects]),
        np.concatenate([placed.emitters.photons for placed in objects]),
    )
