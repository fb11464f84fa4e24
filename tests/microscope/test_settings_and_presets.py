import json

import pytest

from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.presets import (
    camera_names,
    load_camera,
    load_microscope,
    microscope_names,
    usual_camera,
)
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation


@pytest.mark.parametrize(
    ("name", "modality", "emission_nm", "pixel_nm", "aperture", "magnification"),
    [
        ("con1", "confocal", 600, 70, 1.4, 63),
        ("epi1", "widefield", 688, 109, 1.42, 60),
        ("conf2", "confocal", 488, 48, 1.4, 63),
    ],
)
def test_presets_hold_table_2_of_the_paper(
    name, modality, emission_nm, pixel_nm, aperture, magnification
):
    scope = load_microscope(name)
    assert (scope.modality, scope.emission_nm, scope.pixel_nm) == (modality, emission_nm, pixel_nm)
    assert (scope.numerical_aperture, scope.magnification) == (aperture, magnification)
    assert scope.name == name


def test_every_preset_loads_and_names_itself():
    assert {"con1", "conf2", "epi1", "con1-released"} <= set(microscope_names())
    assert [load_camera(name).name for name in camera_names()] == camera_names()
    assert usual_camera(load_microscope("con1")).name == "pmt"
    assert usual_camera(load_microscope("epi1")).name == "scmos"


@pytest.mark.parametrize(
    ("settings", "values", "message"),
    [
        (Microscope, {"numerical_aperture": 1.6}, "numerical_aperture = 1.6.*immersion index"),
        (Microscope, {"pixel_nm": -5}, "pixel_nm = -5: must be 1 to 10,000 nm"),
        (Microscope, {"emission_nm": float("nan")}, "emission_nm = nan.*finite"),
        (Microscope, {"modality": "sted"}, "modality = 'sted'.*'widefield', 'confocal'"),
        (Microscope, {"na": 1.4}, "Microscope has no setting 'na'"),
        (Microscope, {"image_size": (0, 128)}, "image_size.0 = 0"),
        (Acquisition, {"planes": 0}, "planes = 0"),
        (Acquisition, {"depth_um": -1}, "depth_um = -1"),
        (Acquisition, {"stage_um": -1.0, "focus_um": 1.0}, "either stage_um or focus_um"),
        (Camera, {"bit_depth": 40}, "bit_depth = 40"),
        (Camera, {"em_gain": 0}, "em_gain = 0"),
    ],
)
def test_bad_settings_say_field_value_and_range_in_one_line(settings, values, message):
    with pytest.raises(ValueError, match=message) as error:
        settings(**values)
    assert "\n" not in str(error.value)


def test_settings_survive_json():
    simulation = Simulation(microscope=load_microscope("con1"), camera=load_camera("pmt"), seed=7)
    text = simulation.model_dump_json()
    assert Simulation(**json.loads(text)) == simulation


def test_an_unknown_microscope_lists_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="no microscope 'sted'.*con1.*conf2.*epi1"):
        load_microscope("sted")
    with pytest.raises(ValueError, match="no such file"):
        load_microscope(tmp_path / "mine.json")


def test_a_microscope_file_is_read(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(Microscope(name="mine", emission_nm=520).model_dump_json())
    assert load_microscope(path).emission_nm == 520
