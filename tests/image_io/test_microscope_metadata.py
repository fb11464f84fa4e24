"""The microscope of files that this and other libraries write, and of files made by hand."""

import sys

import numpy as np
import pytest
import tifffile
from microscope_files import CZI, ome, write_czi, write_lif, write_tiff

from napari_3dmsl.image_io.microscope_metadata import (
    camera_from,
    microscope_from,
    read_microscope,
)
from napari_3dmsl.image_io.microscope_sources import CAMERA, MICROSCOPE, Sources
from napari_3dmsl.image_io.ome_tiff import write_ome_tiff
from napari_3dmsl.image_io.ome_zarr import write_ome_zarr
from napari_3dmsl.image_io.tiff_microscope import tell_lsm
from napari_3dmsl.image_io.vendor_microscope import tell_bioio
from napari_3dmsl.microscope.presets import load_camera, load_microscope, microscope_names

OIL_60 = 'LensNA="1.4" NominalMagnification="60" Immersion="Oil"'


def values(read):
    return {name: reading.value for name, reading in read.readings.items()}


def simulated(microscope, camera):
    told = {"microscope": microscope, "camera": camera}
    plain = {name: settings.model_dump(mode="json") for name, settings in told.items()}
    return {"software": "napari-3dmsl 0.1.0", "noise": "camera", **plain}


# Our own images


@pytest.mark.parametrize("name", microscope_names())
@pytest.mark.parametrize("form", ["tif", "zarr"])
def test_an_image_of_ours_tells_all_of_its_microscope_without_a_doubt(tmp_path, name, form):
    microscope, camera = load_microscope(name), load_camera("emccd").replace(exposure_s=0.02)
    path = tmp_path / f"image.{form}"
    write = write_ome_tiff if form == "tif" else write_ome_zarr
    size_um = microscope.pixel_um
    write(path, np.zeros((8, 8), np.uint16), (size_um, size_um), simulated(microscope, camera))
    read = read_microscope(path)
    assert read.doubts == ()
    assert read.missing == ()
    ours = {name: getattr(microscope, name) for name in MICROSCOPE}
    assert read.values(MICROSCOPE) == ours
    assert read.values(CAMERA) == {name: getattr(camera, name) for name in CAMERA}
    found = microscope_from(read, microscope)
    assert found.replace(name=name) == microscope
    assert camera_from(read, camera).replace(name="emccd") == camera


def test_a_stretched_image_says_that_it_holds_no_counts(tmp_path):
    told = simulated(load_microscope("epi1"), load_camera("scmos"))
    told["stretch"] = {"low": 98.0, "high": 700.0, "percentiles": [0, 100]}
    write_ome_tiff(tmp_path / "a.tif", np.zeros((8, 8), np.uint8), (0.1, 0.1), told)
    read = read_microscope(tmp_path / "a.tif")
    assert any("stretched between 98 and 700" in doubt for doubt in read.doubts)


# OME-XML of others


@pytest.mark.parametrize(
    ("size", "unit"),
    [("0.065", "µm"), ("65", "nm"), ("650", "Å"), ("6.5e-05", "mm"), ("0.065", "")],
)
def test_pixels_in_any_unit_of_length(tmp_path, size, unit):
    told = " ".join(
        f'PhysicalSize{axis}="{size}"' + f' PhysicalSize{axis}Unit="{unit}"' * bool(unit)
        for axis in "XY"
    )
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(told)))
    assert read.readings["pixel_nm"].value == pytest.approx(65)
    assert read.readings["pixel_nm"].source == "OME Pixels PhysicalSizeX"
    assert read.kind == "OME-TIFF"


def test_an_unknown_unit_is_told_and_the_pixel_asked_for(tmp_path):
    told = 'PhysicalSizeX="3" PhysicalSizeXUnit="furlong"'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(told)))
    assert "pixel_nm" in read.missing
    assert any("'furlong' is not known" in doubt for doubt in read.doubts)


@pytest.mark.parametrize(
    ("word", "index"),
    [("Oil", 1.515), ("Water", 1.33), ("WaterDipping", 1.33), ("Air", 1.0), ("Glycerol", 1.47)],
)
def test_media_by_their_names(tmp_path, word, index):
    told = f'LensNA="0.8" NominalMagnification="40" Immersion="{word}"'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(objective=told)))
    assert values(read)["immersion_index"] == index
    assert microscope_from(read).immersion_index == index
    assert microscope_from(read).immersion_index_design == index


