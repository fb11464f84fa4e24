"""Image sets end to end: how fast, how much memory, whether kills leave a trace, what overlays.

``rate``: the phantom's shapes, 6 views in con1, epi1 and conf2 at 128 x 128 pixels with camera
noise and masks, files on disk, with and without the start of the processes; beside it the direct
way (one interpolated point spread function for each fluorophore, as the authors' simulator) for
some of the same images, optics alone. ``kills``: 50 runs are killed at random moments, the whole
group of processes or the main one alone, and gone on with; every set that is finished in between
is compared with one that a single worker made undisturbed, byte by byte. ``memory``: resident
memory of each worker from the 1,000th image on. ``overlay``: distance between the centroid of
images without noise and that of their ground truth. Run alone on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from render_speed import direct

from napari_3dmsl.arrays import FloatArray
from napari_3dmsl.compute.worker import end_spares
from napari_3dmsl.datasets.recipe.plan import make_plan
from napari_3dmsl.datasets.recipe.recipe import Recipe
from napari_3dmsl.datasets.render.group_renderer import GroupRenderer
from napari_3dmsl.datasets.render.render import Rendered
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.datasets.run.journal import JOURNAL_FILE
from napari_3dmsl.datasets.run.pace import counts_images
from napari_3dmsl.datasets.write.index import INDEX_FILE
from napari_3dmsl.ground_truth.image_coordinates import emitters_in_image, mesh_in_image
from napari_3dmsl.library.library import ShapeLibrary, write_library
from napari_3dmsl.microscope.hankel_transform import radial_grid
from napari_3dmsl.microscope.modality import modality_of
from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.phantom import make_phantom
from napari_3dmsl.shapes.shape import measure_shapes

RELEASED_IMAGES = 27_272 * 3 * 6
LONGEST_LIFE_S = 6.0  # of a run that is killed
MICROSCOPES = ("con1", "epi1", "conf2")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=["rate", "kills", "memory", "overlay"], nargs="*")
    parser.add_argument("--images", type=int, default=10_000, help="of rate and memory")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        library = phantom_library(Path(name) / "library")
        for what in arguments.what or ("rate", "kills", "memory", "overlay"):
            folder = Path(name) / what
            folder.mkdir()
            {"rate": rate, "kills": kills, "memory": memory, "overlay": overlay}[what](
                library, folder, arguments
            )


def phantom_library(folder: Path) -> Path:
    """Write the shapes of the phantom, extracted as the release's were, as a library."""
    phantom = make_phantom()
    settings = ExtractionSettings(voxel_nm=phantom.voxel_nm)
    write_library(measure_shapes(extract_instances(phantom.labels > 0, settings)), folder)
    return folder


