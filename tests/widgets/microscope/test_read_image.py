"""*Read from image…*: fields are filled and marked, what is missing is asked for, Undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from microscope_files import ome, write_tiff
from qtpy.QtCore import QMimeData, QObject, QPoint, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_3dmsl.image_io.microscope_metadata import read_microscope
from napari_3dmsl.microscope.presets import load_camera, load_microscope
from napari_3dmsl.widgets.common.history import History
from napari_3dmsl.widgets.microscope.form import SimulationForm

WATER = 'LensNA="1.2" NominalMagnification="60" Immersion="Water"'
DAPI = 'Name="DAPI" EmissionWavelength="461" AcquisitionMode="WideField"'
TOM20 = 'Name="TOM20" EmissionWavelength="599" AcquisitionMode="WideField"'
EXPOSED = '<Plane TheZ="0" TheT="0" TheC="0" ExposureTime="40" ExposureTimeUnit="ms"/>'


@pytest.fixture
def form(qapp: Any) -> Iterator[SimulationForm]:
    parent = QObject()
    yield SimulationForm(parent)
    parent.deleteLater()  # not before: it takes the form with it


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Of a water objective, wide-field, with an exposure, without a pixel size."""
    xml = ome(channels=(DAPI,), objective=WATER, planes=EXPOSED)
    return write_tiff(tmp_path / "cell 3.ome.tif", xml)


def sign(form: SimulationForm, name: str) -> str:
    """What stands before the label of a field."""
    for part in (form.fields.optics, form.fields.indices, form.fields.camera, form.fields.pattern):
        if name in part.names:
            backend = part._widget
            text = backend.labels[name].text()
            return text.removesuffix(part.labels_by_name[name]).strip()
    raise AssertionError(name)


def test_what_was_read_is_filled_in_marked_and_used(form: SimulationForm, image: Path) -> None:
    form.take_preset("epi1")
    form.read_image(read_microscope(image))
    found = form.simulation()
    assert found.microscope.numerical_aperture == 1.2
    assert found.microscope.magnification == 60
    assert found.microscope.immersion_index == found.microscope.immersion_index_design == 1.33
    assert found.microscope.emission_nm == 461
    assert found.camera.exposure_s == 0.04
    assert found.microscope.name == found.camera.name == "cell 3"
    read = ("modality", "numerical_aperture", "emission_nm", "immersion_index_design", "exposure_s")
    assert {sign(form, name) for name in read} == {"✓"}
    assert {sign(form, name) for name in ("psf_model", "read_noise_e", "specimen_index")} == {""}
    assert sign(form, "pixel_nm") == "?"
    tip = form.fields.optics.field("numerical_aperture").tooltip
    assert tip.endswith("Read from cell 3.ome.tif: OME Objective LensNA.")
    assert "please fill it in" in form.fields.optics.field("pixel_nm").tooltip
    assert form.choice.read_from.text() == (
        "cell 3.ome.tif (OME-TIFF) tells 5 of the fields below, marked ✓, and Magnification, "
        "Bit depth\nTo be filled in, marked ?: Pixel size"
    )


def test_what_was_not_read_stays_as_it_is_shown(form: SimulationForm, image: Path) -> None:
    form.take_preset("epi1")
    form.fields.optics.set_values({"pixel_nm": 77.5})
    form.fields.indices.set_values({"specimen_index": 1.4})
    form.fields.camera.set_values({"read_noise_e": 2.25})
    form.read_image(read_microscope(image))
    found = form.simulation()
    assert (found.microscope.pixel_nm, found.microscope.specimen_index) == (77.5, 1.4)
    assert found.camera.read_noise_e == 2.25
    assert not form.choice.changes.text(), "it is an instrument of its own"


def test_a_field_that_is_filled_in_loses_its_mark(form: SimulationForm, image: Path) -> None:
    form.read_image(read_microscope(image))
    form.fields.optics.field("pixel_nm").value = 65.0
    form.fields.optics.field("emission_nm").value = 470.0
    assert [sign(form, name) for name in ("pixel_nm", "emission_nm")] == ["", ""]
    assert "fill it in" not in form.fields.optics.field("pixel_nm").tooltip
    assert sign(form, "numerical_aperture") == "✓"