@pytest.mark.parametrize("word", ["Other", "Multi", ""])
def test_media_that_are_none_are_asked_for(tmp_path, word):
    told = f'LensNA="0.8" NominalMagnification="40" Immersion="{word}"'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(objective=told)))
    assert "immersion_index" in read.missing
    assert read.doubts == ()


def test_the_channel_that_is_meant_has_its_wavelengths_and_exposure(tmp_path):
    channels = (
        'Name="DAPI" EmissionWavelength="461" AcquisitionMode="WideField"',
        'Name="TOM20" EmissionWavelength="5900" EmissionWavelengthUnit="Å" '
        'ExcitationWavelength="0.561" ExcitationWavelengthUnit="µm" '
        'AcquisitionMode="SpinningDiskConfocal"',
    )
    planes = "".join(
        f'<Plane TheZ="0" TheT="0" TheC="{c}" ExposureTime="{t}" ExposureTimeUnit="{u}"/>'
        for c, t, u in ((0, 0.2, "s"), (1, 50, "ms"))
    )
    path = write_tiff(tmp_path / "a.ome.tif", ome(channels=channels, planes=planes), (2, 8, 8))
    first, second = (read_microscope(path, channel) for channel in (0, 1))
    assert first.channels == ("DAPI", "TOM20")
    assert values(first) | {"emission_nm": 461, "exposure_s": 0.2} == values(first)
    assert "excitation_nm" not in first.missing, "wide-field does not need it"
    told = {"emission_nm": 590, "excitation_nm": 561, "modality": "confocal", "exposure_s": 0.05}
    assert values(second) | told == values(second)
    with pytest.raises(ValueError, match=r"channel = 2: must be 0 to 1"):
        read_microscope(path, 2)


def test_the_objective_that_the_image_names_is_taken_of_several(tmp_path):
    more = 'LensNA="0.3" NominalMagnification="10"/><Objective ID="Objective:1" ' + OIL_60
    named = ome(objective=more, settings='<ObjectiveSettings ID="Objective:1"/>')
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", named))
    assert values(read)["magnification"] == 60
    read = read_microscope(write_tiff(tmp_path / "b.ome.tif", ome(objective=more)))
    assert "magnification" in read.missing
    assert any("2 objectives" in doubt for doubt in read.doubts)


def test_the_index_at_work_goes_before_the_name_of_the_medium(tmp_path):
    settings = '<ObjectiveSettings ID="Objective:0" RefractiveIndex="1.518" Medium="Oil"/>'
    read = read_microscope(
        write_tiff(tmp_path / "a.ome.tif", ome(objective=OIL_60, settings=settings))
    )
    assert values(read)["immersion_index"] == 1.518
    assert read.doubts == ()
    microscope = microscope_from(read)
    assert (microscope.immersion_index, microscope.immersion_index_design) == (1.518, 1.515)


def test_the_name_of_an_objective_fills_what_is_missing_and_what_differs_is_told(tmp_path):
    told = 'Model="Plan Apo 60x/1.40 Oil"'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(objective=told)))
    expected = {"numerical_aperture": 1.4, "magnification": 60, "immersion_index": 1.515}
    assert values(read) | expected == values(read)
    read = read_microscope(
        write_tiff(tmp_path / "b.ome.tif", ome(objective=told + ' LensNA="1.2"'))
    )
    assert values(read)["numerical_aperture"] == 1.2
    [doubt] = read.doubts
    assert doubt.startswith("Numerical apert.: 1.2 (OME Objective LensNA), but 1.4 (")


def test_numbers_that_cannot_be_are_left_out(tmp_path):
    channel = 'EmissionWavelength="0" ExcitationWavelength="20000"'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(channels=(channel,))))
    assert {"emission_nm"} <= set(read.missing)
    assert len(read.doubts) == 2
    assert read.doubts[0].startswith("Emission: 0 nm (OME Channel EmissionWavelength) is left out")


