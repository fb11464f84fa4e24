"""The work behind a live image, for a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.simulation import SimulatedImage, Simulation, Simulator
from napari_3dmsl.widgets.common.latest_wins import Outdated


@dataclass(frozen=True)
class Request:
    """What to image: all that the working thread needs, frozen."""

    surface: Surface
    simulation: Simulation


def imager() -> Callable[[Request, Callable[[], bool]], SimulatedImage]:
    """Return work for `LatestWins` that keeps what consecutive images share."""
    simulator = Simulator()

    def image(request: Request, is_outdated: Callable[[], bool]) -> SimulatedImage:
        def stop_if_outdated(done: int, total: int, what: str) -> None:
            if is_outdated() and done < total:
                raise Outdated

        return simulator.image(request.surface, request.simulation, stop_if_outdated)

    return image