def test_undo_takes_the_reading_back_with_its_marks_and_another_preset_too(
    form: SimulationForm, image: Path
) -> None:
    form.take_preset("epi1")
    form.fields.optics.set_values({"pixel_nm": 77.5})
    before = form.simulation()
    history = History(form.snapshot, form.take_snapshot, form)
    form.stepped.connect(history.note)
    form.read_image(read_microscope(image))
    after, told = form.simulation(), form.choice.read_from.text()
    form.take_preset("con1")
    assert not form.choice.read_from.text()
    assert sign(form, "numerical_aperture") == ""
    history.undo()
    assert form.simulation() == after
    assert form.choice.read_from.text() == told
    assert sign(form, "numerical_aperture") == "✓"
    assert form.choice.camera.currentIndex() == -1
    history.undo()
    assert form.simulation() == before
    assert sign(form, "numerical_aperture") == ""
    assert form.choice.camera.currentText() == "scmos"


def test_a_modality_that_was_read_brings_its_usual_camera(
    form: SimulationForm, image: Path
) -> None:
    form.take_preset("con1")
    form.read_image(read_microscope(image))
    found = form.simulation()
    assert found.microscope.modality == "widefield"
    assert found.microscope.pixel_integration
    usual = load_camera("scmos").replace(name="cell 3", exposure_s=0.04, bit_depth=16)
    assert found.camera == usual


def test_it_is_remembered_with_its_camera(form: SimulationForm, image: Path, qapp: Any) -> None:
    form.read_image(read_microscope(image))
    parent = QObject()
    again = SimulationForm(parent)
    again.take_state(form.state())
    assert again.simulation() == form.simulation()
    parent.deleteLater()


def test_the_channel_is_asked_for(
    form: SimulationForm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tiff(tmp_path / "a.ome.tif", ome(channels=(DAPI, TOM20)), (2, 8, 8))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    offered: list[Any] = []

    def choose(*given: Any) -> tuple[str, bool]:
        offered.append(given[3])
        return given[3][1], len(offered) > 1

    monkeypatch.setattr(QInputDialog, "getItem", choose)
    form.choice.read.click()  # and cancelled
    assert form.simulation().microscope == load_microscope("con1")
    form.choice.read.click()
    assert offered == [["0: DAPI", "1: TOM20"]] * 2
    assert form.simulation().microscope.emission_nm == 599


def test_an_image_is_dropped_on_the_button_and_nothing_else(
    form: SimulationForm, image: Path, tmp_path: Path
) -> None:
    def drop(*paths: Path) -> bool:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(QPoint(1, 1), Qt.DropAction.CopyAction, data, *keys)
        enter.ignore()
        form.choice.read.dragEnterEvent(enter)
        if enter.isAccepted():
            where = QPoint(1, 1).toPointF()
            form.choice.read.dropEvent(QDropEvent(where, Qt.DropAction.CopyAction, data, *keys))
        return bool(enter.isAccepted())

    assert not drop(tmp_path / "a.txt")
    assert not drop(image, image)
    assert form.simulation().microscope == load_microscope("con1")
    assert drop(image)
    assert form.simulation().microscope.numerical_aperture == 1.2


def test_a_file_that_cannot_be_read_is_told_and_changes_nothing(
    form: SimulationForm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.tif").write_bytes(b"no TIFF at all")
    path = str(tmp_path / "a.tif")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (path, ""))
    told: list[str] = []
    steps: list[Any] = []
    form.failed.connect(told.append)
    form.stepped.connect(lambda *step: steps.append(step))
    form.choice.read.click()
    assert len(told) == 1
    assert told[0].startswith(path)
    assert form.simulation().microscope == load_microscope("con1")
    assert steps == []


def test_what_differs_in_the_file_is_told(form: SimulationForm, tmp_path: Path) -> None:
    objective = WATER + ' Model="Plan Apo 60x/1.27 water"'
    path = write_tiff(tmp_path / "a.ome.tif", ome(objective=objective))
    form.read_image(read_microscope(path))
    assert "but 1.27 (OME Objective Model" in form.choice.read_from.text()
