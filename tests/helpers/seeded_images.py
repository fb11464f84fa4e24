"""Images of a ball with all that is random in them, made here and in other processes."""

import hashlib

import numpy as np
import trimesh

from napari_3dmsl.microscope.fluorophores import Surface
from napari_3dmsl.microscope.presets import load_camera, load_microscope
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, Simulator

SMALL = Microscope(image_size=(24, 24), pixel_nm=100)
CASES = [
    Simulation(microscope=SMALL, seed=5),
    Simulation(microscope=SMALL, noise="physeg", labelling={"target": "volume"}),
    Simulation(
        microscope=load_microscope("con1").replace(image_size=(24, 24)),
        acquisition=Acquisition(planes=4),
        labelling={"off_time_s": 0.2, "photon_distribution": "exponential", "efficiency": 0.7},
        camera=load_camera("emccd"),
        snr=6.0,
        seed=9,
    ),
    Simulation(microscope=SMALL, labelling={"target": "volume", "continuous": True}, seed=2),
    Simulation(microscope=SMALL, labelling={"continuous": True}, noise="none"),
]


def make_ball():
    ball = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    return Surface(np.array(ball.vertices), np.array(ball.faces))


def bytes_of(number):
    """A digest of the image of a case; also run in other processes."""
    image = Simulator().image(make_ball(), CASES[number])
    return hashlib.sha256(image.counts.tobytes()).hexdigest()
