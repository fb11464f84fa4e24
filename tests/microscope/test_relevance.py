"""What settings call without effect has none on the image, and what they do not call so has one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import (
    Simulation,
    image_scene,
    scene_from_points,
    simulate_surface,
)

SMALL = Microscope(image_size=(8, 8), pixel_nm=150, numerical_aperture=1.3)
OPTICS: dict[str, Any] = {
    "confocal": "squared",
    "pinhole_airy": 0.5,
    "excitation_nm": 480.0,
    "emission_nm": 520.0,
    "sheet_fwhm_um": 0.5,
    "series_constant_nm": 300.0,
}
MODALITIES = ["widefield", "confocal", "two_photon", "light_sheet"]


def photons(simulation: Simulation) -> np.ndarray:
    """Expected photons of two emitters in different depths."""
    scene = scene_from_points([[0.0, 0.0, 0.1], [0.8, 0.1, -0.2]], [1000.0, 700.0])
    return image_scene(scene, simulation).counts


@pytest.mark.parametrize("psf_model", ["gibson_lanni", "gibson_lanni_series"])
@pytest.mark.parametrize("modality", MODALITIES)
def test_optics_without_effect_leave_the_image_as_it_is(modality: str, psf_model: str) -> None:
    scopes = [SMALL.replace(modality=modality, psf_model=psf_model)]
    if modality == "confocal":
        scopes.append(scopes[0].replace(confocal="squared"))
    for scope in scopes:
        before = photons(Simulation(microscope=scope, noise="none"))
        for name, other in OPTICS.items():
            if name == "confocal" and scope.confocal == "squared":
                other = "pinhole"
            after = photons(Simulation(microscope=scope.replace(**{name: other}), noise="none"))
            unchanged = np.array_equal(before, after)
            assert unchanged == (name in scope.irrelevant()), (modality, scope.confocal, name)


TETRAHEDRON = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]], float) * 0.8
FACES = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
LABELLING: dict[str, Any] = {
    "density_per_um2": 60.0,
    "density_per_um3": 300.0,
    "photon_distribution": "exponential",
    "on_time_s": 0.02,
    "off_time_s": 0.3,
}


@pytest.mark.parametrize("target", ["surface", "volume"])
@pytest.mark.parametrize(("continuous", "off_time_s"), [(False, 0.0), (False, 0.1), (True, 0.1)])
def test_labelling_without_effect_leaves_the_image_as_it_is(
    target: str, continuous: bool, off_time_s: float
) -> None:
    labelling = Labelling(target=target, continuous=continuous, off_time_s=off_time_s)

    def image(given: Labelling) -> np.ndarray:
        simulation = Simulation(microscope=SMALL, labelling=given, noise="none")
        return simulate_surface(TETRAHEDRON, FACES, simulation).counts

    before = image(labelling)
    for name, other in LABELLING.items():
        unchanged = np.array_equal(before, image(labelling.replace(**{name: other})))
        assert unchanged == (name in labelling.irrelevant()), name


def test_steps_matter_in_stacks_alone() -> None:
    for planes in (1, 3):
        acquisition = Acquisition(planes=planes)
        before = photons(Simulation(microscope=SMALL, acquisition=acquisition, noise="none"))
        for change in ({"step_nm": 100.0}, {"z_axis": "stage"}):
            other = Simulation(
                microscope=SMALL, acquisition=acquisition.replace(**change), noise="none"
            )
            unchanged = np.array_equal(before, photons(other))
            assert unchanged == (set(change) <= set(acquisition.irrelevant())), (planes, change)


@pytest.mark.parametrize("noise", ["none", "camera", "physeg"])
def test_a_camera_matters_where_it_records(noise: str) -> None:
    simulation = Simulation(microscope=SMALL, noise=noise)
    other = simulation.replace(camera=Camera(quantum_efficiency=0.3))
    unchanged = np.array_equal(photons(simulation), photons(other))
    assert unchanged == ("camera" in simulation.irrelevant())
