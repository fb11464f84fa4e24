"""Voxel sizes as ImageJ and OME write them, in whatever unit."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from refusals import refusal

from napari_3dmsl.image_io.ome_tiff import describe_image
from napari_3dmsl.volumes.lazy import open_lazy
from napari_3dmsl.volumes.open import open_labels

LABELS = np.zeros((5, 6, 7), np.uint16)
LABELS[1:4, 2:5, 2:5] = 3
NM = (24.0, 8.0, 16.0)
CASES = (
    "zunit_nm.tif",
    "float32_imagej_labels.tif",
    *(f"ij_unit_{unit}.tif" for unit in ("A", "angstrom", "cm", "m", "micrometers")),
    *(f"ij_unit_{unit}.tif" for unit in ("nanometers", "u_esc_3bc")),
    *(f"ome_unit_{unit}.ome.tif" for unit in ("angstrom", "m", "pm")),
    "two_images.ome.tif",
)


def imagej(path: Path, nm=NM, per_nm=1.0, resolutionunit="NONE", **told) -> Path:
    """Write a stack as ImageJ does: y and x as pixels per unit, z as its spacing."""
    told = {"spacing": nm[0] * per_nm, **told}
    lines = [f"{key}={value}" for key, value in told.items() if value is not None]
    head = ["ImageJ=1.54f", f"images={len(LABELS)}", f"slices={len(LABELS)}"]
    tifffile.imwrite(
        path,
        LABELS,
        photometric="minisblack",
        metadata=None,
        description="\n".join([*head, *lines]).encode("latin-1"),
        resolution=(1 / (nm[2] * per_nm), 1 / (nm[1] * per_nm)),
        resolutionunit=resolutionunit,
    )
    return path


def ome(path: Path, **told) -> Path:
    tifffile.imwrite(path, LABELS, ome=True, metadata={"axes": "ZYX", **told})
    return path


@pytest.mark.parametrize("name", CASES)
def test_cases_have_their_voxel_size(cases: Path, name: str) -> None:
    volume = open_labels(cases / "files" / name)
    assert volume.voxel_nm == pytest.approx((24, 16, 16), rel=1e-6)
    assert volume.size_problem == ""
    assert volume.labels.max() == 2


def test_a_spacing_of_one_unit_is_left_out(cases: Path) -> None:
    assert open_labels(cases / "files" / "depth1_no_spacing.tif").voxel_nm == (1000, 16, 16)


@pytest.mark.parametrize(
    ("unit", "per_nm"),
    [
        *[("nm", 1), ("micron", 1e-3), ("um", 1e-3), ("\\u00B5m", 1e-3), ("µm", 1e-3)],
        *[("mm", 1e-6), ("cm", 1e-7), ("A", 10), ("\\u00C5", 10), ("pm", 1e3)],
        *[("inch", 1 / 2.54e7), ("meters", 1e-9), ("Nanometers", 1)],
    ],
)
def test_imagej_in_any_unit(tmp_path: Path, unit: str, per_nm: float) -> None:
    path = imagej(tmp_path / "a.tif", per_nm=per_nm, unit=unit)
    assert open_labels(path).voxel_nm == pytest.approx(NM, rel=1e-4)
    sizes = describe_image(path).size_um
    assert [sizes[axis] for axis in "ZYX"] == pytest.approx([nm / 1000 for nm in NM], rel=1e-4)


def test_a_stack_that_does_not_call_its_planes_slices_has_a_depth_too(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    description = b"ImageJ=1.54f\nimages=5\nunit=micron"
    options = {"metadata": None, "description": description, "resolution": (62.5, 125)}
    tifffile.imwrite(path, LABELS, photometric="minisblack", resolutionunit="NONE", **options)
    assert open_labels(path).voxel_nm == pytest.approx((1000, 8, 16))


def test_imagej_axes_in_units_of_their_own(tmp_path: Path) -> None:
    path = imagej(tmp_path / "a.tif", nm=(24, 80, 16), unit="nm", yunit="A", zunit="nm")
    assert open_labels(path).voxel_nm == pytest.approx((24, 8, 16))
    path = imagej(tmp_path / "b.tif", unit="nm", zunit="micron", spacing=0.024)
    assert open_labels(path).voxel_nm == pytest.approx(NM)


def test_imagej_writes_a_negative_spacing_for_stacks_from_the_bottom_up(tmp_path: Path) -> None:
    path = imagej(tmp_path / "a.tif", unit="nm", spacing=-24)
    assert open_labels(path).voxel_nm == pytest.approx(NM)


@pytest.mark.parametrize(("told", "y"), [("um", 1e7 / 8), ("nm", 8)])
def test_imagej_counts_per_centimetre_only_beside_micrometres(tmp_path: Path, told, y) -> None:
    pixels_per_cm = [1e7 / 16, 1e7 / 8]
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        LABELS,
        photometric="minisblack",
        metadata=None,
        description=f"ImageJ=1.54f\nimages=5\nslices=5\nunit={told}\nspacing=1".encode(),
        resolution=pixels_per_cm if told == "um" else (1 / 16, 1 / 8),
        resolutionunit="CENTIMETER",
    )
    found = open_labels(path).voxel_nm
    assert found is not None
    assert found[1:] == pytest.approx((8, 16), rel=1e-4)


@pytest.mark.parametrize("unit", [None, "", "pixel", "pixels"])
def test_pixels_are_no_size(tmp_path: Path, unit: str | None) -> None:
    volume = open_labels(imagej(tmp_path / "a.tif", unit=unit))
    assert volume.voxel_nm is None
    assert volume.size_problem == "the file says no voxel size"
    assert describe_image(tmp_path / "a.tif").size_um == {}


def test_an_unknown_unit_is_named(tmp_path: Path) -> None:
    for path in (
        imagej(tmp_path / "a.tif", unit="furlong"),
        imagej(tmp_path / "b.tif", unit="nm", zunit="furlong"),
        ome(tmp_path / "c.ome.tif", PhysicalSizeX=1, PhysicalSizeXUnit="furlong"),
    ):
        volume = open_labels(path)
        assert volume.voxel_nm is None
        assert "'furlong', which is not known" in volume.size_problem
    assert open_labels(path, (8, 8, 8)).size_problem == ""


def test_a_size_that_cannot_be_is_told(tmp_path: Path) -> None:
    volume = open_labels(imagej(tmp_path / "a.tif", unit="km"))
    assert volume.voxel_nm is None
    assert "which cannot be" in volume.size_problem


@pytest.mark.parametrize("text", ["0,016", "", "16 nm"])
def test_a_size_that_is_no_number_is_told_and_can_be_given(tmp_path: Path, text: str) -> None:
    path = ome(tmp_path / "a.ome.tif", PhysicalSizeX=0.125, PhysicalSizeY=0.5, PhysicalSizeZ=0.25)
    old, new = b'PhysicalSizeX="0.125"', f'PhysicalSizeX="{text}"'.encode()
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new.ljust(len(old))))
    told = f"the file gives its voxel size as '{text}', which is no number"
    for read in (open_labels, open_lazy):
        volume = read(path)
        assert volume.voxel_nm is None
        assert volume.size_problem == told
        assert read(path, NM).voxel_nm == NM


def test_a_spacing_that_is_no_number_is_told(tmp_path: Path) -> None:
    volume = open_labels(imagej(tmp_path / "a.tif", unit="nm", spacing="0,5"))
    assert volume.voxel_nm is None
    assert volume.size_problem == "the file gives its voxel size as '0,5', which is no number"


@pytest.mark.parametrize(
    ("kind", "value", "nm"), [(3, struct.pack("<HH", 2, 0), 0.5), (2, b"72\0\0", None)]
)
def test_a_resolution_that_is_no_fraction_is_a_number_or_told(
    tmp_path: Path, kind: int, value: bytes, nm: float | None
) -> None:
    path = imagej(tmp_path / "a.tif", unit="nm")
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        tag = tiff.pages[0].tags["XResolution"]
    struct.pack_into("<HI", content, tag.offset + 2, kind, 1 if nm else 3)  # a short, or a text
    content[tag.offset + 8 : tag.offset + 12] = value
    path.write_bytes(content)
    volume = open_labels(path)
    assert (volume.voxel_nm or (None,))[-1] == nm
    assert ("is no number" in volume.size_problem) == (nm is None)


@pytest.mark.parametrize("unit", ["INCH", "CENTIMETER"])
def test_the_resolution_for_a_printer_is_no_voxel_size(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, LABELS, photometric="minisblack", resolution=(72, 72), resolutionunit=unit
    )
    assert open_labels(path).voxel_nm is None
    assert describe_image(path).size_um == {}


def test_ome_has_a_unit_for_each_axis_and_micrometres_by_default(tmp_path: Path) -> None:
    told = {"PhysicalSizeZ": 24, "PhysicalSizeZUnit": "nm", "PhysicalSizeY": 80}
    told |= {"PhysicalSizeYUnit": "Å", "PhysicalSizeX": 0.016}
    assert open_labels(ome(tmp_path / "a.ome.tif", **told)).voxel_nm == pytest.approx(NM)


def test_reference_frames_and_pixels_of_ome_are_no_sizes(tmp_path: Path) -> None:
    for unit in ("reference frame", "pixel"):
        told = {f"PhysicalSize{axis}": 1.0 for axis in "ZYX"}
        told |= {f"PhysicalSize{axis}Unit": unit for axis in "ZYX"}
        volume = open_labels(ome(tmp_path / "a.ome.tif", **told))
        assert volume.voxel_nm is None
        assert volume.size_problem == "the file says no voxel size"


def test_every_image_of_an_ome_tiff_has_its_own_size(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as out:
        for name, size in (("first", 0.1), ("second", 0.016)):
            sizes = {f"PhysicalSize{axis}": size for axis in "ZYX"}
            out.write(LABELS, metadata={"axes": "ZYX", "Name": name, **sizes})
    assert open_labels(path, series=0).voxel_nm == pytest.approx((100, 100, 100))
    assert open_labels(path, series="second").voxel_nm == pytest.approx((16, 16, 16))
    assert "2 images can be labels" in refusal(open_labels, path)
