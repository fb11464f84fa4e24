"""Measure time-lapses: laws of motion, lineages, volumes and cost.

Diffusion, transport and bleaching against their closed forms; fission and fusion on the shapes of
the phantom; lineages of many runs in which rods divide and fuse all the time. Takes about two
minutes; the number of runs, 200, may be given.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

import numpy as np

from napari_3dmsl.microscope.fluorophores import Emitters, Labelling, Surface, label
from napari_3dmsl.scenes.placed_object import PlacedObject
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_field
from napari_3dmsl.shapes.morphology import boxes
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.skeleton import skeleton_from_mask
from napari_3dmsl.shapes.smoothed_mask import smooth_mask
from napari_3dmsl.timelapse.lineage import LineageRecorder, check_lineage
from napari_3dmsl.timelapse.motion import Frame, Motion, frames

STILL = {"diffusion_um2_per_s": 0.0, "rotation_deg2_per_s": 0.0, "bending_um": 0.0}
CORNERS = 0.05 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1.0]])
FACES = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]])
HEIGHT_UM = 1000.0  # far from the coverslip, which mirrors


def main() -> None:
    laws()
    objects = phantom_objects()
    bending(objects)
    cost(objects)
    busy_runs(int(sys.argv[1]) if len(sys.argv) > 1 else 200)


def film(objects: list[PlacedObject], seed: int = 0, **settings: object) -> list[Frame]:
    motion = Motion(**{**STILL, **settings})
    return list(frames(objects, motion, np.random.default_rng(seed)))


def laws() -> None:
    """Compare 3,000 small objects with the laws of motion."""
    small = [tetrahedron(number) for number in range(1, 3001)]
    for lateral, dimensions in ((False, 3), (True, 2)):
        told = []
        for diffusion in (0.001, 0.03, 1.0):
            seen = film(small, frames=11, diffusion_um2_per_s=diffusion, lateral=lateral)
            places = np.array([[o.vertices_um.mean(axis=0) for o in f.objects] for f in seen])
            for lag in (1, 10):
                steps = np.diff(places[::lag], axis=0)
                found = (steps**2).sum(axis=2).mean()
                told.append(100 * (found / (2 * dimensions * diffusion * 5.0 * lag) - 1))
        print(f"mean squared displacement, {dimensions}D: {largest(told)}")
    told = []
    for interval_s in (1.0, 10.0):
        seen = film(small, frames=4, interval_s=interval_s, rotation_deg2_per_s=60.0)
        arms = np.array(
            [[o.vertices_um[0] - o.vertices_um.mean(0) for o in f.objects] for f in seen]
        )
        kept = (arms * arms[0]).sum(axis=2).mean(axis=1) / (arms[0, 0] ** 2).sum()
        law = np.exp(-2 * 60.0 * np.deg2rad(1) ** 2 * interval_s * np.arange(4))
        told.extend(100 * (kept - law))
    print(f"direction kept while turning at random: {largest(told)}")
    many = [tetrahedron(1, 200_000)]
    seen = film(many, frames=5, interval_s=30 * np.log(2), bleach_time_s=30.0)
    shares = np.array([(f.objects[0].emitters.photons > 0).mean() for f in seen])
    print(f"molecules left after each half-time: {np.round(100 * shares, 2)} %")


def largest(errors: list[float]) -> str:
    return f"off by {np.abs(errors).max():.2f} % at most in {len(errors)} cases"


def tetrahedron(number: int, emitters: int = 1) -> PlacedObject:
    middle = np.array([HEIGHT_UM, 0.0, 0.0])
    shining = Emitters(np.tile(middle, (emitters, 1)), np.ones(emitters))
    return PlacedObject(number, number, None, CORNERS + middle, FACES, shining, np.eye(4))


def phantom_objects() -> list[PlacedObject]:
    """Return the 38 shapes of the phantom at their places, 30 fluorophores a µm²."""
    phantom = make_phantom()
    rng = np.random.default_rng(0)
    objects = []
    for (number, box), truth in zip(boxes(phantom.labels), phantom.truth, strict=True):
        corner = [side.start for side in box]
        mask = phantom.labels[box] == number
        mesh = mesh_from_field(smooth_mask(mask, phantom.voxel_nm, corner))
        objects.append(placed(number, str(truth.shape_class), mesh, rng))
    return objects


def placed(number: int, kind: str, mesh: Mesh, rng: np.random.Generator) -> PlacedObject:
    emitters = label(Surface(mesh.vertices, mesh.faces), Labelling(), rng)
    return PlacedObject(number, number, kind, mesh.vertices, mesh.faces, emitters, np.eye(4))


def volume_um3(found: PlacedObject) -> float:
    return Mesh(found.vertices_um, found.faces.astype(np.int32)).volume_um3


def bending(objects: list[PlacedObject]) -> None:
    """Bend all shapes but the dots; compare volumes, and lengths measured anew."""
    bendable = [found for found in objects if found.shape_class != "dot"]
    seen = film(bendable, frames=6, bending_um=0.1)
    before = np.array([volume_um3(found) for found in seen[0].objects])
    after = np.array([[volume_um3(found) for found in frame.objects] for frame in seen[1:]])
    print(f"bent by 100 nm: volume {largest(list(100 * (after / before - 1).ravel()))}")
    lengths = [[skeleton_um(found) for found in seen[i].objects] for i in (0, 5)]
    change = 100 * (np.divide(lengths[1], lengths[0]) - 1)
    print(f"  length of its skeleton: {largest(list(change))}")


def skeleton_um(found: PlacedObject) -> float:
    from napari_3dmsl.shapes.voxelize import voxelise

    solid = voxelise(found.vertices_um, found.faces)
    return skeleton_from_mask(solid.mask, (1000 * solid.voxel_um,) * 3).length_um


def cost(objects: list[PlacedObject]) -> None:
    """Print what a frame of the whole phantom costs without events, and what one event costs."""
    faces = sum(len(found.faces) for found in objects)
    for name, settings in (
        ("stiff", {}),
        ("bending", {"bending_um": 0.05}),
    ):
        motion = Motion(**{**STILL, "frames": 6, "diffusion_um2_per_s": 0.001, **settings})
        spent = timed(objects, motion)
        print(
            f"{name}: {1000 * np.median(spent[1:]):.0f} processor ms a frame for "
            f"{len(objects)} objects with {faces:,} faces, {spent[0]:.1f} s to begin"
        )
    for name, settings in (
        ("fission", {"fission_per_min": 1000.0}),
        ("fusion", {"fusion_per_min": 1000.0, "fusion_reach_um": 0.3}),
    ):
        motion = Motion(**{**STILL, "frames": 2, **settings})
        alone = Motion(**{**STILL, "frames": 2})
        base = timed(objects, alone)[1]
        started = time.process_time()
        seen = list(frames(objects, motion, np.random.default_rng(0)))
        spent = time.process_time() - started - base
        events = len(seen[1].events)
        ratio = sum(map(volume_um3, seen[1].objects)) / sum(map(volume_um3, seen[0].objects))
        print(
            f"{events} x {name}: {1000 * spent / max(events, 1):.0f} processor ms each on average, "
            f"volume {100 * (ratio - 1):+.4f} %"
        )


def timed(objects: list[PlacedObject], motion: Motion) -> list[float]:
    spent = []
    started = time.process_time()
    for _ in frames(objects, motion, np.random.default_rng(0)):
        spent.append(time.process_time() - started)
        started = time.process_time()
    return spent


@dataclass
class Tally:
    """What was seen over many runs."""

    events: dict[str, int] = field(default_factory=lambda: {"fission": 0, "fusion": 0})
    tracks: int = 0
    broken: int = 0
    volume_error: float = 0.0
    lost: int = 0
    open_meshes: int = 0


def busy_runs(runs: int) -> None:
    """Let four rods divide and fuse; check lineage, volume, fluorophores and closed surfaces."""
    tally = Tally()
    for seed in range(runs):
        busy_run(seed, tally)
    print(
        f"{runs} runs, {tally.tracks} tracks, {tally.events['fission']} fissions, "
        f"{tally.events['fusion']} fusions: {tally.broken} broken lineages, {tally.open_meshes} "
        f"open surfaces, {tally.lost} fluorophores lost, volume off by "
        f"{100 * tally.volume_error:.4f} % at most"
    )


def busy_run(seed: int, tally: Tally) -> None:
    rng = np.random.default_rng(seed)
    rods = [placed(n + 1, "rod", rod(np.array([1.0, 0.5 * n, 0.1 * n])), rng) for n in range(4)]
    seen = film(
        rods, seed, frames=6, interval_s=10.0, diffusion_um2_per_s=0.001, fission_per_min=2.0,
        fusion_per_min=4.0, fusion_reach_um=0.3,
    )  # fmt: skip
    recorder = LineageRecorder()
    labels = []
    for frame in map(recorder.record, seen):
        labels.append({found.label for found in frame.objects})
        for event in frame.events:
            tally.events[event.kind] += 1
        whole = sum(map(volume_um3, seen[0].objects))
        now = sum(map(volume_um3, frame.objects))
        tally.volume_error = max(tally.volume_error, abs(now / whole - 1))
        tally.lost += sum(len(o.emitters) for o in rods) - sum(
            len(o.emitters) for o in frame.objects
        )
        meshes = [Mesh(o.vertices_um, o.faces.astype(np.int32)) for o in frame.objects]
        tally.open_meshes += sum(not mesh.is_watertight for mesh in meshes)
    tally.tracks += len(recorder.tracks)
    try:
        check_lineage(recorder.tracks, labels)
    except ValueError as error:
        print(f"seed {seed}: {error}")
        tally.broken += 1


def rod(middle_um: np.ndarray, length_um: float = 1.2, radius_um: float = 0.15) -> Mesh:
    """Return the surface of a rod with round ends along x."""
    step = 0.03
    z, y, x = np.ogrid[-7:8, -7:8, -30:31]
    along = np.clip(x * step, -length_um / 2, length_um / 2)
    mask = (z * step) ** 2 + (y * step) ** 2 + (x * step - along) ** 2 <= radius_um**2
    mesh = mesh_from_field(smooth_mask(mask, [1000 * step] * 3, (-7, -7, -30)))
    return Mesh(mesh.vertices + middle_um, mesh.faces)


if __name__ == "__main__":
    main()
