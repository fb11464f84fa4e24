"""Open layouts of image sets with each tool's own code, and compare with the files of the sets.

Run by the Python in which the tool is installed, which need not know this package:
``python _loaders.py TOOL FOLDER`` prints a line of JSON for each layout that was opened.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

Told = Iterator[tuple[str, str, bool]]
"""What was opened, how much of it, and whether it is equal to the set."""


class Truth:
    """Arrays of a set, read from its own files: (frames, planes, R, C)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
            self.rows = {row["sample"]: row for row in csv.DictReader(file)}

    def __call__(self, sample: str, name: str) -> np.ndarray:
        row = self.rows[sample]
        pixels = tifffile.imread(self.folder / row[name])
        return pixels.reshape(int(row["frames"]), -1, *pixels.shape[-2:])

    def part(self, *splits: str) -> list[str]:
        return [sample for sample, row in self.rows.items() if row["split"] in splits]

    def flat(self, stem: str, name: str) -> np.ndarray:
        """Pixels of a case such as ``scene1_con1_t002_z003``."""
        sample = next(known for known in self.rows if stem.startswith(known))
        words = stem[len(sample) :].split("_")
        at = {word[0]: int(word[1:]) for word in words if word}
        found = self(sample, name)[at.get("t", 0)]
        return found[at["z"]] if "z" in at else found.squeeze(0) if len(found) == 1 else found


def labels_of(kind: str) -> str:
    return "volume_instances" if kind == "stack" else "instances"


def cellpose(folder: Path) -> Told:
    from cellpose import dynamics, io

    for kind in ("flat", "stack", "film"):
        truth, place = Truth(folder / kind), folder / f"{kind}_cellpose"
        found = io.load_train_test_data(str(place / "train"), str(place / "val"))
        images, labels, names, *others = found
        equal, count = True, 0
        for pixels, masks, paths in ((images, labels, names), others):
            for image, mask, path in zip(pixels, masks, paths, strict=True):
                stem = Path(path).stem
                equal &= np.array_equal(np.squeeze(image), truth.flat(stem, "image"))
                equal &= np.array_equal(np.squeeze(mask), truth.flat(stem, labels_of(kind)))
                count += 1
        some = [mask for mask in labels if mask.any()][:2]
        flows = dynamics.labels_to_flows(some)
        equal &= all(np.array_equal(f[0], mask) for f, mask in zip(flows, some, strict=True))
        yield f"{kind}: load_train_test_data, labels_to_flows", f"{count} images", equal


def stardist(folder: Path) -> Told:
    from csbdeep.utils import normalize
    from stardist.models import StarDistData2D, StarDistData3D
    from stardist.rays3d import Rays_GoldenSpiral

    for kind in ("flat", "film", "stack"):
        truth, place = Truth(folder / kind), folder / f"{kind}_stardist"
        images, masks, equal = [], [], True
        for split in ("train", "val", "test"):
            paths = sorted((place / split / "images").glob("*.tif"))
            beside = sorted((place / split / "masks").iterdir())
            equal &= [path.name for path in paths] == [path.name for path in beside]
            for path in paths:
                images.append(tifffile.imread(path))
                masks.append(tifffile.imread(place / split / "masks" / path.name))
                equal &= np.array_equal(images[-1], truth.flat(path.stem, "image"))
                equal &= np.array_equal(masks[-1], truth.flat(path.stem, labels_of(kind)))
        scaled = [normalize(image, 1, 99.8) for image in images]
        size = images[0].shape
        options: dict[str, Any] = {"batch_size": 2, "length": 1, "patch_size": size}
        if kind == "stack":
            rays = Rays_GoldenSpiral(32, anisotropy=(3.5, 1, 1))
            data = StarDistData3D(scaled, masks, rays=rays, grid=(1, 1, 1), **options)
        else:
            data = StarDistData2D(scaled, masks, n_rays=32, **options)
        (first, *_), _ = data[0]
        equal &= np.asarray(first).shape[-1 - len(size) : -1] == size
        name = type(data).__name__
        yield f"{kind}: images and masks, a batch of {name}", f"{len(images)} images", equal


