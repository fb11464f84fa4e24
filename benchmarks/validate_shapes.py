"""How far the shapes can be trusted: every number against a truth that this package did not make.

    python benchmarks/validate_shapes.py [SECTION ...] [--data FOLDER] [--quick N]

Sections: classes topology gaps solids sections urocell cost; all of them when none is named. The
random objects come from `_solids.py`; ``urocell`` needs the folder of the real data and is left out
without it. Two processes, a few minutes.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _cost import by_step, cost_mask, cost_shape, cost_steps
from _sections import OUTLINES, SIZES, stack
from _solids import (
    CLASSES,
    bumpy_blob,
    distance_field,
    random_solid,
    resample,
    roughen,
    with_handles,
)
from scipy.spatial.transform import Rotation

from napari_3dmsl.shapes.extraction import ExtractionSettings, extract_instances
from napari_3dmsl.shapes.mesh import mesh_from_mask
from napari_3dmsl.shapes.shape import Shape, measure_shapes
from napari_3dmsl.volumes.open import open_labels

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
from solids import hairpin, open_ring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WORKERS = 2
GRIDS_NM = ((24, 24, 24), (24, 24, 24), (24, 24, 24), (36, 24, 24))  # every fourth is flat
UROCELL = ("fib1-0-0-0", "fib1-1-0-3", "fib1-4-3-0")
UROCELL_NM = (15, 16, 16)


def main() -> None:
    arguments = read_arguments()
    parts: dict[str, Callable[[Any], None]] = {
        "classes": classes,
        "topology": topology,
        "gaps": gaps,
        "solids": solids,
        "sections": sections,
        "urocell": urocell,
        "cost": cost,
    }
    for name in arguments.sections or parts:
        started = time.perf_counter()
        parts[name](arguments)
        print(f"  ({name}: {time.perf_counter() - started:.0f} s)\n", flush=True)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sections", nargs="*")
    parser.add_argument("--quick", type=int, default=1, help="only every n-th random object")
    here = os.environ.get("NAPARI_3DMSL_DATA", Path(__file__).parents[2] / "shared/data")
    parser.add_argument("--data", type=Path, default=Path(here))
    return parser.parse_args()


def spread(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    with ProcessPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))


def say(bar: str, value: str, kept: bool) -> None:
    print(f"  {'ok  ' if kept else 'FAIL'} {bar}: {value}")


def measure(mask: np.ndarray, voxel_nm: tuple[float, ...]) -> Shape:
    settings = ExtractionSettings(voxel_nm=voxel_nm, downsample=1, instances=True, min_volume_um3=0)
    (shape,) = measure_shapes(extract_instances(mask, settings))
    return shape


# Classes, lengths, meshes of random objects


def one_object(index: int) -> tuple[Any, ...]:
    """Draw and measure the object of this number."""
    rng = np.random.default_rng([1, index])
    truth = random_solid(CLASSES[index // 100], rng)
    voxel_nm = GRIDS_NM[index % 4]
    field = distance_field(truth, np.array(voxel_nm) / 1000, rng, 0.05)
    shape = measure(field <= 0, voxel_nm)
    mesh, skeleton = shape.mesh, shape.skeleton
    ratio = skeleton.length_um / truth.length if truth.length > 1 else np.nan
    return (
        index,
        truth.name,
        str(shape.classification.shape_class),
        ratio,
        mesh.is_watertight,
        mesh.volume_um3 / shape.volume_um3,
        shape.voxel_count,
        f"r {truth.radii[0]:.3f} length {truth.length:.2f} branches {truth.branches} "
        f"loops {truth.loops} -> {shape.classification.reason}, {skeleton.branches} branches",
    )


def classes(arguments: argparse.Namespace) -> None:
    rows = spread(one_object, range(0, 600, arguments.quick))
    print(f"{len(rows)} random objects, 100 of each class; rows drawn, columns found")
    print("  " + " ".join(f"{name:>11}" for name in ("", *CLASSES)))
    for drawn in CLASSES:
        found = [row[2] for row in rows if row[1] == drawn]
        print("  " + " ".join(f"{x:>11}" for x in (drawn, *(found.count(c) for c in CLASSES))))
    for row in rows:
        if row[1] != row[2]:
            print(f"    {row[0]} {row[1]}: {row[7]}")
    right = np.mean([row[1] == row[2] for row in rows])
    say("class right, at least 99 %", f"{right:.1%}", right >= 0.99)
    lengths(rows)
    report_meshes([(row[4], row[5], row[6]) for row in rows])


def lengths(rows: list[tuple[Any, ...]]) -> None:
    print("  length measured / drawn")
    for name in CLASSES[1:]:
        ratio = np.array([row[3] for row in rows if row[1] == name and row[3] > 0])
        low, middle, high = np.percentile(ratio, (2.5, 50, 97.5))
        print(f"    {name:>11} median {middle:.4f}, 95 % from {low:.3f} to {high:.3f}")
    errors = np.array([(abs(row[3] - 1), row[0]) for row in rows if row[3] > 0])
    for error, index in sorted(errors.tolist(), reverse=True)[:5]:
        row = next(row for row in rows if row[0] == index)
        print(f"    {error:.1%} {row[0]:.0f} {row[7]}")
    middle, high = np.percentile(errors[:, 0], (50, 95))
    say("median error at most 2 %", f"{middle:.2%}", middle <= 0.02)
    say("95th percentile at most 6 %", f"{high:.2%}", high <= 0.06)


def report_meshes(rows: list[tuple[bool, float, int]]) -> None:
    closed = sum(row[0] and row[1] > 0 for row in rows)
    large = np.array([row[1] for row in rows if row[2] > 500])
    worst = np.abs(large - 1).max()
    say("meshes watertight and positive, all", f"{closed} of {len(rows)}", closed == len(rows))
    say(f"mesh volume within 3 % of voxels, {len(large)} above 500", f"{worst:.2%}", worst <= 0.03)
    small = np.array([row[1] for row in rows if row[2] <= 500])
    if len(small):
        print(f"       below 500 voxels ({len(small)}): {small.min():.3f} to {small.max():.3f}")


# Handles


def one_topology(item: tuple[str, int]) -> tuple[str, int, int, int, int]:
    """Return (kind, index, drawn, loops clean, loops noisy)."""
    kind, index = item
    rng = np.random.default_rng([2, index])
    voxel_nm = GRIDS_NM[index % 4]
    voxel_um = np.array(voxel_nm) / 1000
    if kind == "blob":
        drawn, field = 0, bumpy_blob(rng, voxel_um)
    else:
        truth = with_handles(index % 5, rng)
        drawn, field = truth.loops, distance_field(truth, voxel_um, rng, 0.16)
    loops = []
    for solid in (field, roughen(field, voxel_um, 0.7, rng)):
        loops.append(measure(largest(solid <= 0), voxel_nm).skeleton.loops)
    return kind, index, drawn, loops[0], loops[1]


def largest(mask: np.ndarray) -> np.ndarray:
    """Drop the crumbs that noise leaves beside a shape."""
    from scipy import ndimage

    pieces, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    return pieces == np.argmax(np.bincount(pieces.ravel())[1:]) + 1


def topology(arguments: argparse.Namespace) -> None:
    items = list(itertools.product(("handles", "blob"), range(0, 300, arguments.quick)))
    rows = spread(one_topology, items)
    print("loops of bodies with 0 to 4 handles and of bumpy blobs, clean and rough by 0.7 voxel")
    for kind in ("handles", "blob"):
        own = [row for row in rows if row[0] == kind]
        clean = sum(row[2] == row[3] for row in own)
        rough = sum(row[2] == row[4] for row in own)
        say(f"{kind} clean, all", f"{clean} of {len(own)}", clean == len(own))
        say(f"{kind} rough, 98 %", f"{rough} of {len(own)}", rough >= 0.98 * len(own))
        for row in own:
            if not row[2] == row[3] == row[4]:
                print(f"    {row[0]} {row[1]}: drawn {row[2]}, clean {row[3]}, rough {row[4]}")


# Gaps

RINGS = tuple(
    (ring, radius) for ring in (4, 6, 8) for radius in (1.5, 2, 2.5, 3) if ring > radius + 1.9
)
HAIRPINS = tuple(itertools.product((10, 20, 40), (1.5, 2.5, 4)))


def one_gap(item: tuple[str, int, float, int, int]) -> tuple[Any, ...]:
    """Return (kind, gap, turned, class and branches right, length / drawn, what) of one object."""
    kind, size, radius, gap, turn = item
    rotation = Rotation.random(rng=np.random.default_rng([5, turn])) if turn else None
    draw = open_ring if kind == "ring" else hairpin
    mask, length = draw(size, radius, gap, rotation)
    voxel_nm = (60.0, 60.0, 60.0)  # so that the smallest are no dots
    shape = measure(mask, voxel_nm)
    skeleton = shape.skeleton
    measured = skeleton.length_um / 0.06
    name = str(shape.classification.shape_class)
    expected = "donut" if gap == 0 else "dot" if measured < 1 / 0.06 else "rod"
    right = (name, skeleton.loops, skeleton.branches) == (expected, int(gap == 0), 0)
    # The axis of a flat end lies somewhere within its radius.
    shortest = length - (2 * radius if kind == "ring" and gap else 0)
    nearest = float(np.clip(measured, shortest, length))
    what = f"{kind} of {size}, tube {radius}, {'oblique' if turn else 'straight'}: "
    what += (
        f"{shape.classification.reason}, {measured:.1f} of {shortest:.1f} to {length:.1f} voxels"
    )
    return kind, gap, bool(turn), right, measured / nearest, what


def gaps(arguments: argparse.Namespace) -> None:
    items = [("ring", *one, gap, turn) for one in RINGS for gap in range(5) for turn in range(4)]
    items += [
        ("hairpin", *one, gap, turn) for one in HAIRPINS for gap in (1, 2, 3) for turn in range(4)
    ]
    rows = spread(one_gap, items[:: arguments.quick])
    print(
        "rings of 4 to 8 voxels and hairpins, tubes of 1.5 to 4 voxels, along the grid and oblique"
    )
    for kind, gap, turned in sorted({row[:3] for row in rows}):
        own = [row for row in rows if row[:3] == (kind, gap, turned)]
        right = sum(row[3] for row in own)
        ratio = np.array([row[4] for row in own])
        text = f"{right} of {len(own)}, length {ratio.min():.2f} to {ratio.max():.2f} of the drawn"
        way = "oblique" if turned else "straight"
        share = 0.9 if turned and gap == 1 else 1.0  # their corners touch
        say(f"{kind}, gap {gap}, {way}, {share:.0%}", text, right >= share * len(own))
        for row in own:
            if not row[3]:
                print(f"    {row[5]}")


# Area and volume


def one_closed_form(item: tuple[str, int, int, int]) -> tuple[Any, ...]:
    """Return (kind, flatness, area ratio, volume ratio) of a solid of this radius in voxels."""
    kind, radius, flatness, seed = item
    rng = np.random.default_rng([3, seed])
    r, long = radius * 0.024, radius * 0.1
    if kind == "sphere":
        curve, area, volume = np.zeros((2, 3)), 4 * np.pi * r**2, 4 / 3 * np.pi * r**3
    elif kind == "tube":
        curve = resample(np.array([[0, 0, 0], [0, 0, long]]), 0.01)
        area = 2 * np.pi * r * long + 4 * np.pi * r**2
        volume = np.pi * r**2 * long + 4 / 3 * np.pi * r**3
    else:
        angle = np.linspace(0, 2 * np.pi, 1000)
        around = 2.2 * r
        curve = around * np.stack([0 * angle, np.sin(angle), np.cos(angle)], axis=1)
        area, volume = 4 * np.pi**2 * around * r, 2 * np.pi**2 * around * r**2
    from _solids import Solid

    voxel_nm = (24 * flatness, 24, 24)
    field = distance_field(Solid(kind, [curve], [r]), np.array(voxel_nm) / 1000, rng, 0.08)
    mesh = mesh_from_mask(field <= 0, voxel_nm)
    return kind, radius, flatness, mesh.area_um2 / area, mesh.volume_um3 / volume


def solids(arguments: argparse.Namespace) -> None:
    kinds, radii = ("sphere", "tube", "torus"), (6, 8, 12)
    items = list(itertools.product(kinds, radii, (1, 3), range(6)))
    rows = spread(one_closed_form, items)
    print("measured / true at 6 random turns; radius in (fine) voxels")
    for kind, flatness in itertools.product(kinds, (1, 3)):
        for radius in radii:
            own = np.array([r[3:] for r in rows if r[:3] == (kind, radius, flatness)])
            worst, bar = np.abs(own - 1).max(), 0.015 if flatness == 1 else 0.03
            text = f"area {own[:, 0].min():.4f} to {own[:, 0].max():.4f}, "
            text += f"volume {own[:, 1].min():.4f} to {own[:, 1].max():.4f}"
            say(f"{kind} of {radius}, {flatness}:1, within {bar:.1%}", text, worst <= bar)


# Few sections

SECTION_NM = ((50, 4.6, 4.6), (40, 4, 4), (30, 8, 8), (24, 24, 24))


def one_stack(item: tuple[tuple[float, ...], int]) -> tuple[Any, ...]:
    """Return (voxel, sections, mesh over voxels of each outline, all closed)."""
    voxel_nm, count = item
    rng = np.random.default_rng([6, count])
    ratios, closed = [], True
    for kind, size in itertools.product(OUTLINES, SIZES):
        mask = stack(kind, size, count, rng)
        mesh = mesh_from_mask(mask, voxel_nm)
        ratios.append(mesh.volume_um3 / (mask.sum() * np.prod(voxel_nm) / 1e9))
        closed &= mesh.is_watertight
    return voxel_nm, count, ratios, closed


def sections(arguments: argparse.Namespace) -> None:
    rows = spread(one_stack, itertools.product(SECTION_NM, (1, 2, 3, 5)))
    print("volume of the mesh / of the voxels, six outlines of seven sizes on drifting sections")
    for voxel_nm, count, ratios, closed in rows:
        bar = 0.06 if count == 1 else 0.03
        size = "x".join(f"{side:g}" for side in voxel_nm)
        kept = closed and max(abs(np.array(ratios) - 1)) <= bar
        text = f"{min(ratios):.3f} to {max(ratios):.3f}"
        say(f"{size} nm, {count} sections, within {bar:.0%}, closed", text, kept)


# Real labels


def urocell(arguments: argparse.Namespace) -> None:
    folder = arguments.data / "urocell"
    if not folder.is_dir():
        print(f"UroCell is not in {folder}: left out")
        return
    items = list(itertools.product(UROCELL, (1, 2), ("plain", "dilate", "watershed")))
    rows = spread(functools.partial(one_extraction, folder), items)
    print("UroCell, panoptic quality against the experts (number of shapes)")
    quality = {}
    for name, factor in itertools.product(UROCELL, (1, 2)):
        text = f"  {name} x{factor}"
        for item, value, count in rows:
            if item[:2] == (name, factor):
                quality[item] = value
                text += f"   {item[2]} {value:.3f} ({count})"
        print(text)
    lead = min(
        quality[(*i, "watershed")] - quality[(*i, "dilate")]
        for i in itertools.product(UROCELL, (1, 2))
    )
    mean = np.mean([quality[(name, 1, "watershed")] for name in UROCELL])
    say("watershed never below dilate", f"leads by {lead:.3f} or more", lead >= 0)
    say("mean of watershed at least 0.90, native", f"{mean:.3f}", mean >= 0.90)
    parts = spread(functools.partial(real_meshes, folder), UROCELL)
    report_meshes([row for part in parts for row in part])


def one_extraction(folder: Path, item: tuple[str, int, str]) -> tuple[Any, float, int]:
    name, factor, regrow = item
    plain = regrow == "plain"
    settings = ExtractionSettings(
        voxel_nm=UROCELL_NM,
        downsample=factor,
        erosion_nm=0 if plain else 84,
        regrow="watershed" if plain else regrow,
    )
    mask = open_labels(folder / f"{name}_binary.nii.gz").labels
    truth = open_labels(folder / f"{name}_instance.nii.gz").labels.astype(int)
    extraction = extract_instances(mask, settings)
    fine = extraction.labels.repeat(factor, 0).repeat(factor, 1).repeat(factor, 2)
    return item, panoptic_quality(fine, truth), extraction.report.kept


def panoptic_quality(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean overlap of the matched pairs times the F1 score; a pair overlaps by more than half."""
    both = (found > 0) & (truth > 0)
    pairs, shared = np.unique(np.stack([found[both], truth[both]]), axis=1, return_counts=True)
    size_found, size_truth = np.bincount(found.ravel()), np.bincount(truth.ravel())
    union = size_found[pairs[0]] + size_truth[pairs[1]] - shared
    overlap = (shared / union)[shared > 0.5 * union]
    number = (np.count_nonzero(size_found[1:]) + np.count_nonzero(size_truth[1:])) / 2
    return float(overlap.sum() / number)


