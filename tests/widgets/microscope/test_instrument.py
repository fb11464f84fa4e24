"""What presets and files say stays to the last digit: opened, reset, saved, imaged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import trimesh
from hands import Hands
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog

from napari_3dmsl import cli
from napari_3dmsl.layers.attributes import about
from napari_3dmsl.microscope import presets
from napari_3dmsl.microscope.objectives import with_objective
from napari_3dmsl.microscope.presets import (
    camera_names,
    load_camera,
    load_microscope,
    load_objective,
    microscope_names,
    objective_names,
    usual_camera,
)
from napari_3dmsl.microscope.settings import Microscope
from napari_3dmsl.widgets.microscope.form import SimulationForm
from napari_3dmsl.widgets.microscope.instrument import OWN_OBJECTIVE

# What no slider reaches, no decimals show, or no field has at all.
ODD: dict[str, dict[str, Any]] = {
    "every default": {},
    "oblong": {"image_size": [1024, 600]},
    "oblong the other way": {"image_size": [8, 4096]},
    "a large square": {"image_size": [2000, 2000]},
    "low aperture": {"numerical_aperture": 0.075, "immersion_index": 1.0},
    "aperture of three digits": {"numerical_aperture": 1.395},
    "index of four digits": {"immersion_index": 1.3345, "numerical_aperture": 1.2},
    "specimen of five digits": {"specimen_index": 1.33456},
    "specimen of air": {"specimen_index": 1.0},
    "glass of 1.9": {"coverslip_index": 1.9},
    "immersion of no list": {"immersion_index_design": 1.518, "immersion_index": 1.5179},
    "pixel of a tenth": {"pixel_nm": 48.8},
    "pixel of a third": {"pixel_nm": 100 / 3},
    "pixel of an objective": {"pixel_nm": 109 * 60 / 63},
    "the smallest pixel": {"pixel_nm": 1.0},
    "the largest pixel": {"pixel_nm": 10000.0},
    "pixel of many digits": {"pixel_nm": 64.123456789012},
    "emission of a spectrum": {"emission_nm": 519.37},
    "emission at the end": {"emission_nm": 1200.0},
    "two photons": {"modality": "two_photon", "excitation_nm": 912.5},
    "wide pinhole": {"modality": "confocal", "pinhole_airy": 17.25},
    "narrow pinhole": {"modality": "confocal", "pinhole_airy": 0.05},
    "thick sheet": {"modality": "light_sheet", "sheet_fwhm_um": 63.7},
    "widefield that samples": {"modality": "widefield", "pixel_integration": False},
    "confocal that collects": {"modality": "confocal", "pixel_integration": True},
    "coverslips": {"coverslip_um": 163.2, "coverslip_um_design": 0.0},
    "series": {"psf_model": "gibson_lanni_series", "series_constant_nm": 550.5},
    "far objective": {"working_distance_um": 987.65, "magnification": 3.3333333},
    "as released": {"as_released": load_microscope("con1-released").model_dump()["as_released"]},
    "own name": {"name": "Zeiß 3, rot", "pixel_nm": 103.81},
}


@pytest.fixture
def form(qapp: Any) -> Iterator[SimulationForm]:
    parent = QObject()
    yield SimulationForm(parent)
    parent.deleteLater()  # not before: it takes the form with it


def choose(box: Any, name: str) -> None:
    box.setCurrentText(name)
    box.textActivated.emit(name)


def as_bytes(microscope: Microscope) -> bytes:
    return microscope.model_dump_json().encode()


def is_unchanged(form: SimulationForm, expected: Microscope) -> bool:
    same = as_bytes(form.simulation().microscope) == as_bytes(expected)
    return same and not form.choice.changes.text() and not form.choice.reset.isEnabled()


def test_every_preset_objective_and_camera_is_shown_as_it_is(form: SimulationForm) -> None:
    for preset, objective in product(microscope_names(), [OWN_OBJECTIVE, *objective_names()]):
        expected = load_microscope(preset)
        form.take_preset(preset)
        assert is_unchanged(form, expected), preset
        assert form.simulation().camera == usual_camera(expected)
        if objective != OWN_OBJECTIVE:
            expected = with_objective(expected, load_objective(objective))
            choose(form.choice.objective, objective)
        for camera in camera_names():
            choose(form.choice.camera, camera)
            assert is_unchanged(form, expected), (preset, objective, camera)
            assert form.simulation().camera == load_camera(camera)
        form.fields.optics.set_values({"emission_nm": 555.5})
        assert form.choice.changes.text() == "Changed: emission"
        form.choice.reset.click()
        assert is_unchanged(form, expected), (preset, objective)
        assert form.choice.objective.currentText() == objective


@pytest.mark.parametrize("name", ODD)
def test_a_file_is_opened_reset_and_kept_bit_by_bit(
    form: SimulationForm, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(ODD[name]), "utf-8")
    expected = Microscope.load(path)
    form.open_microscope(path)
    assert is_unchanged(form, expected)
    other = {"specimen_index": 1.41, "coverslip_index": 1.5}
    form.fields.indices.set_values(other)
    assert form.choice.changes.text() == "Changed: coverslip, specimen"
    assert form.simulation().microscope == expected.replace(
        **other, name=f"{expected.name}, changed"
    )
    form.choice.reset.click()
    assert is_unchanged(form, expected)
    form.keep_microscope("kept")
    assert is_unchanged(form, expected.replace(name="kept"))
    kept = presets.user_folder() / "microscopes" / "kept.json"
    assert as_bytes(Microscope.load(kept)) == as_bytes(expected.replace(name="kept"))


def test_a_file_is_named_and_an_objective_is_turned_into_it(
    form: SimulationForm, tmp_path: Path
) -> None:
    path = tmp_path / "ours.json"
    path.write_text('{"name": "ours", "pixel_nm": 48.8}', "utf-8")
    form.open_microscope(path)
    assert form.choice.preset.currentText() == ""
    assert form.choice.preset.placeholderText() == "Widefield 1.40 oil, 600 nm (ours)"
    choose(form.choice.objective, "63x-oil")
    expected = with_objective(Microscope.load(path), load_objective("63x-oil"))
    assert is_unchanged(form, expected)
    form.take_preset("epi1")
    assert form.choice.preset.currentData() == "epi1"


def test_presets_are_not_read_again_for_every_change(
    form: SimulationForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    monkeypatch.setattr(presets, "_load", lambda *what: read.append(what))
    form.fields.optics.set_values({"emission_nm": 555.5})
    form.fields.camera.set_values({"offset_adu": 7})
    assert read == []
    assert form.simulation().camera.offset_adu == 7


def test_a_change_of_a_setting_is_told_once(form: SimulationForm) -> None:
    told: list[Any] = []
    form.changed.connect(lambda: told.append(form.simulation()))
    form.fields.indices.set_values({"immersion_index_design": 1.47, "specimen_index": 1.4})
    form.take_preset("epi1")
    form.fields.optics.field("modality").value = "light_sheet"
    assert len(told) == 3
    assert told[0].microscope.immersion_index == 1.47
    assert told[2].camera == load_camera("scmos")


@pytest.mark.parametrize("name", ["conf2-released", "epi1 with 63x-oil", "a file"])
def test_an_image_of_the_panel_is_that_of_the_command_line(
    viewer: Any,
    open_panel: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Saved, they hold the same pixels, byte for byte."""
    mesh, told = tmp_path / "ball.off", tmp_path / "microscope.json"
    trimesh.creation.icosphere(subdivisions=2, radius=20).export(mesh)
    hands: Hands = open_panel(viewer, "Microscope")
    form = hands.panel.form
    if name == "a file":
        odd = {"pixel_nm": 48.8, "numerical_aperture": 0.075, "immersion_index": 1.3345}
        told.write_text(json.dumps({**odd, "image_size": [1024, 600]}), "utf-8")
        form.open_microscope(told)
    else:
        preset, _, objective = name.partition(" with ")
        form.take_preset(preset)
        microscope = load_microscope(preset)
        if objective:
            choose(form.choice.objective, objective)
            microscope = with_objective(microscope, load_objective(objective))
        told.write_text(microscope.model_dump_json(), "utf-8")
    viewer.open(mesh, plugin="napari-3dmsl")
    hands.wait(lambda: "simulated image" in viewer.layers or hands.complains)
    assert not hands.complains, hands.status
    image = viewer.layers["simulated image"]
    hands.wait(lambda: about(image)["settings"]["microscope"] is not None)
    ours, theirs = tmp_path / "ours.tif", tmp_path / "theirs.tif"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(ours), ""))
    hands.click("save")
    command = ["simulate", mesh, theirs, "--microscope", told, "--labelling", "antibody"]
    assert cli.main([str(part) for part in command]) == 0
    capsys.readouterr()
    pixels, expected = tifffile.imread(ours), tifffile.imread(theirs)
    assert pixels.dtype == expected.dtype == np.uint16
    assert pixels.max() > pixels.min()
    assert pixels.tobytes() == expected.tobytes()
