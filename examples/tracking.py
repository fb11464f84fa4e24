"""Tracking: simulated films with known tracks, tracked by a published tracker and scored.

Films of moving mitochondria are laid out as the Cell Tracking Challenge has them. LapTrack (Fukai
and Kawaguchi, Bioinformatics 2023) and a plain nearest-neighbour assignment follow the objects,
once from their true masks (linking alone) and once from masks found in the images by a local
threshold (all of the work). The measures are those of the challenge: SEG, DET and TRA; 1 is
perfect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from laptrack import LapTrack
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from skimage.measure import label, regionprops_table
from skimage.morphology import remove_small_objects
from tifffile import imread, imwrite

import napari_3dmsl as msl
from image_sets import locally_bright, make_set, normalised
from napari_3dmsl.datasets.training.lay_out import lay_out
from napari_3dmsl.datasets.training.settings import ToolLayout
from napari_3dmsl.scoring.track_folders import open_tracks
from napari_3dmsl.scoring.tracks import track_scores
from napari_3dmsl.timelapse.lineage import Track, write_man_track
from pictures import grid
from results import arguments, interval, keep, table, verdict

MICROSCOPE = "epi1"
REACH_UM = 1.5  # between two frames nothing goes farther, by far
Labels = NDArray[np.uint16]
Linker = Callable[[list[Labels], float], "Linked"]


@dataclass(frozen=True)
class Size:
    """How much is made."""

    films: int
    frames: int
    pixels: int


SIZES = {
    "smoke": Size(films=2, frames=4, pixels=64),
    "small": Size(films=12, frames=20, pixels=128),
    "full": Size(films=100, frames=60, pixels=256),
}


@dataclass(frozen=True)
class Linked:
    """Masks whose values are tracks, and the tracks."""

    masks: list[Labels]
    tracks: list[Track]


def recipe(size: Size) -> dict[str, Any]:
    """Sparse cells whose mitochondria diffuse, are carried along, divide and fuse."""
    return {
        "microscopes": [MICROSCOPE],
        "image_size": [size.pixels, size.pixels],
        "labelling": {"density_per_um2": 300},
        "snr": [8, 15],
        "repeats": size.films,
        "seed": 5,
        "scene": {"kind": "cell", "cell": {"density_per_um2": 0.12, "haze": 0, "coverage": 1}},
        "motion": {
            "frames": size.frames,
            "interval_s": 5,
            "diffusion_um2_per_s": 0.001,
            "speed_um_per_s": 0.02,
            "lateral": True,
            "fission_per_min": 0.1,
            "fusion_per_min": 0.1,
        },
        "ground_truth": ["instances", "tracks"],
        "split": {"train": 0, "val": 0, "test": 1},
    }


def main() -> None:
    """Make films, lay them out, find and link, score, print."""
    told = arguments(__doc__, "tracking").parse_args()
    size = SIZES[told.size]
    make_set(told.out / "films", recipe(size))
    challenge = told.out / "challenge"
    if not challenge.exists():
        lay_out(told.out / "films", challenge, ToolLayout(tool="ctc"))
    pixel_um = msl.load_microscope(MICROSCOPE).pixel_um
    linkers: dict[str, Linker] = {"LapTrack": laptrack, "nearest neighbour": nearest_neighbour}
    scores: dict[str, dict[str, list[float]]] = {}
    sequences = sorted((challenge / "test").glob("*_GT"))
    for number, truth in enumerate(sequences, start=1):
        print(f"\r  film {number} of {len(sequences)}", end="", flush=True)
        reference = open_tracks(truth)
        true_masks = [anonymous(imread(path)) for path in reference.masks.values()]
        film = sorted((truth.parent / truth.name.removesuffix("_GT")).glob("t*.tif"))
        found_masks = [found_objects(imread(path)) for path in film]
        for masks, source in ((true_masks, "true masks"), (found_masks, "threshold")):
            for name, linker in linkers.items():
                folder = told.out / "found" / f"{name}, {source}" / truth.name.replace("GT", "RES")
                write_result(folder, linker(masks, pixel_um))
                measured, _ = track_scores(reference, open_tracks(folder, result=True))
                row = scores.setdefault(f"{name}, {source}", {})
                for measure, value in measured.items():
                    row.setdefault(measure.upper(), []).append(value)
        if number == 1:
            show(told.out / "tracking.png", film, reference.masks, folder.parent.parent)
    tell(told.out, scores)


def show(path: Path, film: list[Path], truth: Any, found: Path) -> None:
    """Write a picture of the first and the last frame: image, true tracks, LapTrack's."""
    rows = []
    for frame in (0, len(film) - 1):
        folders = (
            found / f"LapTrack, {source}" / "01_RES" for source in ("true masks", "threshold")
        )
        masks = [truth[frame], *(folder / f"mask{frame:03}.tif" for folder in folders)]
        rows.append([normalised(imread(film[frame])), *(in_colours(imread(m)) for m in masks)])
    grid(path, ["image", "true tracks", "LapTrack, true masks", "LapTrack, threshold"], rows)


