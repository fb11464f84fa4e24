"""The files that pages of the docs speak of, small: labels, libraries, image sets, images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
import tomli_w
from containers import n5, ome_zarr_05, png_sections
from microscope_files import ome, write_tiff
from small_sets import settings_of

import napari_3dmsl as msl
from napari_3dmsl.matching.answers import write_answers
from napari_3dmsl.matching.two_minute_test import Answer

VOXEL_NM = (24.0, 24.0, 24.0)


def labels() -> np.ndarray:
    """Return two tubes and a ball, (48, 64, 96) voxels of 24 nm."""
    z, y, x = np.meshgrid(*(np.arange(n) for n in (48, 64, 96)), indexing="ij")
    volume = np.zeros(z.shape, np.uint16)
    volume[(np.hypot(z - 14, y - 16) < 6) & (x > 14) & (x < 82)] = 1
    volume[(np.hypot(z - 32, x - 24) < 6) & (y > 14) & (y < 52)] = 2
    volume[np.sqrt((z - 30) ** 2 + (y - 40) ** 2 + (x - 70) ** 2) < 9] = 3
    return volume


def moved(path: Path, name: str) -> None:
    """Give what a helper has written the name that the page uses."""
    target = path.parent / name
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)


def label_files(folder: Path) -> None:
    """Write cell.zarr, cell.n5, labels.tif, sections/ and both.ome.tif; the extra `em` does."""
    pytest.importorskip("tensorstore")
    volume = labels()
    moved(ome_zarr_05(folder, volume, VOXEL_NM), "cell.zarr")
    (folder / "n5").mkdir()
    n5(folder / "n5", volume, VOXEL_NM).rename(folder / "cell.n5")
    png_sections(folder, volume, VOXEL_NM)
    msl.write_ome_tiff(folder / "labels.tif", volume, [0.024] * 3)
    with tifffile.TiffWriter(folder / "both.ome.tif", ome=True) as file:
        grey = np.random.default_rng(0).integers(0, 60000, volume.shape, np.uint16)
        for name, values in (("raw", grey), ("labels", volume)):
            size = {f"PhysicalSize{axis}": 0.024 for axis in "XYZ"}
            file.write(values, metadata={"axes": "ZYX", "Name": name, **size})


def image_set(folder: Path, library: Path, **changes: object) -> None:
    """Make a small image set."""
    recipe = msl.Recipe(**{**settings_of(library), **changes})
    msl.generate(recipe, folder, place=msl.Here())


def recipe_file(path: str, library: str) -> None:
    """Write a recipe of a few images as a file."""
    settings = {**settings_of(library), "views": {"six": False, "random": 1}}
    Path(path).write_text(tomli_w.dumps(settings), encoding="utf-8")


def microscope_files(folder: Path) -> None:
    """Write cell.ome.tif as a microscope does."""
    told = 'AcquisitionMode="WideField" EmissionWavelength="{}" Name="{}"'
    text = ome(
        'PhysicalSizeX="0.065" PhysicalSizeY="0.065"',
        (told.format(461, "DAPI"), told.format(599, "TOM20")),
        'LensNA="1.4" NominalMagnification="100" Immersion="Oil"',
        '<ObjectiveSettings ID="Objective:0"/>',
    )
    text = text.replace('SizeX="8" SizeY="8"', 'SizeX="512" SizeY="512"')
    write_tiff(folder / "cell.ome.tif", text, (2, 512, 512))


def presets(folder: Path) -> None:
    """Write a user's presets: a microscope, a camera, and one that cannot be used."""
    camera = msl.load_camera("emccd")
    for kind, name, content in (
        ("microscopes", "room5", msl.load_microscope("con1").model_dump(mode="json")),
        ("cameras", "our-emccd", camera.model_dump(mode="json")),
        ("cameras", "old", {**camera.model_dump(mode="json"), "em_gain": 0}),
    ):
        (folder / kind).mkdir(exist_ok=True)
        (folder / kind / f"{name}.json").write_text(json.dumps(content))


def tiles(folder: Path, seed: int, count: int = 12) -> None:
    """Write images of a camera into a folder."""
    from camera_scenes import photons, recorded

    folder.mkdir()
    rng = np.random.default_rng(seed)
    for number in range(count):
        counts = recorded(photons(200.0, seed + number, 128), rng, 0.5, 1.5)
        tifffile.imwrite(folder / f"{number}.tif", counts.astype(np.uint16))


def answers(folder: Path) -> None:
    """Write what two people said."""
    for person in ("ada", "ben"):
        told = [
            Answer(person, 0, n, "real" if n < 5 else "simulated", str(n), n % 3 > 0, 2.0)
            for n in range(10)
        ]
        write_answers(folder / f"{person}.csv", told)


def masks(folder: Path) -> None:
    """Write TRUTH/ and PREDICTION/: an image with two objects each, a little apart."""
    for name, shift in (("TRUTH", 0), ("PREDICTION", 2)):
        image = np.zeros((64, 64), np.uint8)
        image[8 + shift : 24 + shift, 8:40] = 1
        image[40:56, 20 + shift : 50] = 2
        (folder / name).mkdir()
        tifffile.imwrite(folder / name / "1.tif", image)


def dark_frame(path: Path) -> None:
    """Write a dark frame of the camera of `tiles`."""
    from camera_scenes import recorded

    counts = recorded(np.zeros((128, 128)), np.random.default_rng(9), 0.5, 1.5)
    tifffile.imwrite(path, counts.astype(np.uint16))
