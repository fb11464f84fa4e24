"""Where work runs: in worker processes, which know nothing of the script that started them."""

from napari_3dmsl.compute.pool import Workers, in_workers, processors
from napari_3dmsl.compute.worker import WorkerDiedError, dismiss, hire

__all__ = ["WorkerDiedError", "Workers", "dismiss", "hire", "in_workers", "processors"]
