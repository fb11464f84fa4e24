"""Time-lapse: objects diffuse, turn, travel, bend, divide, fuse and bleach, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from napari_3dmsl.microscope.fluorophores import Emitters
from napari_3dmsl.settings import Settings, Show
from napari_3dmsl.timelapse.body import Body, Room, check_objects
from napari_3dmsl.timelapse.fission_fusion import Form, Piece, cut, join

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_3dmsl.arrays import FloatArray
    from napari_3dmsl.scenes.placed_object import PlacedObject


_TWIG = "In cells once in 20 to 25 min, fission and fusion as a pair (Twig et al., EMBO J. 2008)."


class Motion(Settings):
    """How objects move and change from frame to frame; the first shows them as they are given.

    Translation follows ``<r²> = 6 D t`` (4 D t when lateral); a direction keeps ``exp(-2 D t)`` of
    itself on average, D in rad²/s. At the coverslip and the sides of the field, directed transport
    is mirrored. Shapes that are too short, or without emitters on one side, do not divide; thick
    and short ones bend less than asked, dots not at all (see `Bending`). The photons of a frame are
    those at its beginning. The variance of the focus grows by twice its coefficient times the time.
    """

    frames: Annotated[
        int,
        Field(ge=1, le=100_000, description="Images of each time-lapse."),
        Show("Frames", "frames", source="Default: 20, our choice."),
    ] = 20
    interval_s: Annotated[
        float,
        Field(gt=0.0, le=86_400.0, description="Time between two frames."),
        Show("Every", "s", 3, source="Default: 5 s, our choice."),
    ] = 5.0
    diffusion_um2_per_s: Annotated[
        float,
        Field(
            ge=0.0,
            le=100.0,
            description="Coefficient D of translation: the mean squared displacement is 6 D t.",
        ),
        Show(
            "Diffusion",
            "µm²/s",
            5,
            0.001,
            source="Default: a ball of 0.25 µm radius at 37 °C in a medium of 1 Pa s, "
            "kT / (6 π η r) (Stokes and Einstein).",
        ),
    ] = 0.001
    lateral: Annotated[
        bool,
        Field(description="Objects diffuse and travel in the plane of the image only."),
        Show("In the plane", source="Default: off, along all axes."),
    ] = False
    rotation_deg2_per_s: Annotated[
        float,
        Field(ge=0.0, le=1e5, description="Coefficient of rotational diffusion."),
        Show(
            "Turning",
            "°²/s",
            2,
            source="Default: a rod of 2 µm length in the same medium, about 3 kT / (π η L³).",
        ),
    ] = 2.0
    speed_um_per_s: Annotated[
        float,
        Field(ge=0.0, le=10.0, description="Directed transport."),
        Show(
            "Transport",
            "µm/s",
            3,
            0.1,
            lowest="none",
            source="Default: none. Motors: 0.3 to 1 µm/s (Harris et al., Neuron 75 (2012) 762).",
        ),
    ] = 0.0
    heading: Annotated[
        Literal["long_axis", "random"],
        Field(
            description="Transport along the long axis of the object, one way or the other, or in "
            "a random direction.",
        ),
        Show(
            "Heading",
            words={"long_axis": "along the long axis", "random": "random"},
            source="Default: the long axis, as along a microtubule.",
        ),
    ] = "long_axis"
    persistence_s: Annotated[
        float | None,
        Field(
            ge=0.01,
            le=1e6,
            description="Mean time after which a new heading is drawn (exponential).",
        ),
        Show("Persistence", "s", 2, lowest="for ever", source="Default: none; headings stay."),
    ] = None
    bending_um: Annotated[
        float,
        Field(
            ge=0.0,
            le=5.0,
            description="Root mean square displacement of the centreline by bending; objects begin "
            "as they are given.",
        ),
        Show("Bending", "µm", 3, 0.01, lowest="none", source="Default: 0.05 µm, our choice."),
    ] = 0.05
    bending_time_s: Annotated[
        float,
        Field(gt=0.0, le=1e6, description="How long bends last: their correlation time."),
        Show("Bends last", "s", 1, source="Default: 10 s, our choice."),
    ] = 10.0
    fission_per_min: Annotated[
        float,
        Field(ge=0.0, le=1000.0, description="Rate at which an object divides in two."),
        Show("Fission", "/min", 3, 0.01, lowest="none", source=f"Default: none. {_TWIG}"),
    ] = 0.0
    fusion_per_min: Annotated[
        float,
        Field(ge=0.0, le=1000.0, description="Rate at which two objects that touch fuse."),
        Show("Fusion", "/min", 3, 0.01, lowest="none", source=f"Default: none. {_TWIG}"),
    ] = 0.0
    fusion_reach_um: Annotated[
        float,
        Field(gt=0.0, le=2.0, description="Distance of surfaces within which two objects touch."),
        Show("Fusion within", "µm", 2, 0.01, source="Default: 0.15 µm, our choice."),
    ] = 0.15
    bleach_time_s: Annotated[
        float | None,
        Field(
            gt=0.0,
            le=1e9,
            description="Mean time until a fluorophore goes dark for good, the light being on all "
            "the time.",
        ),
        Show("Bleach after", "s", 1, 10.0, lowest="never", source="Default: never."),
    ] = None
    bleaching: Annotated[
        Literal["single", "expected"],
        Field(
            description="Molecules bleach one by one, each after a time of its own (exponential), "
            "or all fade alike, which suits continuous labelling.",
        ),
        Show(
            "Bleaching",
            words={"single": "one by one", "expected": "all alike"},
            source="Default: one by one, as molecules do.",
        ),
    ] = "single"
    focus_drift_um_per_s: Annotated[
        float,
        Field(ge=-10.0, le=10.0, description="Speed at which the focus moves up steadily."),
        Show("Focus drift", "µm/s", 4, 0.001, source="Default: none."),
    ] = 0.0
    focus_diffusion_um2_per_s: Annotated[
        float,
        Field(ge=0.0, le=10.0, description="Coefficient by which the focus wanders."),
        Show("Focus wanders", "µm²/s", 5, 0.001, lowest="not", source="Default: not."),
    ] = 0.0

    def irrelevant(self) -> dict[str, str]:
        """Return the settings of movements and changes that are off."""
        found: dict[str, str] = {}
        if self.diffusion_um2_per_s == 0.0 == self.speed_um_per_s:
            found["lateral"] = "nothing moves"
        if self.speed_um_per_s == 0.0:
            found |= dict.fromkeys(("heading", "persistence_s"), "nothing is transported")
        if self.bending_um == 0.0:
            found["bending_time_s"] = "nothing bends"
        if self.fusion_per_min == 0.0:
            found["fusion_reach_um"] = "nothing fuses"
        if self.bleach_time_s is None:
            found["bleaching"] = "nothing bleaches"
        return found


@dataclass(frozen=True)
class Event:
    """A fission (one parent, two children) or a fusion (two parents, one child), by labels."""

    kind: Literal["fission", "fusion"]
    parents: tuple[int, ...]
    children: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Frame:
    """What one image of a time-lapse shows.

    Attributes
    ----------
    time_s : float
    objects : tuple of PlacedObject
        Their labels are the numbers of their tracks.
    focus_shift_um : float
        How much higher the sharp plane lies than at the beginning.
    events : tuple of Event
        What has happened since the frame before: parents are seen there last, children here first.
    """

    time_s: float
    objects: tuple[PlacedObject, ...]
    focus_shift_um: float
    events: tuple[Event, ...]


def frames(
    objects: Sequence[PlacedObject],
    motion: Motion,
    rng: np.random.Generator,
    field_um: tuple[float, float] | None = None,
) -> Iterator[Frame]:
    """Let objects move and yield one frame after the other.

    Objects do not feel each other: they pass through one another unless they fuse. Nothing sinks
    below the coverslip; an object that would is mirrored at it.

    Emitters stay with the material: they move, turn and bend with their object, each goes with the
    half that it lies in, and those of two objects that fuse stay together. Bleached ones stay in
    their place with 0 photons. Centrelines go along where the objects have them; those of new
    shapes are found anew.

    Parameters
    ----------
    objects : sequence of PlacedObject
        With different labels; new ones follow the highest.
    motion : Motion
        What happens, and how fast.
    rng : numpy.random.Generator
        Each kind of change draws from a stream of its own: bleaching leaves the paths as they are.
    field_um : (y, x), optional
        Sides of a field, its middle at (0, 0), whose edges mirror objects as the coverslip does.

    Raises
    ------
    ValueError
        One line, when a label is given twice, or a surface that should bend, divide or fuse has a
        hole.
    """
    changes = motion.bending_um + motion.fission_per_min + motion.fusion_per_min
    check_objects(objects, closed=changes > 0.0)
    return _Film(objects, motion, rng, Room(field_um)).play()


class _Film:
    """The state of a time-lapse between two frames."""

    def __init__(
        self,
        objects: Sequence[PlacedObject],
        motion: Motion,
        rng: np.random.Generator,
        room: Room,
    ) -> None:
        self._motion, self._room = motion, room
        streams = rng.spawn(6)
        self._paths, self._turns, self._bends, self._fates, self._bleach, self._focus_rng = streams
        self._bodies = [self._begun(Body(found, self._lifetimes(found))) for found in objects]
        self._next_label = max(found.label for found in objects) + 1
        self._focus_um = 0.0

    def play(self) -> Iterator[Frame]:
        """Yield all frames."""
        interval = self._motion.interval_s
        for number in range(self._motion.frames):
            events: list[Event] = []
            if number:
                self._move()
                seen = tuple(self._bodies)
                events = [*self._divide(), *self._fuse(seen)]
            time = number * interval
            shown = tuple(body.placed(self._shining(body, time)) for body in self._bodies)
            yield Frame(time, shown, self._focus_um, tuple(events))

    def _lifetimes(self, found: PlacedObject) -> FloatArray:
        count, mean = len(found.emitters), self._motion.bleach_time_s
        return np.full(count, np.inf) if mean is None else self._bleach.exponential(mean, count)

    def _shining(self, body: Body, time_s: float) -> FloatArray:
        """Share of its photons that each emitter still gives."""
        mean = self._motion.bleach_time_s
        if self._motion.bleaching == "expected" and mean is not None:
            return np.asarray(np.exp(-time_s / mean))
        return (body.lifetimes_s > time_s).astype(np.float64)

    def _begun(self, body: Body) -> Body:
        """Give a new body what it needs to move."""
        motion = self._motion
        if motion.bending_um > 0.0:
            body.prepare_bending(motion.bending_um)
        if motion.speed_um_per_s > 0.0:
            body.heading = self._new_heading(body)
            body.keeps_heading_s = self._new_patience()
        return body

    def _new_heading(self, body: Body) -> FloatArray:
        """Draw a unit vector: a direction in the field, or a sense along the long axis."""
        if self._motion.heading == "random":
            heading = self._paths.standard_normal(3)
        else:
            heading = body.long_axis * self._paths.choice((-1.0, 1.0))
        if self._motion.lateral:
            heading[0] = 0.0
        unit: FloatArray = heading / max(float(np.linalg.norm(heading)), 1e-12)
        return unit

    def _new_patience(self) -> float:
        mean = self._motion.persistence_s
        return float("inf") if mean is None else float(self._paths.exponential(mean))

    def _move(self) -> None:
        motion = self._motion
        interval = motion.interval_s
        spread = np.sqrt(2.0 * motion.diffusion_um2_per_s * interval)
        steps = self._paths.normal(0.0, 1.0, (len(self._bodies), 3)) * spread
        if motion.lateral:
            steps[:, 0] = 0.0
        turning = 2.0 * motion.rotation_deg2_per_s * interval * np.deg2rad(1.0) ** 2
        kept = float(np.exp(-interval / motion.bending_time_s))
        for body, step in zip(self._bodies, steps, strict=True):
            carried = self._carried(body)
            body.turn(turning, self._turns)
            body.bend(kept, self._bends)
            body.settle(step + carried, self._room)
        spread = np.sqrt(2.0 * motion.focus_diffusion_um2_per_s * interval)
        self._focus_um += motion.focus_drift_um_per_s * interval
        self._focus_um += float(spread * self._focus_rng.standard_normal())

    def _carried(self, body: Body) -> FloatArray:
        """Directed transport of a body during one interval."""
        motion = self._motion
        if motion.speed_um_per_s == 0.0:
            return np.zeros(3)
        if motion.heading == "long_axis":
            body.heading = self._along_axis(body)
        left, way = motion.interval_s, np.zeros(3)
        while body.keeps_heading_s < left:
            way += body.keeps_heading_s * body.heading
            left -= body.keeps_heading_s
            body.heading, body.keeps_heading_s = self._new_heading(body), self._new_patience()
        body.keeps_heading_s -= left
        carried: FloatArray = motion.speed_um_per_s * (way + left * body.heading)
        return carried

    def _along_axis(self, body: Body) -> FloatArray:
        """Heading of a body whose long axis has turned since."""
        axis = body.long_axis
        if self._motion.lateral:
            axis[0] = 0.0
        axis *= np.sign(axis @ body.heading) or 1.0
        unit: FloatArray = axis / max(float(np.linalg.norm(axis)), 1e-12)
        return unit

    def _chance(self, per_min: float) -> float:
        """Probability that what has a rate happens within one interval."""
        return float(-np.expm1(-per_min * self._motion.interval_s / 60.0))

    def _divide(self) -> list[Event]:
        chance = self._chance(self._motion.fission_per_min)
        drawn = self._fates.random(len(self._bodies)) < chance
        events = []
        for parent in [body for body, now in zip(self._bodies, drawn, strict=True) if now]:
            pieces = cut(parent.form, self._fates)
            if pieces is None:
                continue
            source = parent.placed(np.ones(()))
            born = [self._born(piece, source, parent.lifetimes_s) for piece in pieces]
            self._bodies = [body for body in self._bodies if body is not parent] + born
            events.append(Event("fission", (parent.label,), tuple(body.label for body in born)))
        return events

    def _fuse(self, old: Sequence[Body]) -> list[Event]:
        """Fuse bodies that were seen before: a track lasts for a frame at least."""
        motion = self._motion
        chance = self._chance(motion.fusion_per_min)
        if chance == 0.0:
            return []
        left = [body for body in old if body in self._bodies]
        events = []
        for first, second in _near_pairs([body.form for body in left], motion.fusion_reach_um):
            parents = [left[first], left[second]]
            if self._fates.random() >= chance or not all(body in self._bodies for body in parents):
                continue
            if parents[0].like.haze != parents[1].like.haze:  # one of them lies out of focus
                continue
            parents.sort(key=lambda body: body.form.volume_um3, reverse=True)
            piece = join(parents[0].form, parents[1].form, motion.fusion_reach_um)
            if piece is None:
                continue
            source = parents[0].placed(np.ones(()))
            photons = np.concatenate([body.like.emitters.photons for body in parents])
            source = replace(source, emitters=Emitters(piece.form.emitters_um, photons))
            lifetimes = np.concatenate([body.lifetimes_s for body in parents])
            born = self._born(piece, source, lifetimes)
            self._bodies = [body for body in self._bodies if body not in parents] + [born]
            events.append(Event("fusion", tuple(body.label for body in parents), (born.label,)))
        return events

    def _born(self, piece: Piece, source: PlacedObject, lifetimes_s: FloatArray) -> Body:
        body = Body.of_piece(piece, self._next_label, source, lifetimes_s)
        self._next_label += 1
        body.settle(np.zeros(3), self._room)
        return self._begun(body)


def _near_pairs(forms: Sequence[Form], reach_um: float) -> list[tuple[int, int]]:
    """Pairs of forms whose boxes are within a reach of each other."""
    low = np.array([form.vertices_um.min(axis=0) for form in forms]).reshape(-1, 3)
    high = np.array([form.vertices_um.max(axis=0) for form in forms]).reshape(-1, 3)
    near = (low[:, None] <= high[None] + reach_um).all(axis=2)
    pairs = np.argwhere(np.triu(near & near.T, 1))
    return [(int(first), int(second)) for first, second in pairs]
