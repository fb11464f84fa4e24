"""OME-TIFF checked against the OME schema and by readers that know it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import ome_types
import pytest
import tifffile

from napari_3dmsl.image_io.ome_tiff import read_image, write_image, write_ome_tiff
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import (
    SimulatedImage,
    Simulation,
    image_scene,
    scene_from_points,
)

MODES = {
    "con1": "LaserScanningConfocalMicroscopy",
    "con1-released": "LaserScanningConfocalMicroscopy",
    "conf2": "LaserScanningConfocalMicroscopy",
    "conf2-released": "LaserScanningConfocalMicroscopy",
    "epi1": "WideField",
    "epi1-released": "WideField",
    "light-sheet": "SPIM",
    "two-photon": "MultiPhotonMicroscopy",
}
ABOUT = {"software": "napari-3dmsl 0.1.0"}


def simulated(microscope: str, planes: int = 1) -> SimulatedImage:
    simulation = Simulation(
        microscope=load_microscope(microscope).replace(image_size=(16, 24)),
        acquisition=Acquisition(planes=planes, step_nm=250),
    )
    return image_scene(scene_from_points([[1.0, 0.0, 0.0]], [5000.0]), simulation)


def strictly(path: Path) -> Any:
    """What ome-types finds, once the text has passed the OME schema."""
    with tifffile.TiffFile(path) as tiff:
        xml = tiff.ome_metadata
    ome_types.validate_xml(xml)
    return ome_types.from_xml(xml)


@pytest.mark.parametrize("preset", MODES)
def test_every_preset_is_described_in_the_words_of_the_schema(tmp_path: Path, preset: str) -> None:
    ome = strictly(write_image(tmp_path / "image.tif", simulated(preset, planes=2)))
    microscope = load_microscope(preset)
    [channel] = ome.images[0].pixels.channels
    assert channel.acquisition_mode.value == MODES[preset]
    assert channel.emission_wavelength_quantity.to("nm").magnitude == microscope.emission_nm
    assert channel.excitation_wavelength_quantity.to("nm").magnitude == microscope.excitation_nm
    [objective] = ome.instruments[0].objectives
    assert objective.lens_na == microscope.numerical_aperture
    assert objective.nominal_magnification == microscope.magnification
    dips = preset in ("light-sheet", "two-photon")
    assert objective.immersion.value == ("WaterDipping" if dips else "Oil")
    pixels = ome.images[0].pixels
    assert pixels.physical_size_x_quantity.to("nm").magnitude == pytest.approx(microscope.pixel_nm)
    assert pixels.physical_size_z_quantity.to("nm").magnitude == pytest.approx(250)


@pytest.mark.parametrize(
    ("index", "name"), [(1.0, "Air"), (1.33, "Water"), (1.47, "Glycerol"), (1.4, "Other")]
)
def test_the_medium_has_the_name_that_its_index_tells(
    tmp_path: Path, index: float, name: str
) -> None:
    image = simulated("epi1").metadata()
    image["microscope"] |= {"immersion_index": index, "numerical_aperture": 0.9}
    path = write_ome_tiff(tmp_path / "a.tif", np.zeros((8, 8), np.uint16), None, image)
    ome = strictly(path)
    assert ome.instruments[0].objectives[0].immersion.value == name
    assert ome.images[0].objective_settings.refractive_index == index


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("TYX", (5, 8, 9)),
        ("TZYX", (5, 4, 8, 9)),
        ("CZYX", (3, 4, 8, 9)),
        ("TCZYX", (2, 3, 4, 8, 9)),
    ],
)
def test_time_and_channels_come_back_in_their_places(
    tmp_path: Path, axes: str, shape: tuple[int, ...]
) -> None:
    array = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    channels = ("dot", "rod", "net µ") if "C" in axes else ()
    size_um = (0.3, 0.1, 0.2)[-2 - ("Z" in axes) :]
    path = write_ome_tiff(
        tmp_path / "a.ome.tif", array, size_um, ABOUT, axes=axes, frame_s=0.5, channels=channels
    )
    with tifffile.TiffFile(path) as tiff:
        assert tiff.series[0].axes == axes
        np.testing.assert_array_equal(tiff.asarray(), array)
    pixels = strictly(path).images[0].pixels
    lengths = [getattr(pixels, f"size_{axis.lower()}") for axis in axes]
    assert lengths == list(shape)
    assert (pixels.physical_size_x, pixels.physical_size_y) == (0.2, 0.1)
    assert pixels.physical_size_z == (0.3 if "Z" in axes else None)
    if "T" in axes:
        assert pixels.time_increment_quantity.to("s").magnitude == 0.5
    if channels:
        assert [channel.name for channel in pixels.channels] == list(channels)
    np.testing.assert_array_equal(read_image(path)[0], array)


def test_the_same_image_gives_the_same_bytes(tmp_path: Path) -> None:
    image = simulated("epi1")
    first = write_image(tmp_path / "a.tif", image).read_bytes()
    assert write_image(tmp_path / "a.tif", image).read_bytes() == first


def test_compressed_masks_are_small_and_whole(tmp_path: Path) -> None:
    mask = np.zeros((128, 128), np.uint16)
    mask[30:60, 40:90] = 7
    plain = write_ome_tiff(tmp_path / "plain.tif", mask, (0.1, 0.1), ABOUT)
    small = write_ome_tiff(tmp_path / "small.tif", mask, (0.1, 0.1), ABOUT, compress=True)
    assert small.stat().st_size < 0.1 * plain.stat().st_size
    np.testing.assert_array_equal(tifffile.imread(small), mask)
    strictly(small)
    small.write_bytes(small.read_bytes()[:-40])
    with pytest.raises(ValueError, match="small.tif: cannot read this TIFF"):
        read_image(small)


@pytest.mark.parametrize(
    ("shape", "told", "message"),
    [
        ((2, 8, 8), {"axes": "ZTYX"}, "in the order TCZYX"),
        ((2, 8, 8), {"axes": "YX"}, "one letter for each axis"),
        ((2, 8, 8), {"axes": "SYX"}, "axes = 'SYX'"),
        ((8, 8), {"axes": "TZ"}, "with Y and X"),
        ((2, 3, 8, 8), {}, "2 or 3 axes.*name the axes of others"),
        ((2, 8, 8), {"axes": "CYX", "channels": ["a"]}, "1 names of channels for 2 channels"),
    ],
)
def test_axes_that_do_not_fit_are_refused(
    tmp_path: Path, shape: tuple[int, ...], told: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_ome_tiff(tmp_path / "a.tif", np.zeros(shape, np.uint8), None, **told)
    assert not list(tmp_path.iterdir())
