"""Where work runs: here, in worker processes that know nothing of the script, or on a cluster."""

from napari_3dmsl.compute.cluster import Cluster, SchedulerGoneError
from napari_3dmsl.compute.place import Here, Place, Processes, chosen_place, place_of
from napari_3dmsl.compute.pool import processors
from napari_3dmsl.compute.worker import WorkerDiedError, dismiss, hire

__all__ = [
    "Cluster",
    "Here",
    "Place",
    "Processes",
    "SchedulerGoneError",
    "WorkerDiedError",
    "chosen_place",
    "dismiss",
    "hire",
    "place_of",
    "processors",
]
