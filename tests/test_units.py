"""One table of lengths: what files and layers call a unit, and how long it is."""

import pytest

from napari_3dmsl.units import layer_unit_in, nm_per, says_no_length

# The values of OME's UnitsLength, in metres, by the standards that define them.
OME_METRES = {
    "Ym": 1e24,
    "Zm": 1e21,
    "Em": 1e18,
    "Pm": 1e15,
    "Tm": 1e12,
    "Gm": 1e9,
    "Mm": 1e6,
    "km": 1e3,
    "hm": 1e2,
    "dam": 1e1,
    "m": 1,
    "dm": 1e-1,
    "cm": 1e-2,
    "mm": 1e-3,
    "µm": 1e-6,
    "nm": 1e-9,
    "pm": 1e-12,
    "fm": 1e-15,
    "am": 1e-18,
    "zm": 1e-21,
    "ym": 1e-24,
    "Å": 1e-10,
    "thou": 2.54e-5,
    "li": 0.0254 / 12,
    "in": 0.0254,
    "ft": 0.3048,
    "yd": 0.9144,
    "mi": 1609.344,
    "ua": 149597870700,
    "ly": 9460730472580800,
    "pc": 3.0856775814913674e16,
    "pt": 0.0254 / 72,
}


@pytest.mark.parametrize(("unit", "metres"), OME_METRES.items())
def test_all_lengths_of_ome_are_known(unit, metres):
    assert nm_per(unit) == pytest.approx(metres * 1e9, rel=1e-9)


@pytest.mark.parametrize(
    ("spellings", "nm"),
    [
        ("nm NM nanometer nanometers nanometre Nanometres NANOMETERS", 1.0),
        ("µm μm um UM micron Microns micrometer micrometers micrometre micrometres", 1e3),
        (r"\u00B5m \u00b5m \u03BCm \u03bcm Âµm Î¼m &#xB5;m µ", 1e3),
        ("mm MM millimeter millimetres", 1e6),
        ("cm centimeter centimetres", 1e7),
        ("dm decimetre", 1e8),
        ("m meter metres Meters", 1e9),
        ("A Å \u212b A\u030a angstrom Angstroms Ångström", 0.1),
        ("pm PM picometer picometre", 1e-3),
        ('in inch inches Inch "', 2.54e7),
        ("ft foot feet", 3.048e8),
    ],
)
def test_spellings_of_files(spellings, nm):
    assert {name: nm_per(name) for name in spellings.split()} == dict.fromkeys(
        spellings.split(), nm
    )


def test_case_decides_where_two_lengths_differ_by_it():
    assert (nm_per("mm"), nm_per("Mm")) == (1e6, 1e15)
    assert (nm_per("pm"), nm_per("Pm")) == (1e-3, 1e24)
    assert nm_per("a") is None


@pytest.mark.parametrize("unit", ["", " ", "pixel", "Pixels", "px", "voxel", "reference frame"])
def test_pixels_and_reference_frames_are_no_lengths(unit):
    assert nm_per(unit) is None
    assert says_no_length(unit)


@pytest.mark.parametrize("unit", ["furlong", "s", "kg", "nm^2", "9**9**9", "1/nm", "\0", "unité"])
def test_unknown_units_are_told_from_none(unit):
    assert nm_per(unit) is None
    assert says_no_length(unit) == (unit == "\0")


def test_units_of_layers_are_those_of_pint():
    import pint

    registry = pint.get_application_registry()
    for unit, um in (("nm", 1e-3), ("angstrom", 1e-4), ("mm", 1e3), ("inch", 25400), ("µm", 1)):
        assert layer_unit_in(unit, "um") == um
        assert layer_unit_in(registry.Unit(unit), "um") == um
    for unit in ("pixel", "second", "degree", "css_pixel", "nonsense"):
        assert layer_unit_in(unit, "um") is None
