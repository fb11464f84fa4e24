"""Presets of the package and of users; every settings object survives JSON and TOML."""

import json

import numpy as np
import pytest
import tomli_w

from napari_3dmsl.microscope import presets
from napari_3dmsl.microscope.camera import Camera
from napari_3dmsl.microscope.fluorophores import Labelling
from napari_3dmsl.microscope.objectives import Objective, with_objective
from napari_3dmsl.microscope.pose import Pose
from napari_3dmsl.microscope.renderer import expected_photons
from napari_3dmsl.microscope.settings import Acquisition, Microscope
from napari_3dmsl.microscope.simulation import Simulation, scene_from_points

LOADERS = {
    "microscopes": (presets.microscope_names, presets.load_microscope),
    "objectives": (presets.objective_names, presets.load_objective),
    "cameras": (presets.camera_names, presets.load_camera),
    "labellings": (presets.labelling_names, presets.load_labelling),
}
ALL = [(kind, name) for kind, (names, _) in LOADERS.items() for name in names()]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of presets as a user has it."""
    monkeypatch.setenv(presets.FOLDER_VARIABLE, str(tmp_path / "mine"))
    for kind in LOADERS:
        (tmp_path / "mine" / kind).mkdir(parents=True)
    return tmp_path / "mine"


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_preset_survives_json_and_toml(kind, name, tmp_path):
    preset = LOADERS[kind][1](name)
    assert preset.name == name
    for suffix, text in (
        (".json", preset.model_dump_json(indent=2)),
        (".toml", tomli_w.dumps(preset.model_dump(exclude_none=True))),
    ):
        path = tmp_path / f"copy{suffix}"
        path.write_text(text, encoding="utf-8")
        assert LOADERS[kind][1](path) == preset


def test_a_whole_simulation_survives_json_and_toml(tmp_path):
    simulation = Simulation(
        microscope=presets.load_microscope("epi1-released"),
        acquisition=Acquisition(planes=5, stage_um=-1.0),
        pose=Pose(rotation_matrix=((0, 1, 0), (-1, 0, 0), (0, 0, 1))),
        labelling={"target": "volume", "continuous": True, "off_time_s": 0.5},
        camera=presets.load_camera("emccd"),
        snr=12.5,
        seed=7,
    )
    (tmp_path / "a.json").write_text(simulation.model_dump_json())
    (tmp_path / "a.toml").write_text(tomli_w.dumps(simulation.model_dump(exclude_none=True)))
    assert Simulation.load(tmp_path / "a.json") == simulation
    assert Simulation.load(tmp_path / "a.toml") == simulation


def test_files_of_a_user_are_presets(folder):
    (folder / "cameras" / "our-emccd.toml").write_text("em_gain = 120\nread_noise_e = 60.0\n")
    (folder / "objectives" / "long.json").write_text(json.dumps({"name": "LD 63x"}))
    (folder / "microscopes" / "room5.json").write_text(json.dumps({"emission_nm": 520}))
    (folder / "microscopes" / "notes.txt").write_text("not a preset")
    assert presets.camera_names()[-1] == "our-emccd"
    assert presets.load_camera("our-emccd") == Camera(
        name="our-emccd", em_gain=120, read_noise_e=60
    )
    assert presets.load_objective("long").name == "LD 63x"
    assert presets.load_microscope("room5").emission_nm == 520
    assert presets.broken_presets() == []


def test_a_labelling_has_numbers_with_a_source_and_sets_nothing_else(folder):
    assert presets.labelling_names() == ["antibody", "paper"]
    paper, antibody = map(presets.load_labelling, ("paper", "antibody"))
    assert paper.labelling == Labelling()  # what recipes and the command line begin with
    assert paper.title == "3DMSL paper, 30 /µm² (paper)"
    # 2,000 on a ball 1 µm across
    assert antibody.density_per_um2 == pytest.approx(2000 / np.pi, rel=0.1)
    assert "doi:10.1007/s00216-013-7593-7" in antibody.numbers_from
    (folder / "labellings" / "ours.json").write_text(
        json.dumps({"target": "volume", "density_per_um3": 6000})
    )
    ours = presets.load_labelling("ours")
    assert ours.given == {"target": "volume", "density_per_um3": 6000}
    assert ours.title == "ours, 6000 /µm³"


def test_a_broken_file_is_named_in_one_line_and_breaks_no_other(folder):
    shipped = presets.camera_names()
    cameras = folder / "cameras"
    (cameras / "good.json").write_text("{}")
    (cameras / "half.json").write_text('{"name": ')
    (cameras / "wrong.toml").write_text("em_gain = 0")
    (cameras / "bytes.json").write_bytes(b"\xff\xfe\x00")
    (cameras / "scmos.json").write_text("{}")
    (cameras / "good.toml").write_text("")
    (cameras / "folder.json").mkdir()
    assert presets.camera_names() == [*shipped, "good"]
    problems = presets.broken_presets()
    names = ("bytes.json", "folder.json", "good.toml", "half.json", "scmos.json", "wrong.toml")
    assert len(problems) == len(names)
    for name in names:
        assert sum(str(cameras / name) in line for line in problems) == 1
    assert not any("\n" in line for line in problems)
    assert presets.load_camera("scmos").name == "scmos"
    with pytest.raises(ValueError, match=r"wrong\.toml: em_gain = 0"):
        presets.load_camera("wrong")


def test_without_a_folder_there_are_the_shipped_ones(folder, monkeypatch):
    monkeypatch.setenv(presets.FOLDER_VARIABLE, str(folder / "not here"))
    assert "100x-oil" in presets.objective_names()
    monkeypatch.delenv(presets.FOLDER_VARIABLE)
    assert presets.user_folder().name == "napari-3dmsl"


def test_an_objective_brings_its_medium_and_pixels_follow_the_magnification():
    camera = Microscope(pixel_nm=109, magnification=60)
    turned = with_objective(camera, presets.load_objective("20x-air"))
    assert turned.pixel_nm == pytest.approx(327)
    assert (turned.immersion_index, turned.numerical_aperture) == (1.0, 0.75)
    assert turned.name == "custom with 20x-air"
    scanned = presets.load_microscope("con1")
    assert with_objective(scanned, presets.load_objective("60x-water")).pixel_nm == 70


@pytest.mark.parametrize("name", presets.objective_names())
def test_every_objective_images(name):
    microscope = with_objective(Microscope(image_size=(32, 32)), presets.load_objective(name))
    scene = scene_from_points([[0.5, 0.0, 0.0]], [1000.0])
    photons = expected_photons(scene.renderer, microscope, Acquisition()).photons
    assert 100 < photons.sum() <= 1001
    assert photons[0, 15:17, 15:17].max() == photons.max()


def test_bad_objectives_say_field_value_and_range():
    with pytest.raises(ValueError, match=r"numerical_aperture = 1.2: must be below.*\(1\)"):
        Objective(numerical_aperture=1.2, immersion_index_design=1.0)
    with pytest.raises(ValueError, match="magnification = 0"):
        Objective(magnification=0)
    with pytest.raises(ValueError, match="no objective '5x': use one of 100x-oil"):
        presets.load_objective("5x")


@pytest.mark.parametrize("name", ["con", "NUL", "aux.1", "Com1", "lpt9 .x"])
def test_names_that_windows_keeps_for_devices_are_no_names_of_presets(folder, name):
    with pytest.raises(ValueError, match="Windows keeps this name"):
        presets.save_microscope(presets.load_microscope("con1"), name)
    assert not list(folder.rglob("*.json"))
