"""Images while a knob is turned, and the one that stays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from napari_3dmsl.microscope.fluorophores import Labelling, Surface
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.simulation import Simulation, simulate_surface
from napari_3dmsl.shapes.mesh import Mesh, mesh_from_mask
from napari_3dmsl.widgets.microscope.imager import Imager, Request


@pytest.fixture
def ball() -> Mesh:
    z, y, x = np.ogrid[:30, :30, :30]
    return mesh_from_mask((z - 15) ** 2 + (y - 15) ** 2 + (x - 15) ** 2 < 12**2, (24, 24, 24))


def never() -> bool:
    return False


@pytest.mark.parametrize("name", ["con1", "conf2", "light-sheet"])
def test_the_image_that_stays_is_that_of_a_script_to_the_last_bit(name: str, ball: Mesh) -> None:
    labelling = Labelling(density_per_um2=300)
    simulation = Simulation(microscope=load_microscope(name), labelling=labelling, noise="none")
    surface, image = Surface(ball.vertices, ball.faces), Imager()
    with threadpool_limits(2, "blas"):
        quick = image(Request(surface, simulation, quick=True), never).counts
        stays = image(Request(surface, simulation), never).counts
        script = simulate_surface(ball.vertices, ball.faces, simulation).counts
    np.testing.assert_array_equal(stays, script)
    np.testing.assert_allclose(quick, script, rtol=0, atol=1e-5 * script.max())


def test_a_quick_image_asks_for_one_thread(monkeypatch: Any, ball: Mesh) -> None:
    from threadpoolctl import threadpool_info

    from napari_3dmsl.widgets.microscope import imager as room

    threads: list[int] = []

    class Simulator:
        def image(self, *_: Any) -> Any:
            found = [x["num_threads"] for x in threadpool_info() if x["user_api"] == "blas"]
            threads.append(max(found))
            return SimpleNamespace(emitters_in_field=0)

    monkeypatch.setattr(room, "Simulator", Simulator)
    image, surface = Imager(), Surface(ball.vertices, ball.faces)
    with threadpool_limits(2, "blas"):
        for quick in (True, False):
            image(Request(surface, Simulation(), quick), never)
    assert threads == [1, 2]