def real_meshes(folder: Path, name: str) -> list[tuple[bool, float, int]]:
    mask = open_labels(folder / f"{name}_binary.nii.gz").labels
    settings = ExtractionSettings(voxel_nm=UROCELL_NM, downsample=1, min_volume_um3=0)
    rows = []
    for shape in measure_shapes(extract_instances(mask, settings)):
        mesh = shape.mesh
        rows.append((mesh.is_watertight, mesh.volume_um3 / shape.volume_um3, shape.voxel_count))
    return rows


# Cost


def cost(arguments: argparse.Namespace) -> None:
    count = max(8, 60 // arguments.quick)
    voxels = [int(cost_mask(index).sum()) for index in range(count)]  # the workers inherit them
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(cost_shape, range(4)))  # imports
        started = time.perf_counter()
        spent = list(pool.map(cost_shape, range(count)))
        wall = time.perf_counter() - started
        steps = list(pool.map(cost_steps, range(count)))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    busy = sum(sum(one.values()) for one in spent) / count
    print(
        f"surface, skeleton, class, 100,000 surface points with normals and 100,000 occupancies "
        f"of {count} shapes of {np.median(voxels):.0f} voxels"
    )
    # Other work on the machine takes wall time away, but hardly any processor time.
    rate = WORKERS / busy
    say("at least 20 shapes a second on 2 free cores", f"{rate:.1f}", rate >= 20)
    print(f"       {1000 * busy:.0f} ms of processor a shape; now {count / wall:.1f}/s")
    print(f"       ms by step: {by_step(spent)}")
    print(f"       ms from label to shape: {by_step(steps)}")
    print(f"       peak memory of a process {peak:.0f} MiB")


if __name__ == "__main__":
    main()