def test_light_that_does_not_come_through_the_medium_is_told(tmp_path):
    told = 'LensNA="1.4" NominalMagnification="60" Immersion="Air"'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(objective=told)))
    assert "immersion_index" in read.missing
    assert any("aperture of 1.4 does not come through" in doubt for doubt in read.doubts)
    assert microscope_from(read, load_microscope("epi1")).immersion_index > 1.4


def test_pixels_that_are_not_square_are_told(tmp_path):
    told = 'PhysicalSizeX="0.1" PhysicalSizeY="0.2"'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(told)))
    assert read.doubts == (
        "Pixel size: 100 (OME Pixels PhysicalSizeX), but 200 (OME Pixels PhysicalSizeY); the first "
        "is taken",
    )


def test_what_bio_formats_found_no_place_for_is_found_as_well(tmp_path):
    entries = {"Global dObjectiveNA #1": "1.45", "Objective Name": "Apo TIRF 100x/1.49 oil"}
    keys = "".join(
        f'<XMLAnnotation ID="Annotation:{n}"><Value><OriginalMetadata><Key>{key}</Key>'
        f"<Value>{value}</Value></OriginalMetadata></Value></XMLAnnotation>"
        for n, (key, value) in enumerate(entries.items())
    )
    more = f"<StructuredAnnotations>{keys}</StructuredAnnotations>"
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(more=more)))
    assert values(read)["magnification"] == 100
    assert len(read.doubts) == 1, "the apertures differ"


def test_metadata_in_a_companion_file(tmp_path):
    (tmp_path / "all.companion.ome").write_text(ome(objective=OIL_60), "utf-8")
    only = '<BinaryOnly MetadataFile="all.companion.ome" UUID="urn:uuid:0"/>'
    xml = f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{only}</OME>'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", xml))
    assert values(read)["numerical_aperture"] == 1.4


# What other libraries write


def test_what_tifffile_writes_as_ome(tmp_path):
    metadata = {
        "axes": "ZYX",
        "PhysicalSizeX": 0.09,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.09,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 300.0,
        "PhysicalSizeZUnit": "nm",
        "SignificantBits": 12,
        "Plane": {"ExposureTime": [25.0] * 4, "ExposureTimeUnit": ["ms"] * 4},
    }
    path = tmp_path / "a.ome.tif"
    stack = np.zeros((4, 8, 8), np.uint16)
    tifffile.imwrite(path, stack, ome=True, metadata=metadata, resolution=(1e4 / 0.09,) * 2,
                     resolutionunit="CENTIMETER", photometric="minisblack")  # fmt: skip
    read = read_microscope(path)
    told = {"pixel_nm": 90, "step_nm": 300, "bit_depth": 12, "exposure_s": 0.025}
    assert values(read) == pytest.approx(told)
    assert read.doubts == ()


def test_a_resolution_that_says_otherwise_is_told(tmp_path):
    path = tmp_path / "a.ome.tif"
    metadata = {"axes": "YX", "PhysicalSizeX": 0.09, "PhysicalSizeY": 0.09}
    tifffile.imwrite(path, np.zeros((8, 8), np.uint16), ome=True, metadata=metadata,
                     resolution=(1e5, 1e5), resolutionunit="CENTIMETER")  # fmt: skip
    read = read_microscope(path)
    assert values(read)["pixel_nm"] == 90
    assert any("but 100 (TIFF XResolution, 100,000 per cm)" in doubt for doubt in read.doubts)


def test_what_ome_types_writes(tmp_path):
    model = pytest.importorskip("ome_types.model")
    objective = model.Objective(
        id="Objective:0", lens_na=1.2, nominal_magnification=63, immersion="Water"
    )
    channel = model.Channel(
        id="Channel:0:0", emission_wavelength=0.52, emission_wavelength_unit="µm",
        excitation_wavelength=488, acquisition_mode="LaserScanningConfocalMicroscopy",
    )  # fmt: skip
    plane = model.Plane(the_c=0, the_z=0, the_t=0, exposure_time=3.0, exposure_time_unit="µs")
    pixels = model.Pixels(
        id="Pixels:0", dimension_order="XYZCT", type="uint16", size_x=8, size_y=8, size_z=1,
        size_c=1, size_t=1, physical_size_x=850, physical_size_x_unit="Å", significant_bits=12,
        channels=[channel], planes=[plane], tiff_data_blocks=[model.TiffData(plane_count=1)],
    )  # fmt: skip
    settings = model.ObjectiveSettings(id="Objective:0", refractive_index=1.333)
    image = model.Image(id="Image:0", pixels=pixels, objective_settings=settings)
    kit = model.Instrument(id="Instrument:0", objectives=[objective])
    xml = model.OME(images=[image], instruments=[kit]).to_xml()
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", xml))
    assert values(read) == pytest.approx(
        {
            "pixel_nm": 85,
            "bit_depth": 12,
            "immersion_index": 1.333,
            "numerical_aperture": 1.2,
            "magnification": 63,
            "emission_nm": 520,
            "excitation_nm": 488,
            "modality": "confocal",
            "exposure_s": 3e-6,
        }
    )
    assert (read.doubts, read.missing) == ((), ())
    microscope = microscope_from(read)
    assert microscope.modality == "confocal"
    assert not microscope.pixel_integration
    assert (microscope.immersion_index, microscope.immersion_index_design) == (1.333, 1.33)
    assert camera_from(read).bit_depth == 12