def recipe_for(library: Path, images: int = 0, **changes: object) -> Recipe:
    """Return a recipe of at least so many images: 18 of each shape and repeat."""
    repeats = -(-images // (18 * len(ShapeLibrary.open(library)))) or 1
    settings = {
        "source": {"library": str(library)},
        "microscopes": MICROSCOPES,
        "image_size": (128, 128),
        "repeats": repeats,
    }
    return Recipe(**{**settings, **changes})


def rate(library: Path, folder: Path, arguments: argparse.Namespace) -> None:
    recipe = recipe_for(library, arguments.images)
    told: list[tuple[float, int]] = []

    def progress(done: int, total: int, what: str) -> None:
        if counts_images(what):
            told.append((time.perf_counter() - start, done))

    used = os.times()
    start = time.perf_counter()
    outcome = generate(recipe, folder / "set", arguments.workers, progress)
    seconds = time.perf_counter() - start
    end_spares()  # their time counts once they have ended
    now = os.times()
    processor = sum(now[:4]) - sum(used[:4])
    began, first = next(told_then for told_then in told if told_then[1] > 0)
    steady = (outcome.made - first) / (told[-1][0] - began)
    whole = outcome.made / seconds
    hours = RELEASED_IMAGES / steady / 3600
    print(
        f"rate: {outcome.made:,} images with masks, {arguments.workers} workers: {seconds:.1f} s\n"
        f"  {whole:.1f} images/s with the start of the processes, {steady:.1f} without (the first "
        f"{first} were there after {began:.1f} s)\n"
        f"  {1000 * processor / outcome.made:.1f} ms of processor time for each image, all "
        f"processes and their start included\n"
        f"  {RELEASED_IMAGES:,} images of the release: {60 * hours:.0f} minutes"
    )
    slow = direct_seconds(recipe)
    print(
        f"  direct, optics of one image alone on one core: {slow:.2f} s, {1 / slow:.1f} images/s; "
        f"{slow * steady / arguments.workers:.0f} times as long as an image with its files takes a "
        "worker"
    )


def direct_seconds(recipe: Recipe, count: int = 9) -> float:
    """Mean time of the direct way for images of all microscopes and of shapes of all sizes."""
    library = ShapeLibrary.open(recipe.source.library)
    plan = make_plan(recipe.replace(repeats=1), library)
    renderer = GroupRenderer(plan.recipe, library, plan.pools)
    seconds = []
    for number in range(count):
        group = plan.groups[number * len(plan.groups) // count]
        image = list(renderer.render(group))[number % 18]
        emitters = image.film[0].objects[0].emitters
        microscope = image.instrument.microscope.replace(image_size=image.field.image_size)
        start = time.perf_counter()
        direct(emitters, microscope, image.metadata["plane_stage_um"][0])
        seconds.append(time.perf_counter() - start)
    return float(np.mean(seconds))


def kills(library: Path, folder: Path, arguments: argparse.Namespace) -> None:
    recipe = recipe_for(library, source={"library": str(library), "most": 24}, seed=3)
    file = folder / "recipe.json"
    file.write_text(json.dumps(recipe.model_dump(mode="json")))
    images = generate(recipe, folder / "alone", 1).images
    expected = tree(folder / "alone")
    rng = random.Random(arguments.seed)
    killed, rounds, wrong, lost, late = 0, 0, 0, 0, 0
    while killed < arguments.kills:
        target = folder / f"set{rounds}"
        kept, rounds = 0, rounds + 1
        while True:
            run = start_run(file, target, arguments.workers)
            alone = killed % 2 == 1  # the main process alone, or all of them
            workers = None
            if killed < arguments.kills:
                workers = dies(run, rng.uniform(0.1, LONGEST_LIFE_S), alone)
            if workers is None:
                run.wait()
                break
            killed += 1
            late += not end(workers)
            lost += not (target / INDEX_FILE).is_file() and finished(target) < kept
            kept = finished(target)
        found = tree(target)
        wrong += found != expected
        differ = {n for n in {*found, *expected} if found.get(n) != expected.get(n)}
        print(
            f"  set {rounds}: {killed} kills so far, {len(differ)} of {len(expected)} files differ"
        )
    print(
        f"kills: {killed} SIGKILLs in {rounds} sets of {images} images; {wrong} sets differ from "
        f"that of one undisturbed worker; {lost} times finished images were lost; workers outlived "
        f"their run {late} times"
    )


def start_run(recipe: Path, target: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start this script again to make a set."""
    command = [sys.executable, str(Path(__file__).parent / "image_set_run.py")]
    return subprocess.Popen([*command, str(recipe), str(target), str(workers)], process_group=0)


def dies(run: subprocess.Popen[bytes], seconds: float, alone: bool) -> list[int] | None:
    """Kill a run after some time; return the processes that it had started.

    None when it has ended before.
    """
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        workers = children_of(run.pid)
        (os.kill if alone else os.killpg)(run.pid, signal.SIGKILL)
        return workers if run.wait() == -signal.SIGKILL else None
    return None


def children_of(process: int) -> list[int]:
    """Return the ids of the processes that a process has started (Linux)."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in found]


def end(workers: list[int], seconds: float = 10.0) -> bool:
    """Wait until processes have ended; False when they take too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(alive(worker) for worker in workers):
            return True
        time.sleep(0.01)
    return False


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def finished(target: Path) -> int:
    """Count the groups that a set's journal holds."""
    journal = target / JOURNAL_FILE
    if not journal.is_file():
        return 0
    lines = journal.read_bytes().splitlines(keepends=True)
    return len({line.split(b'"', 4)[3] for line in lines if line.endswith(b"\n")})


def tree(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def memory(library: Path, folder: Path, arguments: argparse.Namespace) -> None:
    recipe = recipe_for(library, arguments.images)
    early: dict[int, float] = {}
    latest: dict[int, float] = {}

    def progress(done: int, total: int, what: str) -> None:
        latest.update(worker_megabytes())
        if counts_images(what) and done >= min(1000, total // 2) and not early:
            early.update(latest)

    outcome = generate(recipe, folder / "set", arguments.workers, progress)
    growth = [latest[worker] - early[worker] for worker in early]
    print(
        f"memory: {outcome.made:,} images; each worker has "
        f"{', '.join(f'{latest[worker]:.0f}' for worker in early)} MB at the end, "
        f"{', '.join(f'{more:+.1f}' for more in growth)} MB since the "
        f"{min(1000, outcome.made // 2):,}th"
    )


def worker_megabytes() -> dict[int, float]:
    """Resident memory of the worker processes of this one (Linux)."""
    found = {}
    for child in children_of(os.getpid()):
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        if b"compute.serving" in command:
            pages = int(Path(f"/proc/{child}/statm").read_text().split()[1])
            found[child] = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return found


def overlay(library: Path, folder: Path, arguments: argparse.Namespace) -> None:
    print(
        "overlay: centroid of the photons in pixels from that of the truth: median and largest,\n"
        "of shapes that lie in the field with 1 µm around them. Detected: fluorophores, each with\n"
        "the photons that reach the detector from its depth; all: with all of them; mask: pixels"
    )
    print(
        f"{'microscope':<12}{'labelling':<22}{'images':>7}{'detected':>18}{'all':>18}{'mask':>18}"
    )
    cases = {
        "surface, continuous": {"continuous": True},
        "surface, 30 /µm²": {},
        "volume, continuous": {"continuous": True, "target": "volume"},
    }
    for label, labelling in cases.items():
        recipe = recipe_for(library, labelling=labelling, noise="none")
        opened = ShapeLibrary.open(library)
        plan = make_plan(recipe, opened)
        renderer = GroupRenderer(recipe, opened, plan.pools)
        found: dict[str, list[FloatArray]] = {name: [] for name in MICROSCOPES}
        for group in plan.groups:
            for image in renderer.render(group):
                if fits(image):
                    found[image.instrument.name].append(distances(image))
        for name, rows in found.items():
            middle, most = np.median(rows, axis=0), np.max(rows, axis=0)
            told = "".join(f"{f'{a:.3f}  {b:.3f}':>18}" for a, b in zip(middle, most, strict=True))
            print(f"{name:<12}{label:<22}{len(rows):>7}{told}")


def fits(image: Rendered) -> bool:
    """Tell whether a shape lies in the field with 1 µm around it."""
    view = image.field
    places = mesh_in_image(image.film[0].objects[0], view).vertices[:, 1:]
    size = np.array(view.image_size) * view.pixel_um
    return bool((places > 1.0).all() and (places < size - 1.0).all())


def distances(image: Rendered) -> FloatArray:
    """Return how far the photons' centroid is from those of the truth, pixels.

    For continuous labelling the fluorophores' is that of the surface or of the solid.
    """
    emitters = emitters_in_image(image.film[0].objects, image.field)
    share = detected_share(image, emitters.positions_um[:, 0])
    truths = [
        np.average(emitters.row_column, axis=0, weights=emitters.photons * share),
        np.average(emitters.row_column, axis=0, weights=emitters.photons),
        centroid(image.truths["mask"]),
    ]
    return np.abs(np.array(truths) - centroid(image.photons)).max(axis=1)


def detected_share(image: Rendered, depth_um: FloatArray) -> FloatArray:
    """Return which part of its photons a point at each depth sends to the detector.

    Integral over its point spread function: all in widefield, few out of focus in a confocal.
    """
    modality = modality_of(image.instrument.microscope)
    grid = radial_grid(14.0, modality.band_per_um)
    depths = np.linspace(depth_um.min(), depth_um.max(), 101)
    profiles = modality.radial_intensity(grid, depths, image.metadata["plane_stage_um"][0])
    rings = 2 * np.pi * grid.radius_um[:, None] * profiles
    return np.interp(depth_um, depths, np.trapezoid(rings, grid.radius_um, axis=0))


def centroid(pixels: FloatArray) -> FloatArray:
    """Centroid of an image in pixels from its corner."""
    weights = np.asarray(pixels, dtype=np.float64)
    places = np.indices(weights.shape) + 0.5
    result: FloatArray = (places * weights).sum(axis=(1, 2)) / weights.sum()
    return result


if __name__ == "__main__":
    main()
