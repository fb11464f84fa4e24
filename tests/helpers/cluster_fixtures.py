"""A Dask cluster of two worker processes on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ending import FROM_HERE
from waiting import PATIENCE_S, wait_for

from napari_3dmsl.compute import Cluster
from napari_3dmsl.compute.calls import ONE_THREAD

HELPERS = Path(__file__).parent


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A `LocalCluster`; its workers can import what lies beside this file."""
    import dask
    from distributed import LocalCluster

    # Else a worker that is lost is given up after 15 s, though another has its place by then: one
    # that takes long to start, or that is lost again just then.
    patience = dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"})
    with patience, pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "PYTHONPATH",
            os.pathsep.join([str(HELPERS), *filter(None, [os.environ.get("PYTHONPATH")])]),
        )
        for variable in ONE_THREAD:  # that of the tests is not that of whoever starts a cluster
            patch.delenv(variable, raising=False)
        cluster = LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            local_directory=str(tmp_path_factory.mktemp("dask")),
        )
        with cluster:
            yield cluster


@pytest.fixture
def cluster(dask: Any) -> Iterator[Cluster]:
    """A place of our own on it, with both workers there."""
    with Cluster(dask.scheduler_address) as place:
        place.client.wait_for_workers(2, timeout=PATIENCE_S)
        yield place


def kill_a_worker(place: Cluster) -> None:
    """Kill a worker process of a cluster, as the system does it when memory runs out."""
    pids = place.client.run(os.getpid)
    os.kill(min(pids.values()), signal.SIGKILL)


@contextmanager
def scheduler_alone(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A scheduler and a worker as processes of their own, as on a cluster."""
    file = folder / "scheduler.json"
    common = ["--scheduler-file", str(file)]
    dask = [sys.executable, "-m", "dask"]
    options = {"env": FROM_HERE, "stderr": subprocess.DEVNULL}
    address = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    scheduler = subprocess.Popen([*dask, "scheduler", *address, *common], **options)
    one = ["--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    one += ["--local-directory", str(folder)]
    worker = subprocess.Popen([*dask, "worker", *common, *one], **options)
    try:
        wait_for(file.is_file)
        yield scheduler, file
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait(PATIENCE_S)
