"""Work on a Dask cluster of two worker processes on this machine: how fast, and what kills cost.

``rate``: an image set (the phantom's shapes, 6 views in con1, epi1 and conf2, 128 x 128 pixels,
masks) is made on the cluster and by our own two processes, in turns; all of them stand ready.
Prints images a second and processor time of each, their ratio, and whether the bytes are the same.
The bar: 0.9 of the rate, the same bytes. ``kills``: commands with ``--scheduler`` run while, at
random moments, either the client or one of the workers is killed; a killed client is started again
with the same line. What is finished in between is compared, byte by byte, with what one process
made undisturbed. The bar: all the same.

    python benchmarks/cluster.py [rate] [kills] [--images 684] [--turns 2] [--kills 20]
        [--of extract measure dataset] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from image_set import phantom_library, recipe_for, tree
from library_measure import write_originals, write_release

from napari_3dmsl.compute import Cluster, Here, Place, Processes
from napari_3dmsl.compute.worker import spares
from napari_3dmsl.datasets.run.generate import generate
from napari_3dmsl.library.measure import measure_library
from napari_3dmsl.shapes.phantom import make_phantom

CLI = [sys.executable, "-c", "import sys; from napari_3dmsl.cli import main; sys.exit(main())"]
MEASURED_SHAPES, IMAGED_SHAPES = 48, 12  # seconds of work, so that most kills meet a run


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", choices=["rate", "kills"], nargs="*")
    parser.add_argument("--images", type=int, default=684, help="of rate, each time")
    parser.add_argument("--turns", type=int, default=2, help="of rate")
    parser.add_argument("--kills", type=int, default=20, help="of each command")
    parser.add_argument("--of", choices=list(JOBS), nargs="*", default=list(JOBS))
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    arguments = parser.parse_args()
    for what in arguments.what or ("rate", "kills"):
        with tempfile.TemporaryDirectory() as name, two_workers(Path(name)) as dask:
            os.environ["NAPARI_3DMSL_CACHE"] = f"{name}/cache"
            with Cluster(dask.scheduler_address) as cluster:
                os.environ.pop("MALLOC_TRIM_THRESHOLD_", None)  # Dask's; it slows our own workers
                {"rate": rate, "kills": kills}[what](cluster, dask, Path(name), arguments)


def two_workers(folder: Path) -> Any:
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        local_directory=str(folder / "dask"),
        silence_logs=logging.CRITICAL,
    )


# How fast


def rate(cluster: Cluster, _: Any, folder: Path, arguments: argparse.Namespace) -> None:
    recipe = recipe_for(phantom_library(folder / "library"), arguments.images)
    small = recipe_for(folder / "library", source={**recipe.source.model_dump(), "most": 4})
    places: dict[str, Place] = {"own processes": Processes(2), "Dask": cluster}
    rates: dict[str, list[float]] = {name: [] for name in places}
    costs: dict[str, list[float]] = {name: [] for name in places}
    made = []
    for turn in range(arguments.turns):
        for name, place in places.items():
            generate(small, folder / f"{turn} {name}, first", place=place)  # all stand ready then
            before, began = processor_s(cluster), time.perf_counter()
            images = generate(recipe, folder / f"{turn} {name}", place=place).made
            rates[name].append(images / (time.perf_counter() - began))
            costs[name].append(1000 * (processor_s(cluster) - before) / images)
            made.append(tree(folder / f"{turn} {name}"))
            print(
                f"  {name}: {rates[name][-1]:.1f} images/s, {costs[name][-1]:.2f} ms of processor "
                "time for each image, client, workers and scheduler",
                flush=True,
            )
    ours, theirs = (median(rates[name]) for name in places)
    cheap, dear = (median(costs[name]) for name in places)
    same = "the same" if all(one == made[0] for one in made) else "OTHER"
    print(
        f"rate: {theirs:.1f} images/s on 2 Dask workers, {ours:.1f} by our own 2: "
        f"{theirs / ours:.3f} of the rate, {dear / cheap:.3f} of the processor time; {same} bytes"
    )


def processor_s(cluster: Cluster) -> float:
    """Seconds that this process, our own workers and those of the cluster have taken so far."""
    import psutil

    pids = [os.getpid(), *(spare.pid for spare in spares())]
    pids += cluster.client.run(os.getpid).values()
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


# What kills cost


@dataclass(frozen=True)
class Job:
    """A command that is killed.

    Attributes
    ----------
    prepare
        Makes what it needs in a folder that is empty.
    start
        Makes ready for one run by its name, and returns the command and where the result lies.
    whole
        Runs it here, undisturbed, for such a result.
    """

    prepare: Callable[[Path], None]
    start: Callable[[Path, str], tuple[list[str], Path]]
    whole: Callable[[Path, str], Path]


def prepare_measure(folder: Path) -> None:
    write_originals(folder / "originals")


def start_measure(folder: Path, name: str) -> tuple[list[str], Path]:
    originals = sorted((folder / "originals").iterdir(), key=lambda file: int(file.stem))
    library = write_release(folder / name, originals, MEASURED_SHAPES)
    return ["measure", str(library)], library


def whole_measure(folder: Path, name: str) -> Path:
    _, library = start_measure(folder, name)
    measure_library(library, place=Here())
    return library


def prepare_dataset(folder: Path) -> None:
    library = phantom_library(folder / "library")
    recipe = recipe_for(library, source={"library": str(library), "most": IMAGED_SHAPES}, seed=3)
    (folder / "recipe.json").write_text(json.dumps(recipe.model_dump(mode="json")))


def start_dataset(folder: Path, name: str) -> tuple[list[str], Path]:
    return ["dataset", str(folder / "recipe.json"), str(folder / name)], folder / name


def whole_dataset(folder: Path, name: str) -> Path:
    from napari_3dmsl.datasets.recipe.recipe import Recipe

    generate(Recipe.load(folder / "recipe.json"), folder / name, place=Here())
    return folder / name


def prepare_extract(folder: Path) -> None:
    np.save(folder / "labels.npy", make_phantom(seed=0).labels.astype(np.uint32))


def start_extract(folder: Path, name: str) -> tuple[list[str], Path]:
    settings = ["--voxel-nm", "24", "24", "24", "--downsample", "1", "--memory-limit", "200MB"]
    return ["extract", str(folder / "labels.npy"), str(folder / name), *settings], folder / name


def whole_extract(folder: Path, name: str) -> Path:
    command, library = start_extract(folder, name)
    subprocess.run([*CLI, *command, "--workers", "1"], stdout=subprocess.DEVNULL, check=True)
    return library


JOBS = {
    "extract": Job(prepare_extract, start_extract, whole_extract),
    "measure": Job(prepare_measure, start_measure, whole_measure),
    "dataset": Job(prepare_dataset, start_dataset, whole_dataset),
}


def kills(cluster: Cluster, dask: Any, folder: Path, arguments: argparse.Namespace) -> None:
    for name in arguments.of:
        place = folder / name
        place.mkdir()
        JOBS[name].prepare(place)
        expected = tree(JOBS[name].whole(place, "whole"))
        killed_while(JOBS[name], name, cluster, dask, place, expected, arguments)


def killed_while(
    job: Job,
    name: str,
    cluster: Cluster,
    dask: Any,
    folder: Path,
    expected: dict[str, bytes],
    arguments: argparse.Namespace,
) -> None:
    rng, killed = random.Random(arguments.seed), {"client": 0, "worker": 0}
    rounds, wrong, refused = 0, 0, 0
    longest = undisturbed_s(job, cluster, folder)
    while sum(killed.values()) < arguments.kills:
        command, result = job.start(folder, f"round{rounds}")
        client, rounds = started(command, cluster), rounds + 1
        while True:
            left = arguments.kills - sum(killed.values())
            if left and not ended(client, rng.uniform(0.1, longest)):
                victim = rng.choice(["client", "worker"])
                killed[victim] += 1
                if victim == "client":
                    client.kill()
                    client.wait()
                    client = started(command, cluster)
                else:
                    kill_a_worker(dask, rng)
            else:
                refused += client.wait() != 0  # such as extract, when the library is there
                break
        found = tree(result)
        differ = {file for file in {*found, *expected} if found.get(file) != expected.get(file)}
        wrong += bool(differ)
        print(
            f"  {name}, run {rounds}: {sum(killed.values())} kills so far, {len(differ)} of "
            f"{len(expected)} files differ {sorted(differ)[:3] if differ else ''}",
            flush=True,
        )
    print(
        f"kills: {name}: {killed['client']} clients and {killed['worker']} workers killed at "
        f"random moments of {longest:.1f} s in {rounds} runs; {wrong} results differ from that of "
        f"one undisturbed process; {refused} times the last line was refused"
    )


def undisturbed_s(job: Job, cluster: Cluster, folder: Path) -> float:
    """Seconds that a run takes, its start included."""
    command, _ = job.start(folder, "undisturbed")
    began = time.perf_counter()
    assert started(command, cluster).wait() == 0
    return time.perf_counter() - began


def started(command: list[str], cluster: Cluster) -> subprocess.Popen[bytes]:
    there = ["--scheduler", cluster.address]
    return subprocess.Popen([*CLI, *command, *there], stdout=subprocess.DEVNULL)


def ended(client: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        client.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def kill_a_worker(dask: Any, rng: random.Random) -> None:
    """Kill a worker process that has come up: a nanny of Dask gives up one that dies before."""
    from distributed.core import Status

    while True:
        up = [one.process for one in dask.workers.values() if one.process is not None]
        up = [process for process in up if process.status == Status.running]
        if up:
            break
        time.sleep(0.05)
    os.kill(rng.choice(up).pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
