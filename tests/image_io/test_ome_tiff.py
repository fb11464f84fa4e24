"""Image files and the unit of meshes, checked by other programs' readers."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile

from napari_3dmsl.image_io.ome_tiff import (
    describe_image,
    read_image,
    read_settings,
    write_image,
    write_image_array,
    write_ome_tiff,
)
from napari_3dmsl.library.mesh_units import mesh_unit_nm
from napari_3dmsl.microscope.presets import load_microscope
from napari_3dmsl.microscope.settings import Acquisition
from napari_3dmsl.microscope.simulation import (
    SimulatedImage,
    Simulation,
    image_scene,
    scene_from_points,
)

OME = {"ome": "http://www.openmicroscopy.org/Schemas/OME/2016-06"}


def simulated(planes: int = 1, noise: str = "camera") -> SimulatedImage:
    simulation = Simulation(
        microscope=load_microscope("conf2").replace(image_size=(48, 32)),
        acquisition=Acquisition(planes=planes, step_nm=250),
        noise=noise,
        seed=3,
    )
    return image_scene(scene_from_points([[1.0, 0.3, -0.2]], [5000.0]), simulation)


def ome_element(path: Path, name: str) -> dict[str, str]:
    with tifffile.TiffFile(path) as tiff:
        found = ElementTree.fromstring(tiff.ome_metadata).find(f".//ome:{name}", OME)
    assert found is not None
    return found.attrib


def test_a_stack_comes_back_with_pixels_axes_and_every_setting(tmp_path: Path) -> None:
    image = simulated(planes=4, noise="none")
    path = write_image(tmp_path / "stack.tif", image)
    with tifffile.TiffFile(path) as tiff:
        assert tiff.series[0].axes == "ZYX"
        np.testing.assert_array_equal(tiff.asarray(), image.counts)
    array, metadata = read_image(path)
    assert array.dtype == np.float32
    assert array.shape == (4, 48, 32)
    assert metadata == json.loads(json.dumps(image.metadata()))
    assert Simulation(**{k: metadata[k] for k in Simulation.model_fields}) == image.simulation


def test_a_single_plane_is_a_2d_image(tmp_path: Path) -> None:
    path = write_image(tmp_path / "plane.tiff", simulated())
    assert tifffile.imread(path).shape == (48, 32)
    assert describe_image(path).axes == "YX"
    assert describe_image(path).size_um == {"Y": 0.048, "X": 0.048}


def test_three_planes_are_no_colours(tmp_path: Path) -> None:
    path = write_image(tmp_path / "rgb.tif", simulated(planes=3))
    with tifffile.TiffFile(path) as tiff:
        assert len(tiff.pages) == 3
        assert tiff.series[0].axes == "ZYX"


def test_ome_readers_find_scale_wavelengths_and_objective(tmp_path: Path) -> None:
    path = write_image(tmp_path / "stack.ome.tif", simulated(planes=2))
    pixels = ome_element(path, "Pixels")
    assert [pixels[f"PhysicalSize{axis}"] for axis in "ZYX"] == ["0.25", "0.048", "0.048"]
    assert {pixels[f"PhysicalSize{axis}Unit"] for axis in "ZYX"} == {"µm"}
    channel = ome_element(path, "Channel")
    assert channel["EmissionWavelength"] == "488.0"
    assert channel["EmissionWavelengthUnit"] == "nm"
    assert channel["AcquisitionMode"] == "LaserScanningConfocalMicroscopy"
    objective = ome_element(path, "Objective")
    assert objective["LensNA"] == "1.4"
    assert objective["Immersion"] == "Oil"


def test_programs_that_know_only_tiff_find_the_scale(tmp_path: Path) -> None:
    path = write_image(tmp_path / "plane.tif", simulated())
    with tifffile.TiffFile(path) as tiff:
        tags = tiff.pages[0].tags
        pixels, centimetres = tags["XResolution"].value
        assert tags["ResolutionUnit"].value == tifffile.RESUNIT.CENTIMETER
    assert 1e4 * centimetres / pixels == pytest.approx(0.048)


def test_pixels_and_metadata_are_enough_to_write_an_image(tmp_path: Path) -> None:
    image = simulated(planes=2)
    whole = write_image(tmp_path / "a.tif", image)
    apart = write_image_array(tmp_path / "b.tif", image.counts, image.metadata())
    assert describe_image(whole) == describe_image(apart)


@pytest.mark.parametrize("planes", [1, 2])  # one is written by hand
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planes: int
) -> None:
    path = tmp_path / "image.tif"
    path.write_bytes(b"old")

    def full_disk(file: Path, *_: object, **__: object) -> None:
        with Path(file).open("wb") as half:
            half.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", full_disk)
    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="the disk is full"):
        write_image(path, simulated(planes=planes))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"image.tif": b"old"}


@pytest.mark.parametrize(
    ("name", "pixels", "message"),
    [
        ("a.png", np.zeros((8, 8)), "written as .tif or .tiff"),
        ("missing/a.tif", np.zeros((8, 8)), "no such folder"),
        ("a.tif", np.zeros((2, 2, 8, 8)), "2 or 3 axes"),
        ("a.tif", np.zeros((8, 8), np.int64), "type int64"),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, name: str, pixels: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_ome_tiff(tmp_path / name, pixels, None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_a_truncated_tiff_is_refused(
    tmp_path: Path, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = write_image(tmp_path / "whole.tif", simulated(planes=4)).read_bytes()
    path = tmp_path / "half.tif"
    path.write_bytes(whole[: int(share * len(whole))])
    for read in (read_image, describe_image):
        with pytest.raises(ValueError, match="half.tif: cannot read this TIFF") as error:
            read(path)
        assert "\n" not in str(error.value)
    assert capfd.readouterr().err == ""


def test_tiffs_of_others_are_described_but_have_no_settings(tmp_path: Path) -> None:
    path = tmp_path / "fiji.tif"
    stack = np.zeros((3, 16, 16), np.uint16)
    told = {"spacing": 0.5, "unit": "um", "axes": "ZYX"}
    tifffile.imwrite(path, stack, imagej=True, resolution=(10, 10), metadata=told)
    assert describe_image(path).size_um == pytest.approx({"Z": 0.5, "Y": 0.1, "X": 0.1})
    assert read_settings(path) is None
    with pytest.raises(ValueError, match="not written by napari-3dmsl"):
        read_image(path)


def test_a_mesh_has_the_unit_of_its_library_or_that_of_3dmsl(tmp_path: Path) -> None:
    shape = tmp_path / "7" / "raw_mesh.off"
    shape.parent.mkdir()
    shape.touch()
    assert mesh_unit_nm(shape) == 24.0
    index = {"format": "napari-3dmsl shape library", "unit_nm": 10.0}
    (tmp_path / "library.json").write_text(json.dumps(index))
    header = "index,cx,cy,cz,voxel_counts,bbx,bby,bbz,shape_class,length_um,volume_um3,area_um2"
    rest = "branches,loops,mean_radius_um,touches_border,reason"
    row = "7,1,1,1,9,s,s,s,dot,0.1,0.1,0.1,0,0,0.1,False,short"
    (tmp_path / "meta_locations.csv").write_text(f"{header},{rest}\n{row}\n")
    assert mesh_unit_nm(shape) == 10.0