INFO = """Information|Instrument|Objective|LensNA = 1.4
Information|Instrument|Objective|NominalMagnification #1 = 63.0
Information|Instrument|Objective|Immersion = Oil
Information|Image|Channel|EmissionWavelength #1 = 465
Information|Image|Channel|EmissionWavelength #2 = 603
 Location = /home/x.czi
"""


def test_what_imagej_saves_of_a_file_that_bio_formats_has_read(tmp_path):
    path = tmp_path / "a.tif"
    metadata = {"axes": "ZCYX", "spacing": 0.3, "unit": "um", "Info": INFO}
    tifffile.imwrite(path, np.zeros((4, 2, 8, 8), np.uint16), imagej=True, metadata=metadata,
                     resolution=(12.5, 12.5))  # fmt: skip
    read = read_microscope(path, channel=1)
    assert read.kind == "ImageJ TIFF"
    assert len(read.channels) == 2
    told = {
        "pixel_nm": 80,
        "step_nm": 300,
        "numerical_aperture": 1.4,
        "magnification": 63,
        "immersion_index": 1.515,
        "emission_nm": 603,
        "bit_depth": 16,
    }
    assert values(read) == pytest.approx(told)
    assert set(read.missing) == {"modality", "exposure_s"}
    assert read.doubts == ()


def test_wavelengths_of_other_channels_are_not_taken(tmp_path):
    path = tmp_path / "a.tif"
    metadata = {"axes": "YX", "unit": "um", "Info": INFO}
    tifffile.imwrite(path, np.zeros((8, 8), np.uint16), imagej=True, metadata=metadata)
    read = read_microscope(path)
    assert "emission_nm" in read.missing
    assert any("several values (465, 603)" in doubt for doubt in read.doubts)


# TIFF tags, Micro-Manager, MetaMorph


@pytest.mark.parametrize(("dpi", "unit"), [(72, "INCH"), (300, "INCH"), (118.11, "CENTIMETER")])
def test_a_resolution_for_printing_is_no_pixel_size(tmp_path, dpi, unit):
    path = write_tiff(tmp_path / "a.tif", "", resolution=(dpi, dpi), resolutionunit=unit)
    read = read_microscope(path)
    assert "pixel_nm" in read.missing
    assert any("for printing" in doubt for doubt in read.doubts)


def test_a_resolution_that_only_a_microscope_has_is_one(tmp_path):
    path = write_tiff(
        tmp_path / "a.tif", "", resolution=(1e7 / 65, 1e7 / 65), resolutionunit="CENTIMETER"
    )
    reading = read_microscope(path).readings["pixel_nm"]
    assert reading.value == pytest.approx(65, rel=1e-4)
    assert reading.source == "TIFF XResolution, 153,846 per cm"


def test_what_micro_manager_writes_into_each_plane(tmp_path):
    told = (
        '{"PixelSizeUm": 0.108, "Exposure-ms": 30.0, "BitDepth": 12, '
        '"TIObjective-Label": "4-Plan Apo VC 60x/1.20 water"}'
    )
    path = write_tiff(tmp_path / "a.tif", "", extratags=[(51123, "s", 0, told, True)])
    read = read_microscope(path)
    assert read.kind == "Micro-Manager TIFF"
    assert values(read) == pytest.approx(
        {
            "pixel_nm": 108,
            "bit_depth": 12,
            "exposure_s": 0.03,
            "magnification": 60,
            "numerical_aperture": 1.2,
            "immersion_index": 1.33,
        }
    )


