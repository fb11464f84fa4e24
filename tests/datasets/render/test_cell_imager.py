"""Cells that are imaged live are those of the command line."""

from pathlib import Path

import numpy as np

from napari_3dmsl.cli._cell_image import cell_image
from napari_3dmsl.datasets.render.cell_imager import CellImager, CellSample
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import Simulation
from napari_3dmsl.scenes.cell_settings import CellScene

CELL = {"coverage": 0.9, "haze": 0.5, "glow_photons": 20.0}
SIMULATION = Simulation(
    microscope=load_microscope("epi1").replace(image_size=(48, 56)),
    labelling=Labelling(density_per_um2=20),
    seed=5,
)


def test_the_image_and_its_masks_are_those_of_the_command_line():
    expected = cell_image(Path("tubes"), SIMULATION, CELL)
    image = CellImager().image(CellSample(CellScene(**CELL)), SIMULATION)
    np.testing.assert_array_equal(image.counts[0], expected.image)
    truths = image.truths(("mask", "haze_mask"))
    np.testing.assert_array_equal(truths["mask"], expected.truths["mask"])
    np.testing.assert_array_equal(truths["haze_mask"], expected.truths["haze_mask"])
    told = image.metadata()
    assert told["cell"] == expected.metadata["cell"]
    assert told["shape_ids"] == expected.metadata["shape_ids"]


def test_another_focus_finds_the_same_cell(monkeypatch):
    imager, sample = CellImager(), CellSample(CellScene(**CELL))
    before = imager.image(sample, SIMULATION)
    monkeypatch.setattr(
        "napari_3dmsl.datasets.render.cell_imager.scene_of", lambda *_: 1 / 0
    )  # nothing is laid down anew
    other = SIMULATION.replace(acquisition=Acquisition(focus_um=1.5))
    after = imager.image(CellSample(CellScene(**CELL)), other)
    assert after.objects is before.objects
    assert after.photons.photons.max() < before.photons.photons.max()