def nnunet(folder: Path) -> Told:
    work = folder / "nnunet_work"
    shutil.rmtree(work, ignore_errors=True)
    for name in ("raw", "preprocessed", "results"):
        (work / name).mkdir(parents=True)
        os.environ[f"nnUNet_{name}"] = str(work / name)
    import torch
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (
        extract_fingerprints,
        plan_experiments,
        preprocess,
    )
    from nnunetv2.imageio.reader_writer_registry import determine_reader_writer_from_dataset_json
    from nnunetv2.run.run_training import get_trainer_from_args
    from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

    for number, (kind, model) in enumerate(
        {"flat": "2d", "film": "2d", "stack": "3d_fullres"}.items(), start=501
    ):
        truth, name = Truth(folder / kind), f"Dataset{number}_{kind}"
        raw, made = work / "raw" / name, work / "preprocessed" / name
        shutil.copytree(folder / name, raw)
        content = json.loads((raw / "dataset.json").read_text())
        cases = get_filenames_of_train_images_and_targets(str(raw), content)
        equal = len(cases) == content["numTraining"]
        for case, files in cases.items():
            reader = determine_reader_writer_from_dataset_json(content, files["images"][0])()
            image, about = reader.read_images(files["images"])
            labels, also = reader.read_seg(files["label"])
            equal &= list(about["spacing"]) == list(also["spacing"])
            if kind == "stack":
                row = next(iter(truth.rows.values()))
                wanted = [float(row[n]) / 1000 for n in ("step_nm", "pixel_nm", "pixel_nm")]
                equal &= np.allclose(about["spacing"], wanted)
            equal &= np.array_equal(image.squeeze(), truth.flat(case, "image"))
            equal &= np.array_equal(labels.squeeze() > 0, truth.flat(case, labels_of(kind)) > 0)
            equal &= set(np.unique(labels)) <= {0, 1}
        extract_fingerprints([number], num_processes=1, check_dataset_integrity=True)
        plans = plan_experiments([number])
        preprocess([number], plans or "nnUNetPlans", configurations=[model], num_processes=[1])
        shutil.copy(raw / "splits_final.json", made)
        trainer = get_trainer_from_args(str(number), model, 0, device=torch.device("cpu"))
        split = [
            {next(s for s in truth.rows if c.startswith(s)) for c in part}
            for part in trainer.do_split()
        ]
        equal &= split == [set(truth.part("train")), set(truth.part("val"))]
        what = f"{kind}: verify_dataset_integrity, readers, plan, preprocess {model}, do_split"
        yield what, f"{len(cases)} cases", equal


def coco(folder: Path) -> Told:
    from pycocotools import mask as coco_mask
    from pycocotools.coco import COCO

    for kind in ("flat", "stack", "film"):
        truth, place = Truth(folder / kind), folder / f"{kind}_coco"
        equal, images, objects = True, 0, 0
        for path in sorted((place / "annotations").glob("*.json")):
            known = COCO(str(path))
            for image in known.loadImgs(known.getImgIds()):
                labels = truth.flat(Path(image["file_name"]).stem, labels_of(kind))
                again = np.zeros_like(labels)
                wanted = np.unique(labels[labels > 0])
                found = known.loadAnns(known.getAnnIds(imgIds=image["id"]))
                equal &= len(found) == len(wanted)
                for label, each in zip(wanted, found, strict=True):
                    again[known.annToMask(each) > 0] = label
                    packed = known.annToRLE(each)
                    equal &= each["area"] == coco_mask.area(packed)
                    equal &= each["bbox"] == coco_mask.toBbox(packed).tolist()
                equal &= np.array_equal(again, labels)
                images, objects = images + 1, objects + len(found)
        what = f"{kind}: COCO, annToMask, area, toBbox"
        yield what, f"{images} images, {objects} objects", equal


def ctc(folder: Path) -> Told:
    from ctc_metrics.metrics import valid
    from ctc_metrics.scripts.evaluate import evaluate_sequence
    from ctc_metrics.utils.filesystem import parse_masks, read_tracking_file

    equal, count, tracks = True, 0, 0
    for truth in sorted((folder / "film_ctc").glob("*/*_GT")):
        masks = parse_masks(str(truth / "TRA"))
        lines = read_tracking_file(str(truth / "TRA" / "man_track.txt"))
        seen = [np.unique(tifffile.imread(path)).tolist() for path in masks]
        equal &= valid(masks, lines, seen) == 1
        answer = folder / "ctc_work" / truth.parent.name / truth.name
        shutil.rmtree(answer, ignore_errors=True)
        answer.mkdir(parents=True)
        for number, path in enumerate(masks):
            shutil.copy(path, answer / f"mask{number:03d}.tif")
        shutil.copy(truth / "TRA" / "man_track.txt", answer / "res_track.txt")
        score = evaluate_sequence(str(answer), str(truth), ["Valid", "SEG", "TRA"], threads=1)
        equal &= (score["Valid"], score["SEG"], score["TRA"]) == (1, 1.0, 1.0)
        count, tracks = count + 1, tracks + len(lines)
    what = "film: valid; SEG and TRA of the truth are 1"
    yield what, f"{count} sequences, {tracks} tracks", equal