def test_what_metamorph_writes(tmp_path):
    props = {
        "spatial-calibration-state": ("bool", "on"),
        "spatial-calibration-x": ("float", "0.1083"),
        "spatial-calibration-y": ("float", "0.1083"),
        "spatial-calibration-units": ("string", "um"),
        "_MagNA_": ("float", "1.4"),
        "_MagRI_": ("float", "1.515"),
        "_MagSetting_": ("string", "60x Oil"),
        "wavelength": ("float", "525"),
        "camera-bit-depth": ("int", "16"),
        "Description": ("string", "Exposure: 200 ms&#13;&#10;Binning: 1 x 1"),
    }
    lines = "".join(
        f'<prop id="{name}" type="{kind}" value="{value}"/>'
        for name, (kind, value) in props.items()
    )
    xml = f"<MetaData><PlaneInfo>{lines}</PlaneInfo></MetaData>"
    read = read_microscope(write_tiff(tmp_path / "a.tif", xml, software="MetaSeries"))
    assert read.kind == "MetaMorph TIFF"
    assert values(read) == pytest.approx(
        {
            "pixel_nm": 108.3,
            "numerical_aperture": 1.4,
            "immersion_index": 1.515,
            "emission_nm": 525,
            "magnification": 60,
            "bit_depth": 16,
            "exposure_s": 0.2,
        }
    )
    assert read.doubts == ()


def test_what_the_header_of_an_lsm_tells():
    sources = Sources()
    scan = {"Objective": "Plan-Apochromat 63x/1.40 Oil DIC"}
    told = {"VoxelSizeX": 7e-8, "VoxelSizeY": 7e-8, "VoxelSizeZ": 3.5e-7, "DimensionZ": 20}
    tell_lsm(sources, {**told, "ScanInformation": scan})
    found = {name: reading.value for name, reading in sources.readings.items()}
    objective = {"magnification": 63, "numerical_aperture": 1.4, "immersion_index": 1.515}
    assert found == pytest.approx({"pixel_nm": 70, "step_nm": 350, **objective})
    assert sources.doubts == []


# Files of makers of microscopes


def test_a_czi_of_a_confocal_and_of_a_camera(tmp_path):
    pytest.importorskip("czifile")
    path = write_czi(tmp_path / "a.czi")
    scanned, wide = (read_microscope(path, channel) for channel in (0, 1))
    common = {
        "pixel_nm": 71,
        "step_nm": 300,
        "numerical_aperture": 1.4,
        "magnification": 63,
        "immersion_index": 1.518,
        "bit_depth": 16,
    }
    light = {"emission_nm": 509, "excitation_nm": 488, "pinhole_airy": 1.2, "modality": "confocal"}
    assert values(scanned) == pytest.approx(common | light)
    light = {"emission_nm": 599, "excitation_nm": 561, "modality": "widefield", "exposure_s": 0.08}
    assert values(wide) == pytest.approx(common | light)
    assert scanned.channels == ("EGFP", "MitoTracker")
    assert scanned.doubts == wide.doubts == wide.missing == ()
    assert microscope_from(scanned).pinhole_airy == 1.2


def test_a_lif_of_a_confocal(tmp_path):
    pytest.importorskip("bioio_lif")
    read = read_microscope(write_lif(tmp_path / "a.lif"))
    assert values(read) == pytest.approx(
        {
            "pixel_nm": 80,
            "numerical_aperture": 1.4,
            "magnification": 63,
            "immersion_index": 1.518,
            "pinhole_airy": 1.0,
            "emission_nm": 580,
            "modality": "confocal",
            "bit_depth": 12,
        }
    )
    assert set(read.missing) == {"excitation_nm", "exposure_s"}


@pytest.mark.parametrize(
    ("name", "module", "needs"),
    [("a.czi", "czifile", "czifile"), ("a.lif", "bioio", "bioio"), ("a.nd2", "bioio", "bioio")],
)
def test_what_is_not_installed_is_told_in_one_line(tmp_path, monkeypatch, name, module, needs):
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).write_bytes(b"0" * 64)
    expected = rf"a\.\w+: reading .* needs {needs}: pip install 'napari-3dmsl\[microscopes\]'$"
    with pytest.raises(ValueError, match=expected):
        read_microscope(tmp_path / name)