def in_colours(masks: NDArray[Any]) -> NDArray[Any]:
    """Return masks in a colour for each track, black elsewhere."""
    colours = np.random.default_rng(3).uniform(0.3, 1, (int(masks.max()) + 1, 3))
    colours[0] = 0
    return colours[masks]


def anonymous(masks: NDArray[Any]) -> Labels:
    """Return true masks with new numbers in each frame, which tell nothing of the tracks."""
    values = np.unique(masks)
    values = values[values > 0]
    order = np.random.default_rng(len(values)).permutation(len(values)) + 1
    new = np.zeros(int(masks.max()) + 1, np.uint16)
    new[values] = order
    return new[masks]


def found_objects(image: NDArray[Any]) -> Labels:
    """Return what a local threshold finds, its pieces numbered."""
    bright = remove_small_objects(locally_bright(normalised(image)), max_size=12)
    return np.asarray(label(bright), np.uint16)


def spots_of(masks: list[Labels], pixel_um: float) -> pd.DataFrame:
    """Return a row for each object: frame, number, place in µm."""
    rows = []
    for frame, objects in enumerate(masks):
        properties = regionprops_table(objects, properties=("label", "centroid"))
        rows.append(pd.DataFrame(properties).assign(frame=frame))
    spots = pd.concat(rows, ignore_index=True)
    spots[["y", "x"]] = spots[["centroid-0", "centroid-1"]] * pixel_um
    return spots


def laptrack(masks: list[Labels], pixel_um: float) -> Linked:
    """Link by LapTrack, with splits, merges and gaps closed only where a mask is there."""
    spots = spots_of(masks, pixel_um)
    tracker = LapTrack(
        cutoff=REACH_UM**2,
        gap_closing_cutoff=False,
        splitting_cutoff=REACH_UM**2,
        merging_cutoff=False,
    )
    linked, splits, _ = tracker.predict_dataframe(
        spots, ["y", "x"], frame_col="frame", only_coordinate_cols=False
    )
    parents = {}
    if len(splits):
        parents = dict(zip(splits["child_track_id"], splits["parent_track_id"], strict=True))
    linked = linked.reset_index(drop=True)
    return as_tracks(masks, linked["frame"], linked["label"], linked["track_id"], parents)


def nearest_neighbour(masks: list[Labels], pixel_um: float) -> Linked:
    """Link by the assignment of least total distance from frame to frame; nothing divides."""
    spots = spots_of(masks, pixel_um)
    track = np.zeros(len(spots), int)
    count = 0
    before = spots.iloc[:0]
    for _, now in spots.groupby("frame"):
        apart = cdist(before[["y", "x"]], now[["y", "x"]])
        rows, columns = linear_sum_assignment(np.minimum(apart, 10 * REACH_UM))
        near = apart[rows, columns] <= REACH_UM
        track[now.index[columns[near]]] = track[before.index[rows[near]]]
        new = np.setdiff1d(now.index, now.index[columns[near]])
        track[new] = np.arange(count, count + len(new))
        count += len(new)
        before = now
    return as_tracks(masks, spots["frame"], spots["label"], pd.Series(track), {})


def as_tracks(
    masks: list[Labels],
    frames: pd.Series[int],
    labels: pd.Series[int],
    track: pd.Series[int],
    parents: dict[int, int],
) -> Linked:
    """Return masks numbered by track, and first and last frame of each track."""
    rows = pd.DataFrame({"frame": frames, "label": labels, "track": track + 1})
    painted = []
    for frame, objects in enumerate(masks):
        new = np.zeros(int(objects.max()) + 1, np.uint16)
        here = rows[rows["frame"] == frame]
        new[here["label"]] = here["track"]
        painted.append(new[objects])
    spans = rows.groupby("track")["frame"].agg(["min", "max"])
    ends = dict(zip(spans.index, spans["max"], strict=True))
    tracks = []
    for number, first, last in spans.itertuples():
        parent = parents.get(number - 1)
        earlier = parent is not None and ends[parent + 1] < first
        tracks.append(Track(number, first, last, (parent + 1,) if earlier else ()))
    return Linked(painted, tracks)


def write_result(folder: Path, linked: Linked) -> None:
    """Write a result as the challenge has it: ``01_RES``."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame, objects in enumerate(linked.masks):
        imwrite(folder / f"mask{frame:03}.tif", objects)
    write_man_track(linked.tracks, folder / "res_track.txt")


def tell(folder: Path, scores: dict[str, dict[str, list[float]]]) -> None:
    """Print and keep the table."""
    rows = {
        name: {measure: interval(values) for measure, values in found.items()}
        for name, found in scores.items()
    }
    print("\n\nmeasures of the Cell Tracking Challenge; mean over films [95 % interval]\n")
    print(table("tracked by", rows), "\n")
    verdicts = [
        f"{source}, TRA: "
        + verdict(
            interval(
                np.subtract(
                    scores[f"LapTrack, {source}"]["TRA"],
                    scores[f"nearest neighbour, {source}"]["TRA"],
                ).tolist()
            ),
            "LapTrack",
            "the nearest neighbour",
        )
        for source in ("true masks", "threshold")
    ]
    print("\n".join(verdicts))
    keep(folder, {"scores": rows, "by_film": scores, "verdicts": verdicts})


if __name__ == "__main__":
    main()
