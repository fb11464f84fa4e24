"""The 18 released images of instance 920 of 3DMSL against ours, made as the release was.

Prints the correlation of each with the noiseless image, the highest that Poisson noise in the
released image allows, sqrt(1 - mean / variance), and their ratio. Needs the folder with the
released files: ``../shared/data/3dmsl/920`` or the one given as argument.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tifffile

from napari_3dmsl.microscope.fluorophores import Labelling, Surface
from napari_3dmsl.microscope.pose import VIEWS
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.simulation import Simulation, Simulator, pose_of_view
from napari_3dmsl.shapes.mesh import read_mesh

SETS = {"con1": "Conf1_imgs/N_0_920", "conf2": "Conf2_imgs/0_920", "epi1": "Epi1_imgs/0_920"}
FOLDER = Path(__file__).parents[2] / "shared" / "data" / "3dmsl" / "920"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    mesh = read_mesh(folder / "raw_mesh.off", 0.024)
    surface = Surface(mesh.vertices, mesh.faces)
    print(f"{'microscope':<16}{'view':<6}{'correlation':>12}{'ceiling':>9}{'ratio':>7}")
    for name, images in SETS.items():
        microscope = load_microscope(f"{name}-released")
        simulator = Simulator()
        for view in VIEWS:
            simulation = Simulation(
                microscope=microscope,
                labelling=Labelling(density_per_um2=6000),
                pose=pose_of_view(microscope, view),
                noise="none",
            )
            image = simulator.image(surface, simulation).counts[0]
            released = tifffile.imread(folder / f"{images}_{view}.tif").astype(float)
            ceiling = np.sqrt(1 - released.mean() / released.var())
            found = np.corrcoef(image.ravel(), released.ravel())[0, 1]
            print(
                f"{microscope.name:<16}{view:<6}{found:12.3f}{ceiling:9.3f}{found / ceiling:7.3f}"
            )


if __name__ == "__main__":
    main()