def traccuracy(folder: Path) -> Told:
    from traccuracy.loaders import load_ctc_data

    truth, equal, count, nodes = Truth(folder / "film"), True, 0, 0
    with (folder / "film_ctc" / "sequences.csv").open(newline="") as file:
        sequences = list(csv.DictReader(file))
    for each in sequences:
        place = folder / "film_ctc" / each["part"] / f"{each['sequence']}_GT" / "TRA"
        graph = load_ctc_data(str(place), run_checks=True)
        labels = truth(each["sample"], "instances")
        seen = sum(len(np.unique(frame)) - 1 for frame in labels)
        equal &= len(graph.graph.nodes) == seen
        equal &= np.array_equal(graph.segmentation > 0, labels.squeeze(1) > 0)
        count, nodes = count + 1, nodes + seen
    yield "film: load_ctc_data with its checks", f"{count} sequences, {nodes} nodes", equal


def torch(folder: Path) -> Told:
    from torch.utils.data import DataLoader, Dataset

    import napari_3dmsl as msl

    for kind in ("flat", "stack", "film"):
        truth, count, equal = Truth(folder / kind), 0, True
        for split in ("train", "val", "test"):
            images = msl.TorchSet(msl.ImageSet(folder / kind, split, truths=[labels_of(kind)]))
            equal &= isinstance(images, Dataset)
            seen = []
            for batch in DataLoader(images, 2, shuffle=True, num_workers=1):
                for place, sample in enumerate(batch["name"]):
                    image, labels = (batch[n][place].numpy() for n in ("image", labels_of(kind)))
                    equal &= np.array_equal(image.squeeze(), truth(sample, "image").squeeze())
                    wanted = truth(sample, labels_of(kind)).squeeze()
                    equal &= np.array_equal(labels.squeeze(), wanted)
                    seen.append(sample)
            equal &= sorted(seen) == sorted(truth.part(split))
            count += len(seen)
        yield f"{kind}: DataLoader of TorchSet, another process", f"{count} samples", equal


def plain(folder: Path) -> Told:
    import napari_3dmsl as msl

    for kind in ("flat", "stack", "film"):
        truth, count, equal = Truth(folder / kind), 0, True
        for split in ("train", "val", "test"):
            images = msl.ImageSet(folder / kind, split, truths=[labels_of(kind)])
            seen = []
            for batch in msl.batches(images, 2, seed=1):
                for place, index in enumerate(batch["index"]):
                    sample = images.row(int(index))["sample"]
                    for name in ("image", labels_of(kind)):
                        found = batch[name][place].squeeze()
                        equal &= np.array_equal(found, truth(sample, name).squeeze())
                    seen.append(sample)
            equal &= sorted(seen) == sorted(truth.part(split))
            count += len(seen)
        yield f"{kind}: batches, NumPy alone", f"{count} samples", equal


CHECKS: dict[str, tuple[str, str, Callable[[Path], Told]]] = {
    "cellpose": ("cellpose", "Cellpose", cellpose),
    "stardist": ("stardist", "StarDist", stardist),
    "nnunet": ("nnunetv2", "nnU-Net", nnunet),
    "coco": ("pycocotools", "COCO", coco),
    "ctc": ("py-ctcmetrics", "py-ctcmetrics", ctc),
    "traccuracy": ("traccuracy", "traccuracy", traccuracy),
    "torch": ("torch", "PyTorch", torch),
    "batches": ("numpy", "NumPy", plain),
}
"""By name: the package that must be installed, its heading in the docs, and the check."""

PAGE = Path(__file__).resolve().parents[1] / "docs" / "training_tools.md"
AS_PRINTED = "what the docs print for it"


def as_printed(heading: str, folder: Path) -> Told:
    """Run the blocks of a section of the docs, in a folder where its sets are."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.split(rf"\n##+ {re.escape(heading)}\n", text)[1].split("\n## ")[0]
    blocks = re.findall(r"```(python|sh)\n(.*?)```", section.split("\n### ")[0], re.DOTALL)
    bins = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bins}{os.pathsep}{os.environ['PATH']}"}
    for kind, code in blocks:
        program = [sys.executable] if kind == "python" else ["bash", "-e"]
        command = [*program, "-c", code]
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=sys.stderr)
    yield AS_PRINTED, f"{sum(code.count(chr(10)) for _, code in blocks)} lines", bool(blocks)


def main() -> None:
    package, heading, check = CHECKS[sys.argv[1]]
    try:
        installed = version(package)
    except PackageNotFoundError:
        return
    with redirect_stdout(sys.stderr):
        folder = Path(sys.argv[2]).resolve()
        found = [*check(folder), *as_printed(heading, folder / "as_printed")]
    for what, count, equal in found:
        row = {"tool": package, "version": installed, "what": what, "count": count}
        print(json.dumps({**row, "equal": bool(equal)}))


if __name__ == "__main__":
    main()