def test_formats_without_a_free_reader_say_what_to_do(tmp_path):
    pytest.importorskip("bioio")
    (tmp_path / "a.oir").write_bytes(b"OLYMPUSRAWFORMAT" + bytes(64))
    with pytest.raises(ValueError, match="a.oir: no reader with a permissive licence .* OME-TIFF"):
        read_microscope(tmp_path / "a.oir")


@pytest.mark.parametrize("name", ["a.czi", "a.lif", "a.nd2", "a.tif", "a.zarr"])
def test_damaged_and_missing_files_are_refused_in_one_line(tmp_path, name):
    pytest.importorskip("bioio_nd2")
    with pytest.raises(ValueError, match=rf"{name}: no such f(ile|older)$"):
        read_microscope(tmp_path / name)
    (tmp_path / name).write_bytes(b"nonsense" * 50)
    with pytest.raises(ValueError, match=name) as refused:
        read_microscope(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_pictures_tell_nothing_and_all_is_asked_for(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    read = read_microscope(tmp_path / "a.png")
    assert (read.kind, read.readings) == ("PNG", {})
    assert {"pixel_nm", "numerical_aperture", "emission_nm"} <= set(read.missing)
    assert microscope_from(read) == load_microscope("epi1")
    with pytest.raises(ValueError, match=r"a.txt: expected an image, one of \.tif"):
        read_microscope(tmp_path / "a.txt")


def test_an_objective_with_a_larger_aperture_brings_a_medium_that_lets_its_light_through(tmp_path):
    told = 'LensNA="1.4" NominalMagnification="100"'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(objective=told)))
    dry = load_microscope("epi1").replace(
        numerical_aperture=0.75, immersion_index=1.0, immersion_index_design=1.0
    )
    assert microscope_from(read, dry).immersion_index == 1.406
    assert "immersion_index" in read.missing, "and it is asked for"


def test_a_medium_that_is_too_thin_for_the_aperture_of_the_base_lowers_it(tmp_path):
    told = 'NominalMagnification="20" Immersion="Air"'
    read = read_microscope(write_tiff(tmp_path / "a.ome.tif", ome(objective=told)))
    found = microscope_from(read, load_microscope("epi1"))
    assert (found.immersion_index, found.numerical_aperture) == (1.0, 0.9)
    assert "numerical_aperture" in read.missing, "and it is asked for"


def test_nd2_and_all_that_bioio_describes_as_ome_tell_what_ome_tells():
    ome_types = pytest.importorskip("ome_types")

    class Opened:  # what bioio.BioImage gives
        ome_metadata = ome_types.from_xml(
            ome('PhysicalSizeX="0.11"', channels=('EmissionWavelength="525"',), objective=OIL_60)
        )

    sources = Sources()
    assert tell_bioio(sources, Opened(), "Nikon ND2", 0) == [""]
    told = {name: reading.value for name, reading in sources.readings.items()}
    light = {"numerical_aperture": 1.4, "magnification": 60, "immersion_index": 1.515}
    assert told == pytest.approx({"pixel_nm": 110, "emission_nm": 525, **light})


@pytest.mark.parametrize(("name", "write"), [("a.czi", write_czi), ("a.lif", write_lif)])
def test_a_file_of_a_maker_whose_description_is_cut_is_refused_in_one_line(tmp_path, name, write):
    pytest.importorskip("bioio_lif")
    cut = write(tmp_path / name).read_bytes()[:900]
    (tmp_path / name).write_bytes(cut)
    with pytest.raises(ValueError, match=rf"{name}: cannot read (this|its) [^\n]*$"):
        read_microscope(tmp_path / name)


def test_a_czi_without_objective_and_channels_tells_the_rest(tmp_path):
    pytest.importorskip("czifile")
    bare = CZI[: CZI.index("<Instrument>")] + CZI[CZI.index("</Instrument>") + 13 :]
    read = read_microscope(write_czi(tmp_path / "a.czi", bare))
    assert values(read)["pixel_nm"] == pytest.approx(71)
    assert "numerical_aperture" in read.missing
